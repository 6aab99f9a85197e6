"""Parts of a site's setting: its calibration, its test films by score, and what names it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.language.words import msg

Scores = npt.NDArray[np.float64]
_EDGE = 1e-7
_CHOSEN_ON = re.compile(r"tuning films of (?P<site>.+), site setting (?P<version>\d+)")


@dataclass(frozen=True, slots=True)
class SiteCalibration:
    """How a run's probability becomes that of a site.

    Attributes
    ----------
    offset, slope : float
        ``sigmoid(offset + slope * log_odds)`` of the run's own probability.
    steps_at, steps : tuple of float
        Log odds, ascending, and the share of pneumonia that the isotonic regression gives there;
        between them it is read off straight lines.
    steps_share : float
        Weight of the steps; the rest is that of the line.
    n, n_positive, n_patients : int
        What it was fitted on.
    """

    offset: float
    slope: float
    steps_at: tuple[float, ...]
    steps: tuple[float, ...]
    steps_share: float
    n: int
    n_positive: int
    n_patients: int

    def apply(self, probabilities: Scores) -> Scores:
        """Return the site's probabilities for (N,) of the run's own."""
        p = np.clip(np.asarray(probabilities, np.float64), _EDGE, 1.0 - _EDGE)
        log_odds = np.log(p) - np.log1p(-p)
        line = np.exp(-np.logaddexp(0.0, -(self.offset + self.slope * log_odds)))
        if not self.steps:
            return np.asarray(line, np.float64)
        steps = np.interp(log_odds, self.steps_at, self.steps)
        return np.asarray((1.0 - self.steps_share) * line + self.steps_share * steps, np.float64)

    @property
    def keeps_order(self) -> bool:
        """Whether a film with a higher probability by the run has a higher one at the site."""
        return (
            self.slope > 0.0
            and 0.0 <= self.steps_share < 1.0
            and all(np.diff(self.steps_at) > 0.0)
            and all(np.diff(self.steps) >= 0.0)
        )


@dataclass(frozen=True, slots=True)
class ScoreBand:
    """The site's test films whose probability lies in one band.

    Attributes
    ----------
    low, high : float
        Of the site's probability; the last band holds its upper end.
    ill, well : int
        Films with pneumonia and without; ``all_ill`` and ``all_well`` in all bands.
    ill_effect, well_effect : float
        As of `core.evaluation.likelihood_ratio.CountedBand`.
    """

    low: float
    high: float
    ill: int
    all_ill: int
    well: int
    all_well: int
    ill_effect: float = 1.0
    well_effect: float = 1.0


def chosen_on_text(site: str, version: int) -> str:
    """Return what an operating point of a site states as the films that it was chosen on."""
    return f"tuning films of {site}, site setting {version}"


def version_of(chosen_on: str) -> int:
    """Return the version of the site's setting that an operating point is of; 0 of a run's own."""
    found = _CHOSEN_ON.fullmatch(chosen_on)
    return 0 if found is None else int(found["version"])


def chosen_on_words(chosen_on: str) -> str:
    """Return what films an operating point was chosen on, as words that can be translated."""
    found = _CHOSEN_ON.fullmatch(chosen_on)
    if found is None:
        return chosen_on
    return msg(
        "tuning films of {site}, site setting {version}",
        site=found["site"],
        version=found["version"],
    )
