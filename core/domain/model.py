"""The model's side: its input, its probability, and what is known of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

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
    """A film as the model takes it.

    Attributes
    ----------
    tensor : (input_px, input_px) float32 ndarray in [0, 1], read-only
    lungs : (input_px, input_px) float32 ndarray in [0, 1], read-only, or None
        Probability of lung; None where nobody looked for them.
    """

    tensor: FloatImage
    geometry: Geometry
    lungs: FloatImage | None = None


class Network(Protocol):
    """Any exported network with one film-shaped input and named outputs."""

    def run(self, batch: FloatImage) -> dict[str, npt.NDArray[np.float32]]:
        """Return every output for a (N, px, px, 1) float32 batch in [0, 1]."""
        ...


class Classifier(Protocol):
    """Anything that gives one number a film."""

    def predict(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 for a (N, H, W, 1) float32 batch in [0, 1]."""
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
class AbstentionBand:
    """Probabilities around the operating point at which the model says unsure.

    Attributes
    ----------
    low : float or None
        Below it a film is called normal; None if no film is.
    high : float or None
        From it on a film is called pneumonia; None if no film is.
    target_error : float
        Largest share of wrong films on either side that was asked for.
    confidence : float
        That both error rates stay within it, for films sampled like ``chosen_on``.
    chosen_on : str
        Name of the part of the data; ``n`` is its number of films.
    """

    low: float | None
    high: float | None
    target_error: float
    confidence: float
    chosen_on: str
    n: int
    method: str


Side = Literal["suspicious", "not suspicious", "unsure"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The model's read of one film.

    Attributes
    ----------
    abstention : AbstentionBand or None
        None: the run has none, and every film gets the side of the operating point.
    disagreement : float or None
        Largest less smallest probability among an ensemble's members; None for a single run.
    """

    probability: float
    score: float
    run_id: str
    operating_point: OperatingPoint
    abstention: AbstentionBand | None = None
    disagreement: float | None = None

    @property
    def suspicious(self) -> bool:
        """True at or above the operating point."""
        return self.probability >= self.operating_point.threshold

    @property
    def side(self) -> Side:
        """The side that the model takes; ``unsure`` inside the abstention band."""
        if self.abstention is None:
            return "suspicious" if self.suspicious else "not suspicious"
        low, high = self.abstention.low, self.abstention.high
        if high is not None and self.probability >= high:
            return "suspicious"
        normal = low is not None and self.probability < low
        return "not suspicious" if normal else "unsure"


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
    decided : mapping
        Split name to what the band was measured to do there, as written.
    members : tuple of str
        Names of the runs that an ensemble is made of; empty for a single run.
    member_exports : mapping of str to str
        Member to the sha256 of the export that the ensemble was made of.
    foreign : bool
        Whether another model's predictions were imported: there is no network, and no film can be
        read with it.
    """

    run_id: str
    folder: Path
    sentence: str
    architecture: str
    input_px: int
    calibration: Calibration
    operating_point: OperatingPoint
    files: Mapping[str, str]
    metrics: Mapping[str, Mapping[str, Any]]
    created: str
    abstention: AbstentionBand | None = None
    decided: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cropped_to_lungs: bool = False
    members: tuple[str, ...] = ()
    member_exports: Mapping[str, str] = field(default_factory=dict)
    foreign: bool = False


class RunClassifier(Classifier, Protocol):
    """A classifier that is a run: what the pipeline reads films with."""

    @property
    def run_record(self) -> RunRecord:
        """What is known of the run."""
        ...

    def logits(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 logits for a (N, px, px, 1) float32 batch in [0, 1]."""
        ...

    def calibrate(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return probabilities for logits."""
        ...

    def log_odds(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 log odds of the probabilities."""
        ...

    @property
    def has_evidence(self) -> bool:
        """Whether the log odds can be split by place."""
        ...

    def evidence(self, batch: FloatImage) -> npt.NDArray[np.float32] | None:
        """Return (N, h, w) float32 parts of the log odds by place; None if there are no such."""
        ...

    def disagreement(self, batch: FloatImage) -> npt.NDArray[np.float32] | None:
        """Return each film's spread of the members' probabilities; None without members."""
        ...


@dataclass(frozen=True, slots=True)
class ServedRun:
    """That a run began to read films: one line of the log of served runs.

    ``export_sha256`` is of the exported network; of an ensemble, of its members' hashes.
    """

    run_id: str
    threshold: float
    export_sha256: str
    app_version: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ServedChoice:
    """That a person chose the run that is to read films from then on, and why."""

    run_id: str
    reason: str
    chosen_by: str
    app_version: str
    chosen_at: datetime
