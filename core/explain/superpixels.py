"""Cut a film into regions (superpixels) and find them again on the full-size film."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

# scikit-image loads its sub-modules on first use, so this line keeps the app's start-up short.
from skimage import segmentation

from core.domain.arrays import FloatImage, LabelImage, read_only
from core.domain.model import Geometry
from core.errors import ExplanationError
from core.language.words import msg

# Measured at 224 px on films of children and adults with 60 regions asked: SLIC below 0.1 merges to
# 15-57 ragged regions; 0.2 gives 59-64 that still follow edges; 0.5 and above is nearly a grid.
SLIC_COMPACTNESS = 0.2
LUNG_COMPACTNESS = 0.1
"""Chosen with the number of regions on 118 films of choosing, by where the strongest one lies."""

LUNG = 0.5
LEAST_LUNG_SHARE = 0.05
"""Of the model's input: lungs that take less are no place for regions."""


def segment_superpixels(tensor: FloatImage, regions: int) -> LabelImage:
    """Cut a film into compact, connected regions of similar grey, by SLIC.

    Equal arguments give an equal answer. The contrast is stretched to [0, 1] first, so a faint film
    is cut like a strong one.

    Parameters
    ----------
    tensor : (h, w) float32 ndarray in [0, 1]
        The film on the model's input grid.
    regions : int
        How many to aim for; the answer has a few more or fewer.

    Returns
    -------
    (h, w) int32 ndarray, read-only
        Labels 0..K-1, each used at least once, K >= 2.

    Raises
    ------
    ExplanationError
        If fewer than 2 regions are asked for.
    ExplanationError
        If the film is one flat grey or holds values that are not numbers.
    ExplanationError
        If SLIC finds fewer than 2 regions.

    References
    ----------
    .. [1] Achanta et al., SLIC Superpixels, IEEE TPAMI 34(11), 2012.
    """
    if regions < 2:
        raise ExplanationError(
            msg(
                "An explanation needs at least 2 regions and {regions} was asked for. Ask for "
                "more.",
                regions=regions,
            )
        )
    labels = _contiguous(
        segmentation.slic(
            _stretched(tensor),
            n_segments=regions,
            compactness=SLIC_COMPACTNESS,
            start_label=0,
            enforce_connectivity=True,
            channel_axis=None,
        )
    )
    if labels.max() < 1:
        raise ExplanationError(
            msg(
                "Only one region was found in this film, so there is nothing to compare. Ask for "
                "more regions."
            )
        )
    return labels


def segment_lungs_apart(
    tensor: FloatImage, regions: int, lungs: FloatImage
) -> tuple[LabelImage, npt.NDArray[np.bool_]]:
    """Cut the lungs into regions; what lies outside of them is one region more, the last.

    Parameters
    ----------
    tensor : (h, w) float32 ndarray in [0, 1]
        The film on the model's input grid.
    regions : int
        How many to aim for in the lungs.
    lungs : (h, w) float32 ndarray in [0, 1]
        Probability of lung.

    Returns
    -------
    labels : (h, w) int32 ndarray, read-only
        0..K-1, each used at least once. Film without lungs to speak of is cut whole.
    counted : (h, w) bool ndarray, read-only
        False in the region outside of the lungs.

    Raises
    ------
    ExplanationError
        As `segment_superpixels`.
    """
    inside = lungs >= LUNG
    if np.count_nonzero(inside) < LEAST_LUNG_SHARE * inside.size:
        return segment_superpixels(tensor, regions), read_only(np.ones(inside.shape, np.bool_))
    cut = segmentation.slic(
        _stretched(tensor),
        n_segments=regions,
        compactness=LUNG_COMPACTNESS,
        start_label=1,
        mask=inside,
        enforce_connectivity=True,
        channel_axis=None,
    )
    outside = cut == 0
    labels = _contiguous(np.where(outside, cut.max() + 1, cut))
    return labels, read_only(~outside)


def labels_on_film(segments: LabelImage, geometry: Geometry) -> LabelImage:
    """Map labels from the model's input grid to the full-size film.

    Each film pixel takes the label of the input pixel under its centre, each axis by itself: film
    row i lies on input row ``floor((i + 0.5) * input / height)``.

    Parameters
    ----------
    segments : (h, w) int32 ndarray
        Labels on the model's input grid.
    geometry : Geometry
        The film's height and width, and what the model looks at.

    Returns
    -------
    (H, W) int32 ndarray, read-only
        -1 where the model does not look.
    """
    box = geometry.looked_at
    rows = _input_index(box.height_px, segments.shape[0])
    columns = _input_index(box.width_px, segments.shape[1])
    # Columns first: the second take then copies whole rows, which matters at 9 million pixels.
    inside = segments.take(columns, axis=1).take(rows, axis=0)
    if geometry.box is None:
        return read_only(inside)
    labels = np.full((geometry.film_height_px, geometry.film_width_px), -1, np.int32)
    labels[box.top_px : box.bottom_px, box.left_px : box.right_px] = inside
    return read_only(labels)


def locate_on_film(
    segments: LabelImage, label: int, geometry: Geometry
) -> tuple[tuple[float, float], tuple[int, int, int, int]]:
    """Say where one region lies on the full-size film.

    Parameters
    ----------
    segments : (h, w) int32 ndarray
        Labels on the model's input grid.
    label : int
        One of them.
    geometry : Geometry
        The film's height and width, and what the model looks at.

    Returns
    -------
    centroid_px : (float, float)
        Row and column of the region's centre, scaled from the input grid.
    bbox_px : (int, int, int, int)
        Top, left, bottom, right of the region in `labels_on_film`; bottom and right are one past
        the end.
    """
    box = geometry.looked_at
    rows, columns = np.nonzero(segments == label)
    top, bottom = _film_span(rows, segments.shape[0], box.height_px)
    left, right = _film_span(columns, segments.shape[1], box.width_px)
    centroid_px = (
        box.top_px + _film_centre(rows, segments.shape[0], box.height_px),
        box.left_px + _film_centre(columns, segments.shape[1], box.width_px),
    )
    y, x = box.top_px, box.left_px
    return centroid_px, (y + top, x + left, y + bottom, x + right)


def _stretched(tensor: FloatImage) -> FloatImage:
    lowest, highest = float(tensor.min()), float(tensor.max())
    if not (math.isfinite(lowest) and math.isfinite(highest) and highest > lowest):
        raise ExplanationError(
            msg(
                "This film has no regions to explain: its grey values run from {lowest:g} to "
                "{highest:g}. Check that the file holds a radiograph.",
                lowest=lowest,
                highest=highest,
            )
        )
    stretched: FloatImage = (tensor - np.float32(lowest)) / np.float32(highest - lowest)
    return stretched


def _contiguous(labels: Any) -> LabelImage:
    _, renumbered = np.unique(labels, return_inverse=True)
    return read_only(renumbered.reshape(labels.shape).astype(np.int32))


def _input_index(film_px: int, input_px: int) -> npt.NDArray[np.intp]:
    # floor((i + 0.5) * input / film) in whole numbers, so that no rounding moves a border.
    index: npt.NDArray[np.intp] = (2 * np.arange(film_px) + 1) * input_px // (2 * film_px)
    return index


def _film_span(index: npt.NDArray[np.intp], input_px: int, film_px: int) -> tuple[int, int]:
    def first_past(border: int) -> int:
        # First film pixel with its centre at or past an input border: ceil(b * film / input - 1/2).
        return -((input_px - 2 * film_px * border) // (2 * input_px))

    # On a film smaller than the model's input a region can fall between pixel centres.
    start = min(first_past(int(index.min())), film_px - 1)
    return start, max(first_past(int(index.max()) + 1), start + 1)


def _film_centre(index: npt.NDArray[np.intp], input_px: int, film_px: int) -> float:
    return (float(index.mean()) + 0.5) * film_px / input_px - 0.5
