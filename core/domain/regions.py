"""An explanation: regions of a film and what a score owes to each."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.arrays import FloatVector, LabelImage
from core.domain.model import Geometry


@dataclass(frozen=True, slots=True)
class LimeSettings:
    """Everything that decides a LIME explanation; equal settings give an equal answer.

    Attributes
    ----------
    regions : int
        Superpixels asked for; SLIC may return a few more or fewer.
    samples : int
        Perturbed films, the unperturbed one included.
    kernel_width : float
        Of the exponential kernel on cosine distance, as in lime.
    hide_value : float or None
        Grey value in [0, 1] that replaces a hidden region; None: that region's own mean.
    """

    regions: int = 60
    samples: int = 1000
    seed: int = 0
    kernel_width: float = 0.25
    hide_value: float | None = None
    batch: int = 50


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Which regions a score depends on, by LIME.

    Attributes
    ----------
    segments : (h, w) int32 ndarray, read-only
        Labels 0..K-1 on the model's input grid.
    weights : (K,) float64 ndarray, read-only
        The surrogate's coefficient of each region: change in the score, which is the log odds of
        pneumonia, when it is shown.
    intercept, surrogate_r2 : float
        Of the surrogate; R2 is local fidelity, not stability.
    local_prediction : float
        The surrogate's own value for the whole film.
    """

    segments: LabelImage
    weights: FloatVector
    intercept: float
    surrogate_r2: float
    local_prediction: float
    geometry: Geometry
    settings: LimeSettings


@dataclass(frozen=True, slots=True)
class RegionWeight:
    """One region of an explanation, as a person is told of it.

    Attributes
    ----------
    label : int
        The region's label in the explanation's segments.
    weight : float
        Change in log odds when the region is shown; above 0 speaks for pneumonia.
    rank : int
        1 for the largest absolute weight.
    share : float
        This region's part of the sum of all absolute weights, in [0, 1].
    centroid_px : (float, float)
        Row and column on the full-size film.
    bbox_px : (int, int, int, int)
        Top, left, bottom, right on the full-size film; bottom and right are one past the end.
    """

    label: int
    weight: float
    rank: int
    share: float
    centroid_px: tuple[float, float]
    bbox_px: tuple[int, int, int, int]
