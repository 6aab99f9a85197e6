"""The status of a film in the worklist follows what is signed of it, in the same transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from core.domain.reader import reader_key
from core.domain.review import ReadKind, Records
from core.reads.film_status import status_of
from core.store.schema import films

UNCLAIMED: dict[str, Any] = {"claimed_by": None, "claimed_key": None, "claimed_until": None}


def note_signed(connection: Connection, film_sha256: str, history: Records, at: datetime) -> None:
    """Bring a film's row up to its reads, the newest of which was stored just now.

    Parameters
    ----------
    connection : Connection
        In the transaction that stores the read.
    """
    one = films.c.film_sha256 == film_sha256
    values = {"status": status_of(history).value, "status_at": at}
    connection.execute(update(films).where(one).values(**values))
    newest = history[-1]
    if newest.kind is not ReadKind.FIRST:  # a claim of somebody else's stays
        own = films.c.claimed_key == reader_key(newest.reader)
        connection.execute(update(films).where(one, own).values(**UNCLAIMED))
