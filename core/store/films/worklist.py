"""The worklist that all readers of a site share: one row a film, changed as the film is read.

A claim says who reads a film and expires by itself. It keeps two readers from taking the same film
unawares; what they sign is append-only in any case.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Row,
    Select,
    and_,
    func,
    or_,
    select,
    update,
)

from core.domain.reader import Reader, reader_key
from core.domain.worklist import (
    Arrival,
    FilmStatus,
    MachineReading,
    WorklistFilm,
    WorklistFilter,
)
from core.errors import FilmStoreError
from core.reads.film_status import status_of
from core.settings import PROJECT_ROOT, Settings
from core.store.audit_log import wait_for_turn
from core.store.dismissals import is_dismissed
from core.store.engine import Database, from_utc
from core.store.film_status import UNCLAIMED
from core.store.films import erasures
from core.store.films.conditions import conditions_of
from core.store.films.kept import NO_FILE, FilmFiles
from core.store.films.keys import decrypt, encrypt, key_file
from core.store.films.objects import FilmObjects
from core.store.films.readings import reading_from_json, reading_to_json, suspicion_of
from core.store.reads import SqlReviewStore
from core.store.schema import films

CLAIM = timedelta(minutes=15)
"""Longer than a film takes, shorter than a morning; it is renewed while the film is open."""
READING_CLAIM = timedelta(minutes=3)
"""After which another process takes up a film whose reading was broken off."""
_THUMBNAIL = "thumbnail"


class SqlFilms(FilmFiles):
    """The worklist over the kept films; one may serve many threads."""

    # --- the list -------------------------------------------------------------------------------

    def page(
        self, asked: WorklistFilter, limit: int, skip: int = 0
    ) -> tuple[list[WorklistFilm], int]:
        """Return some films that are asked for, with thumbnails, and how many there are in all."""
        wanted = conditions_of(asked, self._now())
        order: list[ColumnElement[Any]] = [films.c.arrived_at, films.c.film_sha256]
        if asked.by_suspicion:
            order.insert(0, func.coalesce(films.c.suspicion, -1.0).desc())
        query = select(films.c.film_sha256).where(*wanted).order_by(*order)
        keys = self._keys(query.limit(limit).offset(skip))
        if len(keys) < limit and (keys or not skip):
            return self._films(keys), skip + len(keys)
        count = select(func.count(films.c.film_sha256)).where(*wanted)
        return self._films(keys), int(self.database.rows(count)[0][0])

    def _keys(self, query: Select[Any]) -> list[str]:
        """Return hashes from an index alone: the rows are large, and few of them are shown."""
        return [row.film_sha256 for row in self.database.rows(query)]

    def _films(self, keys: Sequence[str]) -> list[WorklistFilm]:
        rows = self.database.rows(select(films).where(films.c.film_sha256.in_(keys)))
        found = {row.film_sha256: row for row in rows}
        return [self._film(found[key]) for key in keys if key in found]

    def counts(self) -> dict[FilmStatus, int]:
        """Return how many films have each status; one that is being read counts there too."""
        by_status = select(films.c.status, func.count().label("n")).group_by(films.c.status)
        found = {FilmStatus(row.status): int(row.n) for row in self.database.rows(by_status)}
        claimed = select(func.count(films.c.claimed_until)).where(
            films.c.claimed_until > self._now()
        )
        found[FilmStatus.BEING_READ] = int(self.database.rows(claimed)[0][0])
        return found

    def find(self, film_sha256: str) -> WorklistFilm | None:
        """Return one film; None if it is not kept. The beginning of the hash is enough."""
        query = select(films)
        if len(film_sha256) == 64:
            query = query.where(films.c.film_sha256 == film_sha256)
        else:
            query = query.where(films.c.film_sha256.startswith(film_sha256, autoescape=True))
        rows = self.database.rows(query.limit(2))
        return self._film(rows[0]) if len(rows) == 1 else None

    def unread_by(self, reader: str) -> set[str]:
        """Return the hashes of the films that can be read and of which a reader has stored no read.

        A picture that the quality gate refused gets no read, whether or not it was put away.
        """
        unreadable = [FilmStatus.REFUSED.value, FilmStatus.DISMISSED.value]
        readable = select(films.c.film_sha256).where(films.c.status.not_in(unreadable))
        kept = {row.film_sha256 for row in self.database.rows(readable)}
        return kept - SqlReviewStore(self.database).films_read_by(kept, reader)

    def of_patient(self, film_sha256: str) -> list[str]:
        """Return the hashes of the other films of a film's patient, also of teaching cases."""
        row = self._row(film_sha256)
        if row is None or not row.patient:
            return []
        query = select(films.c.film_sha256).where(films.c.patient == row.patient)
        found = {*self._keys(query), *erasures.films_of_patient(self.database, row.patient)}
        return sorted(found - {film_sha256})

    def priors(self, film_sha256: str) -> list[WorklistFilm]:
        """Return the earlier films of the same patient, the newest first."""
        row = self._row(film_sha256)
        if row is None or not row.patient or row.taken_at is None:
            return []
        query = (
            select(films)
            .where(films.c.patient == row.patient, films.c.taken_at < row.taken_at)
            .order_by(films.c.taken_at.desc())
        )
        return [self._film(one) for one in self.database.rows(query)]

    # --- who reads what -------------------------------------------------------------------------

    def claim(self, film_sha256: str, reader: Reader) -> WorklistFilm | None:
        """Claim a film for a reader unless another has; return it as it stands then.

        A claim of the reader's own that has more than half its time is left as it is.
        """
        found = self.find(film_sha256)
        done = (FilmStatus.SIGNED, FilmStatus.DISMISSED)
        if found is None or not reader.name.strip() or found.status in done:
            return found
        now, until = self._now(), found.claimed_until
        own = reader_key(found.claimed_by) == reader_key(reader.name)
        if until is not None and until > (now + CLAIM / 2 if own else now):
            return found
        free = or_(
            films.c.claimed_until.is_(None),
            films.c.claimed_until <= now,
            films.c.claimed_key == reader_key(reader.name),
        )
        self._update(
            film_sha256,
            {
                "claimed_by": reader.name,
                "claimed_key": reader_key(reader.name),
                "claimed_until": now + CLAIM,
            },
            free,
        )
        return self.find(film_sha256)

    def release(self, reader: str, film_sha256s: Collection[str]) -> None:
        """Let go of a reader's claims of some films; others they may have open elsewhere."""
        mine = and_(
            films.c.claimed_key == reader_key(reader),
            films.c.film_sha256.in_(list(film_sha256s)),
        )
        query = select(films.c.film_sha256).where(mine)
        if film_sha256s and self.database.rows(query):  # most pages find none, and wait for no lock
            with self.database.writing() as connection:
                connection.execute(update(films).where(mine).values(UNCLAIMED))

    def change(self, film_sha256: str, *, inverted: bool, quarter_turns: int) -> None:
        """Keep that a film is to be inverted or turned; the machine reads it again."""
        self._update(
            film_sha256,
            {
                "inverted": inverted,
                "quarter_turns": quarter_turns % 4,
                "reading_identity": None,
                "reading_until": None,
            },
        )

    # --- what the machine reads -----------------------------------------------------------------

    def count_unread(self, identity: str) -> int:
        """Return how many films the machine has yet to read, by a run and gate."""
        query = select(func.count(films.c.film_sha256)).where(_unread_by_machine(identity))
        return int(self.database.rows(query)[0][0])

    def unread(self, identity: str, limit: int) -> list[WorklistFilm]:
        """Return films that a run and gate have not read and no process has in hand, by age."""
        free = or_(films.c.reading_until.is_(None), films.c.reading_until <= self._now())
        query = (
            select(films.c.film_sha256)
            .where(_unread_by_machine(identity), free)
            .order_by(films.c.arrived_at, films.c.film_sha256)
            .limit(limit)
        )
        return self._films(self._keys(query))

    def begin_reading(self, film_sha256: str) -> bool:
        """Take a film for this process to read; False if another has it in hand."""
        now = self._now()
        free = or_(films.c.reading_until.is_(None), films.c.reading_until <= now)
        return self._update(film_sha256, {"reading_until": now + READING_CLAIM}, free) == 1

    def stop_reading(self, film_sha256: str) -> None:
        """Put a film back that was not read to the end."""
        self._update(film_sha256, {"reading_until": None})

    def note_reading(
        self,
        film_sha256: str,
        reading: MachineReading,
        read_as: tuple[bool, int] | None = None,
    ) -> None:
        """Keep what the machine said of a film.

        Parameters
        ----------
        read_as : (bool, int), optional
            Whether it was inverted and how often turned when it was read: nothing is kept if that
            was changed meanwhile.

        Raises
        ------
        ReviewStoreError
            If the database cannot be written.
        """
        row = self._row(film_sha256)
        if row is None:
            return  # erased meanwhile
        key = self.keyring.unwrap(row.wrapped_key, film_sha256)
        refused = reading.quality is None or reading.quality.refused
        values: dict[str, Any] = {
            "reading": reading_to_json(reading),
            "reading_identity": reading.identity,
            "reading_until": None,
            "suspicion": suspicion_of(reading),
            "thumbnail": encrypt(key, reading.thumbnail, _THUMBNAIL + film_sha256)
            if reading.thumbnail
            else None,
        }
        with self.database.writing() as connection:
            wait_for_turn(connection)
            history = SqlReviewStore(self.database).history_in(connection, film_sha256)
            values["status"] = status_of(history, refused=refused).value
            if refused and is_dismissed(connection, film_sha256):
                values["status"] = FilmStatus.DISMISSED.value
            same = [films.c.film_sha256 == film_sha256]
            if read_as is not None:
                same += [films.c.inverted == read_as[0], films.c.quarter_turns == read_as[1]]
            connection.execute(update(films).where(*same).values(**values))

    # --- rows -----------------------------------------------------------------------------------

    def _update(
        self, film_sha256: str, values: Mapping[str, Any], *also: ColumnElement[bool]
    ) -> int:
        one = films.c.film_sha256 == film_sha256
        with self.database.writing() as connection:
            done: CursorResult[Any] = connection.execute(
                update(films).where(one, *also).values(**values)
            )
            return int(done.rowcount)

    def _film(self, row: Row[Any]) -> WorklistFilm:
        status, until = FilmStatus(row.status), _moment(row.claimed_until)
        claimed = until is not None and until > self._now()
        if claimed and status in (FilmStatus.NEW, FilmStatus.REFUSED):
            status = FilmStatus.BEING_READ
        reading = None
        if row.reading is not None:
            thumbnail = b""
            if row.thumbnail:
                with suppress(FilmStoreError):  # one row that does not open must not close the list
                    key = self.keyring.unwrap(row.wrapped_key, row.film_sha256)
                    thumbnail = decrypt(key, row.thumbnail, _THUMBNAIL + row.film_sha256)
            reading = replace(
                reading_from_json(row.reading),
                identity=row.reading_identity or "",
                thumbnail=thumbnail,
            )
        return WorklistFilm(
            film_sha256=row.film_sha256,
            name=row.name or "",
            arrived_at=from_utc(row.arrived_at),
            arrival=Arrival(row.arrival),
            added_by=row.added_by,
            status=status,
            patient=row.patient or "",
            taken_at=_moment(row.taken_at),
            burned_in=row.burned_in,
            inverted=row.inverted,
            quarter_turns=row.quarter_turns,
            claimed_by=row.claimed_by if claimed else "",
            claimed_until=until if claimed else None,
            has_file=not row.address.startswith(NO_FILE),
            reading=reading,
        )


def open_films(database: Database, settings: Settings) -> SqlFilms:
    """Return the film store of a site's settings."""
    objects = FilmObjects(settings.films)
    key_path = key_file(settings.database_url, PROJECT_ROOT / "var")
    keys = settings.film_key.get_secret_value()
    return SqlFilms(database, objects, key_path=key_path, keys=keys)


def _moment(kept: datetime | None) -> datetime | None:
    return None if kept is None else from_utc(kept)


def _unread_by_machine(identity: str) -> ColumnElement[bool]:
    other = films.c.reading_identity != identity
    unread = or_(films.c.reading_identity.is_(None), other)
    return and_(unread, ~films.c.address.startswith(NO_FILE, autoescape=True))
