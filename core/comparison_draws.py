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
    ill = labels == 1
    values: dict[str, list[Floats]] = {name: [] for name in names}
    for run_probability, run_called in zip(probability, called, strict=True):
        metrics = _decided(run_called, ill, with_all) | _losses(run_probability, labels, with_all)
        if set(AREAS) & set(names):
            areas = areas_of_draws(run_probability, labels, with_all)
            metrics |= dict(zip(AREAS, areas, strict=True))
        for name in names:
            values[name].append(metrics[name])
    stacked = {name: np.stack(of_runs) for name, of_runs in values.items()}
    return {name: DrawnMetric(rows[:, 0], rows[:, 1:]) for name, rows in stacked.items()}


def _decided(called: Mask, ill: Mask, draws: PatientDraws) -> dict[str, Floats]:
    tp, fn, tn, fp = draws.totals(called & ill, ~called & ill, ~called & ~ill, called & ~ill)
    return {
        "sensitivity": ratio_of_draws(tp, tp + fn),
        "specificity": ratio_of_draws(tn, tn + fp),
        "accuracy": ratio_of_draws(tp + tn, tp + fn + tn + fp),
        "ppv": ratio_of_draws(tp, tp + fp),
        "npv": ratio_of_draws(tn, tn + fn),
        "f1_pneumonia": np.nan_to_num(ratio_of_draws(2.0 * tp, 2.0 * tp + fn + fp)),
        "f1_normal": np.nan_to_num(ratio_of_draws(2.0 * tn, 2.0 * tn + fn + fp)),
    }


def _losses(probability: Floats, labels: Labels, draws: PatientDraws) -> dict[str, Floats]:
    loss, squared, n = draws.totals(
        log_losses(probability, labels), (probability - labels) ** 2, np.ones(len(labels))
    )
    return {"log_loss": loss / n, "brier": squared / n}
