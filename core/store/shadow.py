"""Where the run that reads along is kept: who chose it, what it said, and blind reads of films."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core import __version__
from core.domain.reader import READER_LIMIT, Act, Reader, reader_key
from core.domain.review import ReadKind, Verdict
from core.domain.shadow import BlindRead, ShadowChoice, ShadowReading
from core.errors import ReviewStoreError
from core.language.words import msg
from core.monitoring.shadow import settle
from core.reads.signing import utc_now
from core.store.audit_log import insert_chained
from core.store.engine import Database, from_utc
from core.store.films.kept import NO_FILE
from core.store.films.readings import reading_from_json
from core.store.monitoring import NOTE_LIMIT, check_text
from core.store.reads import SqlReviewStore
from core.store.schema import films, review_steps, reviews
from core.store.site_schema import blind_reads, shadow_choices, shadow_readings

MOST_READERS = 2


class SqlShadow:
    """The shadow run's logs in SQLite or PostgreSQL; one may serve many threads."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self.database = database
        self._now = now

    # --- which run --------------------------------------------------------------------------------

    def choose(self, run_id: str, readers: int, reason: str, by: Reader) -> ShadowChoice:
        """Add a person's choice to the log; whether the run may serve is for the caller to check.

        Parameters
        ----------
        run_id : str
            Empty: no run reads along any more.
        readers : int
            How many blind readers must agree: 1 or 2.
        reason : str
            1 to 1,000 letters.

        Raises
        ------
        NotAllowed
            If the reader has no role that chooses.
        ReviewStoreError
            If reason or name is missing or too long, the number of readers is another, or the
            database cannot be written.
        """
        by.require(Act.CHOOSE_SHADOW_RUN)
        words, name = reason.strip(), by.name.strip()
        check_text(msg("the reason"), words, NOTE_LIMIT)
        check_text(msg("the name"), name, READER_LIMIT)
        if not 1 <= readers <= MOST_READERS:
            raise ReviewStoreError(
                msg(
                    "{readers} blind readers cannot settle a film: choose 1 to {most}.",
                    readers=readers,
                    most=MOST_READERS,
                )
            )
        choice = ShadowChoice(run_id, readers, words, name, __version__, self._now())
        row = {
            "run_id": run_id,
            "readers": readers,
            "reason": words,
            "chosen_by": name,
            "chosen_at": choice.chosen_at.astimezone(UTC),
            "app_version": choice.app_version,
        }
        with self.database.writing() as connection:
            insert_chained(connection, shadow_choices, row)
        return choice

    def choice(self) -> ShadowChoice | None:
        """Return the newest choice; None where nobody chose, or the newest names no run."""
        newest = select(shadow_choices).order_by(shadow_choices.c.sequence.desc()).limit(1)
        for row in self.database.rows(newest):
            if row.run_id:
                return ShadowChoice(
                    row.run_id,
                    row.readers,
                    row.reason,
                    row.chosen_by,
                    row.app_version,
                    from_utc(row.chosen_at),
                )
        return None

    # --- what it said -----------------------------------------------------------------------------

    def unread(
        self, identity: str, served_identity: str, since: datetime, limit: int
    ) -> list[tuple[str, float, bool]]:
        """Return films that the served run has read and the shadow run has not, by age.

        Parameters
        ----------
        since : datetime
            Films that arrived before are left alone.

        Returns
        -------
        list of (str, float, bool)
            Film, the served run's probability, and whether it is at or above its operating point.
        """
        done = select(shadow_readings.c.film_sha256).where(
            shadow_readings.c.identity == identity,
            shadow_readings.c.served_identity == served_identity,
        )
        rows = self.database.rows(
            select(films.c.film_sha256, films.c.reading)
            .where(films.c.reading_identity == served_identity, films.c.arrived_at >= since)
            .where(films.c.suspicion.is_not(None), films.c.film_sha256.not_in(done))
            .where(~films.c.address.startswith(NO_FILE, autoescape=True))
            .order_by(films.c.arrived_at, films.c.film_sha256)
            .limit(limit)
        )
        found = []
        for row in rows:
            prediction = reading_from_json(row.reading).prediction
            if prediction is not None:
                found.append((row.film_sha256, prediction.probability, prediction.suspicious))
        return found

    def keep_reading(self, reading: ShadowReading) -> bool:
        """Keep what both runs said of a film; False where another process came first."""
        row = {
            "film_sha256": reading.film_sha256,
            "identity": reading.identity,
            "served_identity": reading.served_identity,
            "probability": reading.probability,
            "suspicious": reading.suspicious,
            "served_probability": reading.served_probability,
            "served_suspicious": reading.served_suspicious,
            "read_at": reading.read_at.astimezone(UTC),
        }
        try:
            with self.database.writing() as connection:
                insert_chained(connection, shadow_readings, row)
        except ReviewStoreError as exc:
            if isinstance(exc.__cause__, IntegrityError):
                return False
            raise
        return True

    def readings(
        self, identity: str, served_identity: str, *, differing: bool = False
    ) -> list[ShadowReading]:
        """Return what a pair of runs said of every film, oldest first.

        Parameters
        ----------
        differing : bool
            Whether only films are wanted on which they take different sides.
        """
        query = select(shadow_readings).where(
            shadow_readings.c.identity == identity,
            shadow_readings.c.served_identity == served_identity,
        )
        if differing:
            query = query.where(
                shadow_readings.c.probability.is_not(None),
                shadow_readings.c.suspicious != shadow_readings.c.served_suspicious,
            )
        rows = self.database.rows(query.order_by(shadow_readings.c.sequence))
        return [
            ShadowReading(
                row.film_sha256,
                row.identity,
                row.served_identity,
                row.probability,
                row.suspicious,
                row.served_probability,
                row.served_suspicious,
                from_utc(row.read_at),
            )
            for row in rows
        ]

    # --- blind reads ------------------------------------------------------------------------------

    def sign_blind(self, film_sha256: str, verdict: Verdict, by: Reader) -> BlindRead:
        """Keep a blind read; it is no signed read and gets no report.

        Raises
        ------
        NotAllowed
            If the reader has no role that signs reads.
        ReviewStoreError
            If the name is missing or too long, the reader has seen the film beside a score or read
            it blind before, or the database cannot be written.
        """
        by.require(Act.SIGN_READ)
        name = by.name.strip()
        check_text(msg("the name"), name, READER_LIMIT)
        if film_sha256 not in self._not_seen_by([film_sha256], name):
            raise ReviewStoreError(
                msg("You have read this film already, or seen it beside a score: open the next.")
            )
        made = BlindRead(film_sha256, name, verdict, self._now())
        row = {
            "film_sha256": film_sha256,
            "reader": name,
            "reader_key": reader_key(name),
            "verdict": verdict.value,
            "read_at": made.read_at.astimezone(UTC),
            "app_version": __version__,
        }
        with self.database.writing() as connection:
            insert_chained(connection, blind_reads, row)
        return made

    def blind_reads_of(self, film_sha256s: Collection[str]) -> dict[str, list[BlindRead]]:
        """Return each film's blind reads, oldest first.

        First reads that were locked where the worklist did not tell the model's side are blind
        too, and count.
        """
        wanted, found = list(dict.fromkeys(film_sha256s)), defaultdict[str, list[BlindRead]](list)
        if not wanted:
            return {}
        kept = select(blind_reads).order_by(blind_reads.c.sequence)
        for row in self.database.rows(kept.where(blind_reads.c.film_sha256.in_(wanted))):
            read = BlindRead(
                row.film_sha256, row.reader, Verdict(row.verdict), from_utc(row.read_at)
            )
            found[row.film_sha256].append(read)
        for one in SqlReviewStore(self.database).reads_of(wanted):
            if one.kind is ReadKind.FIRST and not one.order_known:
                read = BlindRead(one.film_sha256, one.reader, one.read.verdict, one.read.read_at)
                found[one.film_sha256].append(read)
        return {film: sorted(reads, key=lambda one: one.read_at) for film, reads in found.items()}

    def queue(self, identity: str, served_identity: str, readers: int, reader: str) -> list[str]:
        """Return the films that await a reader's blind read, oldest first.

        Only films on which the runs differ, that are not settled, and that the reader has neither
        read nor opened.
        """
        readings = self.readings(identity, served_identity, differing=True)
        differ = [one.film_sha256 for one in readings]
        reads = self.blind_reads_of(differ)
        waiting = [film for film in differ if settle(reads.get(film, ()), readers) is None]
        kept = select(films.c.film_sha256).where(
            films.c.film_sha256.in_(waiting), ~films.c.address.startswith(NO_FILE, autoescape=True)
        )
        there = {row.film_sha256 for row in self.database.rows(kept)} if waiting else set()
        unseen = self._not_seen_by(waiting, reader)
        return [film for film in waiting if film in there and film in unseen]

    def _not_seen_by(self, film_sha256s: Collection[str], reader: str) -> set[str]:
        """Return the films that a reader has neither opened in the worklist nor read."""
        wanted, key = list(film_sha256s), reader_key(reader)
        if not wanted:
            return set()
        seen = {
            row.film_sha256
            for table, name in ((review_steps, "reader_key"), (blind_reads, "reader_key"))
            for row in self.database.rows(
                select(table.c.film_sha256).where(
                    table.c.film_sha256.in_(wanted), table.c[name] == key
                )
            )
        }
        read = select(reviews.c.film_sha256, reviews.c.reader)
        rows = self.database.rows(read.where(reviews.c.film_sha256.in_(wanted)))
        seen |= {row.film_sha256 for row in rows if reader_key(row.reader) == key}
        return set(wanted) - seen
