"""What is kept of the hospital's archive: settings, films that it gave, reports that go back."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from core import __version__
from core.domain.archive import (
    ArchiveArrival,
    ArchiveSettings,
    ArrivalState,
    Sending,
    SendingState,
    SetArchive,
)
from core.domain.reader import Act, Reader
from core.domain.review import ReadKind, ReviewRecord
from core.errors import ReviewStoreError
from core.language.current import current_language
from core.language.words import msg
from core.reads.signing import utc_now
from core.settings import get_settings
from core.store.audit_log import insert_chained
from core.store.engine import Database, from_utc
from core.store.reads import SqlReviewStore
from core.store.schema import (
    archive_arrivals,
    archive_sendings,
    archive_services,
    archive_settings,
    films,
    reviews,
)

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
"""Between two attempts: doubled each time, up to the longest."""

SHOWN_ARRIVALS = 200
FORGOTTEN = timedelta(days=1)
"""After which a process that is not seen any more is not named."""


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts in vain."""
    doubled: int = 2 ** min(attempts - 1, 12)
    return min(LONGEST_WAIT, FIRST_WAIT * doubled)


def instance_key(sop_instance_uid: str, secret: bytes) -> str:
    """Return the keyed hash that stands for a film of the archive: its UID names a patient."""
    return hmac.new(secret, b"instance\0" + sop_instance_uid.encode(), hashlib.sha256).hexdigest()


class SqlArchive:
    """The archive's settings, its films and the reports for it; one may serve many threads.

    Parameters
    ----------
    now : callable
        The time of day, aware.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self.database, self._now = database, now

    # --- settings ---------------------------------------------------------------------------------

    def put(self, settings: ArchiveSettings, by: Reader) -> SetArchive:
        """Put settings into force.

        Raises
        ------
        NotAllowed
            If the reader has no role that sets them.
        ReviewStoreError
            If the name is missing, or the database cannot be written.
        """
        by.require(Act.SET_ARCHIVE)
        name = " ".join(by.name.split())
        if not name:
            raise ReviewStoreError(msg("The archive's settings are kept with a name: enter yours."))
        kept = SetArchive(settings, name, self._now())
        row = {
            "settings": asdict(settings),
            "set_by": name,
            "set_at": kept.set_at.astimezone(UTC),
            "app_version": __version__,
        }
        with self.database.writing() as connection:
            insert_chained(connection, archive_settings, row)
        return kept

    def current(self) -> SetArchive | None:
        """Return what is in force; None while nothing was set."""
        newest = select(archive_settings).order_by(archive_settings.c.sequence.desc()).limit(1)
        rows = self.database.rows(newest)
        return _set_archive(rows[0]) if rows else None

    @property
    def settings(self) -> ArchiveSettings:
        """The settings in force; those of no archive while nothing was set."""
        kept = self.current()
        return ArchiveSettings() if kept is None else kept.settings

    def sends_signed_since(self) -> datetime | None:
        """Return since when each signed read's report is sent by itself; None if it is not."""
        rows = self.database.rows(
            select(archive_settings).order_by(archive_settings.c.sequence.desc())
        )
        streak = takewhile(lambda one: one.settings.send_on_signing, map(_set_archive, rows))
        return min((one.set_at for one in streak), default=None)

    # --- films that come --------------------------------------------------------------------------

    def known(self, instances: Sequence[str]) -> set[str]:
        """Return those films that need nothing more: taken, left out or refused."""
        query = select(archive_arrivals.c.instance).where(
            archive_arrivals.c.instance.in_(instances),
            archive_arrivals.c.state != ArrivalState.WAITING.value,
        )
        return {row.instance for row in self.database.rows(query)}

    def resting(self, instances: Sequence[str]) -> set[str]:
        """Return those films that are tried again later, and not yet."""
        query = select(archive_arrivals.c.instance).where(
            archive_arrivals.c.instance.in_(instances),
            archive_arrivals.c.state == ArrivalState.WAITING.value,
            archive_arrivals.c.next_at > self._now(),
        )
        return {row.instance for row in self.database.rows(query)}

    def note_arrival(
        self,
        instance: str,
        source: str,
        state: ArrivalState,
        reason: str = "",
        film_sha256: str | None = None,
    ) -> None:
        """Note what became of a film; of one that waits, when it is tried again."""
        now = self._now()
        key = archive_arrivals.c.instance == instance
        with self.database.writing() as connection:
            row = connection.execute(select(archive_arrivals.c.attempts).where(key)).first()
            attempts = 1 if row is None else row.attempts + 1
            values = {
                "source": source,
                "state": state.value,
                "reason": reason,
                "attempts": attempts,
                "noted_at": now,
                "next_at": now + wait_after(attempts),
                "film_sha256": film_sha256,
            }
            if row is None:
                connection.execute(insert(archive_arrivals).values(instance=instance, **values))
            else:
                connection.execute(update(archive_arrivals).where(key).values(**values))

    def arrivals(self, limit: int = SHOWN_ARRIVALS) -> list[ArchiveArrival]:
        """Return the newest films that came, the newest first."""
        newest = select(archive_arrivals).order_by(archive_arrivals.c.noted_at.desc())
        return [_arrival(row) for row in self.database.rows(newest.limit(limit))]

    def count_arrivals(self) -> dict[ArrivalState, int]:
        """Return how many films have each state."""
        query = select(archive_arrivals.c.state, func.count().label("n")).group_by(
            archive_arrivals.c.state
        )
        return {ArrivalState(row.state): int(row.n) for row in self.database.rows(query)}

    # --- reports that go back ---------------------------------------------------------------------

    def ask_to_send(
        self, record_id: str, film_sha256: str, by: Reader, *, score_shown: bool
    ) -> Sending:
        """Have a signed read's report sent in the current language; return how far it has come.

        Asked again it is the same report, and one that was refused is tried again.

        Raises
        ------
        NotAllowed
            If the reader has no role that signs.
        """
        by.require(Act.SIGN_READ)
        self._insert_sending(
            record_id,
            film_sha256,
            " ".join(by.name.split()),
            score_shown=score_shown,
            language=current_language(),
        )
        sending = self.sending(record_id)
        if sending is None:
            raise ReviewStoreError(msg("There is no such read, so its report cannot be sent."))
        return sending

    def send_again(self, signed: ReviewRecord) -> None:
        """Have a signed read's report sent once more, whether or not it was sent before.

        It is in the site's language.
        """
        shown, language = not signed.score_held_back, get_settings().report_language
        self._insert_sending(
            signed.record_id,
            signed.film_sha256,
            signed.reader,
            score_shown=shown,
            language=language,
        )
        self._update(
            signed.record_id,
            state=SendingState.WAITING.value,
            language=language,
            next_at=self._now(),
        )

    def _insert_sending(
        self, record_id: str, film_sha256: str, asked_by: str, *, score_shown: bool, language: str
    ) -> None:
        now = self._now()
        row = {
            "record_id": record_id,
            "film_sha256": film_sha256,
            "state": SendingState.WAITING.value,
            "reason": "",
            "asked_by": asked_by,
            "attempts": 0,
            "score_shown": score_shown,
            "language": language,
            "asked_at": now,
            "next_at": now,
        }
        try:
            with self.database.writing() as connection:
                connection.execute(insert(archive_sendings).values(**row))
        except ReviewStoreError as exc:
            if not isinstance(exc.__cause__, IntegrityError):
                raise
            refused = archive_sendings.c.state == SendingState.REFUSED.value
            waiting = SendingState.WAITING.value
            self._update(record_id, refused, state=waiting, language=language, next_at=now)

    def ask_for_signed(self, since: datetime) -> int:
        """Have the reports sent of all reads signed since then whose film came from the archive.

        They are in the site's language.

        Returns
        -------
        int
            Of how many that was not asked for before.
        """
        asked = select(archive_sendings.c.record_id)
        signed = (
            select(reviews.c.record_id, reviews.c.film_sha256, reviews.c.reader)
            .join(films, films.c.film_sha256 == reviews.c.film_sha256)
            .where(
                reviews.c.kind == ReadKind.READ.value,
                reviews.c.read_at >= since,
                films.c.origin.is_not(None),
                reviews.c.record_id.not_in(asked),
            )
        )
        rows = self.database.rows(signed)
        history = SqlReviewStore(self.database)
        for row in rows:
            record = next(
                one for one in history.history(row.film_sha256) if one.record_id == row.record_id
            )
            self._insert_sending(
                row.record_id,
                row.film_sha256,
                row.reader,
                score_shown=not record.score_held_back,
                language=get_settings().report_language,
            )
        return len(rows)

    def sending(self, record_id: str) -> Sending | None:
        """Return how far a read's report has come; None where nobody asked for it."""
        query = select(archive_sendings).where(archive_sendings.c.record_id == record_id)
        rows = self.database.rows(query)
        return _sending(rows[0]) if rows else None

    def due(self, limit: int = 20) -> list[Sending]:
        """Return the reports that are to be sent now, the longest waiting first."""
        query = (
            select(archive_sendings)
            .where(
                archive_sendings.c.state == SendingState.WAITING.value,
                archive_sendings.c.next_at <= self._now(),
            )
            .order_by(archive_sendings.c.asked_at)
            .limit(limit)
        )
        return [_sending(row) for row in self.database.rows(query)]

    def note_sent(self, record_id: str) -> None:
        """Note that the archive has a report."""
        self._update(record_id, state=SendingState.SENT.value, reason="", done_at=self._now())

    def note_unsent(self, record_id: str, reason: str, *, refused: bool = False) -> None:
        """Note why a report did not arrive, and when it is tried again; a refused one is not."""
        sending = self.sending(record_id)
        attempts = 1 if sending is None else sending.attempts + 1
        state = SendingState.REFUSED if refused else SendingState.WAITING
        self._update(
            record_id,
            state=state.value,
            reason=reason,
            attempts=attempts,
            next_at=self._now() + wait_after(attempts),
        )

    def sendings(self, limit: int = SHOWN_ARRIVALS) -> list[Sending]:
        """Return the newest reports, the newest first."""
        newest = select(archive_sendings).order_by(archive_sendings.c.asked_at.desc())
        return [_sending(row) for row in self.database.rows(newest.limit(limit))]

    def count_sendings(self) -> dict[SendingState, int]:
        """Return how many reports have each state."""
        query = select(archive_sendings.c.state, func.count().label("n")).group_by(
            archive_sendings.c.state
        )
        return {SendingState(row.state): int(row.n) for row in self.database.rows(query)}

    def _update(self, record_id: str, *conditions: Any, **values: object) -> None:
        key = archive_sendings.c.record_id == record_id
        with self.database.writing() as connection:
            connection.execute(update(archive_sendings).where(key, *conditions).values(**values))

    # --- the process that does it -----------------------------------------------------------------

    def note_service(self, name: str, said: dict[str, str]) -> None:
        """Note that a process exchanges films with the archive now, and what it says of each way.

        Parameters
        ----------
        said : dict
            By way (DICOMweb, DICOM, folder, reports): a sentence.
        """
        values = {"seen_at": self._now(), "said": said}
        key = archive_services.c.name == name
        with self.database.writing() as connection:
            old = archive_services.c.seen_at < self._now() - FORGOTTEN
            connection.execute(delete(archive_services).where(old))
            done = connection.execute(update(archive_services).where(key).values(**values))
            if not done.rowcount:
                connection.execute(insert(archive_services).values(name=name, **values))

    def services(self) -> list[tuple[str, datetime, dict[str, str]]]:
        """Return each process, when it was last seen, and what it said."""
        rows = self.database.rows(
            select(archive_services).order_by(archive_services.c.seen_at.desc())
        )
        return [(row.name, from_utc(row.seen_at), dict(row.said)) for row in rows]


def _set_archive(row: Row[Any]) -> SetArchive:
    settings = TypeAdapter(ArchiveSettings).validate_python(row.settings)
    return SetArchive(settings, row.set_by, from_utc(row.set_at))


def _arrival(row: Row[Any]) -> ArchiveArrival:
    return ArchiveArrival(
        row.instance,
        row.source,
        ArrivalState(row.state),
        row.reason,
        row.attempts,
        from_utc(row.noted_at),
        row.film_sha256 or "",
    )


def _sending(row: Row[Any]) -> Sending:
    return Sending(
        record_id=row.record_id,
        film_sha256=row.film_sha256,
        state=SendingState(row.state),
        reason=row.reason,
        attempts=row.attempts,
        asked_by=row.asked_by,
        asked_at=from_utc(row.asked_at),
        next_at=from_utc(row.next_at),
        done_at=None if row.done_at is None else from_utc(row.done_at),
        score_shown=row.score_shown,
        language=row.language,
    )
