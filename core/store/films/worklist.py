"""The worklist that all readers of a site share: one row a film, changed as the film is read.

A claim says who reads a film and expires by itself. It keeps two readers from taking the same film
unawares; what they sign is append-only in any case.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Row,
    Select,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from core.domain.film import printable
from core.domain.reader import SYSTEM, Act, Reader, reader_key
from core.domain.worklist import (
    Arrival,
    ArrivingFilm,
    FilmStatus,
    MachineReading,
    WorklistFilm,
    WorklistFilter,
)
from core.errors import FilmStoreError, ReviewStoreError
from core.imaging.dicom.deidentify import keyed_patient
from core.reads.film_status import status_of
from core.reads.signing import utc_now
from core.settings import PROJECT_ROOT, Settings
from core.store.audit_log import wait_for_turn
from core.store.engine import Database, from_utc
from core.store.film_status import UNCLAIMED
from core.store.films import erasures
from core.store.films.conditions import conditions_of
from core.store.films.keyring import FilmKeyring
from core.store.films.keys import decrypt, encrypt, key_file, new_key
from core.store.films.objects import FilmObjects
from core.store.films.readings import reading_from_json, reading_to_json, suspicion_of
from core.store.reads import SqlReviewStore
from core.store.schema import films

CLAIM = timedelta(minutes=15)
"""Longer than a film takes, shorter than a morning; it is renewed while the film is open."""
READING_CLAIM = timedelta(minutes=3)
"""After which another process takes up a film whose reading was broken off."""
BROKEN_WRITE = timedelta(hours=1)
_THUMBNAIL, _CONTENT = "thumbnail", "film"
_ERASED_AT_ONCE = 500
_KEPT_COLUMNS = tuple(column for column in films.c if column.name != "thumbnail")


class SqlFilms:
    """Films that outlast a visit: rows in the database, encrypted files beside it.

    One may serve many threads.

    Parameters
    ----------
    key_path : Path
        The file with the master keys, from `key_file`.
    keys : str
        Master keys of a setting; empty where the file holds them.
    now : callable
        The time of day, aware.
    """

    def __init__(
        self,
        database: Database,
        objects: FilmObjects,
        *,
        key_path: Path,
        keys: str = "",
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.database = database
        self.keyring = FilmKeyring(database, key_path, keys)
        self._objects, self._now = objects, now

    # --- films come and go ----------------------------------------------------------------------

    def keep(self, film: ArrivingFilm, by: Reader, arrival: Arrival = Arrival.UPLOAD) -> bool:
        """Keep a film durably before returning; False if it is kept already.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that adds films.
        FilmStoreError
            If its file cannot be written.
        ReviewStoreError
            If the database cannot be written; the film is not kept then.
        """
        by.require(Act.ADD_FILMS)
        if self._row(film.film_sha256) is not None:
            return False
        address, key = address_of(self.keyring.secret, film.film_sha256), new_key()
        self._objects.write(address, encrypt(key, film.content, _CONTENT + film.film_sha256))
        return self._insert(film, address, key, by, arrival, FilmStatus.NEW)

    def keep_refusal(self, film: ArrivingFilm, by: Reader, reading: MachineReading) -> bool:
        """Keep that a file came and why it cannot be opened, without the file.

        Returns
        -------
        bool
            False if the film is kept already.
        """
        by.require(Act.ADD_FILMS)
        if self._row(film.film_sha256) is not None:
            return False
        key, address = new_key(), address_of(self.keyring.secret, film.film_sha256)
        kept = self._insert(film, address, key, by, Arrival.UPLOAD, FilmStatus.REFUSED)
        self.note_reading(film.film_sha256, reading)
        return kept

    def _insert(
        self,
        film: ArrivingFilm,
        address: str,
        key: bytes,
        by: Reader,
        arrival: Arrival,
        status: FilmStatus,
    ) -> bool:
        values = {
            "film_sha256": film.film_sha256,
            "name": printable(film.name),
            "arrived_at": self._now(),
            "arrival": arrival.value,
            "added_by": by.name,
            "status": status.value,
            "status_at": self._now(),
            "address": address,
            "wrapped_key": self.keyring.wrap(key, film.film_sha256),
            "patient": film.patient or None,
            "taken_at": film.taken_at,
            "burned_in": film.burned_in,
            "inverted": False,
            "quarter_turns": 0,
        }
        try:
            with self.database.writing() as connection:
                history = SqlReviewStore(self.database).history_in(connection, film.film_sha256)
                if history:  # of an earlier visit, or of a film that was erased
                    values["status"] = status_of(history).value
                connection.execute(insert(films), values)
        except ReviewStoreError as exc:
            if isinstance(exc.__cause__, IntegrityError):
                return False
            raise
        return True

    def content(self, film_sha256: str) -> bytes:
        """Return a film's file, decrypted.

        Raises
        ------
        FilmStoreError
            If the film is not kept any more, its file is gone or damaged, or the key is.
        """
        row = self._row(film_sha256)
        if row is None:
            raise FilmStoreError(
                "This film is not kept any more: it was erased, or its time is over. Add it again."
            )
        sealed = self._objects.read(row.address)
        return decrypt(
            self.keyring.unwrap(row.wrapped_key, film_sha256), sealed, _CONTENT + film_sha256
        )

    def erase(self, film_sha256s: Collection[str], by: Reader, reason: str) -> int:
        """Erase films: key, file, thumbnail and row; reads that were signed stay. Return how many.

        Teaching cases made of them go too, unless only the time of the films is over.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that erases films.
        FilmStoreError
            If a file cannot be taken away; without its key it does not open any more.
        """
        by.require(Act.ERASE_FILMS)
        erased = 0
        wanted = list(dict.fromkeys(film_sha256s))
        for start in range(0, len(wanted), _ERASED_AT_ONCE):
            names = wanted[start : start + _ERASED_AT_ONCE]
            with self.database.writing() as connection:
                wait_for_turn(connection)
                gone = erasures.erase_rows(connection, names, by, reason, self._now())
            for _, address in gone:
                self._objects.erase(address)
            erased += len({film for film, _ in gone})
        if erased:
            self._forget_free_pages()
        return erased

    def erase_patient(self, number: str, issuer: str, by: Reader) -> int:
        """Erase all films and teaching cases of a patient, by the number that the files stated."""
        patient = keyed_patient(number, issuer, self.keyring.secret)
        if not patient:
            return 0
        rows = self.database.rows(select(films.c.film_sha256).where(films.c.patient == patient))
        taught = erasures.films_of_patient(self.database, patient)
        return self.erase([*(row.film_sha256 for row in rows), *taught], by, "patient")

    def erase_expired(self, days: int) -> int:
        """Erase the films that arrived ``days`` ago or earlier, and what broken writes left."""
        before = self._now() - timedelta(days=days)
        rows = self.database.rows(select(films.c.film_sha256).where(films.c.arrived_at <= before))
        erased = self.erase([row.film_sha256 for row in rows], SYSTEM, erasures.RETENTION)
        known = {row.address for row in self.database.rows(select(films.c.address))}
        known |= erasures.case_addresses(self.database)
        self._objects.sweep(known, older_than=self._now() - BROKEN_WRITE)
        return erased

    def _forget_free_pages(self) -> None:
        """Take what was erased out of SQLite's log as well."""
        with self.database.reading() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).all()

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
        """Return the hashes of the films of which a reader has stored no read."""
        kept = {row.film_sha256 for row in self.database.rows(select(films.c.film_sha256))}
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
        if found is None or not reader.name.strip() or found.status is FilmStatus.SIGNED:
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

    def release(self, reader: str, *, but: str = "") -> None:
        """Let go of a reader's claims, of one film apart."""
        mine = films.c.claimed_key == reader_key(reader)
        query = select(films.c.film_sha256).where(mine, films.c.film_sha256 != but)
        if self.database.rows(query):  # most pages find none, and wait for no lock
            with self.database.writing() as connection:
                connection.execute(
                    update(films).where(mine, films.c.film_sha256 != but).values(UNCLAIMED)
                )

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

    def note_reading(self, film_sha256: str, reading: MachineReading) -> None:
        """Keep what the machine said of a film.

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
            one = films.c.film_sha256 == film_sha256
            connection.execute(update(films).where(one).values(**values))

    # --- rows -----------------------------------------------------------------------------------

    def _row(self, film_sha256: str) -> Row[Any] | None:
        query = select(*_KEPT_COLUMNS).where(films.c.film_sha256 == film_sha256)
        rows = self.database.rows(query)
        return rows[0] if rows else None

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
            reading=reading,
        )


def open_films(database: Database, settings: Settings) -> SqlFilms:
    """Return the film store of a site's settings."""
    objects = FilmObjects(settings.films)
    key_path = key_file(settings.database_url, PROJECT_ROOT / "var")
    keys = settings.film_key.get_secret_value()
    return SqlFilms(database, objects, key_path=key_path, keys=keys)


def address_of(secret: bytes, film_sha256: str) -> str:
    """Return where a film's file lies: nobody finds it who knows the film and not the secret."""
    return hmac.new(secret, b"address\0" + film_sha256.encode(), hashlib.sha256).hexdigest()


def _moment(kept: datetime | None) -> datetime | None:
    return None if kept is None else from_utc(kept)


def _unread_by_machine(identity: str) -> ColumnElement[bool]:
    other = films.c.reading_identity != identity
    return or_(films.c.reading_identity.is_(None), other)
