"""What the layers of a network make of one film, and what each channel adds to its score."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.domain.arrays import FloatImage


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer whose output is a map of the film.

    Attributes
    ----------
    name : str
        As Keras has it.
    height, width : int
        Places of its map.
    channels : int
        Maps that lie over each other.
    input_px : int
        Side of the square input that it is a map of.
    """

    name: str
    height: int
    width: int
    channels: int
    input_px: int

    @property
    def step_px(self) -> int:
        """Pixels of the input from one place to the next, to the nearest power of two."""
        return int(2 ** round(math.log2(self.input_px / self.width)))


@dataclass(frozen=True, slots=True, eq=False)
class LayerMap:
    """One channel of a layer.

    Attributes
    ----------
    channel : int
        Its index, from 0.
    contribution : float
        What it adds to the log odds of pneumonia: the sum of ``places``.
    activation : (h, w) float32 ndarray, read-only
        What the channel answers at each place.
    places : (h, w) float32 ndarray, read-only
        Activation times the gradient of the log odds.
    """

    channel: int
    contribution: float
    activation: FloatImage
    places: FloatImage


@dataclass(frozen=True, slots=True, eq=False)
class LayerView:
    """What a layer makes of a film.

    Attributes
    ----------
    places : (h, w) float32 ndarray, read-only
        What each place adds to the log odds of pneumonia, all channels together.
    maps : tuple of LayerMap
        The channels with the largest contributions of either sign, the largest first.
    exact : bool
        Whether the contributions are parts of the score. Elsewhere they are its first-order
        estimate.
    """

    layer: Layer
    places: FloatImage
    maps: tuple[LayerMap, ...]
    exact: bool

    @property
    def size_bytes(self) -> int:
        """Of its arrays."""
        maps = sum(one.activation.nbytes + one.places.nbytes for one in self.maps)
        return self.places.nbytes + maps
