"""The convolutional networks of the origin project's series, from random weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Layout:
    """Filters of the 3 x 3 convolutions, each followed by 2 x 2 max-pooling, and dense units."""

    filters: tuple[int, ...]
    dense: tuple[int, ...]


LAYOUTS = {
    "origin_3": Layout((32, 64, 96), (64,)),
    "origin_6": Layout((32, 64, 96, 96, 128, 128), (128, 64)),
}


def build_origin_network(layout: Layout, input_px: int, dropout: float) -> Any:
    """Build one layout with one logit.

    The original took three equal channels; one channel gives the same functions with fewer
    parameters in the first kernel.

    Parameters
    ----------
    dropout : float
        After each dense layer.

    Returns
    -------
    keras.Model
        (N, px, px, 1) in [0, 1] -> (N, 1) logit; the last dense layer is called ``features``.
    """
    import keras
    from keras import layers

    film = keras.Input((input_px, input_px, 1), name="film")
    x = film
    for filters in layout.filters:
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    for number, units in enumerate(layout.dense, start=1):
        name = "features" if number == len(layout.dense) else f"dense_{number}"
        x = layers.Dense(units, activation="relu", name=name)(x)
        x = layers.Dropout(dropout)(x)
    return keras.Model(film, layers.Dense(1, dtype="float32", name="logit")(x))
