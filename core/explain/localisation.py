"""Whether an explanation points at a lesion whose place is known, beside what points by itself.

All maps are on the model's input grid. What is compared is drawn a region at a time, as the page
draws it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, stats

from core.domain.arrays import FloatImage, FloatVector, LabelImage
from core.explain.pointing_game import strongest_point

TOP_REGIONS = 5
LUNG = 0.5

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Location:
    """One map of weights held against one lesion.

    Attributes
    ----------
    hit : bool
        The deepest point of the strongest region lies on the lesion.
    energy_inside : float in [0, 1]
        The lesion's share of all weight for pneumonia; 0 if there is none.
    auc : float in [0, 1]
        How often a pixel of the lesion weighs more than one of the lungs beside it; 0.5 by chance.
    iou : float in [0, 1]
        Intersection over union of the strongest five regions with the lesion.
    in_lungs : float in [0, 1]
        The lungs' share of all weight for pneumonia.
    """

    hit: bool
    energy_inside: float
    auc: float
    iou: float
    in_lungs: float


def locate(weights: FloatVector, segments: LabelImage, lesion: Mask, lungs: FloatImage) -> Location:
    """Hold one map against one lesion.

    Parameters
    ----------
    weights : (K,) float64 ndarray
        Of each region; above 0 speaks for pneumonia.
    segments : (h, w) int32 ndarray
        Labels 0..K-1.
    lesion : (h, w) bool ndarray
        With at least one pixel.
    lungs : (h, w) float32 ndarray in [0, 1]
        Probability of lung.
    """
    film = weights[segments]
    positive = np.clip(film, 0.0, None)
    total = float(positive.sum())
    field = (lungs >= LUNG) | lesion
    point = strongest_point(np.where(segments == int(np.argmax(weights)), 1.0, 0.0))
    return Location(
        hit=bool(lesion[point]),
        energy_inside=float(positive[lesion].sum()) / total if total else 0.0,
        auc=area_under_curve(film[lesion], film[field & ~lesion]),
        iou=_overlap(np.isin(segments, _strongest(weights)), lesion),
        in_lungs=float(positive[lungs >= LUNG].sum()) / total if total else 0.0,
    )


def _strongest(weights: FloatVector) -> npt.NDArray[np.intp]:
    order = np.argsort(-weights, kind="stable")[:TOP_REGIONS]
    return order[weights[order] > 0]


def _overlap(one: Mask, other: Mask) -> float:
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


def area_under_curve(inside: npt.NDArray[np.floating], outside: npt.NDArray[np.floating]) -> float:
    """Return how often a value of the first is larger than one of the second; ties count half."""
    if not len(inside) or not len(outside):
        return 0.5
    ranks = stats.rankdata(np.concatenate([inside, outside]))[: len(inside)]
    above = float(ranks.sum()) - len(inside) * (len(inside) + 1) / 2
    return above / (len(inside) * len(outside))


def region_means(film: FloatImage, segments: LabelImage) -> FloatVector:
    """Return the mean of a (h, w) map over each region."""
    labels = segments.ravel()
    means: FloatVector = np.bincount(labels, weights=film.ravel()) / np.bincount(labels)
    return means


def depth_in(mask: Mask) -> FloatImage:
    """Return how far each pixel lies inside of a mask: what points at the middle of the lungs."""
    return np.asarray(ndimage.distance_transform_edt(mask), np.float32)
