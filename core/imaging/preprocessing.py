"""From a film of any size to the square input that every run takes."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.domain.arrays import FloatImage, percentiles, read_only
from core.domain.film import Radiograph
from core.domain.model import FilmBox, Geometry, ModelInput

STRETCH_PERCENTILES = (1.0, 99.0)
"""Grey levels that become 0 and 1; chosen before training, so that exposure is not a cue."""

MIN_CONTRAST = 1.0 / 255.0
"""Below this distance between the two percentiles a film is blank and is left as it is."""


STANDARD_PX = 224
"""Side of the public training films; every film passes through it, as those did."""

SOFTENED_PX = 256
"""Larger films are brought to this first: the public 224 px files are softer than one triangle
filter makes a film. Two in a row come closer to them; `python -m bench agreement` says how close.
It was found on the pixels of films that exist in both sizes, without their labels."""

_ROWS_A_BLOCK = 512


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
    if width_px >= pixels.shape[1]:
        return _resize(pixels, height_px, width_px)
    narrow = np.empty((pixels.shape[0], width_px), np.float32)
    for start in range(0, pixels.shape[0], _ROWS_A_BLOCK):  # Pillow copies what it resizes
        block = pixels[start : start + _ROWS_A_BLOCK]
        narrow[start : start + _ROWS_A_BLOCK] = _resize(block, block.shape[0], width_px)
    return _resize(narrow, height_px, width_px)


def _resize(pixels: FloatImage, height_px: int, width_px: int) -> FloatImage:
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
    low, high = percentiles(pixels, STRETCH_PERCENTILES)
    if high - low < MIN_CONTRAST:
        return pixels
    stretched: FloatImage = np.clip((pixels - low) / (high - low), 0.0, 1.0).astype(np.float32)
    return stretched


def standardise_film(pixels: FloatImage) -> FloatImage:
    """Bring a film to what the training films are: 224 x 224 and stretched.

    Parameters
    ----------
    pixels : (H, W) float32 ndarray in [0, 1]

    Returns
    -------
    (224, 224) float32 ndarray in [0, 1]; a blank film is not stretched.
    """
    height, width = (min(side, SOFTENED_PX) for side in pixels.shape)
    softened = resize_film(pixels, height, width)
    return stretch_exposure(resize_film(softened, STANDARD_PX, STANDARD_PX))


def crop_film(pixels: FloatImage, box: FilmBox, height_px: int, width_px: int) -> FloatImage:
    """Cut a box out of a standardised film and standardise it again.

    Parameters
    ----------
    pixels : (224, 224) float32 ndarray in [0, 1]
    box : FilmBox
        In pixels of the film as it came.
    height_px, width_px : int
        Of the film as it came.

    Returns
    -------
    (224, 224) float32 ndarray in [0, 1]; a blank film is not stretched.
    """
    down, across = pixels.shape[0] / height_px, pixels.shape[1] / width_px
    corners = (box.left_px * across, box.top_px * down, box.right_px * across, box.bottom_px * down)
    film = Image.fromarray(np.ascontiguousarray(pixels))
    cut = film.resize((STANDARD_PX, STANDARD_PX), Image.Resampling.BILINEAR, box=corners)
    return stretch_exposure(np.asarray(cut))


def crop_map(film: FloatImage, geometry: Geometry) -> FloatImage:
    """Bring a map of the whole film to the model's input grid.

    Parameters
    ----------
    film : (h, w) float32 ndarray
        Of any size; it covers the film.

    Returns
    -------
    (input_px, input_px) float32 ndarray, read-only
    """
    down, across = (
        film.shape[0] / geometry.film_height_px,
        film.shape[1] / geometry.film_width_px,
    )
    box, side = geometry.looked_at, geometry.input_px
    corners = (box.left_px * across, box.top_px * down, box.right_px * across, box.bottom_px * down)
    whole = Image.fromarray(np.ascontiguousarray(film))
    cut = whole.resize((side, side), Image.Resampling.BILINEAR, box=corners)
    return read_only(np.array(cut, dtype=np.float32))


def prepare_input(
    radiograph: Radiograph,
    input_px: int,
    box: FilmBox | None = None,
    *,
    standard: FloatImage | None = None,
) -> ModelInput:
    """Bring a film to the model's input, remembering the way back.

    The aspect ratio is not kept, because the public training set comes without it.

    Parameters
    ----------
    input_px : int
        Side of the model's square input.
    box : FilmBox or None
        What the model looks at; None is the whole film.
    standard : (224, 224) float32 ndarray, optional
        The film as `standardise_film` returned it, where that was done before.

    Returns
    -------
    ModelInput
    """
    film = standardise_film(radiograph.pixels) if standard is None else standard
    height, width = radiograph.height_px, radiograph.width_px
    if box is not None:
        film = crop_film(film, box, height, width)
    small = resize_film(film, input_px, input_px)
    geometry = Geometry(height, width, input_px, box)
    return ModelInput(read_only(np.array(small, dtype=np.float32)), geometry)
