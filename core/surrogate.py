"""LIME's surrogate: lime's own weighted linear fit of scores to which regions are shown."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain import FloatVector
from core.optional_imports import without_module

Masks = npt.NDArray[np.bool_]

PNEUMONIA_COLUMN = 1


def load_surrogate() -> Any:
    """Return lime's fit; loading it takes over a second and brings scikit-learn."""
    # scikit-learn takes pandas where it is installed, 65 MB that nothing here uses.
    with without_module("pandas"):
        from lime.lime_base import LimeBase  # noqa: PLC0415
    return LimeBase


def fit_surrogate(
    masks: Masks, scores: FloatVector, kernel_width: float
) -> tuple[FloatVector, float, float, float]:
    """Fit the surrogate.

    Parameters
    ----------
    masks : (N, K) bool ndarray
        Which regions each sample shows; the first row shows all.
    scores : (N,) float64 ndarray
    kernel_width : float
        Of the exponential kernel on cosine distance.

    Returns
    -------
    weights : (K,) float64 ndarray
    intercept, r2, local_prediction : float
    """
    regions = masks.shape[1]
    if np.ptp(scores) == 0:
        # The fit would leave rounding noise as weights, and R2 divides by the variance.
        return np.zeros(regions), float(scores[0]), 0.0, float(scores[0])
    base = load_surrogate()(partial(_proximity, kernel_width=kernel_width), random_state=0)
    intercept, ranked, r2, local = base.explain_instance_with_data(
        masks.astype(np.float64),
        np.column_stack([1 - scores, scores]),
        _cosine_distances(masks),
        PNEUMONIA_COLUMN,
        regions,
        # lime's "auto" fits once more only to put the features in another order: same answer.
        feature_selection="none",
    )
    weights = np.zeros(regions)
    for label, weight in ranked:
        weights[label] = weight
    return weights, float(intercept), float(r2), float(local[0])


def _proximity(distances: FloatVector, kernel_width: float) -> FloatVector:
    proximity: FloatVector = np.sqrt(np.exp(-(distances**2) / kernel_width**2))
    return proximity


def _cosine_distances(masks: Masks) -> FloatVector:
    # For a 0/1 row x against the row of ones: x.1 / (|x| |1|) = sqrt(mean(x)); 0 for an empty row.
    distances: FloatVector = 1 - np.sqrt(masks.mean(axis=1))
    return distances
