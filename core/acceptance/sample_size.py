"""How many films does an acceptance test need, for an interval of a wished width?"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from core.errors import DatasetError
from core.language.words import msg
from core.stats.intervals import wilson_rate

MOST_FILMS = 1_000_000


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Films that a test needs.

    Attributes
    ----------
    ill, well : int
        With pneumonia, for the interval of sensitivity, and without, for that of specificity.
    films : int
        Of all children who come, so that both are among them.
    """

    ill: int
    well: int
    films: int


def films_for_width(rate: float, width: float) -> int:
    """Return the least films of one class whose 95 % interval is no wider than wished.

    Parameters
    ----------
    rate : float
        Expected sensitivity or specificity.
    width : float
        From one end of Wilson's interval to the other.

    Raises
    ------
    DatasetError
        If either lies outside of what can be asked, or a million films are not enough.
    """
    if not (0.0 < rate < 1.0 and 0.0 < width < 1.0):
        raise DatasetError(msg("State a rate and a width above 0 and below 1."))
    low, high = 1, 2
    while _width(rate, high) > width:
        low, high = high, 2 * high
        if high > 2 * MOST_FILMS:
            raise DatasetError(
                msg("More than a million films are needed for so narrow an interval. Ask for less.")
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _width(rate, middle) > width else (low, middle)
    return high


def _width(rate: float, n: int) -> float:
    found = wilson_rate(round(rate * n), n)
    return found.high - found.low


def plan_sample(
    sensitivity: float,
    specificity: float,
    width: float,
    prevalence: float,
    films_of_a_patient: float = 1.0,
    alike: float = 0.0,
) -> SampleSize:
    """Return how many films both intervals need.

    Parameters
    ----------
    prevalence : float
        Share of pneumonia among the films that will come.
    films_of_a_patient : float
        On average; more than one film of a patient says less than as many patients.
    alike : float
        Correlation of a patient's films (intraclass), 0 to 1.

    Raises
    ------
    DatasetError
        If a number lies outside of what can be asked.

    References
    ----------
    .. [1] A. Donner, N. Klar, Design and Analysis of Cluster Randomization Trials (2000), 111-112.
    """
    if not (0.0 < prevalence < 1.0 and films_of_a_patient >= 1.0 and 0.0 <= alike <= 1.0):
        raise DatasetError(
            msg("State a prevalence above 0 and below 1, and one film or more of each patient.")
        )
    more = 1.0 + (films_of_a_patient - 1.0) * alike
    ill = ceil(more * films_for_width(sensitivity, width) - 1e-9)
    well = ceil(more * films_for_width(specificity, width) - 1e-9)
    films = max(ceil(ill / prevalence - 1e-9), ceil(well / (1.0 - prevalence) - 1e-9))
    return SampleSize(ill, well, films)
