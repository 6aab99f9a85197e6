"""Which run is to serve: what people chose, and what wins where the environment names another.

The environment variable wins: whoever sets it has the last word on that machine. A choice that it
overrides is kept, and said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select

from core import __version__
from core.domain import Act, Reader, ServedChoice
from core.errors import ReviewStoreError
from core.review_database import WRITING, errors_as_sentences, open_database
from core.review_ledger import insert_chained
from core.review_migration import migrate
from core.review_schema import served_choices
from core.review_served import utc_now

VARIABLE = "FIRSTREAD_SERVED_RUN"
MAX_REASON = 1000
MAX_NAME = 100


class DecidedBy(StrEnum):
    """What named the run that serves."""

    ENVIRONMENT = "environment"
    CHOICE = "choice"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class ServedDecision:
    """The run that is to serve, what decided that, and the newest choice of a person, if any."""

    run_id: str
    decided_by: DecidedBy
    choice: ServedChoice | None

    @property
    def overridden(self) -> ServedChoice | None:
        """The newest choice, where the environment names another run."""
        overridden = (
            self.decided_by is DecidedBy.ENVIRONMENT
            and self.choice is not None
            and self.choice.run_id != self.run_id
        )
        return self.choice if overridden else None


def decide_served_run(named: str, default: str, choice: ServedChoice | None) -> ServedDecision:
    """Decide which run serves.

    Parameters
    ----------
    named : str
        What the environment names; empty where it names none.
    default : str
        The run that serves where nobody chose one.
    choice : ServedChoice or None
        The newest.
    """
    if named:
        return ServedDecision(named, DecidedBy.ENVIRONMENT, choice)
    if choice is not None:
        return ServedDecision(choice.run_id, DecidedBy.CHOICE, choice)
    return ServedDecision(default, DecidedBy.DEFAULT, None)


def say_decision(decision: ServedDecision) -> str:
    """Return in words what decides which run serves, and what it overrides."""
    run = decision.run_id
    if decision.decided_by is DecidedBy.DEFAULT:
        return f"{run} serves: it is the default, and nobody has chosen another run."
    choice = decision.choice
    if decision.decided_by is DecidedBy.CHOICE and choice is not None:
        return f"{run} serves: {say_choice(choice)}"
    sentence = f"{run} serves: {VARIABLE} names it, which wins over every choice made here."
    overridden = decision.overridden
    if overridden is None:
        return sentence
    return f"{sentence} Without effect because of it: {say_choice(overridden)}"


def say_choice(choice: ServedChoice) -> str:
    """Return in one sentence who chose which run, when and why."""
    return (
        f"{choice.chosen_by} chose {choice.run_id} on {choice.chosen_at:%Y-%m-%d %H:%M} UTC, "
        f"because: {choice.reason}"
    )


def choose_served_run(
    database_url: str,
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
    database_url : str
        Of the review store.
    run_id : str
    reason : str
        1 to 1,000 letters.
    chosen_by : Reader
        Who chose, with a name of 1 to 100 letters and a role that allows it.
    app_version : str
    now : callable, optional
        Where the time comes from.

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
        ("the reason", reason, MAX_REASON),
        ("the name of who chooses", name, MAX_NAME),
    ):
        if not 0 < len(said) <= limit:
            raise ReviewStoreError(
                f"{what} has {len(said)} letters, between 1 and {limit} are needed: a choice of "
                "the served run is recorded with who made it and why."
            )
    choice = ServedChoice(run_id, reason, name, app_version, now())
    migrate(database_url)
    database = open_database(database_url)
    try:
        writer = database.engine.execution_options(**WRITING)
        with errors_as_sentences(database.place), writer.begin() as connection:
            insert_chained(connection, served_choices, _row(choice))
    finally:
        database.engine.dispose()
    return choice


def list_served_choices(database_url: str, *, migrated: bool = False) -> Sequence[ServedChoice]:
    """Return every choice, oldest first.

    Parameters
    ----------
    database_url : str
    migrated : bool
        Whether the caller has made sure that the database is at the newest revision.

    Raises
    ------
    ReviewStoreError
        If the database cannot be opened or migrated.
    """
    if not migrated:
        migrate(database_url)
    database = open_database(database_url)
    try:
        with errors_as_sentences(database.place), database.engine.connect() as connection:
            rows = connection.execute(select(served_choices).order_by(served_choices.c.sequence))
            return [_choice(row) for row in rows]
    finally:
        database.engine.dispose()


def _row(choice: ServedChoice) -> dict[str, Any]:
    return {
        "run_id": choice.run_id,
        "reason": choice.reason,
        "chosen_by": choice.chosen_by,
        "chosen_at": choice.chosen_at.astimezone(UTC),
        "app_version": choice.app_version,
    }


def _choice(row: Row[Any]) -> ServedChoice:
    at = row.chosen_at if row.chosen_at.tzinfo else row.chosen_at.replace(tzinfo=UTC)
    return ServedChoice(row.run_id, row.reason, row.chosen_by, row.app_version, at.astimezone(UTC))
