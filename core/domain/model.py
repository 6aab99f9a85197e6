"""The model's side: its input, its probability, and what is known of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage


@dataclass(frozen=True, slots=True)
class FilmBox:
    """A rectangle of whole film pixels; bottom and right are one past the end."""

    top_px: int
    left_px: int
    bottom_px: int
    right_px: int

    @property
    def height_px(self) -> int:
        """Rows inside."""
        return self.bottom_px - self.top_px

    @property
    def width_px(self) -> int:
        """Columns inside."""
        return self.right_px - self.left_px


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a film came to the model's square input: each axis scaled by itself, no padding.

    ``box`` is what the model looks at; None is the whole film.
    """

    film_height_px: int
    film_width_px: int
    input_px: int
    box: FilmBox | None = None

    @property
    def looked_at(self) -> FilmBox:
        """The part of the film that the input shows."""
        return self.box or FilmBox(0, 0, self.film_height_px, self.film_width_px)


@dataclass(frozen=True, slots=True, eq=False)
class ModelInput:
    """A film as the model takes it: ``tensor`` is (input_px, input_px) float32 in [0, 1]."""

    tensor: FloatImage
    geometry: Geometry


class Network(Protocol):
    """Any exported network with one film-shaped input and named outputs."""

    def run(self, batch: FloatImage) -> dict[str, npt.NDArray[np.float32]]:
        """Return every output for a (N, px, px, 1) float32 batch in [0, 1]."""
        ...


class Classifier(Protocol):
    """Anything that gives one number a film."""

    def predict(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 in [0, 1] for a (N, H, W, 1) float32 batch in [0, 1]."""
        ...


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a logit becomes a probability: ``sigmoid(logit / temperature + offset)``."""

    temperature: float
    offset: float


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold on the calibrated probability and what it was measured to do.

    ``sensitivity`` and ``specificity`` were measured on ``chosen_on`` (a split's name) over ``n``
    films, ``n_positive`` of them pneumonia.
    """

    threshold: float
    sensitivity: float
    specificity: float
    n: int
    n_positive: int
    chosen_on: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """The model's read of one film."""

    probability: float
    score: float
    run_id: str
    operating_point: OperatingPoint

    @property
    def suspicious(self) -> bool:
        """True at or above the operating point."""
        return self.probability >= self.operating_point.threshold


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is known of one trained run, as its ``run.json`` states it.

    Attributes
    ----------
    folder : Path
        Where the run's files are.
    cropped_to_lungs : bool
        Whether the run sees the box around the lungs instead of the whole film.
    files : mapping of str to str
        File name to sha256.
    metrics : mapping
        Split name to that split's evaluation, as written.
    """

    run_id: str
    folder: Path
    sentence: str
    architecture: str
    input_px: int
    cropped_to_lungs: bool
    calibration: Calibration
    operating_point: OperatingPoint
    files: Mapping[str, str]
    metrics: Mapping[str, Mapping[str, Any]]
    created: str
