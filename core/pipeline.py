"""The one way through: bytes to radiograph to quality to probability to regions.

The only module that composes stages; what calls it never calls a stage by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.domain.arrays import FloatImage
from core.domain.film import Radiograph, Turn
from core.domain.model import (
    ModelInput,
    Prediction,
    RunClassifier,
    RunRecord,
    SiteSetting,
)
from core.domain.quality import FilmChange, GateEvidence, QualityReport
from core.domain.regions import CamSettings, Explanation, ExplanationSettings, OcclusionSettings
from core.files import sha256_of
from core.gate.completeness import measure_gaps
from core.gate.lungs import LungField, feature_distance, segment_lungs
from core.gate.quality import assess_quality
from core.gate.view import measure_view
from core.imaging.decoding import decode_radiograph
from core.imaging.png import thumbnail_png
from core.imaging.preprocessing import crop_map, prepare_input, resize_film, standardise_film
from core.inference.at_site import SiteClassifier, without_site
from core.inference.ensemble import open_any
from core.inference.gate_files import Gate, open_gate
from core.inference.litert import LiteRTNetwork, LogOdds, predict_film
from core.runs.store import (
    EXPORT_FILE,
    RECORD_FILE,
    export_identity,
    load_run,
    read_record,
    read_verified,
)
from core.serving.requirements import require_servable

if TYPE_CHECKING:
    from core.explain.export import ExplainedFilm
    from core.explain.lime import ExplanationSteps

HEALTHY_RUN = "healthy"


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """Everything that reads a film, loaded once a process."""

    classifier: RunClassifier
    gate: Gate

    @property
    def input_px(self) -> int:
        """Side of the classifier's square input."""
        return self.classifier.run_record.input_px

    @property
    def own(self) -> Engine:
        """The engine without a site's setting, for films that are not the site's."""
        own = without_site(self.classifier)
        return self if own is self.classifier else replace(self, classifier=own)


@dataclass(frozen=True, slots=True, eq=False)
class FilmReading:
    """One film after the gate and the model; without its pixels, so that many can be kept.

    ``prediction`` and ``model_input`` are None if the gate refused the film.
    """

    film_sha256: str
    thumbnail: bytes
    height_px: int
    width_px: int
    source_format: str
    quality: QualityReport
    prediction: Prediction | None
    model_input: ModelInput | None


def open_engine(
    models: Path, served_run: str, threads: int = 2, site: SiteSetting | None = None
) -> Engine:
    """Load the served run and the gate.

    Parameters
    ----------
    site : SiteSetting, optional
        The site's, in place of the run's own calibration and operating point.

    Raises
    ------
    ModelNotServable
        If the run lacks something that the serving rule demands.
    ModelMissing, ModelIntegrity
        If a file is missing or is not the one that was measured, or the setting is of another.
    """
    require_servable(models / served_run)
    classifier = open_classifier(load_run(models / served_run), threads)
    if site is not None:
        classifier = SiteClassifier(classifier, site)
    return Engine(classifier, open_gate(models, threads))


def open_classifier(run: RunRecord, threads: int = 2) -> RunClassifier:
    """Load a run's export or, for an ensemble, those of its members, which lie beside it.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file is missing or is not the one that was measured.
    """
    return open_any(run, resize_film, threads)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What gate and model share of one film, made once: resizing a large film is costly."""

    film: Radiograph
    standard: FloatImage
    tensor: FloatImage
    field: LungField

    def prepare(self, input_px: int, *, cropped: bool) -> ModelInput:
        """Return the film as a model takes it, cropped to the lungs or whole."""
        height, width = self.film.height_px, self.film.width_px
        box = self.field.box(height, width) if cropped else None
        prepared = prepare_input(self.film, input_px, box, standard=self.standard)
        lungs = crop_map(self.field.mask, prepared.geometry)
        return replace(prepared, lungs=lungs)


def _look_at(film: Radiograph, gate: Gate) -> _Look:
    standard = standardise_film(film.pixels)
    tensor = prepare_input(film, gate.input_px, standard=standard).tensor
    return _Look(film, standard, tensor, segment_lungs(tensor, gate.network))


def find_lungs(film: Radiograph, gate: Gate) -> LungField:
    """Return where the lungs of a film are, on the segmenter's grid."""
    return _look_at(film, gate).field


class _Changed(Mapping[FilmChange, float]):
    """Distances of the film after each change; each takes a pass of the segmenter when asked for.

    The gate asks of few films: where the view network is sure of a frontal or an upright film, no
    change could bring it right.
    """

    def __init__(self, tensor: FloatImage, gate: Gate) -> None:
        self._tensor, self._gate = tensor, gate
        self._known: dict[FilmChange, float] = {}

    def __getitem__(self, change: FilmChange) -> float:
        if change not in self._known:
            field = segment_lungs(_CHANGES[change](self._tensor), self._gate.network)
            self._known[change] = feature_distance(field.features, self._gate.reference)
        return self._known[change]

    def __iter__(self) -> Iterator[FilmChange]:
        return iter(_CHANGES)

    def __len__(self) -> int:
        return len(_CHANGES)


_CHANGES: Mapping[FilmChange, Callable[[FloatImage], FloatImage]] = {
    FilmChange.INVERT: lambda tensor: np.float32(1.0) - tensor,
    FilmChange.TURN_LEFT: lambda tensor: np.ascontiguousarray(np.rot90(tensor)),
    FilmChange.TURN_OVER: lambda tensor: np.ascontiguousarray(np.rot90(tensor, 2)),
    FilmChange.TURN_RIGHT: lambda tensor: np.ascontiguousarray(np.rot90(tensor, 3)),
}


def measure_evidence(film: Radiograph, gate: Gate) -> GateEvidence:
    """Measure a film's distance from the training films, also after changes, its view and gaps."""
    return _measure(_look_at(film, gate), gate)


def _measure(look: _Look, gate: Gate) -> GateEvidence:
    film, field = look.film, look.field
    return GateEvidence(
        distance=feature_distance(field.features, gate.reference),
        changed=_Changed(look.tensor, gate),
        lung_fraction=field.fraction,
        view=measure_view(field, gate.view),
        gaps=measure_gaps(film.pixels, field.box(film.height_px, film.width_px)),
    )


def assess_film(film: Radiograph, gate: Gate, model_px: int) -> QualityReport:
    """Take a decoded film through the gate of a model that looks at ``model_px`` pixels a side."""
    return assess_quality(film, measure_evidence(film, gate), gate.limits, model_px)


def prepare_radiograph(film: Radiograph, gate: Gate, input_px: int, *, cropped: bool) -> ModelInput:
    """Bring a decoded film to a run's input, whole or cropped to the lungs; nothing is refused."""
    return _look_at(film, gate).prepare(input_px, cropped=cropped)


def _prepare(film: Radiograph, engine: Engine) -> ModelInput:
    run = engine.classifier.run_record
    return prepare_radiograph(film, engine.gate, run.input_px, cropped=run.cropped_to_lungs)


def score_radiograph(film: Radiograph, engine: Engine) -> tuple[float, float]:
    """Return a decoded film's logit and probability, past the gate."""
    tensor = _prepare(film, engine).tensor
    logits = engine.classifier.logits(tensor[np.newaxis, :, :, np.newaxis])
    return float(logits[0]), float(engine.classifier.calibrate(logits)[0])


def read_radiograph(film: Radiograph, engine: Engine, *, pictured: bool = True) -> FilmReading:
    """Take a decoded film through the gate and, if it passes, through the model.

    Parameters
    ----------
    pictured : bool
        Whether the reading has a thumbnail; without it that is empty.
    """
    look, run = _look_at(film, engine.gate), engine.classifier.run_record
    quality = assess_quality(film, _measure(look, engine.gate), engine.gate.limits, run.input_px)
    prediction = model_input = None
    if not quality.refused:
        model_input = look.prepare(run.input_px, cropped=run.cropped_to_lungs)
        prediction = predict_film(model_input, engine.classifier)
    return FilmReading(
        film_sha256=film.sha256,
        thumbnail=thumbnail_png(film) if pictured else b"",
        height_px=film.height_px,
        width_px=film.width_px,
        source_format=film.source_format,
        quality=quality,
        prediction=prediction,
        model_input=model_input,
    )


def read_film(
    content: bytes,
    engine: Engine,
    *,
    file_name: str = "",
    invert: bool = False,
    turn: Turn = Turn.NONE,
) -> FilmReading:
    """Take uploaded bytes all the way to a probability.

    Parameters
    ----------
    file_name : str
        Only to name the file in a sentence.
    invert : bool
        True to exchange black and white first.
    turn : Turn
        How to turn it first.

    Raises
    ------
    RadiographError
        If the bytes cannot become a radiograph.
    """
    film = decode_radiograph(content, file_name=file_name, invert=invert, turn=turn)
    return read_radiograph(film, engine)


def prepare_film(
    content: bytes,
    engine: Engine,
    *,
    file_name: str = "",
    invert: bool = False,
    turn: Turn = Turn.NONE,
) -> ModelInput:
    """Take uploaded bytes to the model's input, past the gate.

    Parameters
    ----------
    content, engine, file_name, invert, turn
        As in `read_film`.

    Raises
    ------
    RadiographError
        If the bytes cannot become a radiograph.
    """
    film = decode_radiograph(content, file_name=file_name, invert=invert, turn=turn)
    return _prepare(film, engine)


def draw_small_picture(
    content: bytes, original_px: tuple[float, float] | None = None, *, side_px: int
) -> bytes:
    """Return a film's file as a small 8-bit PNG, ``side_px`` on its longer side.

    Parameters
    ----------
    original_px : (float, float) or None
        Height and width of the film before its file became a square.

    Raises
    ------
    RadiographError
        If the bytes cannot become a radiograph.
    """
    return thumbnail_png(decode_radiograph(content), side_px, original_px)


def load_explainer() -> None:
    """Load what `explain_film` needs, so that the first film does not wait."""
    from core.explain.lime import load_surrogate  # noqa: PLC0415

    load_surrogate()


@dataclass(frozen=True, slots=True)
class _Done:
    """An explanation that has no steps."""

    explanation: Explanation
    samples: int = 0
    share: float = 1.0
    finished: bool = True

    def advance(self) -> None:
        """Do nothing: all is done."""

    def explain(self) -> Explanation:
        """Return the explanation."""
        return self.explanation


@dataclass(frozen=True, slots=True, eq=False)
class Explainable:
    """A run with what its explanations take beside it; ``healthy`` draws lungs without a lesion."""

    classifier: RunClassifier
    healthy: LiteRTNetwork | None = None


def open_healthy(models: Path, threads: int = 2) -> LiteRTNetwork | None:
    """Load the network that draws films as they would be without a lesion; None if there is none.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file of ``models/healthy`` is missing or is not the one that was measured.
    """
    folder = models / HEALTHY_RUN
    if not folder.is_dir():
        return None
    files = read_record(folder).get("files", {})
    return LiteRTNetwork(read_verified(folder, EXPORT_FILE, files), threads)


def describe_explained(
    film_sha256: str,
    engine: Engine,
    models: Path,
    *,
    inverted: bool = False,
    turned: Turn = Turn.NONE,
    of_others: bool = False,
) -> ExplainedFilm:
    """Return what an explanation is of, for its export.

    Parameters
    ----------
    engine : Engine
        With the run that is explained.
    models : Path
        Folder with the network that draws lungs without a lesion.
    of_others : bool
        Whether the film is of a population that regions were not measured on.
    """
    from core.explain.export import ExplainedFilm  # noqa: PLC0415 - with scikit-image, as below

    run, record = engine.classifier.run_record, models / HEALTHY_RUN / RECORD_FILE
    networks = {"gate": engine.gate.sha256}
    if record.is_file():
        networks[HEALTHY_RUN] = sha256_of(record)
    export = export_identity(run)
    return ExplainedFilm(film_sha256, inverted, run, export, networks, of_others, turned)


def begin_explanation(
    model_input: ModelInput, run: Explainable, settings: ExplanationSettings
) -> ExplanationSteps | _Done:
    """Begin to explain a film in steps, as `explain_film` does in one go.

    Raises
    ------
    ExplanationError
        If the film cannot be cut into regions, or the run's score cannot be split by place.
    """
    # Deferred: lime and scikit-image take a second to load, and the first page should not wait.
    from core.explain.cam import explain_by_cam  # noqa: PLC0415
    from core.explain.healthy import draw_healthy  # noqa: PLC0415
    from core.explain.lime import ExplanationSteps  # noqa: PLC0415
    from core.explain.occlusion import explain_by_occlusion  # noqa: PLC0415

    network = run.healthy if settings.draws_healthy else None
    healthy = None
    if network is not None:
        healthy = draw_healthy(model_input, network, network.input_shape[0])
    if isinstance(settings, CamSettings):
        return _Done(explain_by_cam(model_input, run.classifier, settings, healthy))
    if isinstance(settings, OcclusionSettings):
        return _Done(explain_by_occlusion(model_input, run.classifier, settings, healthy))
    return ExplanationSteps(model_input, LogOdds(run.classifier), settings, healthy)


def explain_film(
    model_input: ModelInput, run: Explainable, settings: ExplanationSettings
) -> Explanation:
    """Find the regions that a film's probability depends on, by what they add to its log odds.

    Raises
    ------
    ExplanationError
        If the film cannot be cut into regions, or the run's score cannot be split by place.
    """
    steps = begin_explanation(model_input, run, settings)
    while not steps.finished:
        steps.advance()
    return steps.explain()
