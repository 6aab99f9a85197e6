"""From a film of any size to the square input that every run takes."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.domain import FloatImage, Geometry, ModelInput, Radiograph, read_only

STRETCH_PERCENTILES = (1.0, 99.0)
"""Grey levels that become 0 and 1; chosen before training, so that exposure is not a cue."""

MIN_CONTRAST = 1.0 / 255.0
"""Below this distance between the two percentiles a film is blank and is left as it is."""


def resize_film(pixels: FloatImage, height_px: int, width_px: int) -> FloatImage:
    """Resize with an anti-aliasing triangle filter whose support grows with the reduction.

    Parameters
    ----------
    pixels : (H, W) float32 ndarray
    height_px, width_px : int
        Target size; each axis is scaled by itself.

    Returns
    -------
    (height_px, width_px) float32 ndarray
    """
    if pixels.shape == (height_px, width_px):
        return pixels
    film = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(film.resize((width_px, height_px), Image.Resampling.BILINEAR))


def stretch_exposure(pixels: FloatImage) -> FloatImage:
    """Stretch a film linearly so that its 1st and 99th percentile become 0 and 1, and clip.

    Parameters
    ----------
    pixels : (H, W) float32 ndarray in [0, 1]

    Returns
    -------
    (H, W) float32 ndarray in [0, 1]; a blank film comes back unchanged.
    """
    low, high = np.percentile(pixels, STRETCH_PERCENTILES)
    if high - low < MIN_CONTRAST:
        return pixels
    stretched: FloatImage = np.clip((pixels - low) / (high - low), 0.0, 1.0).astype(np.float32)
    return stretched


def prepare_input(radiograph: Radiograph, input_px: int) -> ModelInput:
    """Bring a film to the model's input, remembering the way back.

    The aspect ratio is not kept, because the public training set comes without it; augmentation
    during training makes the runs indifferent to it.

    Parameters
    ----------
    radiograph : Radiograph
    input_px : int
        Side of the model's square input.

    Returns
    -------
    ModelInput
    """
    small = resize_film(radiograph.pixels, input_px, input_px)
    geometry = Geometry(radiograph.height_px, radiograph.width_px, input_px)
    return ModelInput(read_only(np.array(stretch_exposure(small), dtype=np.float32)), geometry)
