"""Stored films as a network takes them."""

from __future__ import annotations

import numpy as np

from core.domain import FloatImage
from core.preprocessing import resize_film
from core.training.films import Bytes


def to_input(films: Bytes, input_px: int) -> FloatImage:
    """Return stored films as the model's input, resized as the served pipeline does.

    Parameters
    ----------
    films : (N, 224, 224) uint8 ndarray

    Returns
    -------
    (N, input_px, input_px, 1) float32 ndarray in [0, 1]
    """
    inputs = np.empty((len(films), input_px, input_px, 1), np.float32)
    for position, film in enumerate(films):
        small = resize_film(film.astype(np.float32) / np.float32(255.0), input_px, input_px)
        inputs[position, ..., 0] = small
    return inputs
