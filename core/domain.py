"""The nouns of First Read, as frozen dataclasses.

Types that hold arrays compare by identity (``eq=False``) and their arrays are read-only.
No type here carries a patient identifier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
LabelImage = npt.NDArray[np.int32]
FloatVector = npt.NDArray[np.float64]
ScalarT = TypeVar("ScalarT", bound=np.generic)


def read_only(array: npt.NDArray[ScalarT]) -> npt.NDArray[ScalarT]:
    """Return the same array with writing switched off."""
    array.setflags(write=False)
    return array


# --- the film -------------------------------------------------------------------------------------

MAX_FILE_BYTES = 30_000_000
MAX_FILM_PIXELS = 40_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """A linear DICOM window, in stored units after the modality LUT (PS3.3 C.11.2.1.2)."""

    center: float
    width: float


class AgeBand(StrEnum):
    """Coarse age, so that no date of birth travels with a film."""

    UNDER_1 = "under 1 year"
    CHILD_1_TO_5 = "1 to 5 years"
    CHILD_6_TO_17 = "6 to 17 years"
    ADULT = "adult"
    UNKNOWN = "age not stated"


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph:
    """One decoded film.

    Attributes
    ----------
    pixels : (H, W) float32 ndarray in [0, 1], read-only
        MONOCHROME2 sense: air dark, bone bright, after the window.
    sha256 : str
        Of the uploaded bytes, 64 hexadecimal digits.
    source_format : str
        ``JPEG``, ``PNG``, ``TIFF``, ``BMP`` or ``DICOM``.
    bits_stored : int
        Grey-level depth of the file, 1 to 16.
    modality, body_part, view_position : str
        As a DICOM file states them, otherwise empty.
    pixel_spacing_mm : (float, float) or None
        Row and column spacing in mm, where the file states it.
    window : Window or None
        The window that was applied, if any.
    colourfulness : float
        Mean absolute difference between colour channels of a small version, 0 (grey) to 1.
    """

    pixels: FloatImage
    sha256: str
    source_format: str
    bits_stored: int = 8
    modality: str = ""
    body_part: str = ""
    view_position: str = ""
    age_band: AgeBand = AgeBand.UNKNOWN
    pixel_spacing_mm: tuple[float, float] | None = None
    window: Window | None = None
    colourfulness: float = 0.0

    @property
    def height_px(self) -> int:
        """Rows of the film."""
        return int(self.pixels.shape[0])

    @property
    def width_px(self) -> int:
        """Columns of the film."""
        return int(self.pixels.shape[1])


# --- quality --------------------------------------------------------------------------------------


class Severity(StrEnum):
    """What a finding does to the read."""

    NOTE = "note"
    FLAG = "flag"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the quality gate measured, with the limit it was held against."""

    code: str
    severity: Severity
    measured: float | None
    limit: float | None
    message: str


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All findings on one film, worst first."""

    findings: tuple[Finding, ...] = ()

    @property
    def refused(self) -> bool:
        """True if no probability may be shown for this film."""
        return any(f.severity is Severity.REFUSE for f in self.findings)

    @property
    def flagged(self) -> bool:
        """True if the film is read with a caution."""
        return any(f.severity is Severity.FLAG for f in self.findings)


class FilmChange(StrEnum):
    """A change that would bring a wrongly exported film right."""

    INVERT = "black and white exchanged"
    TURN_LEFT = "turned left by 90 degrees"
    TURN_OVER = "turned by 180 degrees"
    TURN_RIGHT = "turned right by 90 degrees"


@dataclass(frozen=True, slots=True)
class GateEvidence:
    """What the lung segmenter measured on one film.

    Attributes
    ----------
    distance : float
        Feature distance from the training films; about 1 for a film like them.
    changed : mapping of FilmChange to float
        The same distance for the film after each change.
    lung_fraction : float
        Share of the film that is lung.
    """

    distance: float
    changed: Mapping[FilmChange, float]
    lung_fraction: float

    def better_change(self, limit: float) -> FilmChange | None:
        """Return the change that makes the film a chest film nearer than it is now, if one does."""
        if not self.changed:
            return None
        change, distance = min(self.changed.items(), key=lambda item: item[1])
        return change if distance < self.distance and distance <= limit else None


# --- the model's side -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a film came to the model's square input: each axis scaled by itself, no padding."""

    film_height_px: int
    film_width_px: int
    input_px: int


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
    calibration: Calibration
    operating_point: OperatingPoint
    files: Mapping[str, str]
    metrics: Mapping[str, Mapping[str, Any]]
    created: str


# --- the explanation ------------------------------------------------------------------------------


class SuperpixelMethod(StrEnum):
    """How the film is cut into regions."""

    SLIC = "slic"
    WATERSHED = "watershed"
    QUICKSHIFT = "quickshift"


@dataclass(frozen=True, slots=True)
class LimeSettings:
    """Everything that decides a LIME explanation; equal settings give an equal answer.

    Attributes
    ----------
    regions : int
        Superpixels asked for; the method may return a few more or fewer.
    samples : int
        Perturbed films, the unperturbed one included.
    kernel_width : float
        Of the exponential kernel on cosine distance, as in lime.
    hide_value : float or None
        Grey value in [0, 1] that replaces a hidden region; None: that region's own mean.
    """

    method: SuperpixelMethod = SuperpixelMethod.SLIC
    regions: int = 60
    samples: int = 1000
    seed: int = 0
    kernel_width: float = 0.25
    hide_value: float | None = None
    batch: int = 50


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Which regions a score depends on, by LIME.

    Attributes
    ----------
    segments : (h, w) int32 ndarray, read-only
        Labels 0..K-1 on the model's input grid.
    weights : (K,) float64 ndarray, read-only
        The surrogate's coefficient of each region: change in probability when it is shown.
    intercept, surrogate_r2 : float
        Of the surrogate; R2 is local fidelity, not stability.
    local_prediction : float
        The surrogate's own value for the whole film.
    """

    segments: LabelImage
    weights: FloatVector
    intercept: float
    surrogate_r2: float
    local_prediction: float
    geometry: Geometry
    settings: LimeSettings


@dataclass(frozen=True, slots=True)
class RegionWeight:
    """One region of an explanation, as a person is told of it.

    Attributes
    ----------
    label : int
        The region's label in the explanation's segments.
    weight : float
        Change in probability when the region is shown; above 0 speaks for pneumonia.
    rank : int
        1 for the largest absolute weight.
    share : float
        This region's part of the sum of all absolute weights, in [0, 1].
    centroid_px : (float, float)
        Row and column on the full-size film.
    bbox_px : (int, int, int, int)
        Top, left, bottom, right on the full-size film; bottom and right are one past the end.
    """

    label: int
    weight: float
    rank: int
    share: float
    centroid_px: tuple[float, float]
    bbox_px: tuple[int, int, int, int]


# --- the reader's side ----------------------------------------------------------------------------


class Verdict(StrEnum):
    """What a reader says of a film; never a reference standard."""

    PNEUMONIA = "pneumonia"
    NORMAL = "normal"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class ReaderRead:
    """One reader's verdict. ``confidence`` runs from 1 (guess) to 5 (certain)."""

    verdict: Verdict
    confidence: int
    comment: str
    read_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """One signed read as it is kept: append-only, corrections point at what they supersede.

    ``prediction`` is None for a film that the gate refused. ``regions`` is the explanation's
    summary as shown (JSON-able), empty when none was shown.
    """

    record_id: str
    film_sha256: str
    film_name: str
    reader: str
    read: ReaderRead
    prediction: Prediction | None
    quality: QualityReport
    run_id: str
    app_version: str
    supersedes: str | None = None
    regions: dict[str, object] = field(default_factory=dict)


class ReviewStore(Protocol):
    """Where signed reads are kept."""

    def append(self, record: ReviewRecord) -> None:
        """Store one record durably before returning."""
        ...

    def latest_for_film(self, film_sha256: str) -> ReviewRecord | None:
        """Return the newest record of a film that nothing supersedes, or None."""
        ...

    def history(self, film_sha256: str) -> Sequence[ReviewRecord]:
        """Return every record of a film, oldest first."""
        ...

    def recent(self, limit: int = 200) -> Sequence[ReviewRecord]:
        """Return current (not superseded) records, newest first."""
        ...
