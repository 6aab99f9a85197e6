"""The keys of the films that a database knows: read, made once, and changed by command."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import FilmStoreError, ReviewStoreError
from core.language.words import msg
from core.store.audit_log import wait_for_turn
from core.store.engine import Database
from core.store.films.keys import (
    MasterKeys,
    keys_as_text,
    make_key_file,
    new_key,
    parse_keys,
    read_key_file,
    write_key_file,
)
from core.store.schema import film_secrets, films, teaching_films
from core.store.site_schema import site_films

_SITE = "site secret"
_KEYED = ((films, "film_sha256"), (teaching_films, "case_id"), (site_films, "film_id"))
"""Tables whose rows hold a film's key, and the column that names its purpose."""


class FilmKeyring:
    """Opens and closes the keys of films.

    Parameters
    ----------
    key_path : Path
        The file with the master keys, from `key_file`.
    stated : str
        Master keys of a setting; empty where the file holds them.
    """

    def __init__(self, database: Database, key_path: Path, stated: str = "") -> None:
        self.database = database
        self.path, self._stated = key_path, stated
        self._masters: MasterKeys | None = None
        self._site = b""

    @property
    def secret(self) -> bytes:
        """What addresses and the hashes of patient numbers are keyed with; the same for good."""
        if not self._site:
            self._site = self._read_secret() or self._make_secret()
        return self._site

    @property
    def site(self) -> str:
        """Name of the site's folder: databases that share a place keep apart there."""
        return hmac.new(self.secret, b"site", hashlib.sha256).hexdigest()[:16]

    @property
    def begun(self) -> bool:
        """Whether a film was ever kept."""
        return bool(self._site or self._read_secret())

    def _read_secret(self) -> bytes:
        query = select(film_secrets.c.wrapped_key).where(film_secrets.c.purpose == _SITE)
        rows = self.database.rows(query)
        return self.unwrap(rows[0].wrapped_key, _SITE) if rows else b""

    def _make_secret(self) -> bytes:
        if self._stated:
            self._masters = parse_keys(self._stated, "FIRSTREAD_FILM_KEY")
        else:
            self._masters = make_key_file(self.path)
        row = {"purpose": _SITE, "wrapped_key": self._masters.wrap(new_key(), _SITE)}
        try:
            with self.database.writing() as connection:
                connection.execute(insert(film_secrets), row)
        except ReviewStoreError as exc:
            if not isinstance(exc.__cause__, IntegrityError):
                raise
        return self._read_secret()  # another process may have come first

    def _load_masters(self) -> MasterKeys:
        if self._stated:
            return parse_keys(self._stated, "FIRSTREAD_FILM_KEY")
        found = read_key_file(self.path)
        if found is None:
            raise FilmStoreError(
                msg(
                    "The key of the kept films is gone: put {path} back from the backup. "
                    "Without it no kept film opens.",
                    path=self.path,
                )
            )
        return found

    def key_text(self) -> str:
        """Return the master keys as a key file holds them; raises as `MasterKeys.unwrap` does."""
        return keys_as_text(self._load_masters())

    def unwrap(self, wrapped: bytes, purpose: str) -> bytes:
        """Return a key that `wrap` wrapped; raises as `MasterKeys.unwrap` does."""
        if self._masters is not None:
            try:
                return self._masters.unwrap(wrapped, purpose)
            except FilmStoreError:
                self._masters = None  # the key may have been changed by the command
        self._masters = self._load_masters()
        return self._masters.unwrap(wrapped, purpose)

    def wrap(self, key: bytes, purpose: str) -> bytes:
        """Return a key under the newest master key; call it in the transaction that stores it.

        The key file is read each time: a change of the master key waits for that transaction, or
        has written the file before it.
        """
        self._masters = self._load_masters()
        return self._masters.wrap(key, purpose)

    def change_master_key(self) -> int:
        """Wrap every film's key by a new master key; return how many there were.

        Where a setting holds the master keys, its first is taken, and the others may go afterwards.
        A process that dies on the way leaves old and new master keys, with which all films open.

        Raises
        ------
        FilmStoreError
            If a film's key does not open, or the new key cannot be written.
        """
        secret = self.secret
        before = self._load_masters()
        keys = before if self._stated else MasterKeys((new_key(), *before.keys))
        if not self._stated:
            write_key_file(self.path, keys)
        with self.database.writing() as connection:
            wait_for_turn(connection)
            changed = 0
            for table, name in _KEYED:
                purpose = table.c[name]
                for row in connection.execute(select(purpose, table.c.wrapped_key)).all():
                    opened = keys.unwrap(row.wrapped_key, row[0])
                    again = keys.wrap(opened, row[0])
                    connection.execute(
                        update(table).where(purpose == row[0]).values(wrapped_key=again)
                    )
                    changed += 1
            connection.execute(
                update(film_secrets)
                .where(film_secrets.c.purpose == _SITE)
                .values(wrapped_key=keys.wrap(secret, _SITE))
            )
        if not self._stated:
            write_key_file(self.path, MasterKeys(keys.keys[:1]))
        self._masters = None
        return changed
