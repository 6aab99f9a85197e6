"""From logits to probabilities, and from validation films to an operating point."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from core.domain import Calibration
from core.errors import DatasetError
from core.operating_point import choose_operating_point

__all__ = ["calibrate", "choose_operating_point", "fit_temperature"]

Logits = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

MAX_TEMPERATURE = 20.0
"""A model whose logits say nothing would be given an infinite one, and every film the same
probability to the last digit."""


def fit_temperature(logits: Logits, labels: Labels) -> Calibration:
    """Fit a temperature and an offset by maximum likelihood on validation films.

    The offset is needed because training gives both classes the same weight.

    Parameters
    ----------
    logits : (N,) float64 ndarray
    labels : (N,) int64 ndarray

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
