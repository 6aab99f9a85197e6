"""A film as a small picture for paper, alone or with regions coloured on it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage.measure import approximate_polygon, find_contours

from core.domain.arrays import FloatVector, LabelImage
from core.imaging.display import DisplayedFilm

LONGER_SIDE_PX = 1100
"""Of a picture: 300 a inch at the width that a report gives it."""

SMALL_SIDE_PX = 700
PRINTED_LINE_PX = 6
"""Of a small picture, which is printed 62 mm wide: half a millimetre."""

"""Of a picture of which several stand on a page."""

JPEG_QUALITY = 90
LESION = (90, 200, 120)
"""Of a lesion's outline, as in the viewer."""

FOR, AGAINST = (245, 134, 38), (74, 150, 255)
"""Red, green and blue of what counts for and against pneumonia, as in the viewer."""

OPACITY = 0.55
OUTLINED_FROM = 0.1
"""Of full strength; a weaker region has its faint colour and no line."""

_FINER = 4
LINE_PX = 2
"""Of the line inside of a region's edge."""


@dataclass(frozen=True, slots=True, eq=False)
class ColouredRegions:
    """Regions of a film and how strongly each is coloured.

    Attributes
    ----------
    segments : (h, w) int32 ndarray
        Labels 0..K-1 on a grid over ``box``, each axis scaled by itself.
    weights : (K,) float64 ndarray
        Positive: for pneumonia.
    box : (float, float, float, float)
        Top, left, bottom, right of the grid, as shares of the film's sides.
    least, full : float
        A smaller weight has no colour, and one from ``full`` on all of it.
    """

    segments: LabelImage
    weights: FloatVector
    box: tuple[float, float, float, float]
    least: float
    full: float

    @property
    def strengths(self) -> FloatVector:
        """How strongly each region is coloured, from 0 to 1."""
        size = np.abs(self.weights)
        return np.where(size < self.least, 0.0, np.minimum(1.0, size / self.full))

    def middle_of(self, label: int) -> tuple[float, float]:
        """Return the row and the column of a region's middle, as shares of the film's sides."""
        top, left, bottom, right = self.box
        down, across = ((cells.mean() + 0.5) for cells in np.nonzero(self.segments == label))
        rows, columns = self.segments.shape
        return (
            float(top + (bottom - top) * down / rows),
            float(left + (right - left) * across / columns),
        )

    def outlines_of(self, label: int) -> list[npt.NDArray[np.float64]]:
        """Return the closed lines around a region, each (n, 2): x and y as shares of the sides."""
        top, left, bottom, right = self.box
        rows, columns = self.segments.shape
        cells = np.kron(self.segments == label, np.ones((_FINER, _FINER)))  # so corners stay
        lines = []
        for contour in find_contours(np.pad(cells, 1), 0.5):
            line = (approximate_polygon(contour, tolerance=0.5) - 0.5) / _FINER
            down, across = line[:, 0].clip(0, rows) / rows, line[:, 1].clip(0, columns) / columns
            lines.append(
                np.stack((left + (right - left) * across, top + (bottom - top) * down), axis=1)
            )
        return lines


def film_picture(film: DisplayedFilm, regions: ColouredRegions | None = None) -> bytes:
    """Return a film as a JPEG of `LONGER_SIDE_PX`, its aspect ratio kept.

    Parameters
    ----------
    regions : ColouredRegions or None
        None: the film alone, in grey.
    """
    grey = _resize(film)
    picture = grey if regions is None else Image.fromarray(_colour(np.asarray(grey), regions))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)  # lines keep their colour
    return buffer.getvalue()


def coloured_levels(
    film: DisplayedFilm, regions: ColouredRegions | None, longer_side_px: int = LONGER_SIDE_PX
) -> npt.NDArray[np.uint8]:
    """Return a film as (h, w, 3) levels, its regions coloured, its aspect ratio kept."""
    grey = np.asarray(_resize(film, longer_side_px))
    if regions is None:
        return np.repeat(grey[..., np.newaxis], 3, axis=2)
    return _colour(grey, regions)


def outlined_picture(film: DisplayedFilm, masks: Sequence[npt.NDArray[np.bool_]]) -> bytes:
    """Return a film as a JPEG of `SMALL_SIDE_PX` with a line around each mask's parts.

    Parameters
    ----------
    masks : sequence of (H, W) bool ndarray
        Over the whole film, each axis scaled by itself.
    """
    grey = _resize(film, SMALL_SIDE_PX)
    levels = np.repeat(np.asarray(grey)[..., np.newaxis], 3, axis=2)
    for mask in masks:
        on_film = Image.fromarray(mask).resize(grey.size, Image.Resampling.NEAREST)
        levels[_border(np.asarray(on_film), PRINTED_LINE_PX)] = LESION
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def _resize(film: DisplayedFilm, longer_side_px: int = LONGER_SIDE_PX) -> Image.Image:
    height, width = film.levels.shape
    scale = longer_side_px / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    levels = film.levels if film.levels.dtype == np.uint8 else film.levels >> 8
    whole = Image.fromarray(np.ascontiguousarray(levels, dtype=np.uint8))
    return whole.resize(size, Image.Resampling.BICUBIC)  # of a smaller size it averages


def _colour(grey: npt.NDArray[np.uint8], regions: ColouredRegions) -> npt.NDArray[np.uint8]:
    """Return (h, w, 3) uint8 levels of a (h, w) picture with regions on it."""
    labels = _labels_on(grey.shape, regions)
    strength = np.append(regions.strengths, 0.0)  # the last one is outside of the grid
    positive = np.append(regions.weights > 0, False)
    shown = np.repeat(grey[..., np.newaxis], 3, axis=2).astype(np.float32)
    alpha = (OPACITY * strength[labels]).astype(np.float32)[..., np.newaxis]
    colours = np.where(positive[:, np.newaxis], FOR, AGAINST).astype(np.float32)[labels]
    shown = shown * (1.0 - alpha) + colours * alpha
    for side, colour in ((True, FOR), (False, AGAINST)):
        strong = (strength >= OUTLINED_FROM) & (positive == side)
        shown[_border(strong[labels])] = colour
    coloured: npt.NDArray[np.uint8] = np.rint(shown).astype(np.uint8)
    return coloured


def _labels_on(shape: tuple[int, ...], regions: ColouredRegions) -> LabelImage:
    """Return the label of each pixel of a picture; outside of the grid one more than the last."""
    top, left, bottom, right = regions.box
    outside = len(regions.weights)
    rows = _cells(shape[0], top, bottom, regions.segments.shape[0])
    columns = _cells(shape[1], left, right, regions.segments.shape[1])
    inside = (rows >= 0)[:, np.newaxis] & (columns >= 0)
    labels = regions.segments[np.ix_(rows, columns)]
    return np.where(inside, labels, outside).astype(np.int32)


def _cells(pixels: int, start: float, end: float, cells: int) -> npt.NDArray[np.int64]:
    """Return the cell along one axis that each pixel lies in; -1 outside of all."""
    place = ((np.arange(pixels) + 0.5) / pixels - start) / (end - start)
    cell = np.floor(place * cells).astype(np.int64)
    return np.where((cell >= 0) & (cell < cells), cell, -1)


def _border(mask: npt.NDArray[np.bool_], line_px: int = LINE_PX) -> npt.NDArray[np.bool_]:
    """Return the pixels of a mask that lie at its edge; the picture's own edge is none."""
    rows, columns = mask.shape
    wide = np.pad(mask, line_px, mode="edge")
    border = np.zeros_like(mask)
    for down, across in (
        (0, line_px),
        (2 * line_px, line_px),
        (line_px, 0),
        (line_px, 2 * line_px),
    ):
        border |= ~wide[down : down + rows, across : across + columns]
    return border & mask
