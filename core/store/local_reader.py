"""Under which name and role the local user acts where nobody logs in."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from core import __version__
from core.domain.reader import READER_LIMIT, Reader, Role
from core.errors import ReviewStoreError
from core.language.words import msg
from core.store.audit_log import insert_chained
from core.store.engine import Database, is_storable
from core.store.schema import local_readers

FIRST_ROLE = Role.LEAD
"""A newcomer on an own machine may try every page and every write."""


def choose_local_reader(database: Database, name: str, role: Role) -> Reader:
    """Keep the local user's name and role, for this visit and the next start.

    Parameters
    ----------
    name : str
        At most 100 letters; empty while the user has given none.

    Raises
    ------
    ReviewStoreError
        If the name is too long or cannot be kept, or the database cannot be written.
    """
    name = " ".join(name.split())
    if len(name) > READER_LIMIT or not is_storable(name):
        raise ReviewStoreError(
            msg(
                "A name has at most {most} letters, no zero byte and no half of a character "
                "pair; this one has {letters}: shorten or retype it.",
                most=READER_LIMIT,
                letters=len(name),
            )
        )
    row = {
        "name": name,
        "role": role.value,
        "chosen_at": datetime.now(UTC),
        "app_version": __version__,
    }
    with database.writing() as connection:
        insert_chained(connection, local_readers, row)
    return Reader(name, frozenset({role}))


def read_local_reader(database: Database) -> Reader:
    """Return the local user as chosen last; before that one without a name, who is a lead.

    Raises
    ------
    ReviewStoreError
        If the database cannot be read, or was changed by another program.
    """
    newest = select(local_readers).order_by(local_readers.c.sequence.desc()).limit(1)
    rows = database.rows(newest)
    if not rows:
        return Reader("", frozenset({FIRST_ROLE}))
    row = rows[0]
    if row.role not in list(Role):
        raise ReviewStoreError(
            msg(
                "{role!r} is not a role, so {place} was changed by another program: "
                "restore the last backup.",
                role=row.role,
                place=database.place,
            )
        )
    return Reader(row.name, frozenset({Role(row.role)}))
