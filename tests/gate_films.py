"""Drawn films and pictures for the tests of the gate and of the whole way through."""

import io

import numpy as np
from PIL import Image, ImageDraw

from core.domain import FilmChange, GateEvidence, Radiograph, read_only
from core.quality import GateLimits

LIMITS = GateLimits(
    distance=2.0, lung_fraction=(0.125, 0.75), median_grey=(0.25, 0.75), clipped=0.25
)
"""All of them exact in binary, so that a value can lie on its limit."""

CHEST = GateEvidence(
    distance=1.0,
    changed=dict.fromkeys(FilmChange, 3.0),
    lung_fraction=0.4,
)


def film_of(pixels, **statements):
    return Radiograph(read_only(np.asarray(pixels, np.float32)), "ab" * 32, "PNG", **statements)


def three_greys(low=0.125, median=0.5, high=0.875, shape=(200, 200)):
    """Return pixels whose 1st, 50th and 99th percentile are the three values."""
    pixels = np.full(np.prod(shape), median, np.float32)
    tenth = pixels.size // 10
    pixels[:tenth], pixels[-tenth:] = low, high
    return pixels.reshape(shape)


def fit_film(shape=(200, 200), **statements):
    """Return a film that nothing is known against, if CHEST is its evidence."""
    return film_of(three_greys(shape=shape), **statements)


def png(picture):
    buffer = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(buffer, "PNG")
    return buffer.getvalue()


def text_page():
    page = Image.new("L", (480, 640), 255)
    draw = ImageDraw.Draw(page)
    for line in range(30):
        draw.text((40, 30 + 19 * line), f"{line + 1}. The film was read by two readers, who agreed")
    return page


def line_drawing():
    sheet = Image.new("L", (400, 400), 255)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((100, 180, 300, 360), outline=0, width=4)
    draw.polygon([(80, 180), (200, 80), (320, 180)], outline=0, width=4)
    draw.ellipse((320, 30, 380, 90), outline=0, width=4)
    return sheet


def noise(seed, side_px=256):
    return np.random.default_rng(seed).integers(0, 256, (side_px, side_px), dtype=np.uint8)


def gradient(*, down=False):
    ramp = np.tile(np.linspace(0, 255, 320).astype(np.uint8), (300, 1))
    return np.ascontiguousarray(np.rot90(ramp)) if down else ramp


def even(grey, side_px=256):
    return np.full((side_px, side_px), grey, np.uint8)
