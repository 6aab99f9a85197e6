"""The composition root: what a process opens once and all visits share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import streamlit as st

from core.domain.film import Radiograph
from core.domain.model import ModelInput, RunRecord, ServedRun
from core.domain.quality import Finding, QualityReport, Severity
from core.domain.regions import Explanation, LimeSettings
from core.errors import DatasetError
from core.imaging.decoding import decode_radiograph
from core.jobs.background import BackgroundTask
from core.jobs.batch import BatchJob, UploadedFilm
from core.jobs.examples import ExamplesTask
from core.jobs.memory import keep_heap_small
from core.library.films import FilmLibrary, PublicLibrary, SyntheticLibrary
from core.pipeline import (
    Engine,
    FilmReading,
    explain_film,
    load_explainer,
    open_engine,
    prepare_film,
    read_film,
)
from core.runs.store import export_identity
from core.serving.choice import ServedDecision, decide_served_run
from core.settings import SERVED_RUN, get_settings
from core.store.engine import Database
from core.store.reads import SqlReviewStore
from core.store.served_runs import list_served_choices, note_served_run
from ui.app.lru_cache import Recent
from ui.components.viewer.film_bytes import FilmView

LOCK_WAIT_S = 2.5
"""Of a page; a press of a button writes up to four times, and only the first waits so long."""


@st.cache_resource(show_spinner=False)
def get_database() -> Database:
    """Return the database of all stores, migrated and opened once.

    Raises
    ------
    ReviewStoreError
        If the database cannot be opened.
    """
    database = Database.open(get_settings().database_url)
    database.wait_at_most(LOCK_WAIT_S)
    return database


def get_store() -> SqlReviewStore:
    """Return the review store."""
    return SqlReviewStore(get_database())


@st.cache_resource(show_spinner=False)
def get_decision() -> ServedDecision:
    """Return which run is to serve, and what decided that.

    Raises
    ------
    ReviewStoreError
        If the database cannot be opened.
    """
    choices = list_served_choices(get_database())
    newest = choices[-1] if choices else None
    return decide_served_run(get_settings().named_run, SERVED_RUN, newest)


KEPT_EXPLANATIONS = 16
LOOKED_FOR_AGAIN_S = 30.0
"""What is put into a folder meanwhile (films, runs) is found after this time."""
KEPT_FILMS = 2
KEPT_INPUTS = 64
"""Each takes less than 0.1 MB; a film that was read longer ago is decoded again."""
INVERTED_BY_READER = Finding(
    "inverted",
    Severity.NOTE,
    None,
    None,
    "Black and white were exchanged by the reader before this read.",
)


@st.cache_resource(show_spinner=False)
def get_engine() -> Engine:
    """Return the served run and the gate, loaded once."""
    keep_heap_small()
    settings = get_settings()
    engine = open_engine(settings.models, get_decision().run_id, settings.inference_threads)
    _explainer().submit(load_explainer)
    return engine


@st.cache_resource(show_spinner=False)
def get_examples() -> ExamplesTask:
    """Return the built-in synthetic films, on their way or ready; begun once a process."""
    settings, engine = get_settings(), get_engine()
    run = engine.classifier.run_record
    return ExamplesTask(settings.cache, settings.models, run, engine.gate.sha256).start()


@st.cache_resource(show_spinner=False)
def get_served() -> ServedRun:
    """Return since when the served run serves, noted in the database if it is another than last."""
    run = get_engine().classifier.run_record
    return note_served_run(
        get_database(),
        run_id=run.run_id,
        threshold=run.operating_point.threshold,
        export_sha256=export_identity(run),
    )


def get_libraries() -> dict[str, FilmLibrary]:
    """Return every set of labelled films by its word for addresses.

    The public set comes first where its films are there, the synthetic films where they are not;
    these are among them once all of them are drawn and the served run has read them.
    """
    libraries: list[FilmLibrary] = [_public_library()]
    if get_settings().offer_synthetic and get_examples().ready:
        libraries.append(_synthetic_library())
    libraries.sort(key=lambda library: not library.has_films)
    return {library.name: library for library in libraries}


def get_library(name: str) -> FilmLibrary:
    """Return one set of labelled films.

    Raises
    ------
    DatasetError
        If it is not among them, or not yet.
    """
    libraries = get_libraries()
    if name not in libraries:
        raise DatasetError(
            f"The {name} films are not here: they may be on their way, or are not offered."
        )
    return libraries[name]


def has_read(library: FilmLibrary, run: RunRecord) -> bool:
    """Return whether what a run says of a library's films is there, or will not come by itself."""
    return not library.synthetic or get_examples().finished or library.has_read(run)


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S)
def _public_library() -> PublicLibrary:
    return PublicLibrary(get_settings().data)  # which lists the whole set


@st.cache_resource(show_spinner=False)
def _synthetic_library() -> SyntheticLibrary:
    # Deferred: what draws is loaded only where labelled films are looked at.
    from core.jobs.synthetic_scores import PhantomScores  # noqa: PLC0415
    from core.phantom.dataset import open_built_in_set  # noqa: PLC0415

    settings, engine = get_settings(), get_engine()
    phantoms = open_built_in_set(settings.cache)
    scores = PhantomScores(phantoms, engine.gate, settings.cache, settings.inference_threads)
    assess = lambda: scores.gate_codes(get_engine().input_px)  # noqa: E731 - of the run that serves
    return SyntheticLibrary(phantoms, scores.of, scores.has, assess)


def start_batch(films: list[UploadedFilm]) -> BatchJob:
    """Start reading films in the background."""
    engine = get_engine()

    def read(film: UploadedFilm) -> FilmReading:
        def keep(radiograph: Radiograph) -> None:
            if len(films) == 1:  # and so the one that is looked at next
                _films().get_or_make(view_key(film), lambda: _view_of(film, radiograph))

        reading = read_film(
            film.content, engine, file_name=film.name, invert=film.inverted, on_decoded=keep
        )
        quality = reading.quality
        if film.inverted:
            quality = QualityReport((*quality.findings, INVERTED_BY_READER))
        model_input = reading.model_input
        if model_input is not None:
            _inputs().get_or_make(_input_key(film, engine), lambda: model_input)
        # The model's input would be kept for every film of the visit.
        return replace(reading, quality=quality, model_input=None)

    return BatchJob(films, read).start()


@st.cache_resource(show_spinner=False)
def _films() -> Recent[FilmView]:
    return Recent(KEPT_FILMS)


@st.cache_resource(show_spinner=False)
def _inputs() -> Recent[ModelInput]:
    return Recent(KEPT_INPUTS)


def _input_key(film: UploadedFilm, engine: Engine) -> str:
    return f"{view_key(film)}|{engine.classifier.run_record.run_id}"


def _input_of(film: UploadedFilm, engine: Engine) -> ModelInput:
    """Return what the model saw of a film; decoded again if that was long ago."""
    return _inputs().get_or_make(
        _input_key(film, engine),
        lambda: prepare_film(film.content, engine, file_name=film.name, invert=film.inverted),
    )


def view_key(film: UploadedFilm) -> str:
    """Return what identifies a film as it is shown: its bytes, and whether it was inverted."""
    return f"{film.key}-inverted" if film.inverted else film.key


def get_film_view(film: UploadedFilm) -> FilmView:
    """Return a film decoded for the viewer; only the last few are kept, they are large.

    Raises
    ------
    RadiographError
        If the bytes cannot become a radiograph.
    """
    return _films().get_or_make(view_key(film), lambda: _view_of(film, _decode(film)))


def _decode(film: UploadedFilm) -> Radiograph:
    return decode_radiograph(film.content, file_name=film.name, invert=film.inverted)


def _view_of(film: UploadedFilm, radiograph: Radiograph) -> FilmView:
    return FilmView(
        sha256=view_key(film),
        pixels=radiograph.pixels,
        alt_text=f"Film {film.name}",
        pixel_spacing_mm=radiograph.pixel_spacing_mm,
        synthetic=radiograph.synthetic,
    )


# --- explanations, made in the background so that the film is there at once ---


class ExplanationTask(BackgroundTask[Explanation]):
    """One explanation on its way."""

    fault = "there is a fault in First Read. Report it with the log."

    def __init__(self, film: UploadedFilm, settings: LimeSettings, engine: Engine) -> None:
        super().__init__(f"explanation of film {film.key[:12]}")
        self._film, self._settings, self._engine = film, settings, engine

    def _work(self) -> Explanation:
        return explain_film(
            _input_of(self._film, self._engine),
            self._engine.classifier,
            self._settings,
            progress=self.report,
            cancelled=lambda: self.cancelled,
        )


@st.cache_resource(show_spinner=False)
def _explainer() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="first-read-explain")


@st.cache_resource(show_spinner=False)
def _explanations() -> Recent[ExplanationTask]:
    return Recent(KEPT_EXPLANATIONS)


def request_explanation(film: UploadedFilm, engine: Engine | None = None) -> ExplanationTask:
    """Return the task that explains a film, started if it is not under way or done.

    Parameters
    ----------
    engine : Engine or None
        None: that of the served run.
    """
    engine = engine or get_engine()
    settings = LimeSettings(samples=get_settings().lime_samples)
    key = f"{_input_key(film, engine)}|{settings}"

    def begin() -> ExplanationTask:
        return ExplanationTask(film, settings, engine).start(_explainer())

    task = _explanations().get_or_make(key, begin)
    if task.cancelled and task.result is None:  # left before, and wanted again
        _explanations().forget(key, task)
        task = _explanations().get_or_make(key, begin)
    return task
