"""What decides which run serves: the environment, a choice, or the default."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.model import ServedChoice
from core.language.numbers import time_text
from core.language.words import tr

VARIABLE = "FIRSTREAD_SERVED_RUN"


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


def decision_text(decision: ServedDecision) -> str:
    """Return in words what decides which run serves, and what it overrides."""
    run = decision.run_id
    if decision.decided_by is DecidedBy.DEFAULT:
        return tr("Active model: {run}. It is the default; no other run was chosen.", run=run)
    choice = decision.choice
    if decision.decided_by is DecidedBy.CHOICE and choice is not None:
        return tr("Active model: {run}. {choice}", run=run, choice=choice_text(choice))
    sentence = tr(
        "Active model: {run}. {variable} names it and overrides every choice made here.",
        run=run,
        variable=VARIABLE,
    )
    overridden = decision.overridden
    if overridden is None:
        return sentence
    return f"{sentence} {tr('Overridden: {choice}', choice=choice_text(overridden))}"


def choice_text(choice: ServedChoice) -> str:
    """Return in one sentence who chose which run, when and why."""
    return tr(
        "{reader} chose {run} on {moment} UTC, because: {reason}",
        reader=choice.chosen_by,
        run=choice.run_id,
        moment=time_text(choice.chosen_at),
        reason=choice.reason,
    )
