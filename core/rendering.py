"""Small pictures of films."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from core.domain import Radiograph

THUMBNAIL_PX = 96


def thumbnail_png(film: Radiograph, side_px: int = THUMBNAIL_PX) -> bytes:
    """Return a film as a small 8-bit PNG, aspect ratio kept.

    Parameters
    ----------
    film : Radiograph
    side_px : int
        Of the longer side.
    """
    scale = side_px / max(film.height_px, film.width_px)
    size = (max(1, round(film.width_px * scale)), max(1, round(film.height_px * scale)))
    stride = max(1, min(film.height_px, film.width_px) // (side_px * 8))
    sampled = np.ascontiguousarray(film.pixels[::stride, ::stride])
    small = Image.fromarray(sampled).resize(size, Image.Resampling.BILINEAR)
    grey = np.rint(np.clip(np.asarray(small), 0.0, 1.0) * 255.0).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG", optimize=False)
    return buffer.getvalue()
