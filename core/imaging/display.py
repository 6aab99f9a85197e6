"""A film as it is shown: whole grey levels, at most as many pixels as a screen can use."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage, read_only
from core.domain.film import Radiograph

MAX_SIDE_PX = 3000
GREY_LEVEL_TOLERANCE = 1e-2
_COLUMNS_A_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class DisplayedFilm:
    """A film's grey levels for the screen.

    Attributes
    ----------
    levels : (h, w) uint8 or little-endian uint16 ndarray, read-only
        MONOCHROME2 sense, over the type's whole range; uint8 where the film has no more levels.
    height_px, width_px : int
        Of the film as it came.
    pixel_spacing_mm : (float, float) or None
        Row and column spacing of the film as it came.
    synthetic : bool
        Whether the film's file states that it was drawn.
    """

    levels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    height_px: int
    width_px: int
    pixel_spacing_mm: tuple[float, float] | None = None
    synthetic: bool = False


def display_film(film: Radiograph) -> DisplayedFilm:
    """Bring a film to the levels and the size in which it is shown."""
    bits = 8 if _has_8_bit_levels(film.pixels) else 16
    shown = area_average(film.pixels, MAX_SIDE_PX)
    levels = np.empty(shown.shape, "u1" if bits == 8 else "<u2")
    for rows in _blocks(shown):
        levels[rows] = np.rint(shown[rows] * np.float32(2**bits - 1))
    return DisplayedFilm(
        read_only(levels), film.height_px, film.width_px, film.pixel_spacing_mm, film.synthetic
    )


def area_average(pixels: FloatImage, max_side_px: int) -> FloatImage:
    """Shrink a film so that its longer side is at most ``max_side_px``.

    Parameters
    ----------
    pixels : (H, W) float32 ndarray

    Returns
    -------
    (h, w) float32 ndarray
        Each pixel is the mean over the area that it covers; the input itself if it is small enough.
    """
    longest = max(pixels.shape)
    if longest <= max_side_px:
        return pixels
    height, width = (max(1, round(side * max_side_px / longest)) for side in pixels.shape)
    return _average_rows(_average_rows(pixels, height).T, width).T


def _average_rows(pixels: FloatImage, rows: int) -> FloatImage:
    """Average along axis 0 into ``rows`` bands of equal, possibly fractional, height."""
    edges = np.arange(rows + 1) * (pixels.shape[0] / rows)
    whole = np.minimum(edges.astype(int), pixels.shape[0] - 1)
    share = (edges - whole).astype(np.float32)[:, np.newaxis]
    bands = np.empty((rows, pixels.shape[1]), np.float32)
    for start in range(0, pixels.shape[1], _COLUMNS_A_BLOCK):  # so that no copy is as large
        some = pixels[:, start : start + _COLUMNS_A_BLOCK]
        cut = share * some[whole]
        cut[-1] = 0.0
        sums = np.add.reduceat(some, whole[:-1], axis=0) - cut[:-1] + cut[1:]
        bands[:, start : start + _COLUMNS_A_BLOCK] = sums * np.float32(rows / pixels.shape[0])
    return bands


def _has_8_bit_levels(pixels: FloatImage) -> bool:
    for rows in _blocks(pixels):
        scaled = pixels[rows] * np.float32(255)
        if np.abs(scaled - np.rint(scaled)).max() > GREY_LEVEL_TOLERANCE:
            return False
    return True


def _blocks(pixels: FloatImage) -> list[slice]:
    """Return rows of about a million pixels each."""
    rows = max(1, math.ceil(2**20 / pixels.shape[1]))
    return [slice(start, start + rows) for start in range(0, pixels.shape[0], rows)]
