"""Which rows of the worklist are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_

from core.domain.worklist import FilmStatus, WorklistFilter
from core.store.schema import films

SETTLED = (FilmStatus.SIGNED, FilmStatus.DISPUTED)
STAYS_OPEN = timedelta(hours=12)
"""A signed film stays in the list of open films for the rest of the day."""


def conditions_of(asked: WorklistFilter, now: datetime) -> list[ColumnElement[bool]]:
    """Return what a row must meet to be among the films that are asked for."""
    wanted: list[ColumnElement[bool]] = []
    if asked.statuses:
        wanted.append(_of_statuses(_told(asked), now))
    elif not asked.every:
        today = now - STAYS_OPEN
        done = (FilmStatus.SIGNED,) if asked.tells_disputes else SETTLED
        unsigned = films.c.status.not_in([status.value for status in done])
        wanted.append(or_(unsigned, films.c.status_at > today))
        wanted.append(films.c.status != FilmStatus.DISMISSED.value)
    if asked.words:
        named = films.c.name.icontains(asked.words, autoescape=True)
        of_hash = films.c.film_sha256.startswith(asked.words.lower(), autoescape=True)
        wanted.append(or_(named, of_hash))
    if asked.arrival is not None:
        wanted.append(films.c.arrival == asked.arrival.value)
    if asked.since is not None:
        wanted.append(films.c.arrived_at >= asked.since)
    return wanted


def _told(asked: WorklistFilter) -> Sequence[FilmStatus]:
    """Return the statuses that are asked for, as far as they may be told."""
    if asked.tells_disputes:
        return asked.statuses
    told = [status for status in asked.statuses if status is not FilmStatus.DISPUTED]
    return [*told, FilmStatus.DISPUTED] if FilmStatus.SIGNED in told else told


def _of_statuses(statuses: Sequence[FilmStatus], now: datetime) -> ColumnElement[bool]:
    one_of = films.c.status.in_([status.value for status in statuses])
    if FilmStatus.BEING_READ in statuses:
        return or_(one_of, films.c.claimed_until > now)
    return one_of
