"""A run on a set of films at its operating point; every rate comes with n and a 95 % interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain.rate import Rate
from core.stats.bootstrap import (
    PatientDraws,
    draw_patients,
    f1_rate,
    interval_of_draws,
    mean_rate,
    pr_auc,
    roc_auc_by_patient,
    share_rate,
)
from core.stats.by_patient import share_by_patient
from core.stats.intervals import Labels, Mask, Scores, roc_auc, wilson_rate

CALIBRATION_BINS = 15


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


def confusion_at(probabilities: Scores, labels: Labels, threshold: float) -> ConfusionMatrix:
    """Count films at or above the threshold as called pneumonia."""
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


def rates_by_patient(called: Mask, ill: Mask, draws: PatientDraws) -> dict[str, Rate]:
    """Return the rates of `rates_of` with intervals that keep a patient's films together.

    Wilson's interval takes films for independent, and is too narrow where patients repeat; this one
    has no width where every film is decided rightly. They are therefore stated side by side.
    """
    return {
        "sensitivity": share_rate(called, ill, draws),
        "specificity": share_rate(~called, ~ill, draws),
        "ppv": share_rate(ill, called, draws),
        "npv": share_rate(~ill, ~called, draws),
        "accuracy": share_rate(called == ill, np.ones_like(ill), draws),
    }


def log_losses(probabilities: Scores, labels: Labels) -> npt.NDArray[np.float64]:
    """Return each film's log loss in nats, probabilities kept 1e-7 away from 0 and 1."""
    p = np.clip(probabilities, 1e-7, 1.0 - 1e-7)
    return np.asarray(-np.where(labels == 1, np.log(p), np.log1p(-p)), np.float64)


def logits_of(probabilities: Scores) -> Scores:
    """Return the logits of probabilities, these kept 1e-7 away from 0 and 1."""
    p = np.clip(probabilities, 1e-7, 1.0 - 1e-7)
    return np.asarray(np.log(p) - np.log1p(-p), np.float64)


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Films whose probability lies in [low, high): their mean, and how many have pneumonia."""

    low: float
    high: float
    mean_probability: float
    frequency: Rate


def _bin_of(probabilities: Scores, bins: int) -> npt.NDArray[np.int64]:
    return np.minimum((probabilities * bins).astype(np.int64), bins - 1)


def calibration_curve(
    probabilities: Scores, labels: Labels, bins: int = CALIBRATION_BINS
) -> tuple[CalibrationBin, ...]:
    """Return how often films of each probability have pneumonia, over equal-width bins.

    Parameters
    ----------
    bins : int
        The last one holds the probability 1 too.

    Returns
    -------
    tuple of CalibrationBin
        Bins with films, rising; frequencies have Wilson intervals.
    """
    bin_of = _bin_of(probabilities, bins)
    return tuple(
        CalibrationBin(
            low=number / bins,
            high=(number + 1) / bins,
            mean_probability=float(probabilities[bin_of == number].mean()),
            frequency=wilson_rate(
                int(labels[bin_of == number].sum()), int((bin_of == number).sum())
            ),
        )
        for number in np.unique(bin_of).tolist()
    )


def calibration_by_count(
    probabilities: Scores,
    labels: Labels,
    bins: int = CALIBRATION_BINS,
    patients: npt.NDArray[Any] | None = None,
) -> tuple[CalibrationBin, ...]:
    """Return how often films of each probability have pneumonia, over bins of equal count.

    Parameters
    ----------
    bins : int
        At most; films of the same probability stay together, so that some bins may be joined.
    patients : (N,) ndarray, optional
        Whose film each is; without it every film is a patient of its own.

    Returns
    -------
    tuple of CalibrationBin
        Rising; their ends are the least and the highest probability in them.
    """
    order = np.argsort(probabilities, kind="stable")
    values = probabilities[order]
    owners = order if patients is None else patients[order]
    first = np.searchsorted(values, values, side="left")
    bin_of = first * bins // len(values)
    found = []
    for number in np.unique(bin_of).tolist():
        inside = bin_of == number
        said, ill = values[inside], labels[order][inside] == 1
        frequency = share_by_patient(ill, np.ones_like(ill), owners[inside])
        found.append(CalibrationBin(float(said[0]), float(said[-1]), float(said.mean()), frequency))
    return tuple(found)


def expected_calibration_error(
    probabilities: Scores,
    labels: Labels,
    draws: PatientDraws | None = None,
    bins: int = CALIBRATION_BINS,
) -> Rate:
    """Return the mean gap between probability and frequency over equal-width bins.

    A draw has chance gaps of its own on top of those of the films, and so too large an error; the
    draws are moved down by what they are too large on average [2]_ before the interval is taken.

    Parameters
    ----------
    draws : PatientDraws, optional
        Without it every film is a patient of its own.

    References
    ----------
    .. [1] M. P. Naeini et al., AAAI 2015, 2901-2907.
    .. [2] B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 10.
    """
    bin_of, gaps = _bin_of(probabilities, bins), probabilities - labels
    value = float(np.abs(np.bincount(bin_of, gaps, minlength=bins)).sum() / len(labels))
    draws = draws or draw_patients(np.arange(len(labels)))
    columns = [np.where(bin_of == number, gaps, 0.0) for number in range(bins)]
    n, *totals = draws.totals(np.ones(len(labels)), *columns)
    drawn = np.abs(totals).sum(axis=0) / n
    low, high = interval_of_draws(drawn - (drawn.mean() - value))
    return Rate(value, max(0.0, low), high, len(labels))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A run's metrics on one part of the data, at one threshold.

    Attributes
    ----------
    rates : dict of str to Rate
        Wilson intervals for proportions, DeLong's for the ROC area, and for the rest a bootstrap
        over patients.
    rates_by_patient : dict of str to Rate
        The proportions and the ROC area again, with a bootstrap over patients.
    """

    split: str
    threshold: float
    n: int
    n_positive: int
    n_patients: int
    matrix: ConfusionMatrix
    rates: dict[str, Rate]
    rates_by_patient: dict[str, Rate]
    calibration_curve: tuple[CalibrationBin, ...]


def evaluate_predictions(
    probabilities: Scores,
    labels: Labels,
    threshold: float,
    split: str,
    patients: npt.NDArray[Any] | None = None,
) -> Evaluation:
    """Measure a run on one part of the data.

    Parameters
    ----------
    threshold : float
        The operating point; it is given, never chosen here.
    patients : (N,) ndarray, optional
        Whose film each is; without it every film is a patient of its own.

    Raises
    ------
    DatasetError
        If either class has fewer than two films.
    """
    matrix = confusion_at(probabilities, labels, threshold)
    called, ill = probabilities >= threshold, labels == 1
    owners = np.arange(len(labels)) if patients is None else patients
    draws = draw_patients(owners)
    rates = rates_of(matrix)
    rates["f1_pneumonia"] = f1_rate(called, ill, draws)
    rates["f1_normal"] = f1_rate(~called, ~ill, draws)
    rates["log_loss"] = mean_rate(log_losses(probabilities, labels), draws)
    rates["brier"] = mean_rate((probabilities - labels) ** 2, draws)
    rates["roc_auc"] = roc_auc(probabilities, labels)
    rates["pr_auc"] = pr_auc(probabilities, labels, draws)
    rates["expected_calibration_error"] = expected_calibration_error(probabilities, labels, draws)
    by_patient = rates_by_patient(called, ill, draws)
    by_patient["roc_auc"] = roc_auc_by_patient(probabilities, labels, draws)
    return Evaluation(
        split=split,
        threshold=threshold,
        n=matrix.n,
        n_positive=int(ill.sum()),
        n_patients=len(np.unique(owners)),
        matrix=matrix,
        rates=rates,
        rates_by_patient=by_patient,
        calibration_curve=calibration_curve(probabilities, labels),
    )
