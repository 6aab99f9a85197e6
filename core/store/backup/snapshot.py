"""All tables as they are at one moment, while readers go on writing."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine

from core.store.engine import Database


@contextmanager
def at_one_moment(database: Database, folder: Path) -> Iterator[Connection]:
    """Give a connection whose tables hold all that was committed before, and nothing later.

    PostgreSQL does so in one transaction. An SQLite file is copied by its online backup [1]_, and
    the copy is read: nobody waits, and its log does not grow.

    Parameters
    ----------
    folder : Path
        Where SQLite's copy may lie; who calls takes it away.

    Raises
    ------
    OSError
        If the copy cannot be written.
    ReviewStoreError
        If the database cannot be read.

    References
    ----------
    .. [1] https://www.sqlite.org/backup.html
    """
    copy = folder / "copy.sqlite3"
    with database.reading() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
            return
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        full = False
        with closing(sqlite3.connect(copy)) as target:
            try:
                source.backup(target)
            except sqlite3.OperationalError as exc:
                if exc.sqlite_errorname != "SQLITE_FULL":
                    raise
                full = True
    if full:  # said out here, or the database would be blamed for the disk of the backup
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    engine = create_engine(URL.create("sqlite", database=str(copy)))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
