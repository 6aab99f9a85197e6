"""ROC and precision-recall curves of a run, each point with the threshold that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.comparison.scored_films import ScoredFilms
from core.errors import DatasetError
from core.evaluation.metrics import CALIBRATION_BINS, CalibrationBin, calibration_by_count
from core.language.words import msg
from core.stats.intervals import Labels, Scores

Floats = npt.NDArray[np.float64]
WINDOWS = (0.1, 0.2, 0.3, 0.5, 1.0)
"""Sides of the corner that is drawn, as shares of the whole square."""
ROOM = 1.15
TICKS = {0.1: 0.02, 0.2: 0.05, 0.3: 0.1, 0.5: 0.1, 1.0: 0.25}
SIDE_STEP = 0.12
"""Of log odds: how far runs stand beside each other where they have the same probability."""
LEAST_BINS = 8
ODDS_ENDS = (0.001, 0.999)
ODDS_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """A run's rates at each threshold: one point per distinct probability, descending.

    Attributes
    ----------
    threshold : (K,) float64 ndarray
        Films at or above it are called pneumonia.
    sensitivity, false_alarm_rate, ppv : (K,) float64 ndarrays
        Shares of the pneumonias found, of the normals called pneumonia, and of the called that are.
    """

    threshold: Floats
    sensitivity: Floats
    false_alarm_rate: Floats
    ppv: Floats


def trace_curves(probability: Scores, labels: Labels) -> Curves:
    """Count what is found and what is called at every threshold that changes anything.

    Raises
    ------
    DatasetError
        If a class has no film.
    """
    ill = labels == 1
    n_ill, n_well = int(ill.sum()), int((~ill).sum())
    if not (n_ill and n_well):
        raise DatasetError(
            msg(
                "a curve needs films of both classes; there are {ill} with pneumonia "
                "and {well} normal.",
                ill=n_ill,
                well=n_well,
            )
        )
    order = np.argsort(-probability, kind="stable")
    last_of_ties = np.append(np.flatnonzero(np.diff(probability[order])), len(order) - 1)
    found = np.cumsum(ill[order])[last_of_ties]
    called = last_of_ties + 1
    return Curves(
        threshold=probability[order][last_of_ties],
        sensitivity=found / n_ill,
        false_alarm_rate=(called - found) / n_well,
        ppv=found / called,
    )


def find_window(distances: Sequence[float]) -> float:
    """Return the side of the smallest round corner that holds all points with some room.

    Parameters
    ----------
    distances : sequence of float
        Of each point from the corner, along the axis on which it is further away.
    """
    wanted = ROOM * max(distances, default=1.0)
    return next((side for side in WINDOWS if side >= wanted), 1.0)


def calibration_of(scored: ScoredFilms) -> list[tuple[CalibrationBin, ...]]:
    """Return each run's calibration, in fewer bins the more runs are drawn in one plot."""
    bins = max(LEAST_BINS, CALIBRATION_BINS // len(scored.run_ids))
    return [calibration_by_count(one, scored.films.label, bins) for one in scored.probability]


def log_odds(probabilities: Sequence[float]) -> list[float]:
    """Return log odds of probabilities, these kept inside `ODDS_ENDS`."""
    inside = np.clip(probabilities, *ODDS_ENDS)
    return [float(one) for one in np.log(inside / (1.0 - inside))]
