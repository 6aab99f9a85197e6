"""Choose a run's operating point from the probabilities of labelled films."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from core.domain.model import Calibration, OperatingPoint
from core.errors import DatasetError
from core.evaluation.metrics import confusion_at, rates_of
from core.stats.intervals import Labels, Scores


def choose_operating_point(
    probabilities: Scores, labels: Labels, sensitivity: float, split: str
) -> OperatingPoint:
    """Choose the highest threshold that reaches a sensitivity.

    It is placed half-way to the next lower probability among all films, so that an ulp of
    difference between two machines changes no decision on the films it was chosen on.

    Parameters
    ----------
    sensitivity : float
        Wanted at least, on these films.

    Raises
    ------
    DatasetError
        If no film has pneumonia.
    """
    ill = np.sort(probabilities[labels == 1])[::-1]
    if len(ill) == 0:
        raise DatasetError("an operating point needs validation films with pneumonia.")
    wanted = int(np.ceil(sensitivity * len(ill) - 1e-9))  # 0.28 * 25 is 7.000000000000001
    last_found = ill[max(1, wanted) - 1]
    lower = probabilities[probabilities < last_found]
    threshold = float((last_found + lower.max()) / 2.0) if len(lower) else float(last_found)
    return measure_operating_point(probabilities, labels, threshold, split)


def measure_operating_point(
    probabilities: Scores, labels: Labels, threshold: float, chosen_on: str
) -> OperatingPoint:
    """Return a threshold with its rates on (N,) films, 1 for pneumonia."""
    rates = rates_of(confusion_at(probabilities, labels, threshold))
    return OperatingPoint(
        threshold=threshold,
        sensitivity=rates["sensitivity"].value,
        specificity=rates["specificity"].value,
        n=len(labels),
        n_positive=int(labels.sum()),
        chosen_on=chosen_on,
    )


Logits = npt.NDArray[np.float64]
"""(N,) one for each film."""

MAX_TEMPERATURE = 20.0
"""A model whose logits say nothing would be given an infinite one, and every film the same
probability to the last digit."""


def fit_temperature(logits: Logits, labels: Labels) -> Calibration:
    """Fit a temperature and an offset by maximum likelihood on validation films.

    The offset is needed because training gives both classes the same weight.

    Raises
    ------
    DatasetError
        If one of the classes is missing.

    References
    ----------
    .. [1] J. Platt, Advances in Large Margin Classifiers (1999) 61-74.
    .. [2] C. Guo et al., ICML 2017, arXiv:1706.04599.
    """
    if len(np.unique(labels)) != 2:
        raise DatasetError("calibration needs validation films of both classes.")
    sign = np.where(labels == 1, 1.0, -1.0)

    def loss(parameters: npt.NDArray[np.float64]) -> float:
        slope, offset = parameters
        return float(np.mean(np.logaddexp(0.0, -sign * (slope * logits + offset))))

    # In the slope the loss is convex, and in the temperature it is not.
    found = minimize(
        loss,
        np.array([1.0, 0.0]),
        method="L-BFGS-B",
        bounds=[(1.0 / MAX_TEMPERATURE, MAX_TEMPERATURE), (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-9},
    )
    slope, offset = found.x
    return Calibration(temperature=float(1.0 / slope), offset=float(offset))


def calibrate(logits: Logits, calibration: Calibration) -> npt.NDArray[np.float64]:
    """Return probabilities for logits."""
    return np.asarray(expit(logits / calibration.temperature + calibration.offset), np.float64)


SENSITIVITY_WANTED = 0.97
