"""Runs side by side on the films that all of them scored, each pair tested.

Errors, and the rates that count them, go by McNemar's exact test, ROC areas by DeLong's, and every
other metric by a bootstrap that keeps a patient's films together. An interval and its p value are
always of one method: the interval excludes 0 where p is below 0.05. Each question's p values are
adjusted by Holm over all pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from core.comparison.scored_films import ScoredFilms
from core.errors import ComparisonError
from core.evaluation.metrics import log_losses
from core.language.words import msg
from core.stats.bootstrap import (
    DRAWS,
    PatientDraws,
    areas_of_draws,
    draw_patients,
    ratio_of_draws,
)
from core.stats.intervals import Difference, Labels, Mask, delong_difference, holm, mcnemar

Floats = npt.NDArray[np.float64]

Z = float(ndtri(0.975))
EDGE = 1e-9
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
COUNTED = ("sensitivity", "specificity", "accuracy")
"""Shares of films decided rightly: their differences are differences in errors."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnMetric:
    """One metric of R runs: (R,) as measured, and (R, draws) in each draw; nan where undefined."""

    measured: Floats
    drawn: Floats

    def difference(self, first: int, second: int, n: int) -> Difference:
        """Return second less first with its interval and the p value of none.

        Both are of the difference over its bootstrap standard error. Unlike a share of draws, such
        a p value has no lower limit, which an adjustment for many pairs would multiply.

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
        return Difference(value, value - Z * error, value + Z * error, p_value, n)


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

    Raises
    ------
    ComparisonError
        If a name is not one of `METRICS`.
    """
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise ComparisonError(
            msg(
                "there is no metric {unknown} to compare; there are {metrics}.",
                unknown=", ".join(unknown),
                metrics=", ".join(METRICS),
            )
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


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """Errors of one kind of two runs on the same ``n`` films.

    Attributes
    ----------
    first, second : int
        Errors of each run.
    only_first, only_second : int
        Films that only that run gets wrong.
    low, high : float
        95 % interval of ``second - first``, in films, by inverting McNemar's exact test.
    p_value : float
        Of that test, that both err equally often; it takes films for independent.
    n : int
        Films that could be got wrong in this way.
    """

    first: int
    second: int
    only_first: int
    only_second: int
    low: float
    high: float
    p_value: float
    n: int

    @property
    def change(self) -> int:
        """Errors of the second run less those of the first."""
        return self.second - self.first

    @property
    def shown_ends(self) -> tuple[float, float]:
        """Ends of the interval, rounded outward to a tenth of a film; 0 stays in or out of it."""
        return -_rounded_up(-self.low), _rounded_up(self.high)

    def as_share(self) -> Difference:
        """Return the difference in the share of films decided rightly, by the same test."""
        value, low, high = (
            films and -films / self.n for films in (self.change, self.high, self.low)
        )
        return Difference(value, low, high, self.p_value, self.n)

    def turned(self) -> ErrorCounts:
        """Return the same with the second run first."""
        return replace(
            self,
            first=self.second,
            second=self.first,
            only_first=self.only_second,
            only_second=self.only_first,
            low=-self.high,
            high=-self.low,
        )


def _rounded_up(end: float) -> float:
    """Return an end with one decimal, or as many as keep a negative one below 0."""
    if abs(end) < EDGE:
        return 0.0
    for digits in range(1, 9):
        rounded = float(ceil(end * 10**digits - EDGE) / 10**digits)
        if end > 0.0 or rounded < 0.0:
            break
    return rounded


@dataclass(frozen=True, slots=True)
class PairComparison:
    """Two runs on the same films; every difference is the second less the first.

    Attributes
    ----------
    roc_auc : Difference
        DeLong's.
    differences : mapping of str to Difference
        By metric: of `COUNTED` from the errors, of all others from a bootstrap over patients.
    holm : mapping of str to float
        p values adjusted over all pairs: of ``missed``, ``false_alarms``, ``delong`` and of each
        metric. Each of these is a family of its own.
    """

    first: str
    second: str
    missed: ErrorCounts
    false_alarms: ErrorCounts
    roc_auc: Difference
    differences: Mapping[str, Difference]
    holm: Mapping[str, float]

    def turned(self) -> PairComparison:
        """Return the same with the second run first: every difference the other way round."""
        return PairComparison(
            first=self.second,
            second=self.first,
            missed=self.missed.turned(),
            false_alarms=self.false_alarms.turned(),
            roc_auc=_turned(self.roc_auc),
            differences={name: _turned(one) for name, one in self.differences.items()},
            holm=self.holm,
        )


def _turned(one: Difference) -> Difference:
    return replace(one, value=-one.value, low=-one.high, high=-one.low)


def compare_pairs(
    scored: ScoredFilms, metrics: Sequence[str] = METRICS, draws: int = DRAWS
) -> list[PairComparison]:
    """Test every pair of runs, in the order in which they were named.

    Raises
    ------
    ComparisonError
        If there are fewer than two runs, or a metric is not known.
    DatasetError
        If the films are fewer than two of a class.
    """
    if len(scored.run_ids) < 2:
        raise ComparisonError(
            msg("one run alone has nothing to be compared with: name two or more.")
        )
    drawn = draw_metrics(
        scored.probability,
        scored.called,
        scored.films.label,
        scored.films.patient,
        metrics,
        draws,
    )
    pairs = list(combinations(range(len(scored.run_ids)), 2))
    compared = [_compare(scored, drawn, metrics, *pair) for pair in pairs]
    adjusted = {name: holm([one.holm[name] for one in compared]) for name in compared[0].holm}
    return [
        replace(one, holm={name: over_pairs[place] for name, over_pairs in adjusted.items()})
        for place, one in enumerate(compared)
    ]


def _compare(
    scored: ScoredFilms,
    drawn: Mapping[str, DrawnMetric],
    metrics: Sequence[str],
    first: int,
    second: int,
) -> PairComparison:
    """Return a pair whose p values are not adjusted yet."""
    n = len(scored.films)
    # DeLong's difference is first minus second; here it is what changes from first to second.
    area = delong_difference(
        scored.probability[second], scored.probability[first], scored.films.label
    )
    errors = {
        "sensitivity": _count_errors(scored, scored.ill, first, second),
        "specificity": _count_errors(scored, ~scored.ill, first, second),
    }
    if "accuracy" in metrics:
        errors["accuracy"] = _count_errors(scored, np.ones(n, np.bool_), first, second)
    missed, alarms = errors["sensitivity"], errors["specificity"]
    differences = {
        name: errors[name].as_share()
        if name in errors
        else drawn[name].difference(first, second, n)
        for name in metrics
    }
    tests: dict[str, ErrorCounts | Difference]
    tests = {"missed": missed, "false_alarms": alarms, "delong": area, **differences}
    p_values = {name: test.p_value for name, test in tests.items()}
    names = scored.run_ids[first], scored.run_ids[second]
    return PairComparison(*names, missed, alarms, area, differences, p_values)


def _count_errors(scored: ScoredFilms, films: Mask, first: int, second: int) -> ErrorCounts:
    right = scored.right[:, films]
    test = mcnemar(right[first], right[second])
    return ErrorCounts(
        first=int((~right[first]).sum()),
        second=int((~right[second]).sum()),
        only_first=test.only_second,
        only_second=test.only_first,
        low=test.low,
        high=test.high,
        p_value=test.p_value,
        n=test.n,
    )
