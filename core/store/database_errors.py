"""Errors of the database as sentences: what is wrong, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.errors import ReviewStoreError
from core.language.capitals import capitalised
from core.language.words import Message, msg

_SQLITE_SENTENCES = {
    "SQLITE_NOTADB": msg(
        "{place} is not a First Read database, or it is damaged: move "
        "it aside and restore the last backup."
    ),
    "SQLITE_CORRUPT": msg("{place} is damaged: move it aside and restore the last backup."),
    "SQLITE_BUSY": msg(
        "{place} was locked by another program for longer than {busy_s:g} "
        "s: close that program, then try again."
    ),
    "SQLITE_LOCKED": msg("{place} is locked by another request: try again in a moment."),
    "SQLITE_FULL": msg(
        "the disk that holds {place} is full and nothing was stored: free "
        "some space, then try again."
    ),
    "SQLITE_READONLY": msg(
        "{place} may not be written: give the account that runs First "
        "Read the right to write it and its folder."
    ),
    "SQLITE_CANTOPEN": msg(
        "{place} cannot be opened: check that it is a file and that "
        "the account that runs First Read may write it and its folder."
    ),
    "SQLITE_IOERR": msg(
        "the disk failed while {place} was read or written: check the "
        "disk and its free space, then try again."
    ),
}


def _sentence(exc: Exception, place: str, busy_s: float) -> Message:
    cause = exc.orig if isinstance(exc, DBAPIError) else exc
    if isinstance(cause, sqlite3.Error):
        return msg(_sqlite_sentence(cause), place=place, busy_s=busy_s)
    if isinstance(exc, OSError):
        return msg(
            "{place} cannot be used ({error}): choose a folder that may be written.",
            place=place,
            error=exc.strerror,
        )
    return msg(
        "{place} does not answer as it should: check that it runs, that its account "
        "may write, and that `python -m core db status` says it is up to date.",
        place=place,
    )


def _sqlite_sentence(error: sqlite3.Error) -> str:
    """Return the sentence with its fields still open."""
    code = getattr(error, "sqlite_errorname", None) or ""
    for name, sentence in _SQLITE_SENTENCES.items():
        if code.startswith(name):
            return sentence
    return msg(
        "{place} is not as First Read left it: run `python -m core db status`, and "
        "restore the last backup if that does not help."
    )


@contextmanager
def errors_as_sentences(place: str, busy_s: float) -> Iterator[None]:
    """Translate every error of SQLAlchemy, alembic, SQLite and the file system in the block."""
    try:
        yield
    except Exception as exc:
        # By its module: alembic takes a fifth of a second to load, and few starts need it.
        of_alembic = type(exc).__module__.startswith("alembic.")
        if of_alembic or isinstance(exc, SQLAlchemyError | sqlite3.Error | OSError):
            raise ReviewStoreError(capitalised(_sentence(exc, place, busy_s))) from exc
        raise
