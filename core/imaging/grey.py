"""A picture's levels become grey in [0, 1], whatever format they come from.

========================  ======================================================================
8 bits and less           value / the largest level of that depth
9 to 15 bits, declared    value / full scale of the declared depth
16 bits                   value / the smallest of 255, 1023, 4095, 16383, 65535 that is not below
                          the brightest pixel, burned-in white letters left out: 12 bits in a
                          16-bit file would else be almost black
float, 32 bits, signed    minimum to 0, maximum to 1
colour                    luma after ITU-R BT.601, as Pillow's mode L
transparent               laid on black, unless all of it is transparent
========================  ======================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.domain.arrays import FloatImage
from core.domain.film import MAX_FILM_PIXELS
from core.errors import CorruptFile, TooLarge
from core.language.words import msg

Levels = npt.NDArray[np.integer] | npt.NDArray[np.floating]

MAX_MARKED_SHARE = 0.03
"""Largest share of a film that burned-in letters cover."""

MAX_DECODED_BYTES = 6 * MAX_FILM_PIXELS
"""Levels of 40 megapixels in colour of 16 bits."""

_FULL_SCALES = (255, 1023, 4095, 16383, 65535)
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_SMALL_SIDE_PX, _ROWS_A_BLOCK = 64, 256


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What a file holds, before any of it is scaled.

    Attributes
    ----------
    levels : (H, W) or (H, W, 3) ndarray
        Integers or floats as stored; colour as uint8 or uint16.
    bits : int
        Declared depth of integers.
    alpha : (H, W) ndarray or None
        Of the type of the levels; the largest value of the type is opaque.
    white_is_zero : bool
        Whether the smallest level is white.
    orientation : int
        Of Exif, 1 to 8.
    """

    levels: Levels
    bits: int
    alpha: Levels | None = None
    white_is_zero: bool = False
    orientation: int = 1
    synthetic: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Grey:
    """A picture's grey levels as stored, not yet turned upright."""

    pixels: FloatImage
    bits_stored: int
    colourfulness: float = 0.0


def check_decoded_bytes(size_bytes: int) -> None:
    """Refuse levels that need more memory than a film does.

    Raises
    ------
    TooLarge
        If they need over 240 MB.
    """
    if size_bytes > MAX_DECODED_BYTES:
        raise TooLarge(
            msg(
                "The image needs {size} MB when it is decoded; the limit is {most:.0f} MB. "
                "Export it as grey with 8 or 16 bits.",
                size=ceil(size_bytes / 1e6),
                most=MAX_DECODED_BYTES / 1e6,
            )
        )


def to_grey(picture: Picture) -> Grey:
    """Scale a picture as the module's table says.

    Raises
    ------
    CorruptFile
        If it holds values that are not finite numbers.
    """
    levels, alpha = picture.levels, picture.alpha
    if alpha is not None and alpha.min() == alpha.max() and alpha[0, 0] in (0, _opaque(alpha)):
        alpha = (
            None  # of a channel that is 0 throughout nothing would be seen: it was not filled in
        )
    if levels.ndim == 2 and alpha is None and levels.dtype == np.uint8:
        top = 2**picture.bits - 1
        return Grey(_scaled(top - levels if picture.white_is_zero else levels, top), picture.bits)
    if levels.dtype == np.uint8:
        return _shallow(levels, alpha)
    grey = _deep(levels, picture.bits) if levels.ndim == 2 else _deep_colour(levels)
    pixels = grey.pixels
    if alpha is not None:
        pixels = np.multiply(pixels, _scaled(alpha, _opaque(alpha)))
    if picture.white_is_zero:
        pixels = np.float32(1.0) - pixels
    return Grey(pixels, grey.bits_stored, grey.colourfulness)


def _shallow(levels: Levels, alpha: Levels | None) -> Grey:
    """Return the grey of 8-bit colour, or of 8 bits of any kind with transparent parts."""
    coloured = levels if levels.ndim == 3 else np.stack([levels] * 3, axis=-1)
    picture = Image.fromarray(np.ascontiguousarray(coloured))
    if alpha is not None:
        opaque = picture
        picture = Image.new("RGB", opaque.size)
        picture.paste(opaque, mask=Image.fromarray(np.ascontiguousarray(alpha)))
    pixels = _scaled(np.asarray(picture.convert("L")), 255)
    return Grey(pixels, 8, 0.0 if levels.ndim == 2 else _colourfulness(picture))


def _deep_colour(levels: Levels) -> Grey:
    """Return the grey of 16-bit colour; the luma takes red's place, or 80 MB more."""
    step = max(1, min(levels.shape[:2]) // (8 * _SMALL_SIDE_PX))
    some = levels[::step, ::step].copy()
    luma = levels[..., 0] if levels.flags.writeable else levels[..., 0].copy()
    for start in range(0, len(luma), _ROWS_A_BLOCK):
        rows = slice(start, start + _ROWS_A_BLOCK)
        red, green, blue = (levels[rows, :, index].astype(np.float32) for index in range(3))
        luma[rows] = np.rint(_LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue)
    grey = _deep(luma, 16)
    shallow = Image.fromarray(
        np.clip(some / 2 ** max(0, grey.bits_stored - 8), 0, 255).astype(np.uint8)
    )
    return Grey(grey.pixels, grey.bits_stored, _colourfulness(shallow))


def _opaque(alpha: Levels) -> int:
    """Return the value of an alpha channel that lets nothing through."""
    return int(2 ** (8 * alpha.itemsize) - 1)


def _deep(levels: Levels, bits: int) -> Grey:
    """Return the grey of more than 8 bits, of signed integers and of floats."""
    low, high = float(levels.min()), float(levels.max())
    signed_byte = levels.dtype == np.int8
    if levels.dtype.kind == "f" or signed_byte or low < 0 or high > _FULL_SCALES[-1]:
        return Grey(_stretched(levels, low, high), min(bits, 16))
    full_scale = 2**bits - 1 if 8 < bits < 16 else _full_scale(levels, high)
    return Grey(_scaled(levels, full_scale), full_scale.bit_length())


def _full_scale(levels: Levels, brightest: float) -> int:
    """Return the level that stands for 1.0 where no depth is declared.

    Burned-in letters are pure white, at the top of the file's range, and cover little: the film's
    own depth is then the smallest that holds nearly all of it.
    """
    holding = next(scale for scale in _FULL_SCALES if scale >= brightest)
    for scale in _FULL_SCALES[: _FULL_SCALES.index(holding)]:
        above = levels > scale
        count = np.count_nonzero(above)
        if count <= MAX_MARKED_SHARE * levels.size:
            letters = np.count_nonzero(levels == brightest)
            return scale if 2 * letters >= count else holding
    return holding


def _stretched(levels: Levels, low: float, high: float) -> FloatImage:
    """Map minimum to 0 and maximum to 1; an even picture becomes 0."""
    if not np.isfinite(high - low) or high - low > np.finfo(np.float32).max:
        raise CorruptFile(
            msg(
                "The picture holds values that are not finite numbers. Export it with 8 or 16 bits."
            )
        )
    if max(abs(low), abs(high)) > 2**24:  # float32 holds no larger integers: subtract before
        levels = levels.astype(np.float64) - low
        low, high = 0.0, high - low
    span = np.float32(max(high - low, float(np.finfo(np.float32).tiny)))
    pixels: FloatImage = (levels.astype(np.float32) - np.float32(low)) / span
    return np.clip(pixels, 0.0, 1.0)


def _scaled(levels: Levels, full_scale: int) -> FloatImage:
    """Divide by the full scale, in one pass and without a float64 copy; letters stay white."""
    pixels: FloatImage = np.divide(levels, np.float32(full_scale), dtype=np.float32)
    return np.minimum(pixels, np.float32(1.0), out=pixels)


def _colourfulness(picture: Image.Image) -> float:
    """Return how much the channels of a small version differ, 0 to 1, a constant tint left out.

    The blue base of a film shifts and scales each channel. What is left after each has been fitted
    to the luma by a straight line is colour that changes within the picture.
    """
    small = picture.reduce(max(1, min(picture.size) // _SMALL_SIDE_PX))
    channels = np.asarray(small, dtype=np.float64).reshape(-1, 3) / 255.0
    luma = channels @ _LUMA
    luma -= luma.mean()
    centred = channels - channels.mean(axis=0)
    power = float(luma @ luma)
    fitted = np.outer(luma, luma @ centred / power) if power else 0.0
    left = centred - fitted
    return float(np.abs(left - np.roll(left, 1, axis=1)).mean())
