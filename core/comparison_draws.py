"""Every metric of every run in every bootstrap draw; a pair's difference is then one subtraction.

All runs share the draws, so that a draw's films are the same for both sides of a pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from core.bootstrap import (
    DRAWS,
    PatientDraws,
    areas_of_draws,
    draw_patients,
    interval_of_draws,
    ratio_of_draws,
)
from core.errors import ComparisonError
from core.metrics import log_losses
from core.statistics import Difference, Labels, Mask

Floats = npt.NDArray[np.float64]

AREAS = ("roc_auc", "pr_auc")
DECIDED = (
    "sensitivity",
    "specificity",
    "accuracy",
    "ppv",
    "npv",
    "f1_pneumonia",
    "f1_normal",
)
LOSSES = ("log_loss", "brier")
METRICS = (*DECIDED, *LOSSES, *AREAS)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnMetric:
    """One metric of R runs: (R,) as measured, and (R, draws) in each draw; nan where undefined."""

    measured: Floats
    drawn: Floats

    def difference(self, first: int, second: int, n: int) -> Difference:
        """Return second less first with its percentile interval and the p value of none.

        The p value is of the difference over its bootstrap standard error: unlike a share of draws
        it has no lower limit, which an adjustment for many pairs would multiply.

        Parameters
        ----------
        first, second : int
            Rows.
        n : int
            Films, for the result.

        References
        ----------
        .. [1] B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
        """
        value = float(self.measured[second] - self.measured[first])
        drawn = self.drawn[second] - self.drawn[first]
        known = drawn[~np.isnan(drawn)]
        if np.isnan(value) or len(known) < 2:
            return Difference(float("nan"), -1.0, 1.0, 1.0, n)
        error = float(known.std(ddof=1))
        if error == 0.0:
            p_value = 1.0 if value == 0.0 else 0.0
        else:
            p_value = float(2.0 * ndtr(-abs(value) / error))
        return Difference(value, *interval_of_draws(drawn), p_value, n)


def draw_metrics(
    probability: Floats,
    called: Mask,
    labels: Labels,
    patients: npt.NDArray[np.str_],
    names: Sequence[str] = METRICS,
    draws: int = DRAWS,
) -> dict[str, DrawnMetric]:
    """Compute metrics of runs on the same films, as measured and in every draw of patients.

    Parameters
    ----------
    probability : (R, N) float64 ndarray
    called : (R, N) bool ndarray
        Whether each run calls each film pneumonia.
    labels : (N,) int64 ndarray
    patients : (N,) ndarray
        Whose film each is.
    names : sequence of str
        Some of `METRICS`.
    draws : int

    Raises
    ------
    ComparisonError
        If a name is not one of `METRICS`.
    """
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise ComparisonError(
            f"there is no metric {', '.join(unknown)} to compare; there are {', '.join(METRICS)}."
        )
    drawn = draw_patients(patients, draws=draws)
    # The films as they are go in as the first draw: one computation gives both.
    counts = np.vstack([np.ones((1, drawn.counts.shape[1])), drawn.counts])
    with_all = PatientDraws(counts, drawn.patient_of_film)
    metrics = _totalled(probability, called, labels, with_all)
    if set(AREAS) & set(names):
        areas = [areas_of_draws(scores, labels, with_all) for scores in probability]
        metrics |= dict(zip(AREAS, np.stack(areas, axis=1), strict=True))
    return {name: DrawnMetric(metrics[name][:, 0], metrics[name][:, 1:]) for name in names}


def _totalled(
    probability: Floats, called: Mask, labels: Labels, draws: PatientDraws
) -> dict[str, Floats]:
    """Return the (R, draws) metrics that follow from sums over films, by name."""
    ill, n = labels == 1, len(labels)
    of_films = np.stack(
        [
            called & ill,
            ~called & ill,
            ~called & ~ill,
            called & ~ill,
            log_losses(probability, labels),
            (probability - labels) ** 2,
            np.ones_like(probability),
        ]
    )
    totals = np.stack(draws.totals(*of_films.reshape(-1, n)))  # one product of matrices for all
    tp, fn, tn, fp, loss, squared, films = totals.reshape(len(of_films), len(called), -1)
    return {
        "sensitivity": ratio_of_draws(tp, tp + fn),
        "specificity": ratio_of_draws(tn, tn + fp),
        "accuracy": ratio_of_draws(tp + tn, films),
        "ppv": ratio_of_draws(tp, tp + fp),
        "npv": ratio_of_draws(tn, tn + fn),
        "f1_pneumonia": np.nan_to_num(ratio_of_draws(2.0 * tp, 2.0 * tp + fn + fp)),
        "f1_normal": np.nan_to_num(ratio_of_draws(2.0 * tn, 2.0 * tn + fn + fp)),
        "log_loss": loss / films,
        "brier": squared / films,
    }
