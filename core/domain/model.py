"""The model's side: its input, its probability, and what is known of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage
from core.domain.rate import Rate
from core.domain.site import ScoreBand, SiteCalibration
from core.errors import DatasetError
from core.language.words import msg

_SCORE_EDGE = 1e-15


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

    def own_probability(self, score: float) -> float:
        """Return the run's own probability for a score, the sigmoid of a logit."""
        inside = min(max(score, _SCORE_EDGE), 1.0 - _SCORE_EDGE)
        logit = math.log(inside) - math.log1p(-inside)
        log_odds = logit / self.temperature + self.offset
        return 0.5 * (1.0 + math.tanh(log_odds / 2.0))


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
class SiteSetting:
    """What a site reads its films by, in place of a run's own calibration and operating point.

    It comes from an acceptance test, and can be hashed and sent to worker processes.

    Attributes
    ----------
    version : int
        Counted for each run, from 1.
    export_sha256 : str
        Of the run's export; another one makes the setting void.
    point : OperatingPoint
        On the site's probability, measured on the tuning films.
    own_threshold : float
        The same threshold as the run's own probability.
    bands : tuple of ScoreBand
        Of the test films, ascending.
    films : int
        Test films; sensitivity and specificity are theirs, at the site's threshold.
    go : bool
        Whether every criterion was met.
    reason : str
        Why it was adopted.

    Raises
    ------
    DatasetError
        If its calibration would put films into another order than the run does.
    """

    version: int
    site: str
    run_id: str
    export_sha256: str
    calibration: SiteCalibration
    point: OperatingPoint
    own_threshold: float
    bands: tuple[ScoreBand, ...]
    films: int
    sensitivity: Rate
    specificity: Rate
    go: bool
    reason: str
    adopted_by: str
    adopted_at: datetime

    def __post_init__(self) -> None:
        if not self.calibration.keeps_order:
            raise DatasetError(
                msg(
                    "On these films pneumonia does not become commoner as the run's score rises. "
                    "Such a calibration cannot be adopted. Check the labels."
                )
            )

    @property
    def identity(self) -> str:
        """What decides what is said of a film, as text."""
        parts = (self.version, self.export_sha256, self.calibration, self.point.threshold)
        return "|".join(map(str, parts))

    def band_of(self, probability: float) -> ScoreBand | None:
        """Return the band of a site's probability; None where no test film was."""
        for band in self.bands:
            if band.low <= probability < band.high or probability == band.high == 1.0:
                return band
        return None


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
    site : SiteSetting or None
        The site's setting that the operating point is of; None where it is the run's own.
    own : RunRecord or None
        The run without the site's setting; None where there is none.
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
    site: SiteSetting | None = None
    own: RunRecord | None = None

    @property
    def without_site(self) -> RunRecord:
        """The run with its own operating point."""
        return self.own or self

    @property
    def own_threshold(self) -> float:
        """The threshold in force as the run's own probability, whose log odds are explained."""
        return self.operating_point.threshold if self.site is None else self.site.own_threshold


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
        """Return (N,) float32 log odds of the run's own probabilities, whatever the site's are."""
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

    Attributes
    ----------
    note : str
        What is said beside it, such as whose threshold it is; not in the log.
    """

    run_id: str
    threshold: float
    export_sha256: str
    app_version: str
    since: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class ServedChoice:
    """That a person chose the run that is to read films from then on, and why."""

    run_id: str
    reason: str
    chosen_by: str
    app_version: str
    chosen_at: datetime
