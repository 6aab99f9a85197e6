"""The hashes by which signed reads stand in the audit log's chain."""

from __future__ import annotations

from sqlalchemy import select

from core.store.engine import Database
from core.store.schema import ledger, reviews


def hash_of_read(database: Database, record_id: str) -> str:
    """Return the hash of a read's line in the chain; empty if there is no such read.

    Raises
    ------
    ReviewStoreError
        If the database cannot be read.
    """
    lines = select(ledger.c.sha256).join(reviews, ledger.c.of_row == reviews.c.sequence)
    of_read = lines.where(ledger.c.of_table == reviews.name, reviews.c.record_id == record_id)
    with database.reading() as connection:
        return connection.execute(of_read).scalar_one_or_none() or ""
