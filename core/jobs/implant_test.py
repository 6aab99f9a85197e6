"""The implant test on a library's normal films, or a folder's, with a run that reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.datasets.nih_rsna import EXTERNAL_PREFIX
from core.domain.arrays import FloatImage
from core.domain.film import Radiograph
from core.domain.model import ModelInput, Prediction
from core.domain.regions import SETTINGS, Way
from core.errors import RadiographError
from core.evaluation.metrics import logits_of
from core.explain.pointing_game import strongest_point
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import resize_film
from core.implants.lesion import implant_png
from core.implants.measure import (
    FILMS,
    ImplantPlan,
    ImplantResult,
    marked_film,
    run_implant_test,
    summarise,
)
from core.implants.place import HostFilm, lesion_in_zone
from core.implants.practice import Trial
from core.inference.litert import predict_film
from core.jobs.background import BackgroundTask
from core.library.films import FilmLibrary
from core.pipeline import (
    Engine,
    Explainable,
    explain_film,
    find_lungs,
    prepare_radiograph,
    read_radiograph,
)

WORK_PX = 512
"""Longer side of the copy that lesions are drawn into: runs see 224 px of it, or fewer."""

SHOWN_PX = 1024
"""Longer side of a film that a reader looks for lesions in."""

MAKES = "PNG"
ReadBytes = Callable[[str], bytes]
Progress = Callable[[int, int], None]
Cancelling = Callable[[], bool]


class RunReader:
    """A run with its gate, as the implant test asks it.

    Parameters
    ----------
    explained : Explainable or None
        None, or a run whose log odds cannot be split by place: it points nowhere.
    """

    def __init__(self, engine: Engine, explained: Explainable | None = None) -> None:
        self._engine = engine
        self._explained = explained if engine.classifier.has_evidence else None

    @property
    def name(self) -> str:
        """The run's name."""
        return self._engine.classifier.run_record.run_id

    @property
    def threshold(self) -> float:
        """Log odds of the operating point."""
        point = self._engine.classifier.run_record.operating_point.threshold
        return float(np.log(point / (1.0 - point)))

    def scores(self, films: Sequence[FloatImage]) -> npt.NDArray[np.float64]:
        """Return the log odds of each film; the lungs are found again."""
        batch = np.stack([self._prepare(film).tensor for film in films])[..., np.newaxis]
        return self._engine.classifier.log_odds(batch).astype(np.float64)

    def predict(self, film: FloatImage) -> Prediction:
        """Return what the run says of a film, past the gate."""
        return predict_film(self._prepare(film), self._engine.classifier)

    def point(self, film: FloatImage) -> tuple[float, float] | None:
        """Return the deepest point of the region that speaks most for pneumonia."""
        if self._explained is None:
            return None
        prepared = self._prepare(film)
        explanation = explain_film(prepared, self._explained, SETTINGS[Way.CAM])
        strongest = explanation.segments == int(np.argmax(explanation.weights))
        row, column = strongest_point(strongest.astype(np.float32))
        box, side = prepared.geometry.looked_at, prepared.geometry.input_px
        height, width = film.shape
        return (
            (box.top_px + (row + 0.5) / side * box.height_px) / height,
            (box.left_px + (column + 0.5) / side * box.width_px) / width,
        )

    def _prepare(self, pixels: FloatImage) -> ModelInput:
        run = self._engine.classifier.run_record
        film = Radiograph(pixels, "", MAKES, synthetic=True)
        gate = self._engine.gate
        return prepare_radiograph(film, gate, run.input_px, cropped=run.cropped_to_lungs)


def host_film(film_id: str, content: bytes, engine: Engine, most_px: int = WORK_PX) -> HostFilm:
    """Return a film's file as one that lesions can be drawn into.

    Raises
    ------
    RadiographError
        If the bytes cannot become a radiograph.
    """
    film = decode_radiograph(content)
    return _host(film_id, film, engine, most_px)


def _host(film_id: str, film: Radiograph, engine: Engine, most_px: int) -> HostFilm:
    scale = min(1.0, most_px / max(film.height_px, film.width_px))
    size = max(1, round(scale * film.height_px)), max(1, round(scale * film.width_px))
    lungs = resize_film(find_lungs(film, engine.gate).mask, *size)
    return HostFilm.of(film_id, resize_film(film.pixels, *size).copy(), lungs.copy())


def normal_film(
    film_id: str, content: bytes, engine: Engine, most_px: int = WORK_PX
) -> HostFilm | None:
    """Return a film if the gate passes it, the run calls it normal, and both lungs are found."""
    try:
        film = decode_radiograph(content)
    except RadiographError:
        return None
    prediction = read_radiograph(film, engine).prediction
    if prediction is None or prediction.suspicious:
        return None
    host = _host(film_id, film, engine, most_px)
    return host if host.zones else None


def normals_of(
    library: FilmLibrary, engine: Engine, split: str | None = None, *, called_normal: bool = False
) -> list[str]:
    """Return a library's films with the label normal, one a patient; none of adults from elsewhere.

    Parameters
    ----------
    split : str, optional
        Without it, of every part that the run is measured on.
    called_normal : bool
        Whether only films are taken that the run calls normal, as its kept predictions say.
    """
    run = engine.classifier.run_record
    predictions = library.predictions(run)
    films = predictions.films
    chosen = (films.label == 0) & ~np.char.startswith(films.film_id, EXTERNAL_PREFIX)
    if split is not None:
        chosen &= films.split == split
    if called_normal:
        chosen &= predictions.probability < run.operating_point.threshold
    of_patient: dict[str, str] = {}
    for row in np.flatnonzero(chosen):
        of_patient.setdefault(str(films.patient[row]), str(films.film_id[row]))
    return list(of_patient.values())


def hosts(
    film_ids: Iterable[str], read_bytes: ReadBytes, engine: Engine, seed: int
) -> Iterator[HostFilm | None]:
    """Yield normal films in an order that the seed decides; None for each that cannot be taken."""
    order = sorted(film_ids, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    for film_id in order:
        yield normal_film(film_id, read_bytes(film_id), engine)


def run_on_films(
    film_ids: Sequence[str],
    read_bytes: ReadBytes,
    run: Engine,
    library: str,
    plan: ImplantPlan,
    *,
    explained: Explainable | None = None,
    films: int = FILMS,
    synthetic: bool = False,
    progress: Progress = lambda _done, _all: None,
    cancelled: Cancelling = lambda: False,
) -> ImplantResult:
    """Draw lesions into normal films and let a run read them.

    Parameters
    ----------
    library : str
        What the films are called.

    Raises
    ------
    DatasetError
        If there are too few normal films, or one is gone.
    Cancelled
        If ``cancelled`` returned True.
    """
    reader = RunReader(run, explained)
    outcomes, left_out = run_implant_test(
        hosts(film_ids, read_bytes, run, plan.seed),
        reader,
        plan,
        min(films, len(film_ids)),
        progress=progress,
        cancelled=cancelled,
    )
    return summarise(outcomes, reader, library, plan, left_out, synthetic=synthetic)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnTrial:
    """One film of a reader's round, as it is shown.

    Attributes
    ----------
    content : bytes
        The marked file, with a lesion or without.
    lesion : (H, W) bool ndarray or None
        What a reader would outline.
    prediction : Prediction
        What the run says of this file.
    rise : float
        By how much the lesion raises the run's log odds.
    """

    trial: Trial
    content: bytes
    lesion: npt.NDArray[np.bool_] | None
    prediction: Prediction
    rise: float


def draw_trial(trial: Trial, content: bytes, engine: Engine) -> DrawnTrial:
    """Draw a film of a round, and let the run read it.

    Parameters
    ----------
    content : bytes
        The normal film's file.

    Raises
    ------
    RadiographError
        If the bytes cannot become a radiograph.
    """
    host = host_film(trial.film_id, content, engine, SHOWN_PX)
    # A film whose lungs are not told apart takes no lesion: the answer is that there is none.
    zone = trial.zone if trial.zone in host.zones else ""
    depth = lesion_in_zone(host, zone, trial.shape) if zone else None
    reader, pixels = RunReader(engine), host.pixels
    own = reader.predict(marked_film(pixels, depth, trial.opacity_cm))
    plain = own if depth is None else reader.predict(marked_film(pixels, None, 0.0))
    rise = float(np.subtract(*logits_of(np.array([own.probability, plain.probability]))))
    return DrawnTrial(
        trial if zone else replace(trial, zone="", opacity_cm=0.0),
        implant_png(pixels, depth, trial.opacity_cm),
        None if depth is None else depth.core,
        own,
        rise,
    )


class ImplantTask(BackgroundTask[ImplantResult]):
    """An implant test on its way; no film that it draws is kept.

    Parameters
    ----------
    work : callable
        Takes ``progress`` and ``cancelled`` by name and returns the result.
    gone : callable
        Asked before each film whether nobody waits any more.
    """

    def __init__(
        self, work: Callable[..., ImplantResult], gone: Cancelling = lambda: False
    ) -> None:
        super().__init__("first-read-implants")
        self._test, self._gone = work, gone

    def _work(self) -> ImplantResult:
        return self._test(
            progress=lambda done, total: self.report(done / max(1, total)),
            cancelled=lambda: self.cancelled or self._gone(),
        )
