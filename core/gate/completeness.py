"""Is the film whole: no constant band across it, no opaque box over the chest."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage, percentiles
from core.domain.model import FilmBox
from core.domain.quality import Gaps

SAMPLED_PX = 512
"""A film is looked at on about this many rows and columns, taken from a regular grid and not
averaged: what is constant stays constant."""

SAME_GREY = 1.5 / 255.0
"""Neighbours that differ by no more than this are alike; less on a film of little contrast."""

ONE_GREY = 0.4 / 255.0
"""Neighbours under an opaque box differ by no more than this."""

FULL_CONTRAST = 0.5
ALIKE_SHARE = 0.97
"""Share of a row that is like the row before: a marker or a letter may lie across a band."""

MISSING_SHARE, MISSING_TOP_SHARE = 0.08, 0.12
"""Least share of the rows that is called missing: inside the film or at its end, and at its top.

Of 6,653 real frontal films, none has a band of 0.05 inside, or of 0.08 at the end; one has a black
border of 0.10 at the top.
"""

BORDER_RATIO = 0.5
"""A band at one edge is a border if the other edge has one of at least this share of it."""

AIR_GREY, MIDDLE_COLUMNS = 0.15, (0.2, 0.8)
"""Dark columns are air beside the patient unless they lie between these shares of the width."""

BLOCK_PX, MOST_SHARE = 4, 0.6
"""Boxes are looked for in blocks of this side; what takes more of the film is no box."""

BOX_SHARE, BOX_FILL, BOX_CORE, BOX_ON_CHEST = 0.006, 0.95, 0.85, 0.5
"""Of an opaque box: least share of the film, of its own rectangle, of it that lies in this
rectangle, and of it over the chest."""


@dataclass(frozen=True, slots=True)
class Band:
    """Rows or columns that are alike; start and share are of the film's height or width."""

    start: float
    share: float
    grey: float

    @property
    def end(self) -> float:
        """Where it ends, as a share of the film."""
        return self.start + self.share


def measure_gaps(pixels: FloatImage, chest: FilmBox | None) -> Gaps:
    """Look for missing rows and columns, and for opaque boxes over the chest.

    Parameters
    ----------
    pixels : (H, W) float32 ndarray in [0, 1]
    chest : FilmBox or None
        The rectangle around the lungs, in pixels of the film.
    """
    down, across = (max(1, math.ceil(side / SAMPLED_PX)) for side in pixels.shape)
    sampled = np.ascontiguousarray(pixels[::down, ::across])  # looked at several times
    if min(sampled.shape) < 3:
        return Gaps()
    low, high = percentiles(sampled[::2, ::2], (1.0, 99.0))
    tolerance = SAME_GREY * min(1.0, float(high - low) / FULL_CONTRAST)
    below, beside = (np.abs(np.diff(sampled, axis=axis)) for axis in (0, 1))
    boxed = 0.0
    if chest is not None:
        seen = FilmBox(
            chest.top_px // down,
            chest.left_px // across,
            -(-chest.bottom_px // down),
            -(-chest.right_px // across),
        )
        change = np.maximum(below[:, :-1], beside[:-1])
        boxed = _boxed_share(change <= ONE_GREY, seen)
    return Gaps(
        rows=_missing_rows(find_bands(sampled, below <= tolerance)),
        columns=_missing_columns(find_bands(sampled.T, tolerance >= beside.T)),
        boxed=boxed,
    )


def find_bands(sampled: FloatImage, alike: npt.NDArray[np.bool_]) -> list[Band]:
    """Return the runs of rows that are alike.

    Parameters
    ----------
    sampled : (H, W) float32 ndarray
    alike : (H - 1, W) bool ndarray
        Where a pixel is like the one below it.
    """
    height = len(sampled)
    shares = np.count_nonzero(alike, axis=1) / alike.shape[1]
    rows = np.concatenate([[False], shares >= ALIKE_SHARE, [False]])
    turns = np.flatnonzero(np.diff(rows.astype(np.int8)))
    return [
        Band(
            float(start / height),
            float((stop - start + 1) / height),
            float(np.median(sampled[start : stop + 1])),
        )
        for start, stop in zip(turns[::2], turns[1::2], strict=True)
    ]


def _missing_rows(bands: list[Band]) -> float:
    """Return the share of the widest band of rows that is no border, 0 if there is none."""
    at_top = max((band.share for band in bands if band.start == 0.0), default=0.0)
    at_end = max((band.share for band in bands if band.end >= 1.0), default=0.0)
    inside = (band.share for band in bands if band.start > 0.0 and band.end < 1.0)
    missing = [share for share in inside if share >= MISSING_SHARE]
    if at_end >= MISSING_SHARE and at_top < BORDER_RATIO * at_end:
        missing.append(at_end)
    if at_top >= MISSING_TOP_SHARE and at_end < BORDER_RATIO * at_top:
        missing.append(at_top)
    return max(missing, default=0.0)


def _missing_columns(bands: list[Band]) -> float:
    """Return the same for columns, where dark ones at the sides are air beside the patient."""
    left, right = MIDDLE_COLUMNS
    lit = [band for band in bands if band.grey > AIR_GREY]
    dark = [band for band in bands if band.grey <= AIR_GREY]
    middle = [band.share for band in dark if band.start > left and band.end < right]
    widest = max(middle, default=0.0)
    return max(_missing_rows(lit), widest if widest >= MISSING_SHARE else 0.0)


def _boxed_share(constant: npt.NDArray[np.bool_], chest: FilmBox) -> float:
    """Return the share of the film under constant rectangles over the chest.

    Parameters
    ----------
    constant : (H, W) bool ndarray
        Where a pixel is like its neighbours.
    chest : FilmBox
        In the same pixels.
    """
    # Deferred: the first page should not wait for it.
    from scipy import ndimage  # noqa: PLC0415

    height, width = (side // BLOCK_PX for side in constant.shape)
    cut = constant[: height * BLOCK_PX, : width * BLOCK_PX]
    rows_of_blocks = np.logical_and.reduce([cut[row::BLOCK_PX] for row in range(BLOCK_PX)])
    blocks = np.logical_and.reduce([rows_of_blocks[:, at::BLOCK_PX] for at in range(BLOCK_PX)])
    labels, found = ndimage.label(blocks)
    if not found:
        return 0.0
    least, covered = BOX_SHARE * blocks.size, 0.0
    counts = np.bincount(labels.ravel())
    places = ndimage.find_objects(labels)
    for number in np.flatnonzero(counts[1:] >= least / 2) + 1:
        rows, columns = places[number - 1]
        part = ndimage.binary_fill_holes(labels[rows, columns] == number)
        # Compression frays the edges: a box is what the rows and columns that are mostly full hold.
        full = [part.mean(axis=1) >= 0.8, part.mean(axis=0) >= 0.8]
        core = part[np.ix_(*full)]
        if core.size < least or core.mean() < BOX_FILL or core.sum() < BOX_CORE * part.sum():
            continue
        if part.size > MOST_SHARE * blocks.size:
            continue
        high = min(rows.stop * BLOCK_PX, chest.bottom_px) - max(rows.start * BLOCK_PX, chest.top_px)
        wide = min(columns.stop * BLOCK_PX, chest.right_px) - max(
            columns.start * BLOCK_PX, chest.left_px
        )
        if max(high, 0) * max(wide, 0) >= BOX_ON_CHEST * part.size * BLOCK_PX**2:
            covered += float(part.sum()) / blocks.size
    return covered
