"""Statistics of a run on a set of films; every rate comes with n and a 95 % interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from core.errors import DatasetError

Labels = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rate:
    """A measured value with its 95 % interval over ``n`` films."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Films by reference standard and by side of the operating point."""

    true_positive: int
    false_negative: int
    true_negative: int
    false_positive: int

    @property
    def n(self) -> int:
        """Films counted."""
        return self.true_positive + self.false_negative + self.true_negative + self.false_positive


def wilson_rate(count: int, n: int) -> Rate:
    """Return a proportion with Wilson's score interval; nan with the whole range for n = 0.

    References
    ----------
    .. [1] E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.
    """
    if n == 0:
        return Rate(float("nan"), 0.0, 1.0, 0)
    low, high = proportion_confint(count, n, alpha=0.05, method="wilson")
    return Rate(count / n, float(low), float(high), n)


def confusion_at(probabilities: Scores, labels: Labels, threshold: float) -> ConfusionMatrix:
    """Count films at or above the threshold as called pneumonia.

    Parameters
    ----------
    probabilities : (N,) float64 ndarray
    labels : (N,) int64 ndarray
        1 for pneumonia, 0 for normal.
    threshold : float
    """
    called, ill = probabilities >= threshold, labels == 1
    return ConfusionMatrix(
        true_positive=int((called & ill).sum()),
        false_negative=int((~called & ill).sum()),
        true_negative=int((~called & ~ill).sum()),
        false_positive=int((called & ~ill).sum()),
    )


def rates_of(matrix: ConfusionMatrix) -> dict[str, Rate]:
    """Return sensitivity, specificity, ppv, npv and accuracy with Wilson intervals."""
    tp, fn = matrix.true_positive, matrix.false_negative
    tn, fp = matrix.true_negative, matrix.false_positive
    return {
        "sensitivity": wilson_rate(tp, tp + fn),
        "specificity": wilson_rate(tn, tn + fp),
        "ppv": wilson_rate(tp, tp + fp),
        "npv": wilson_rate(tn, tn + fn),
        "accuracy": wilson_rate(tp + tn, matrix.n),
    }


def _placements(own: Scores, other: Scores) -> Scores:
    """Return for each own score the share of other scores below it, ties counted half."""
    ordered = np.sort(other)
    below = np.searchsorted(ordered, own, side="left")
    up_to = np.searchsorted(ordered, own, side="right")
    return np.asarray((below + up_to) / (2.0 * len(other)), np.float64)


def roc_auc(scores: Scores, labels: Labels) -> Rate:
    """Return the area under the ROC curve with DeLong's 95 % interval, clipped to [0, 1].

    Raises
    ------
    DatasetError
        If either class has fewer than two films.

    References
    ----------
    .. [1] E. R. DeLong et al., Biometrics 44 (1988) 837-845.
    """
    ill, well = scores[labels == 1], scores[labels == 0]
    if min(len(ill), len(well)) < 2:
        raise DatasetError(
            f"an ROC curve needs two films of each class; there are {len(ill)} with pneumonia "
            f"and {len(well)} normal."
        )
    above = _placements(ill, well)
    below = 1.0 - _placements(well, ill)
    area = float(above.mean())
    variance = above.var(ddof=1) / len(ill) + below.var(ddof=1) / len(well)
    half = float(stats.norm.ppf(0.975) * np.sqrt(variance))
    return Rate(area, max(0.0, area - half), min(1.0, area + half), len(scores))


def _bootstrap(
    values: npt.NDArray[np.float64], statistic: str, rng: np.random.Generator
) -> tuple[float, float]:
    draws = rng.integers(0, len(values), (1000, len(values)))
    sampled = values[draws]
    means = sampled.mean(axis=1)
    if statistic == "f1":
        tp, called, ill = means.T
        means = 2.0 * tp / np.maximum(called + ill, 1e-12)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def f1_rate(called: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_], seed: int = 0) -> Rate:
    """Return the F1 score of one class with a percentile bootstrap interval (1,000 draws).

    Parameters
    ----------
    called, truth : (N,) bool ndarrays
        Whether each film is said to be, and is, of the class.
    """
    columns = np.stack([called & truth, called, truth], axis=1).astype(np.float64)
    tp, said, real = columns.mean(axis=0)
    low, high = _bootstrap(columns, "f1", np.random.default_rng(seed))
    return Rate(float(2.0 * tp / max(said + real, 1e-12)), low, high, len(called))


def mean_rate(values: npt.NDArray[np.float64], seed: int = 0) -> Rate:
    """Return a mean with a percentile bootstrap interval (1,000 draws)."""
    low, high = _bootstrap(values, "mean", np.random.default_rng(seed))
    return Rate(float(values.mean()), low, high, len(values))


def log_losses(probabilities: Scores, labels: Labels) -> npt.NDArray[np.float64]:
    """Return each film's log loss in nats, probabilities kept 1e-7 away from 0 and 1."""
    p = np.clip(probabilities, 1e-7, 1.0 - 1e-7)
    return np.asarray(-np.where(labels == 1, np.log(p), np.log1p(-p)), np.float64)


def expected_calibration_error(probabilities: Scores, labels: Labels, bins: int = 15) -> float:
    """Return the mean gap between probability and frequency over equal-width bins.

    References
    ----------
    .. [1] M. P. Naeini et al., AAAI 2015, 2901-2907.
    """
    bin_of = np.minimum((probabilities * bins).astype(int), bins - 1)
    gap = 0.0
    for number in range(bins):
        inside = bin_of == number
        if inside.any():
            gap += inside.mean() * abs(probabilities[inside].mean() - labels[inside].mean())
    return float(gap)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A run's metrics on one part of the data, at one threshold."""

    split: str
    threshold: float
    n: int
    n_positive: int
    matrix: ConfusionMatrix
    rates: dict[str, Rate]
    expected_calibration_error: float


def evaluate_predictions(
    probabilities: Scores, labels: Labels, threshold: float, split: str
) -> Evaluation:
    """Measure a run on one part of the data.

    Parameters
    ----------
    probabilities : (N,) float64 ndarray
    labels : (N,) int64 ndarray
    threshold : float
        The operating point; it is given, never chosen here.
    split : str
        What the part is called.

    Raises
    ------
    DatasetError
        If either class has fewer than two films.
    """
    matrix = confusion_at(probabilities, labels, threshold)
    called, ill = probabilities >= threshold, labels == 1
    rates = rates_of(matrix)
    rates["f1_pneumonia"] = f1_rate(called, ill)
    rates["f1_normal"] = f1_rate(~called, ~ill)
    rates["log_loss"] = mean_rate(log_losses(probabilities, labels))
    rates["brier"] = mean_rate((probabilities - labels) ** 2)
    rates["roc_auc"] = roc_auc(probabilities, labels)
    return Evaluation(
        split=split,
        threshold=threshold,
        n=matrix.n,
        n_positive=int(ill.sum()),
        matrix=matrix,
        rates=rates,
        expected_calibration_error=expected_calibration_error(probabilities, labels),
    )
