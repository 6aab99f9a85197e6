"""Films and masks as PNG files: thumbnails, and synthetic films marked as such."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from core.domain.arrays import FloatImage
from core.domain.film import SYNTHETIC_KEY, Radiograph

THUMBNAIL_PX = 96
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_PAETH = 4  # filter type (PNG 3rd ed., 9.2)

SYNTHETIC_MARK = "SYNTHETIC"
MARK_HEIGHT, MARK_GREY = 0.032, 190
"""Of the words in a film's corner: share of its height, and level of 255."""


def thumbnail_png(
    film: Radiograph,
    side_px: int = THUMBNAIL_PX,
    original_px: tuple[float, float] | None = None,
) -> bytes:
    """Return a film as a small 8-bit PNG, aspect ratio kept.

    Parameters
    ----------
    side_px : int
        Of the longer side.
    original_px : (float, float) or None
        Height and width of the film before its file became a square.
    """
    height_px, width_px = original_px or (film.height_px, film.width_px)
    scale = side_px / max(height_px, width_px)
    size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
    stride = max(1, min(film.height_px, film.width_px) // (side_px * 8))
    sampled = np.ascontiguousarray(film.pixels[::stride, ::stride])
    small = Image.fromarray(sampled).resize(size, Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    Image.fromarray(_levels(np.asarray(small))).save(buffer, "PNG", optimize=False)
    return buffer.getvalue()


def marked_png(pixels: FloatImage, mark: str, note: str) -> bytes:
    """Return a film as an 8-bit PNG with a mark in its lower left corner and a note in its file.

    Parameters
    ----------
    pixels : (H, W) float32 ndarray in [0, 1]
    mark : str
        Drawn on a dark ground, so that it can be read on any film.
    note : str
        Kept under the key by which decoding tells a synthetic film.
    """
    return _compact_png(mark_levels(pixels, mark), note)


def mark_levels(pixels: FloatImage, mark: str) -> npt.NDArray[np.uint8]:
    """Return a film's (H, W) levels of 255 with a mark in its lower left corner.

    Parameters
    ----------
    pixels, mark
        As in `marked_png`.
    """
    film = Image.fromarray(_levels(pixels))
    size = max(8, round(film.height * MARK_HEIGHT))
    font, margin, pad = ImageFont.load_default(size), size // 2, size // 4
    draw = ImageDraw.Draw(film)
    left, top, right, bottom = draw.textbbox((0, 0), mark, font=font)
    x, y = margin, film.height - margin - (bottom - top)
    draw.rectangle((x - pad, y - pad, x + right - left + pad, y + bottom - top + pad), fill=0)
    draw.text((x - left, y - top), mark, fill=MARK_GREY, font=font)
    return np.array(film)


def _compact_png(levels: npt.NDArray[np.uint8], note: str) -> bytes:
    """Return (H, W) levels as a PNG that is a seventh smaller than Pillow's, for noisy films.

    Every row is filtered by Paeth's predictor [1]_, and nothing is sought that occurs twice.

    References
    ----------
    .. [1] PNG 3rd ed., 9.4
    """
    height, width = levels.shape
    here = np.zeros((height + 1, width + 1), np.int16)
    here[1:, 1:] = levels
    left, above, corner = here[1:, :-1], here[:-1, 1:], here[:-1, :-1]
    guess = left + above - corner
    to_left, to_above, to_corner = (abs(guess - one) for one in (left, above, corner))
    predicted = np.where(to_above <= to_corner, above, corner)
    predicted = np.where((to_left <= to_above) & (to_left <= to_corner), left, predicted)
    rows = np.full((height, width + 1), _PAETH, np.uint8)
    rows[:, 1:] = (levels - predicted).astype(np.uint8)
    deflate = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0),  # 8-bit greyscale
        b"tEXt": SYNTHETIC_KEY.encode() + b"\0" + note.encode("latin-1"),
        b"IDAT": deflate.compress(rows.tobytes()) + deflate.flush(),
        b"IEND": b"",
    }
    return _PNG_START + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks.items()
    )


def levels_png(levels: npt.NDArray[np.unsignedinteger], *, synthetic: bool) -> bytes:
    """Return grey levels as a PNG that states nothing else, except that the film is synthetic.

    Parameters
    ----------
    levels : (h, w) uint8 or uint16 ndarray
    """
    facts = PngImagePlugin.PngInfo()
    if synthetic:
        facts.add_text(SYNTHETIC_KEY, "yes")
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "PNG", pnginfo=facts)
    return buffer.getvalue()


def map_png(values: npt.NDArray[np.floating], colour: tuple[int, int, int], side_px: int) -> bytes:
    """Return a map as a PNG from black to a colour, each place a square.

    Parameters
    ----------
    values : (h, w) float ndarray in [0, 1]
    colour : (int, int, int)
        Red, green and blue of 1, in [0, 255].
    side_px : int
        The longer side has at least so many pixels.
    """
    shades = np.clip(values, 0.0, 1.0)[..., np.newaxis] * np.array(colour, np.float64)
    each = -(-side_px // max(values.shape))
    squares = np.rint(shades).astype(np.uint8).repeat(each, axis=0).repeat(each, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(squares).save(buffer, "PNG")
    return buffer.getvalue()


def mask_png(mask: npt.NDArray[np.bool_]) -> bytes:
    """Return a (H, W) mask as a PNG of 1 bit a pixel."""
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def read_mask(content: bytes) -> npt.NDArray[np.bool_]:
    """Return the (H, W) mask that `mask_png` wrote."""
    with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
        return np.asarray(picture.convert("1"))


def is_whole_png(png: bytes) -> bool:
    """Check every chunk of a PNG against its CRC-32, up to the end of the file (PNG 3rd ed., 5.3).

    A bit that turned on the disk makes another picture, or none.
    """
    if not (png.startswith(_PNG_START) and png.endswith(_PNG_END)):
        return False
    place = len(_PNG_START)
    while place < len(png):
        end = place + 12 + int.from_bytes(png[place : place + 4], "big")
        crc = int.from_bytes(png[end - 4 : end], "big")
        if end > len(png) or zlib.crc32(png[place + 4 : end - 4]) != crc:
            return False
        place = end
    return True


def _levels(pixels: FloatImage) -> npt.NDArray[np.uint8]:
    levels: npt.NDArray[np.uint8] = np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
    return levels
