"""What an erasure takes away: a film's row, its teaching case, its copies in sets of site films.

A line of the log stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, select, text

from core import __version__
from core.domain.reader import Reader
from core.store.audit_log import insert_chained
from core.store.engine import Database, from_utc
from core.store.schema import film_erasures, films, teaching_cases, teaching_films
from core.store.site_schema import site_films

RETENTION = "retention"
"""The reason that leaves teaching cases: only the time of the films is over."""


def erase_rows(
    connection: Connection, film_sha256s: Sequence[str], by: Reader, reason: str, at: datetime
) -> list[tuple[str, str]]:
    """Erase films from the worklist, and elsewhere too unless only their time is over.

    Parameters
    ----------
    connection : Connection
        In a transaction in which other writers wait.

    Returns
    -------
    list of (str, str)
        Hash and address of each file that may go once this is committed.
    """
    some = films.c.film_sha256.in_(film_sha256s)
    kept = films.c.film_sha256, films.c.address, films.c.arrived_at.label("since")
    query: Select[Any] = select(*kept)
    gone = connection.execute(query.where(some)).all()
    for row in gone:
        _note(connection, row, by, reason, at)
    connection.execute(delete(films).where(some))
    return [
        (row.film_sha256, row.address)
        for row in (
            *gone,
            *_erase_cases(connection, film_sha256s, by, reason, at),
            *_erase_site_films(connection, film_sha256s, by, reason, at),
        )
    ]


def _erase_cases(
    connection: Connection, film_sha256s: Sequence[str], by: Reader, reason: str, at: datetime
) -> Sequence[Row[Any]]:
    if reason == RETENTION:
        return ()
    some = teaching_films.c.film_sha256.in_(film_sha256s)
    same = teaching_cases.c.case_id == teaching_films.c.case_id
    kept = teaching_films.c.film_sha256, teaching_films.c.address
    since = teaching_cases.c.made_at.label("since")
    query: Select[Any] = select(*kept, since).join(teaching_cases, same)
    rows = connection.execute(query.where(some)).all()
    for row in rows:
        _note(connection, row, by, f"{reason}, teaching case", at)
    connection.execute(delete(teaching_films).where(some))
    return rows


def _erase_site_films(
    connection: Connection, film_sha256s: Sequence[str], by: Reader, reason: str, at: datetime
) -> Sequence[Row[Any]]:
    if reason == RETENTION:
        return ()
    some = site_films.c.film_sha256.in_(film_sha256s)
    kept = site_films.c.film_sha256, site_films.c.address, site_films.c.kept_at.label("since")
    query: Select[Any] = select(*kept)
    rows = connection.execute(query.where(some)).all()
    for row in rows:
        _note(connection, row, by, f"{reason}, site film", at)
    connection.execute(delete(site_films).where(some))
    return rows


def _note(connection: Connection, row: Row[Any], by: Reader, reason: str, at: datetime) -> None:
    entry = {
        "film_sha256": row.film_sha256,
        "reason": reason,
        "erased_by": by.name,
        "arrived_at": from_utc(row.since),
        "erased_at": at,
        "app_version": __version__,
    }
    insert_chained(connection, film_erasures, entry)


def films_of_patient(database: Database, patient: str) -> list[str]:
    """Return the hashes of a patient's films that are teaching cases or in sets of site films."""
    taught = select(teaching_films.c.film_sha256).where(teaching_films.c.patient == patient)
    of_sites = select(site_films.c.film_sha256).where(site_films.c.patient_key == patient)
    return [row.film_sha256 for query in (taught, of_sites) for row in database.rows(query)]


def other_addresses(database: Database) -> set[str]:
    """Return where the files of all teaching cases and sets of site films lie."""
    addresses = teaching_films.c.address, site_films.c.address
    return {row.address for one in addresses for row in database.rows(select(one))}


def forget_free_pages(database: Database) -> None:
    """Take what was erased out of SQLite's log as well."""
    with database.reading() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).all()
