"""Under which name and role the local user acts where nobody logs in."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from core import __version__
from core.domain.reader import READER_LIMIT, Reader, Role
from core.errors import ReviewStoreError
from core.store.audit_log import insert_chained
from core.store.engine import WRITING, errors_as_sentences, is_storable, open_database
from core.store.migration import migrate
from core.store.schema import local_readers

FIRST_ROLE = Role.LEAD
"""A newcomer on an own machine may try every page and every write."""


def choose_local_reader(database_url: str, name: str, role: Role) -> Reader:
    """Keep the local user's name and role, for this visit and the next start.

    Parameters
    ----------
    database_url : str
        Of the review store.
    name : str
        At most 100 letters; empty while the user has given none.
    role : Role

    Raises
    ------
    ReviewStoreError
        If the name is too long or cannot be kept, or the database cannot be written.
    """
    name = " ".join(name.split())
    if len(name) > READER_LIMIT or not is_storable(name):
        raise ReviewStoreError(
            f"A name has at most {READER_LIMIT} letters, no zero byte and no half of a character "
            f"pair; this one has {len(name)}: shorten or retype it."
        )
    row = {
        "name": name,
        "role": role.value,
        "chosen_at": datetime.now(UTC),
        "app_version": __version__,
    }
    migrate(database_url)
    database = open_database(database_url)
    try:
        writer = database.engine.execution_options(**WRITING)
        with errors_as_sentences(database.place), writer.begin() as connection:
            insert_chained(connection, local_readers, row)
    finally:
        database.engine.dispose()
    return Reader(name, frozenset({role}))


def read_local_reader(database_url: str, *, migrated: bool = False) -> Reader:
    """Return the local user as chosen last; before that one without a name, who is a lead.

    Parameters
    ----------
    database_url : str
    migrated : bool
        Whether the caller has made sure that the database is at the newest revision.

    Raises
    ------
    ReviewStoreError
        If the database cannot be opened or migrated, or was changed by another program.
    """
    if not migrated:
        migrate(database_url)
    database = open_database(database_url)
    newest = select(local_readers).order_by(local_readers.c.sequence.desc()).limit(1)
    try:
        with errors_as_sentences(database.place), database.engine.connect() as connection:
            row = connection.execute(newest).one_or_none()
    finally:
        database.engine.dispose()
    if row is None:
        return Reader("", frozenset({FIRST_ROLE}))
    if row.role not in list(Role):
        raise ReviewStoreError(
            f"{row.role!r} is no role, so {database.place} was changed by another program: "
            "restore the last backup."
        )
    return Reader(row.name, frozenset({Role(row.role)}))
