"""Two append-only logs: which run served since when, and who chose the run that is to serve."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from core import __version__
from core.domain.model import ServedChoice, ServedRun
from core.domain.reader import Act, Reader
from core.errors import ReviewStoreError
from core.language.words import msg
from core.reads.signing import utc_now
from core.store.audit_log import insert_chained, wait_for_turn
from core.store.engine import Database, from_utc
from core.store.schema import served_choices, served_runs

MAX_REASON = 1000
MAX_NAME = 100

_log = logging.getLogger(__name__)


def note_served_run(
    database: Database,
    *,
    run_id: str,
    threshold: float,
    export_sha256: str,
    app_version: str = __version__,
    now: Callable[[], datetime] = utc_now,
) -> ServedRun:
    """Add a line if another run, export or operating point serves than did last.

    Processes that start at once add one line.

    Returns
    -------
    ServedRun
        The newest line: new, or from when this run began to serve.

    Raises
    ------
    ReviewStoreError
        If the database cannot be written.
    """
    same = (run_id, threshold, export_sha256)
    with database.reading() as connection:  # most starts change nothing, and wait for no lock
        last = _newest(connection)
    if last is not None and _is_same(last, same):
        return last
    with database.writing() as connection:
        wait_for_turn(connection)
        last = _newest(connection)
        if last is not None and _is_same(last, same):
            return last
        served = ServedRun(run_id, threshold, export_sha256, app_version, now())
        row = asdict(served) | {"since": served.since.astimezone(UTC)}
        del row["note"]
        insert_chained(connection, served_runs, row)
    _log.warning(
        "run %s serves from now on, at operating point %.4f (before: %s)",
        run_id,
        threshold,
        "none" if last is None else f"{last.run_id} at {last.threshold:.4f}",
        extra={
            "run": run_id,
            "threshold": threshold,
            "before": "none" if last is None else last.run_id,
        },
    )
    return served


def list_served_runs(database: Database) -> Sequence[ServedRun]:
    """Return every line of the log, oldest first.

    Raises
    ------
    ReviewStoreError
        If the database cannot be read.
    """
    return [
        _served(row) for row in database.rows(select(served_runs).order_by(served_runs.c.sequence))
    ]


def choose_served_run(
    database: Database,
    *,
    run_id: str,
    reason: str,
    chosen_by: Reader,
    app_version: str = __version__,
    now: Callable[[], datetime] = utc_now,
) -> ServedChoice:
    """Add a person's choice to the log; whether the run may serve is for the caller to check.

    Parameters
    ----------
    reason : str
        1 to 1,000 letters.
    chosen_by : Reader
        Who chose, with a name of 1 to 100 letters and a role that allows it.

    Raises
    ------
    NotAllowed
        If the reader has no role that chooses.
    ReviewStoreError
        If the reason or the name is missing or too long, or the database cannot be written.
    """
    chosen_by.require(Act.CHOOSE_SERVED_RUN)
    reason, name = reason.strip(), chosen_by.name.strip()
    for what, said, limit in (
        (msg("the reason"), reason, MAX_REASON),
        (msg("the name"), name, MAX_NAME),
    ):
        if not 0 < len(said) <= limit:
            raise ReviewStoreError(
                msg(
                    "{what} has {letters} letters and needs 1 to {limit}: a change of the "
                    "active model is recorded with its author and reason.",
                    what=what,
                    letters=len(said),
                    limit=limit,
                )
            )
    choice = ServedChoice(run_id, reason, name, app_version, now())
    with database.writing() as connection:
        row = asdict(choice) | {"chosen_at": choice.chosen_at.astimezone(UTC)}
        insert_chained(connection, served_choices, row)
    return choice


def list_served_choices(database: Database) -> Sequence[ServedChoice]:
    """Return every choice, oldest first.

    Raises
    ------
    ReviewStoreError
        If the database cannot be read.
    """
    return [
        ServedChoice(
            row.run_id, row.reason, row.chosen_by, row.app_version, from_utc(row.chosen_at)
        )
        for row in database.rows(select(served_choices).order_by(served_choices.c.sequence))
    ]


def _newest(connection: Connection) -> ServedRun | None:
    newest = select(served_runs).order_by(served_runs.c.sequence.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return None if row is None else _served(row)


def _is_same(served: ServedRun, same: tuple[str, float, str]) -> bool:
    return (served.run_id, served.threshold, served.export_sha256) == same


def _served(row: Row[Any]) -> ServedRun:
    return ServedRun(
        row.run_id, row.threshold, row.export_sha256, row.app_version, from_utc(row.since)
    )
