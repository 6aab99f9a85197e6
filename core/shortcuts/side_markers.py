"""Letters that were put on a film: the side marker, and whatever is written as it is.

A letter is a group of thin, bright strokes, small, about as wide as high, and darker all around.
The limits were found on validation films looked at by eye. Electrodes and clips are found as well,
a very bright end of a bone now and then; a letter that touches bone or tubes may be missed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.int16]

STROKE_PX = 9
"""Strokes are thinner than this, in films of 224 px."""

STROKE_LEVELS = (50, 80, 110)
"""Grey levels by which strokes are brighter than their surroundings: the low level finds faint
letters, the high ones part a letter from a bone that it touches."""

HEIGHT_PX, WIDTH_PX = (5, 32), (3, 30)
SHAPE = (0.45, 3.2)
"""Height over width."""

MIN_AREA_PX = 14
FILLED = (0.25, 0.85)
"""Share of its box that a letter covers."""

MIN_PEAK = 85
"""Three quarters of the way up, the strokes are brighter than their surroundings by this."""

MIN_CONTRAST = 75
MAX_BRIGHT_RING = 0.06
"""Share of the ring around a letter that may be nearer to it in brightness than to the ring."""

MARGIN_PX = 2
"""How far around a letter's box is covered too."""

_AROUND = np.ones((3, 3), np.bool_)


def between_lungs(lungs: Mask) -> Mask:
    """Return the (H, W) region between the first and the last lung pixel of every row."""
    from_left = np.logical_or.accumulate(lungs, axis=1)
    from_right = np.logical_or.accumulate(lungs[:, ::-1], axis=1)[:, ::-1]
    return from_left & from_right


def find_side_marks(film: Bytes, lungs: Mask) -> Mask:
    """Find letters outside the lungs and the mediastinum.

    Parameters
    ----------
    film : (H, W) uint8 ndarray
        A prepared film of 224 px.
    lungs : (H, W) bool ndarray

    Returns
    -------
    (H, W) bool ndarray; the boxes of the letters with a margin, never in the lungs.
    """
    raised = film.astype(np.int16) - ndimage.grey_opening(film, size=(STROKE_PX, STROKE_PX))
    raised[between_lungs(lungs)] = 0
    marks = np.zeros(film.shape, np.bool_)
    for level in STROKE_LEVELS:
        for place, strokes in _groups(raised >= level):
            if _is_letter(film, raised, place, strokes):
                marks[_enlarged(place, MARGIN_PX)] = True
    return marks & ~lungs


def _groups(strokes: Mask) -> Iterator[tuple[tuple[slice, slice], Mask]]:
    """Yield box and strokes of every group of the right size; parts within 2 px are one group."""
    near_strokes = ndimage.maximum_filter(strokes.view(np.uint8), size=3)
    labelled, _ = ndimage.label(near_strokes, _AROUND)
    for number, near in enumerate(ndimage.find_objects(labelled), 1):
        rows, columns = near
        if rows.stop - rows.start > HEIGHT_PX[1] + 2 or columns.stop - columns.start < WIDTH_PX[0]:
            continue
        own = (labelled[near] == number) & strokes[near]
        (tight,) = ndimage.find_objects(own.astype(np.uint8))
        yield (_within(rows, tight[0]), _within(columns, tight[1])), own[tight]


def _within(outer: slice, inner: slice) -> slice:
    return slice(outer.start + inner.start, outer.start + inner.stop)


def _is_letter(film: Bytes, raised: Levels, place: tuple[slice, slice], strokes: Mask) -> bool:
    height, width = strokes.shape
    area = int(strokes.sum())
    if not (
        HEIGHT_PX[0] <= height <= HEIGHT_PX[1]
        and WIDTH_PX[0] <= width <= WIDTH_PX[1]
        and SHAPE[0] <= height / width <= SHAPE[1]
        and area >= MIN_AREA_PX
        and FILLED[0] <= area / (height * width) <= FILLED[1]
        and np.percentile(raised[place][strokes], 75) >= MIN_PEAK
    ):
        return False
    own = np.percentile(film[place][strokes], 75)
    ring = _ring(film, place, strokes)
    surrounding = np.median(ring)
    bright = np.mean(ring > (own + surrounding) / 2.0)
    return bool(own - surrounding >= MIN_CONTRAST and bright <= MAX_BRIGHT_RING)


def _ring(film: Bytes, place: tuple[slice, slice], strokes: Mask) -> Bytes:
    """Return the pixels that are 2 or 3 px away from the strokes."""
    margin = 3
    padded = np.pad(strokes, margin)
    near = ndimage.binary_dilation(padded, _AROUND)
    far = ndimage.binary_dilation(near, _AROUND, iterations=margin - 1) & ~near
    rows, columns = np.nonzero(far)
    rows += place[0].start - margin
    columns += place[1].start - margin
    inside = (rows >= 0) & (rows < film.shape[0]) & (columns >= 0) & (columns < film.shape[1])
    ring: Bytes = film[rows[inside], columns[inside]]
    return ring


def _enlarged(place: tuple[slice, slice], margin_px: int) -> tuple[slice, ...]:
    return tuple(slice(max(0, side.start - margin_px), side.stop + margin_px) for side in place)
