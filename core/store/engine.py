"""The database under all stores: opening it, its transactions, and its errors as sentences.

SQLite runs with a write-ahead log and ``synchronous=FULL``: a commit has reached the disk before it
returns [1]_. PostgreSQL runs with ``synchronous_commit=on`` for the same reason.

References
----------
.. [1] https://www.sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from weakref import WeakSet

from sqlalchemy import URL, Connection, Engine, Row, Select, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from core.errors import ReviewStoreError
from core.language.capitals import capitalised
from core.language.words import Message, msg
from core.store.database_errors import errors_as_sentences
from core.store.migration import (
    NO_REVISION,
    MigrationStatus,
    check_revision,
    list_losses,
    migrate_down,
    migrate_up,
    newest_revision,
    read_status,
    upgrade,
    wait_for_migrations,
)

BUSY_TIMEOUT_S = 5.0
LOCK_PATIENCE_S = 20.0
STEP_S = 0.4
IN_VAIN_S = 5.0
MOST_WAITS = 10
_WRITING = {"begin": "BEGIN IMMEDIATE"}  # execution option: take SQLite's write lock at once
_one_migration = threading.Lock()  # alembic's context is one per process


def _checked_url(database_url: str) -> URL:
    """Return the parsed URL with its driver; refuse all but SQLite files and PostgreSQL."""
    try:
        url = make_url(database_url)
    except ArgumentError as exc:
        raise ReviewStoreError(
            msg(
                "The database address is not one that can be read: set "
                "FIRSTREAD_DATABASE_URL to sqlite:///path/to/file or "
                "postgresql://user@host/name."
            )
        ) from exc
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ReviewStoreError(
            msg(
                "Reads are stored in SQLite or PostgreSQL, not in {backend}: change "
                "FIRSTREAD_DATABASE_URL.",
                backend=backend,
            )
        )
    if not url.database or url.database.startswith((":memory:", "file:")):
        raise ReviewStoreError(
            msg(
                "Reads must survive a restart, so SQLite needs a plain file: set "
                "FIRSTREAD_DATABASE_URL to sqlite:///path/to/file."
            )
        )
    return url.set(drivername="sqlite")


def address_of(database_url: str) -> str:
    """Return a database's address without its password.

    Raises
    ------
    ReviewStoreError
        If it is no address of a database.
    """
    return _checked_url(database_url).render_as_string(hide_password=True)


def is_made(database_url: str) -> bool:
    """Return whether there is a database at an address; the server of PostgreSQL is not asked.

    Raises
    ------
    ReviewStoreError
        If the address cannot be read, or is of another kind.
    """
    url = _checked_url(database_url)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()


def _place_of(url: URL) -> Message:
    """Return how a sentence names a database, without user or password."""
    if url.get_backend_name() == "sqlite":
        return msg("the file {database}", database=url.database)
    host = url.host or url.query.get("host", msg("this machine"))
    return msg("the PostgreSQL database {database} on {host}", database=url.database, host=host)


@dataclass(slots=True)
class _Patience:
    """How long to wait for SQLite's lock.

    A lock that one program keeps and a lock that many hand to each other are told apart by the
    commits of others: each begins the wait again, for SQLite hands its lock out in no order. After
    a wait in vain the next waits are short, for a press of a button may write several times.
    """

    limit_s: float | None = None
    in_vain_until: float = 0.0

    @property
    def wait_s(self) -> float:
        return LOCK_PATIENCE_S if self.limit_s is None else self.limit_s

    @property
    def step_s(self) -> float:
        """For how long SQLite itself waits at a time."""
        return BUSY_TIMEOUT_S if self.limit_s is None else min(STEP_S, self.limit_s)

    def first_wait_s(self, now: float) -> float:
        return 0.0 if self.limit_s is not None and now < self.in_vain_until else self.wait_s

    def note_in_vain(self, now: float) -> None:
        self.in_vain_until = now + IN_VAIN_S


class _Writes:
    """The writes of a process that are under way in a database."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._under_way, self._over = 0, False

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._changed:
            if self._over:
                raise ReviewStoreError(
                    msg(
                        "First Read is being stopped, so nothing was stored: try again "
                        "when it runs."
                    )
                )
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def finish(self, patience_s: float) -> bool:
        with self._changed:
            self._over = True
            return self._changed.wait_for(lambda: self._under_way == 0, patience_s)


# --- opening --------------------------------------------------------------------------------------


class Database:
    """An SQLite file or a PostgreSQL database: one engine for all stores of a process.

    It makes SQLite's folder; `open` brings the schema to the newest revision as well. It may serve
    many threads.

    Attributes
    ----------
    place : str
        How a sentence names it, without user or password.

    Raises
    ------
    ReviewStoreError
        If the address cannot be read, is of another kind than SQLite file or PostgreSQL, the
        PostgreSQL driver is not installed, or the folder cannot be made.
    """

    def __init__(self, database_url: str) -> None:
        url = _checked_url(database_url)
        self.place = _place_of(url)
        self._patience = _Patience()
        self._writes = _Writes()
        _databases.add(self)
        with self._sentences():
            if url.get_backend_name() == "sqlite":
                self._engine = _sqlite_engine(url, self.place, self._patience)
            else:
                self._engine = _postgresql_engine(url)
        self._writer = self._engine.execution_options(**_WRITING)

    @classmethod
    def open(cls, database_url: str) -> Self:
        """Return the database at the newest revision, made and migrated if need be.

        Processes that start at once wait for one another on the database's own lock, and the whole
        migration is one transaction: a process that dies leaves the database as it was.

        Raises
        ------
        ReviewStoreError
            If the database cannot be opened or written, or was written by a newer version.
        """
        database = cls(database_url)
        try:
            with _one_migration:
                if not database.status().up_to_date:
                    upgrade(database.writing())
        except BaseException:
            database.close()
            raise
        return database

    def wait_at_most(self, seconds: float) -> None:
        """Wait no longer for a lock that another program keeps: a person sits at the screen."""
        self._patience.limit_s = seconds
        self.close()  # the pooled connections wait for as long as they did

    def _sentences(self) -> AbstractContextManager[None]:
        return errors_as_sentences(self.place, self._patience.wait_s)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for the queries of the block.

        Raises
        ------
        ReviewStoreError
            In place of any error of SQLAlchemy, alembic, SQLite or the file system.
        """
        with self._sentences(), self._engine.connect() as connection:
            yield connection

    def rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        """Return what a query finds; raises as `reading` does."""
        with self.reading() as connection:
            return connection.execute(query).all()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is on the disk after the block.

        On SQLite it holds the write lock from the start. If the block raises, nothing is stored.

        Raises
        ------
        ReviewStoreError
            In place of any error of SQLAlchemy, alembic, SQLite or the file system; while the
            process is being stopped.
        """
        with self._writes.one(), self._sentences(), self._writer.begin() as connection:
            yield connection

    def finish_writes(self, patience_s: float) -> bool:
        """Let the writes under way end and begin no other; False if they last longer than that."""
        return self._writes.finish(patience_s)

    def check(self) -> None:
        """Find out whether the database answers; raises as `reading` does."""
        with self.reading() as connection:
            connection.execute(text("SELECT version_num FROM alembic_version")).all()

    def status(self) -> MigrationStatus:
        """Return at which revision the database stands.

        Raises
        ------
        ReviewStoreError
            If the database cannot be opened or was written by a newer version.
        """
        with self.reading() as connection:
            return read_status(connection, capitalised(self.place))

    def migrate_to(self, revision: str, *, may_lose: bool = False) -> MigrationStatus:
        """Bring the database up or down to a revision, in one transaction.

        Parameters
        ----------
        revision : str
            A migration's number, or `NO_REVISION`.
        may_lose : bool
            Go down although something that is stored goes.

        Raises
        ------
        ReviewStoreError
            If the revision is unknown, something would be lost that may not, or the database
            cannot be written or was written by a newer version.
        """
        check_revision(revision)
        with _one_migration, self.writing() as connection:
            wait_for_migrations(connection)
            stands = read_status(connection, capitalised(self.place)).revision or ""
            wanted = "" if revision == NO_REVISION else revision
            if stands < wanted:
                migrate_up(connection, revision)
            elif stands > wanted:
                losses = [] if may_lose else list_losses(connection, revision)
                if losses:
                    raise ReviewStoreError(self._loss_text(stands, revision, losses))
                migrate_down(connection, revision)
        return self.status()

    def _loss_text(self, stands: str, revision: str, losses: Sequence[str]) -> str:
        return (
            f"Nothing was changed. From revision {stands} down to {revision}, {self.place} loses "
            f"for good: {', '.join(losses)}. The audit log names lost records as removed or "
            "changed from then on. Make a backup first (`python -m core db backup FILE`); then "
            "add --yes."
        )

    def changed_elsewhere(self, what: str) -> ReviewStoreError:
        """Return the error for something stored that cannot be what First Read wrote."""
        return ReviewStoreError(
            msg(
                "{what} in {place} cannot be read, so it was changed by another program: "
                "restore the last backup.",
                what=what,
                place=self.place,
            )
        )

    def close(self) -> None:
        """Close the pooled connections; new ones are opened if the database is used again."""
        self._engine.dispose()


_databases: WeakSet[Database] = WeakSet()


def finish_all_writes(patience_s: float) -> bool:
    """Let this process's writes end before it does; False if they last longer than that."""
    finished = [each.finish_writes(patience_s) for each in list(_databases)]
    return all(finished)


def migration_status(database_url: str) -> MigrationStatus:
    """Return where the database stands, without making or changing it.

    Raises
    ------
    ReviewStoreError
        If the database cannot be opened or was written by a newer version.
    """
    url = _checked_url(database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return MigrationStatus(capitalised(_place_of(url)), None, newest_revision())
    with closing(Database(database_url)) as database:
        return database.status()


def sqlite_file(database_url: str) -> Path | None:
    """Return the file of an SQLite database, which need not be there; None for PostgreSQL.

    Raises
    ------
    ReviewStoreError
        If the address cannot be read.
    """
    url = _checked_url(database_url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _postgresql_engine(url: URL) -> Engine:
    durable = {"options": "-c synchronous_commit=on", "connect_timeout": 5}
    try:
        return create_engine(url, pool_pre_ping=True, connect_args=durable)
    except ModuleNotFoundError as exc:
        raise ReviewStoreError(
            msg("The PostgreSQL driver is not installed: run pip install 'psycopg[binary]'.")
        ) from exc


def _sqlite_engine(url: URL, place: str, patience: _Patience) -> Engine:
    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    seen: list[bool] = []

    def prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        _set_pragmas(connection, patience)
        entry.info["inode"] = path.stat().st_ino
        seen[:] = [True]

    def require_file() -> None:
        if not path.exists():
            raise ReviewStoreError(
                capitalised(
                    msg("{place} is gone: put it back or restore the last backup.", place=place)
                )
            )

    def connects_to_what_was_there(*_: object) -> None:
        if seen:  # else a thread of its own would make an empty file in the place of the lost one
            require_file()

    def still_the_same_file(
        _connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        require_file()  # an open connection to a deleted file accepts commits that nobody finds
        if path.stat().st_ino != entry.info["inode"]:
            raise DisconnectionError("the file was replaced")

    def begin(connection: Connection) -> None:
        statement = connection.get_execution_options().get("begin", "BEGIN")
        _execute_when_free(connection.connection.cursor(), statement, patience)

    event.listen(engine, "do_connect", connects_to_what_was_there)
    event.listen(engine, "connect", prepare)
    event.listen(engine, "checkout", still_the_same_file)
    event.listen(engine, "begin", begin)
    return engine


def _set_pragmas(connection: DBAPIConnection, patience: _Patience) -> None:
    try:
        # the driver's own BEGIN leaves CREATE TABLE outside the transaction; the engine begins
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={patience.step_s * 1000:.0f}")
        _execute_when_free(cursor, "PRAGMA journal_mode=WAL", patience)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA fullfsync=ON")  # macOS: fsync alone stops at the drive's cache
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")  # what is erased leaves no bytes in the file
        cursor.close()
    except sqlite3.Error:
        connection.close()
        raise


def _execute_when_free(cursor: DBAPICursor, statement: str, patience: _Patience) -> None:
    """Execute a statement that takes a lock; SQLite's own wait does not cover a journal switch."""
    begun = time.monotonic()
    give_up_at, last = begun + patience.first_wait_s(begun), begun + MOST_WAITS * patience.wait_s
    version = _data_version(cursor)
    while True:
        try:
            cursor.execute(statement)
        except sqlite3.OperationalError as exc:
            if not exc.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            now, found = time.monotonic(), _data_version(cursor)
            if found is not None:
                if version not in (None, found):
                    give_up_at = min(now + patience.wait_s, last)
                version = found
            if now > give_up_at:
                patience.note_in_vain(now)
                raise
            time.sleep(0.02)
        else:
            return


def _data_version(cursor: DBAPICursor) -> object:
    """Return a number that every commit of another connection changes; None while it is locked."""
    try:
        return cursor.execute("PRAGMA data_version").fetchone()
    except sqlite3.OperationalError:
        return None


def is_storable(value: str) -> bool:
    """Tell a text that a database keeps from one with a zero byte or half of a character pair."""
    if "\x00" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def from_utc(moment: datetime) -> datetime:
    """Return an aware time; SQLite gives back the UTC it was given without the zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
