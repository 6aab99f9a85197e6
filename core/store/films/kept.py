"""Films come and go: kept under a key of their own, opened, and erased without a trace."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.domain.film import printable
from core.domain.origin import FilmOrigin
from core.domain.reader import SYSTEM, Act, Reader
from core.domain.worklist import Arrival, ArrivingFilm, FilmStatus, MachineReading
from core.errors import FilmGone, FilmStoreError, ReviewStoreError
from core.imaging.dicom.deidentify import keyed_patient
from core.language.words import msg
from core.reads.film_status import status_of
from core.reads.signing import utc_now
from core.store.audit_log import wait_for_turn
from core.store.dismissals import is_dismissed
from core.store.engine import Database
from core.store.films import erasures
from core.store.films.keyring import FilmKeyring
from core.store.films.keys import decrypt, encrypt, new_key
from core.store.films.objects import FilmObjects
from core.store.films.readings import reading_to_json
from core.store.reads import SqlReviewStore
from core.store.schema import films

BROKEN_WRITE = timedelta(hours=1)
NO_FILE = "none/"
"""Begins the address of a film whose file was not kept."""
_CONTENT, _ORIGIN = "film", "origin"
_ERASED_AT_ONCE = 500
_KEPT_COLUMNS = tuple(column for column in films.c if column.name not in ("thumbnail", "origin"))


class FilmFiles:
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
        row = self._row(film.film_sha256)
        if row is not None and self._opens(film.film_sha256):
            return False
        key, address = new_key(), self._objects.new_address(self.keyring.site)
        self._objects.write(address, encrypt(key, film.content, _CONTENT + film.film_sha256))
        if row is not None:
            kept = self._put_back(row, address, key, film)
        else:
            kept = self._insert(film, address, key, by, arrival)
        if not kept:  # another process came first
            self._objects.erase(address)
        return kept

    def _opens(self, film_sha256: str) -> bool:
        try:
            return bool(self.content(film_sha256))
        except FilmGone:
            return False

    def _put_back(self, row: Row[Any], address: str, key: bytes, film: ArrivingFilm) -> bool:
        """Give a film whose file is gone or damaged the file that was added again."""
        with self.database.writing() as connection:
            wait_for_turn(connection)
            values = {
                "address": address,
                "wrapped_key": self.keyring.wrap(key, row.film_sha256),
                "reading": None,
                "reading_identity": None,
                "reading_until": None,
                "thumbnail": None,
                "origin": _sealed_origin(film, key),
            }
            same = films.c.film_sha256 == row.film_sha256, films.c.address == row.address
            done = connection.execute(update(films).where(*same).values(**values))
        if done.rowcount:
            self._objects.erase(row.address)
        return bool(done.rowcount)

    def keep_refusal(
        self, film: ArrivingFilm, by: Reader, reading: MachineReading, arrival: Arrival
    ) -> bool:
        """Keep that a file came and why it cannot be opened, without the file.

        Returns
        -------
        bool
            False if the film is kept already.
        """
        by.require(Act.ADD_FILMS)
        if self._row(film.film_sha256) is not None:
            return False
        assert self.keyring.secret  # made before the transaction
        address = f"{NO_FILE}{film.film_sha256}"
        return self._insert(film, address, new_key(), by, arrival, reading)

    def _insert(
        self,
        film: ArrivingFilm,
        address: str,
        key: bytes,
        by: Reader,
        arrival: Arrival,
        refusal: MachineReading | None = None,
    ) -> bool:
        values = {
            "film_sha256": film.film_sha256,
            "name": printable(film.name),
            "arrived_at": self._now(),
            "arrival": arrival.value,
            "added_by": by.name,
            "status": (FilmStatus.NEW if refusal is None else FilmStatus.REFUSED).value,
            "status_at": self._now(),
            "address": address,
            "patient": film.patient or None,
            "taken_at": film.taken_at,
            "burned_in": film.burned_in,
            "inverted": False,
            "quarter_turns": 0,
            "origin": _sealed_origin(film, key),
        }
        if refusal is not None:
            values |= {
                "reading": reading_to_json(refusal),
                "reading_identity": refusal.identity,
            }
        try:
            with self.database.writing() as connection:
                wait_for_turn(connection)
                values["wrapped_key"] = self.keyring.wrap(key, film.film_sha256)
                history = SqlReviewStore(self.database).history_in(connection, film.film_sha256)
                if history:  # of an earlier visit, or of a film that was erased
                    values["status"] = status_of(history).value
                if is_dismissed(connection, film.film_sha256):
                    values["status"] = FilmStatus.DISMISSED.value
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
                msg(
                    "This film is not kept any more: it was erased, or its time is over. "
                    "Add it again."
                )
            )
        if row.address.startswith(NO_FILE):
            raise FilmGone(msg("The file of this film was not kept: it holds no film that opens."))
        sealed = self._objects.read(row.address)
        return decrypt(
            self.keyring.unwrap(row.wrapped_key, film_sha256), sealed, _CONTENT + film_sha256
        )

    def origin(self, film_sha256: str) -> FilmOrigin | None:
        """Return whom a film's file named and where it came from; None where that is not kept.

        Raises
        ------
        FilmStoreError
            If it does not open: the key is gone or another.
        """
        wanted = select(films.c.origin, films.c.wrapped_key)
        rows = self.database.rows(wanted.where(films.c.film_sha256 == film_sha256))
        if not rows or rows[0].origin is None:
            return None
        key = self.keyring.unwrap(rows[0].wrapped_key, film_sha256)
        return FilmOrigin.from_json(decrypt(key, rows[0].origin, _ORIGIN + film_sha256).decode())

    def erase(self, film_sha256s: Collection[str], by: Reader, reason: str) -> int:
        """Erase films: key, file, thumbnail and row; reads that were signed stay. Return how many.

        Teaching cases made of them and their copies in sets of site films go too, unless only the
        time of the films is over.

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
            erasures.forget_free_pages(self.database)
        return erased

    def erase_patient(self, number: str, issuer: str, by: Reader) -> int:
        """Erase all that is kept of a patient's films, by the number that the files stated."""
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
        if self.keyring.begun:
            known = {row.address for row in self.database.rows(select(films.c.address))}
            known |= erasures.other_addresses(self.database)
            before = self._now() - BROKEN_WRITE
            self._objects.sweep(self.keyring.site, known, older_than=before)
        return erased

    def _row(self, film_sha256: str) -> Row[Any] | None:
        query = select(*_KEPT_COLUMNS).where(films.c.film_sha256 == film_sha256)
        rows = self.database.rows(query)
        return rows[0] if rows else None


def _sealed_origin(film: ArrivingFilm, key: bytes) -> bytes | None:
    if film.origin is None:
        return None
    return encrypt(key, film.origin.to_json().encode(), _ORIGIN + film.film_sha256)
