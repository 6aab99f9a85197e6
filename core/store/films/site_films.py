"""Sets of a site's own films: de-identified copies, each under a key of its own.

A set stays until it is removed, whatever the days of the worklist. Who erases a film, or a
patient's films, erases them from the sets as well. What stays are the lines that say who added and
who removed a set.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from core import __version__
from core.domain.film import printable
from core.domain.reader import Act, Reader
from core.domain.site_set import SITE_PREFIX, LeftOut, SiteFilm, SiteKind, SiteSet, WhyLeftOut
from core.errors import DatasetError, FilmGone, ReviewStoreError
from core.language.words import msg
from core.reads.signing import utc_now
from core.settings import PROJECT_ROOT, Settings
from core.store.audit_log import insert_chained, wait_for_turn
from core.store.engine import Database, from_utc, is_storable
from core.store.films.erasures import forget_free_pages
from core.store.films.keyring import FilmKeyring
from core.store.films.keys import decrypt, encrypt, key_file, new_key
from core.store.films.objects import FilmObjects
from core.store.schema import film_erasures
from core.store.site_schema import site_films, site_removals, site_sets

MOST_LETTERS = 60
BROKEN_ADDING = timedelta(days=1)
"""After so long the films of a set that was never finished are erased."""
_CONTENT = "site film"
_ROW_FACTS = ("film_id", "film_sha256", "patient_key")
_SET_COUNTS = ("films", "ill", "patients")


class SqlSiteSets:
    """A site's sets of films; one may serve many threads.

    Parameters
    ----------
    keyring : FilmKeyring
        Of the worklist's films; each film has a key of its own under the same master key.
    """

    def __init__(
        self,
        database: Database,
        objects: FilmObjects,
        keyring: FilmKeyring,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.database, self.keyring = database, keyring
        self._objects, self._now = objects, now

    # --- adding ---------------------------------------------------------------------------------

    def begin(self, name: str, by: Reader) -> str:
        """Return the id of a new set, which is there once it is finished.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that adds sets.
        DatasetError
            If the reader has no name, or that of the set is empty, too long, or another set's.
        """
        by.require(Act.CHANGE_SITE_SETS)
        _require_name(by)
        self._checked(name)
        return SITE_PREFIX + secrets.token_hex(4)

    def _checked(self, name: str) -> str:
        words = printable(" ".join(name.split()))
        if not 0 < len(words) <= MOST_LETTERS or not is_storable(words):
            raise DatasetError(
                msg("The name of a set has 1 to {n} letters: shorten it.", n=MOST_LETTERS)
            )
        if any(one.name.casefold() == words.casefold() for one in self.sets()):
            raise DatasetError(
                msg("There is a set “{name}” already: choose another name.", name=words)
            )
        return words

    def keep_film(self, set_id: str, film: SiteFilm, content: bytes, by: Reader) -> None:
        """Keep a film of a set that is being added, durably before returning.

        Parameters
        ----------
        content : bytes
            The film's pixels in a file that states nothing else.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that adds sets.
        FilmStoreError, ReviewStoreError
            If it cannot be kept.
        """
        by.require(Act.CHANGE_SITE_SETS)
        key, address = new_key(), self._objects.new_address(self.keyring.site)
        self._objects.write(address, encrypt(key, content, _CONTENT + film.film_id))
        facts = {name: value for name, value in asdict(film).items() if name not in _ROW_FACTS}
        row: dict[str, Any] = {
            "film_id": film.film_id,
            "set_id": set_id,
            "film_sha256": film.film_sha256,
            "address": address,
            "patient_key": film.patient_key or None,
            "kept_at": self._now(),
            "facts": facts,
        }
        try:
            with self.database.writing() as connection:
                wait_for_turn(connection)  # a change of the master key waits for this row
                row["wrapped_key"] = self.keyring.wrap(key, film.film_id)
                connection.execute(insert(site_films), row)
        except ReviewStoreError:
            self._objects.erase(address)
            raise

    def finish(self, added: SiteSet, by: Reader) -> SiteSet:
        """Log a set whose films are all kept, and return it as it stands now.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that adds sets.
        DatasetError
            If the name is empty, too long, or meanwhile that of another set.
        ReviewStoreError
            If the database cannot be written.
        """
        by.require(Act.CHANGE_SITE_SETS)
        row = {
            **{name: value for name, value in asdict(added).items() if name not in _SET_COUNTS},
            "name": self._checked(added.name),
            "kind": added.kind.value,
            "added_by": by.name,
            "added_at": self._now(),
            "left_out": [[one.place, one.why.value, one.detail] for one in added.left_out],
            "app_version": __version__,
        }
        with self.database.writing() as connection:
            insert_chained(connection, site_sets, row)
        return next(one for one in self.sets() if one.set_id == added.set_id)

    def abandon(self, set_id: str) -> None:
        """Erase the films of a set that was not finished."""
        with self.database.writing() as connection:
            wait_for_turn(connection)
            known = select(site_sets.c.set_id).where(site_sets.c.set_id == set_id)
            if connection.execute(known).first() is not None:
                return
            own = site_films.c.set_id == set_id
            gone = connection.execute(select(site_films.c.address).where(own)).scalars().all()
            connection.execute(delete(site_films).where(own))
        for address in gone:
            self._objects.erase(address)

    def erase_unfinished(self) -> int:
        """Erase films of sets whose adding broke off a day ago or earlier; return how many sets."""
        begun = select(site_films.c.set_id).group_by(site_films.c.set_id)
        begun = begun.having(func.max(site_films.c.kept_at) < self._now() - BROKEN_ADDING)
        lost = begun.where(site_films.c.set_id.not_in(select(site_sets.c.set_id)))
        found = [row.set_id for row in self.database.rows(lost)]
        for set_id in found:
            self.abandon(set_id)
        return len(found)

    # --- what is there --------------------------------------------------------------------------

    def stamp(self) -> tuple[int, ...]:
        """Return numbers that change whenever a set comes or goes, or a film is erased."""
        newest = [
            select(func.max(table.c.sequence)).scalar_subquery()
            for table in (site_sets, site_removals, film_erasures)
        ]
        return tuple(int(one or 0) for one in self.database.rows(select(*newest))[0])

    def sets(self) -> list[SiteSet]:
        """Return the sets that are there, oldest first."""
        there = site_sets.c.set_id.not_in(select(site_removals.c.set_id))
        rows = self.database.rows(select(site_sets).where(there).order_by(site_sets.c.sequence))
        return [self._counted(_set_of(row)) for row in rows]

    def _counted(self, one: SiteSet) -> SiteSet:
        films = self.films(one.set_id)
        patients = len({film.patient for film in films})
        return replace(one, films=len(films), ill=sum(f.ill for f in films), patients=patients)

    def find(self, named: str) -> SiteSet:
        """Return a set by its id or its name.

        Raises
        ------
        DatasetError
            If there is none.
        """
        for one in self.sets():
            if named in (one.set_id, one.name):
                return one
        raise DatasetError(msg("There is no set of site films “{name}”.", name=named))

    def films(self, set_id: str) -> list[SiteFilm]:
        """Return the films of a set by number."""
        columns = site_films.c.film_id, site_films.c.film_sha256, site_films.c.patient_key
        query = select(*columns, site_films.c.facts).where(site_films.c.set_id == set_id)
        films = [_film_of(row) for row in self.database.rows(query)]
        return sorted(films, key=lambda film: film.number)

    def find_film(self, film_sha256: str) -> SiteFilm | None:
        """Return a film by the hash of the file that it came as, or by that hash's beginning."""
        named = site_films.c.film_sha256.startswith(film_sha256, autoescape=True)
        rows = self.database.rows(select(site_films).where(named).limit(2))
        return _film_of(rows[0]) if len({row.film_sha256 for row in rows}) == 1 else None

    def content(self, film_id: str) -> bytes:
        """Return a film's file, decrypted.

        Raises
        ------
        FilmGone
            If the film was erased, its file is gone or damaged.
        FilmStoreError
            If the key is gone.
        """
        rows = self.database.rows(select(site_films).where(site_films.c.film_id == film_id))
        if not rows:
            raise FilmGone(msg("This film was erased, or its set was removed."))
        key = self.keyring.unwrap(rows[0].wrapped_key, film_id)
        return decrypt(key, self._objects.read(rows[0].address), _CONTENT + film_id)

    # --- removing -------------------------------------------------------------------------------

    def remove(self, set_id: str, by: Reader) -> int:
        """Erase a set: keys, files and rows of its films; return how many there were.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that removes sets.
        DatasetError
            If the reader has no name, or there is no such set.
        FilmStoreError
            If a file cannot be taken away; without its key it does not open any more.
        """
        by.require(Act.CHANGE_SITE_SETS)
        _require_name(by)
        found = self.find(set_id).set_id
        own = site_films.c.set_id == found
        with self.database.writing() as connection:
            wait_for_turn(connection)
            removed = site_removals.c.set_id == found
            if connection.execute(select(site_removals).where(removed)).first() is not None:
                raise DatasetError(msg("This set was removed already."))
            gone = connection.execute(select(site_films.c.address).where(own)).scalars().all()
            connection.execute(delete(site_films).where(own))
            row = {
                "set_id": found,
                "removed_by": by.name,
                "films": len(gone),
                "removed_at": self._now(),
                "app_version": __version__,
            }
            insert_chained(connection, site_removals, row)
        for address in gone:
            self._objects.erase(address)
        forget_free_pages(self.database)
        return len(gone)


def open_site_sets(database: Database, settings: Settings) -> SqlSiteSets:
    """Return the sets of a site's settings."""
    key_path = key_file(settings.database_url, PROJECT_ROOT / "var")
    keyring = FilmKeyring(database, key_path, settings.film_key.get_secret_value())
    return SqlSiteSets(database, FilmObjects(settings.films), keyring)


def _require_name(by: Reader) -> None:
    if not by.name.strip():
        raise DatasetError(
            msg("Who adds and removes a set is kept: enter your name at the right of the bar.")
        )


def _set_of(row: Row[Any]) -> SiteSet:
    return SiteSet(
        set_id=row.set_id,
        name=row.name,
        kind=SiteKind(row.kind),
        added_by=row.added_by,
        added_at=from_utc(row.added_at),
        patients_stated=row.patients_stated,
        unlabelled=row.unlabelled,
        missing=row.missing,
        left_out=tuple(
            LeftOut(place, WhyLeftOut(why), detail) for place, why, detail in row.left_out
        ),
        overlap_checked=row.overlap_checked,
    )


def _film_of(row: Row[Any]) -> SiteFilm:
    return SiteFilm(
        film_id=row.film_id,
        film_sha256=row.film_sha256,
        patient_key=row.patient_key or "",
        **row.facts,
    )
