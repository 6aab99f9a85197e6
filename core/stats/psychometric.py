"""From what was found at each strength to the strength at which half, or four fifths, are found.

A logistic curve over the logarithm of the strength, from the rate of false alarms up to one less
lapses, by maximum likelihood on a fixed grid: the same counts give the same curve, and a thousand
bootstrap draws are one product of matrices.

References
----------
.. [1] F. A. Wichmann, N. J. Hill, Percept. Psychophys. 63 (2001) 1293-1313 and 1314-1329.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from core.stats.bootstrap import PatientDraws

Floats = npt.NDArray[np.float64]

PLACES, BEYOND = 90, 2.0
"""Steps of the curve's middle, from the weakest strength over this to the strongest times this."""

SLOPES = tuple(np.geomspace(0.5, 12.0, 10).tolist())
"""Of the logistic, a doubling of the strength: from very flat to a step."""

LAPSES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8)
"""Shares that no strength makes found. Of a model they are films, and may be many."""

AS_GOOD = 0.02
"""Curves whose log likelihood is less than this below the best are averaged: between two strengths
that are never and always found, all places are equally likely."""

LEAST = 1e-4
_AT_A_TIME = 64


@dataclass(frozen=True, slots=True)
class Threshold:
    """A strength at which a share is found.

    Attributes
    ----------
    value, low, high : float
        In the strengths' unit; infinite where the strongest does not reach the share. Never below
        the weakest strength: what lies there was not measured. The interval is of 95 %.
    n : int
        Films, or trials.
    """

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A fitted curve.

    Attributes
    ----------
    middle : float
        Strength at which the logistic is one half.
    slope : float
        Of the logistic, a doubling of the strength.
    guess, lapse : float in [0, 1]
    """

    middle: float
    slope: float
    guess: float
    lapse: float

    def share(self, strength: Floats) -> Floats:
        """Return the share that is found at some strengths above 0."""
        core = expit(self.slope * (np.log2(strength) - np.log2(self.middle)))
        found: Floats = self.guess + (1 - self.guess - self.lapse) * core
        return found

    def strength_at(self, share: float) -> float:
        """Return the strength at which a share is found; infinite where none is."""
        return float(_strength_at(share, *(np.array([each]) for each in self._parts))[0])

    @property
    def _parts(self) -> tuple[float, float, float, float]:
        return float(np.log2(self.middle)), self.slope, self.guess, self.lapse


class _Grid(NamedTuple):
    """Every curve that may be chosen, with its logarithms of found and missed by strength."""

    middle: Floats
    slope: Floats
    lapse: Floats
    found: Floats
    missed: Floats


@lru_cache(maxsize=16)
def _grid(strengths: tuple[float, ...], guess: float) -> _Grid:
    known = np.log2(strengths)
    middles = np.linspace(known[0] - np.log2(BEYOND), known[-1] + np.log2(BEYOND), PLACES)
    # Few lapses come first: of equally likely curves they are the simplest.
    parts = np.meshgrid(np.array(LAPSES), np.array(SLOPES), middles, indexing="ij")
    lapse, slope, middle = (part.ravel() for part in parts)
    core = expit(slope[:, np.newaxis] * (known - middle[:, np.newaxis]))
    share = guess + np.maximum(1 - guess - lapse, 0)[:, np.newaxis] * core
    share = np.clip(share, LEAST, 1 - LEAST)
    return _Grid(middle, slope, lapse, np.log(share), np.log1p(-share))


def _strength_at(
    share: float, middle: Floats, slope: Floats, guess: Floats, lapse: Floats
) -> Floats:
    room = np.maximum(1 - guess - lapse, 1e-12)
    core = (share - guess) / room
    reached = np.full(middle.shape, np.inf)
    inside = core < 1
    steps = logit(np.clip(core[inside], 1e-9, None)) / slope[inside]
    reached[inside] = 2.0 ** (middle[inside] + steps)
    return reached


def fit_curve(
    strengths: Sequence[float], found: Sequence[float], shown: Sequence[float], guess: float = 0.0
) -> Curve:
    """Fit one curve.

    Parameters
    ----------
    strengths : sequence of float
        Above 0, rising.
    found, shown : sequence of float
        At each strength: how many were found, of how many.
    guess : float in [0, 1)
        Share that is found where nothing is.
    """
    grid = _grid(tuple(strengths), round(guess, 6))
    likelihood = _likelihood(grid, np.atleast_2d(found), np.atleast_2d(shown))
    best = likelihood[:, 0] >= likelihood[:, 0].max() - AS_GOOD
    middle = 2.0 ** float(grid.middle[best].mean())
    slope = float(np.exp(np.log(grid.slope[best]).mean()))
    return Curve(middle, slope, guess, float(grid.lapse[best].mean()))


def find_threshold(
    strengths: Sequence[float],
    found: Floats,
    shown: Floats,
    share: float,
    draws: PatientDraws,
    guess: float = 0.0,
) -> Threshold:
    """Return the strength at which a share is found, with its bootstrap interval over films.

    Parameters
    ----------
    found, shown : (N, S) float64 ndarrays
        Of each film at each strength: how often the lesion was found, of how often it was shown.
    share : float in (0, 1)
    draws : PatientDraws
        Of the N films.
    """
    grid = _grid(tuple(strengths), round(guess, 6))
    at = _strength_at(share, grid.middle, grid.slope, np.full(len(grid.middle), guess), grid.lapse)
    whole = _reached(grid, at, found.sum(0)[np.newaxis], shown.sum(0)[np.newaxis], strengths)
    columns = [*found.T, *shown.T]
    totals = np.stack(draws.totals(*columns), axis=1)
    drawn = _reached(grid, at, totals[:, : len(strengths)], totals[:, len(strengths) :], strengths)
    low, high = np.quantile(drawn, [0.025, 0.975], method="nearest")
    return Threshold(float(whole[0]), float(low), float(high), len(found))


def _likelihood(grid: _Grid, found: Floats, shown: Floats) -> Floats:
    """Return the log likelihood of every curve (rows) for every draw (columns)."""
    # Not a product of matrices: its threads wait for one another where others use the cores.
    likelihood = np.einsum("cs,ds->cd", grid.found, found)
    likelihood += np.einsum("cs,ds->cd", grid.missed, shown - found)
    return np.asarray(likelihood, np.float64)


def _reached(
    grid: _Grid, at: Floats, found: Floats, shown: Floats, strengths: Sequence[float]
) -> Floats:
    """Return each draw's strength, from the weakest that was shown on; infinite past the last."""
    never = np.isinf(at)
    logs = np.where(never, 0.0, np.log2(np.where(never, 1.0, at)))
    reached = []
    for start in range(0, len(found), _AT_A_TIME):
        some = slice(start, start + _AT_A_TIME)
        likelihood = _likelihood(grid, found[some], shown[some])
        best = likelihood >= likelihood.max(axis=0) - AS_GOOD
        without, within = best[never].sum(axis=0), best[~never].sum(axis=0)
        total = np.einsum("c,cd->d", logs, best)
        reached.append(np.where(without > within, np.inf, 2.0 ** (total / np.maximum(within, 1))))
    strength = np.concatenate(reached)
    strength = np.where(strength > strengths[-1], np.inf, strength)
    return np.asarray(np.maximum(strength, strengths[0]), np.float64)
