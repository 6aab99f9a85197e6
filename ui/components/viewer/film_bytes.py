"""A film as the bytes that travel to the browser.

The pixels go uncompressed. For 3000 x 3000 pixels of film grain, on two cores: raw 8 bit 24 ms and
9.0 MB, raw 16 bit 29 ms and 18.0 MB, PNG level 1 282 ms and 4.5 MB (16 bit: 767 ms and 14.9 MB),
zlib level 1 on row differences 102 ms and 4.4 MB. Compressing pays only below about 200 Mbit/s, and
the browser would have to undo it. So 16 bit costs bandwidth but no time, and is used for every film
that has more than 256 grey levels, where a narrow window shows the difference.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np

from core.domain.arrays import FloatImage

MAX_SIDE_PX = 3000
GREY_LEVEL_TOLERANCE = 1e-2


@dataclass(frozen=True, slots=True, eq=False)
class FilmView:
    """What the viewer needs of one film.

    Attributes
    ----------
    sha256 : str
        Identifies the pixels: equal sha256 and size are taken to be the same film.
    pixels : (H, W) float32 ndarray in [0, 1]
        MONOCHROME2 sense.
    alt_text : str
        What a screen reader says of the film; no patient identifier.
    pixel_spacing_mm : (float, float) or None
        Row and column spacing in mm.
    synthetic : bool
        Whether the film's file states that it was drawn.
    """

    sha256: str
    pixels: FloatImage
    alt_text: str
    pixel_spacing_mm: tuple[float, float] | None = None
    synthetic: bool = False

    @property
    def film_id(self) -> str:
        """Name under which the browser keeps this film's pixels."""
        height, width = self.pixels.shape
        return f"{self.sha256}-{width}x{height}"


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
    cut = (edges - whole).astype(np.float32)[:, np.newaxis] * pixels[whole]
    cut[-1] = 0.0
    bands = np.add.reduceat(pixels, whole[:-1], axis=0) - cut[:-1] + cut[1:]
    return np.asarray(bands * np.float32(rows / pixels.shape[0]), dtype=np.float32)


def encode_film(film: FilmView) -> bytes:
    """Return one film as a length-prefixed JSON header and raw little-endian grey levels.

    Returns
    -------
    bytes
        uint32 length of the header; the header (``film``, ``width``, ``height`` of what is sent,
        ``filmWidth``, ``filmHeight``, ``bits`` 8 or 16); the pixels, row by row.
    """
    bits = 8 if _has_8_bit_levels(film.pixels) else 16
    sent = area_average(film.pixels, MAX_SIDE_PX)
    header = {
        "film": film.film_id,
        "width": sent.shape[1],
        "height": sent.shape[0],
        "filmWidth": film.pixels.shape[1],
        "filmHeight": film.pixels.shape[0],
        "bits": bits,
    }
    prefix = json.dumps(header).encode()
    levels = np.rint(sent * np.float32(2**bits - 1)).astype("u1" if bits == 8 else "<u2")
    return b"".join([len(prefix).to_bytes(4, "little"), prefix, levels.tobytes()])


def _has_8_bit_levels(pixels: FloatImage) -> bool:
    rows = max(1, math.ceil(2**20 / pixels.shape[1]))
    for start in range(0, pixels.shape[0], rows):
        scaled = pixels[start : start + rows] * np.float32(255)
        if np.abs(scaled - np.rint(scaled)).max() > GREY_LEVEL_TOLERANCE:
            return False
    return True
