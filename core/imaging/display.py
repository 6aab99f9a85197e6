"""A film as it is shown: whole grey levels, at most as many pixels as a screen can use."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.domain.arrays import FloatImage, read_only
from core.domain.film import Radiograph

MAX_SIDE_PX = 3000
GREY_LEVEL_TOLERANCE = 1e-2
_ROWS_A_BLOCK = 256


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
    """Bring a film to the levels and the size in which it is shown.

    A pixel of a film with more than `MAX_SIDE_PX` on a side is the mean over the area it covers.
    """
    bits = 8 if _has_8_bit_levels(film.pixels) else 16
    height, width = _shown_size(film.height_px, film.width_px)
    levels = np.empty((height, width), "u1" if bits == 8 else "<u2")
    for start in range(0, height, _ROWS_A_BLOCK):  # so that no copy is as large as the film
        rows = slice(start, min(height, start + _ROWS_A_BLOCK))
        shown = _average_columns(_average_rows(film.pixels, height, rows), width)
        levels[rows] = np.rint(shown * np.float32(2**bits - 1))
    return DisplayedFilm(
        read_only(levels), film.height_px, film.width_px, film.pixel_spacing_mm, film.synthetic
    )


def restore_proportions(shown: DisplayedFilm, height_px: float, width_px: float) -> DisplayedFilm:
    """Return a film that was brought to a square in its own proportions; no row or column is lost.

    Parameters
    ----------
    height_px, width_px : float
        Of the film before it became a square, or any other sides in the same proportion.
    """
    side, shorter = min(shown.levels.shape), min(height_px, width_px)
    height, width = (round(side * length / shorter) for length in (height_px, width_px))
    grey = Image.fromarray(shown.levels.astype(np.float32))
    levels = np.rint(np.asarray(grey.resize((width, height), Image.Resampling.BILINEAR)))
    restored = read_only(levels.astype(shown.levels.dtype))
    return replace(shown, levels=restored, height_px=height, width_px=width)


def _shown_size(height_px: int, width_px: int) -> tuple[int, int]:
    scale = min(1.0, MAX_SIDE_PX / max(height_px, width_px))
    return max(1, round(height_px * scale)), max(1, round(width_px * scale))


def _average_columns(pixels: FloatImage, columns: int) -> FloatImage:
    return _average_rows(pixels.T, columns, slice(0, columns)).T


def _average_rows(pixels: FloatImage, rows: int, wanted: slice) -> FloatImage:
    """Average along axis 0 into bands of equal, possibly fractional, height.

    Parameters
    ----------
    pixels : (H, W) float32 ndarray
    rows : int
        Bands in all.
    wanted : slice
        Those that are returned.
    """
    if rows == pixels.shape[0]:
        return pixels[wanted]
    edges = np.arange(wanted.start, wanted.stop + 1) * (pixels.shape[0] / rows)
    first, last = int(edges[0]), min(pixels.shape[0], math.ceil(edges[-1]))
    some, edges = pixels[first:last], edges - first
    whole = np.minimum(edges.astype(int), len(some) - 1)
    share = (edges - whole).astype(np.float32)
    share[-1] -= 1.0  # the last sum goes to the end of the rows
    cut = share[:, np.newaxis] * some[whole]
    sums = np.add.reduceat(some, whole[:-1], axis=0) - cut[:-1] + cut[1:]
    return np.asarray(sums * np.float32(rows / pixels.shape[0]), dtype=np.float32)


def _has_8_bit_levels(pixels: FloatImage) -> bool:
    for start in range(0, pixels.shape[0], _ROWS_A_BLOCK):
        scaled = pixels[start : start + _ROWS_A_BLOCK] * np.float32(255)
        if np.abs(scaled - np.rint(scaled)).max() > GREY_LEVEL_TOLERANCE:
            return False
    return True
