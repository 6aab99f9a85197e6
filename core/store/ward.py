"""The append-only log of the ward's prevalence: what it is, where it comes from, who set it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from core import __version__
from core.domain.rate import Rate
from core.domain.reader import READER_LIMIT, Act, Reader
from core.domain.ward import WardPrevalence
from core.errors import ReviewStoreError
from core.language.words import msg
from core.reads.signing import utc_now
from core.store.audit_log import insert_chained
from core.store.engine import Database, from_utc, is_storable
from core.store.schema import ward_prevalences


def set_ward_prevalence(
    database: Database,
    value: float,
    by: Reader,
    estimate: Rate | None = None,
    *,
    now: Callable[[], datetime] = utc_now,
) -> WardPrevalence:
    """Add a person's prevalence to the log; it holds from then on.

    Parameters
    ----------
    value : float
        Above 0 and below 1.
    by : Reader
        Who sets it, with a name and a role that allows it.
    estimate : Rate, optional
        What the value is taken from; without it the value is stated.

    Raises
    ------
    NotAllowed
        If the reader has no role that sets it.
    ReviewStoreError
        If the value is not a share, is not that of the estimate, the name is missing or too long,
        or the database cannot be written.
    """
    by.require(Act.SET_PREVALENCE)
    name = by.name.strip()
    if not 0.0 < value < 1.0:
        raise ReviewStoreError(
            msg(
                "A prevalence of {value:g} % is not above 0 and below 100 %: state another.",
                value=100.0 * value,
            )
        )
    if estimate is not None and estimate.value != value:
        raise ReviewStoreError(
            msg(
                "The prevalence {value} is not the estimated {estimate}: state it instead.",
                value=value,
                estimate=estimate.value,
            )
        )
    if not 0 < len(name) <= READER_LIMIT or not is_storable(name):
        raise ReviewStoreError(
            msg(
                "A prevalence is kept with the name of who sets it, of 1 to "
                "{limit} letters, and this one has {letters}: enter your name.",
                limit=READER_LIMIT,
                letters=len(name),
            )
        )
    kept = WardPrevalence(value, estimate, name, now(), __version__)
    row = {
        "prevalence": value,
        "origin": kept.origin.value,
        "n": None if estimate is None else estimate.n,
        "low": None if estimate is None else estimate.low,
        "high": None if estimate is None else estimate.high,
        "set_by": name,
        "set_at": kept.set_at.astimezone(UTC),
        "app_version": kept.app_version,
    }
    with database.writing() as connection:
        insert_chained(connection, ward_prevalences, row)
    return kept


def list_ward_prevalences(database: Database) -> Sequence[WardPrevalence]:
    """Return every prevalence that was set, oldest first.

    Raises
    ------
    ReviewStoreError
        If the database cannot be read.
    """
    return [
        _kept(row)
        for row in database.rows(select(ward_prevalences).order_by(ward_prevalences.c.sequence))
    ]


def read_ward_prevalence(database: Database) -> WardPrevalence | None:
    """Return the prevalence that holds now; None while none was set.

    Raises
    ------
    ReviewStoreError
        If the database cannot be read.
    """
    newest = select(ward_prevalences).order_by(ward_prevalences.c.sequence.desc()).limit(1)
    return next(map(_kept, database.rows(newest)), None)


def _kept(row: Row[Any]) -> WardPrevalence:
    estimate = None if row.n is None else Rate(row.prevalence, row.low, row.high, row.n)
    return WardPrevalence(
        row.prevalence, estimate, row.set_by, from_utc(row.set_at), row.app_version
    )
