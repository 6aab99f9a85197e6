"""A ward's prevalence, and what is said of a film's score with and without it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from core.domain.rate import Rate

Side = Literal["above", "below"]
"""On which a score lies beyond those that were measured."""


@dataclass(frozen=True, slots=True)
class ScoreRatio:
    """The likelihood ratio of one score: how much commoner it is with pneumonia than without.

    Attributes
    ----------
    log_value : float
        Natural logarithm, at the limit where the score lies beyond what was measured.
    log_low, log_high : float or None
        Its 95 % interval; None where that was not measured.
    beyond : Side or None
        None inside of what was measured.
    """

    log_value: float
    log_low: float | None = None
    log_high: float | None = None
    beyond: Side | None = None


class Origin(StrEnum):
    """Where a ward's prevalence comes from."""

    STATED = "stated"
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True)
class WardPrevalence:
    """The share of pneumonia among the films of a ward, as a person set it.

    Attributes
    ----------
    value : float
        Above 0 and below 1.
    estimate : Rate or None
        What it was taken from, of the site's own settled reads; None for a stated one.
    """

    value: float
    estimate: Rate | None
    set_by: str
    set_at: datetime
    app_version: str

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        return Origin.STATED if self.estimate is None else Origin.ESTIMATED


@dataclass(frozen=True, slots=True)
class ShownNumber:
    """The number of a film that its reader saw before signing.

    Attributes
    ----------
    likelihood_ratio : float
        Of the score.
    prevalence : float or None
        Of the ward; None while none was set, and then no probability was shown.
    text : str
        As it was shown, with its interval.
    """

    likelihood_ratio: float
    prevalence: float | None
    text: str
