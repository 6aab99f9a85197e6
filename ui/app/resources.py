"""The composition root: what a process opens once and all visits share."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

import streamlit as st

from core.acceptance.setting import InForce
from core.domain.arrays import FloatImage
from core.domain.film import Turn
from core.domain.model import ModelInput, RunRecord, ServedRun
from core.domain.quality import INVERTED_BY_READER, QualityReport, turned_finding
from core.domain.reader import SYSTEM, Reader
from core.domain.worklist import Arrival
from core.errors import Cancelled, DatasetError, FilmGone, FirstReadError, RadiographError
from core.imaging.display import DisplayedFilm, restore_proportions
from core.inference.gate_files import gate_sha256
from core.jobs.batch import BatchJob, UploadedFilm
from core.jobs.examples import reading_folders
from core.jobs.explainer import RunFiles, get_explainer
from core.jobs.film_pool import get_film_pool
from core.jobs.film_worker import EngineFiles, FilmAnswer, FilmWork, InputShape
from core.jobs.kept_films import keep_film, note_outcome, take_in_hand
from core.jobs.memory import keep_heap_small
from core.jobs.site_libraries import SiteSetFilms, open_site_library
from core.jobs.site_scores import SiteScores, open_site_scores
from core.language.words import msg
from core.library.films import FilmLibrary, PublicLibrary, SyntheticLibrary
from core.library.own_cases import OwnCases
from core.observability.metrics import note_film_taken
from core.phantom.builtin import built_in_files
from core.pipeline import Engine, FilmReading, open_engine
from core.runs.listing import list_runs
from core.runs.store import export_identity
from core.serving.choice import ServedDecision, decide_served_run
from core.settings import SERVED_RUN, get_settings
from core.store.engine import Database
from core.store.films.site_films import SqlSiteSets, open_site_sets
from core.store.films.teaching_films import SqlTeachingFilms, open_teaching_films
from core.store.films.worklist import SqlFilms, open_films
from core.store.reads import SqlReviewStore
from core.store.served_runs import list_served_choices, note_served_run
from core.store.site_settings import find_in_force
from ui.app.lru_cache import Recent
from ui.app.presence import is_here, session_id
from ui.app.reading_behind import still_reads_synthetic
from ui.app.reading_sets import read_sets_behind
from ui.components.viewer.film_bytes import FilmView

EXPIRY_S = 3600.0
_log = logging.getLogger(__name__)

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


@st.cache_resource(show_spinner=False)
def get_films() -> SqlFilms:
    """Return the kept films.

    Raises
    ------
    FilmStoreError
        If their place is none that can be reached.
    """
    return open_films(get_database(), get_settings())


@st.cache_resource(show_spinner=False)
def get_teaching_films() -> SqlTeachingFilms:
    """Return the films that are kept for teaching; raises as `get_films` does."""
    return open_teaching_films(get_database(), get_settings())


@st.cache_resource(show_spinner=False, ttl=EXPIRY_S)
def erase_expired() -> None:
    """Begin to erase the films whose time is over; again after an hour."""
    films, sets, days = get_films(), get_site_sets(), get_settings().keep_films_days

    def erase() -> None:
        try:
            sets.erase_unfinished()
            films.erase_expired(days)
        except FirstReadError:
            _log.exception("films whose time is over could not be erased")

    threading.Thread(target=erase, name="first-read-expiry", daemon=True).start()


def get_identity() -> str:
    """Return what names the run and gate that read films here."""
    return files_of(get_engine()).identity


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


LOOKED_FOR_AGAIN_S = 30.0
"""What is put into a folder meanwhile (films, runs) is found after this time."""
KEPT_FILM_BYTES = 48_000_000
"""Of films as they are shown: as many as 25 readers have open at 1500 x 1200 pixels of 8 bits."""
KEPT_INPUTS = 64
"""Each takes less than 0.1 MB; a film that was read longer ago is decoded again."""


@st.cache_resource(show_spinner=False)
def get_in_force() -> InForce:
    """Return by which setting of the site the served run reads.

    Raises
    ------
    ReviewStoreError, ModelError
        As `find_in_force`.
    """
    return find_in_force(get_database(), get_settings().models, get_decision().run_id)


@st.cache_resource(show_spinner=False)
def get_engine() -> Engine:
    """Return the served run, with the site's setting if it has one, and the gate; loaded once."""
    keep_heap_small()
    settings = get_settings()
    run_id, setting = get_decision().run_id, get_in_force().setting
    engine = open_engine(settings.models, run_id, settings.inference_threads, setting)
    get_film_pool().prepare(files_of(engine))
    get_explainer().prepare(run_files_of(engine))
    return engine


def get_served() -> ServedRun:
    """Return since when the served run serves, and by which setting of the site."""
    return replace(_note_served(), note=get_in_force().note)


def serve_anew() -> None:
    """Let what was chosen just now decide: the run, and the site's setting."""
    for cached in (get_decision, get_in_force, get_engine, _note_served):
        cached.clear()


@st.cache_resource(show_spinner=False)
def _note_served() -> ServedRun:
    run = get_engine().classifier.run_record
    return note_served_run(
        get_database(),
        run_id=run.run_id,
        threshold=run.operating_point.threshold,
        export_sha256=export_identity(run),
    )


def get_libraries() -> dict[str, FilmLibrary]:
    """Return every set of labelled films by its word for addresses.

    The public set comes first where its films are there, the synthetic films where they are not.
    A site's own sets stand at the end, once a run has read them.
    """
    libraries: list[FilmLibrary] = [_public_library()]
    if get_settings().offer_synthetic and built_in_files():
        libraries.append(_synthetic_library())
    libraries.sort(key=lambda library: not library.has_films)
    runs = _own_runs()
    read = (own for own in get_site_libraries() if any(map(own.has_read, runs.values())))
    return {library.name: library for library in (*libraries, *read)}


def get_site_libraries() -> list[SiteSetFilms]:
    """Return the site's own sets, read by a run or not; reading them begins if it has not."""
    sets = get_site_sets()
    libraries = _site_libraries(sets.stamp())
    if libraries:
        ids = [library.name for library in libraries]
        read_sets_behind(sets, get_site_scores(), ids, _own_runs(), get_settings().models)
    return libraries


@st.cache_resource(show_spinner=False, max_entries=1)
def _site_libraries(stamp: tuple[int, ...]) -> list[SiteSetFilms]:  # noqa: ARG001 - it is the key
    sets = get_site_sets()
    found = sets.sets()
    get_site_scores().forget_others([one.set_id for one in found])
    return [open_site_library(sets, get_site_scores(), one) for one in found]


@st.cache_resource(show_spinner=False)
def get_site_sets() -> SqlSiteSets:
    """Return the site's own sets as they are kept; raises as `get_films` does."""
    return open_site_sets(get_database(), get_settings())


@st.cache_resource(show_spinner=False)
def get_site_scores() -> SiteScores:
    """Return what runs said of the site's own sets."""
    return open_site_scores(get_settings(), gate_sha256(get_settings().models))


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S)
def _own_runs() -> dict[str, RunRecord]:
    """Return the runs that were trained here, the served one first."""
    runs = {run.run_id: run for run in list_runs(get_settings().models)}
    served = get_decision().run_id
    return {name: runs[name] for name in sorted(runs, key=lambda name: (name != served, name))}


def get_library(name: str) -> FilmLibrary:
    """Return one set of labelled films.

    Raises
    ------
    DatasetError
        If it is not among them.
    """
    if name == OwnCases.name:
        return OwnCases(get_teaching_films().content)
    libraries = get_libraries()
    if name not in libraries:
        raise DatasetError(msg("The {name} films are not offered here.", name=name))
    return libraries[name]


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S)
def _public_library() -> PublicLibrary:
    return PublicLibrary(get_settings().data)  # which lists the whole set


@st.cache_resource(show_spinner=False)
def _synthetic_library() -> SyntheticLibrary:
    # Deferred: what draws is loaded only where labelled films are looked at.
    from core.jobs.synthetic_scores import PhantomScores  # noqa: PLC0415
    from core.phantom.dataset import open_built_in_set  # noqa: PLC0415

    settings, engine = get_settings(), get_engine()
    folders = reading_folders(settings.cache)
    phantoms = open_built_in_set()
    scores = PhantomScores(phantoms, engine.gate, folders, settings.inference_threads)
    if not all(scores.has(run) for run in list_runs(settings.models)):
        still_reads_synthetic()  # which begins that
    assess = lambda: scores.gate_codes(get_engine().input_px)  # noqa: E731 - of the run that serves
    return SyntheticLibrary(phantoms, scores.of, scores.has, assess)


def files_of(engine: Engine) -> EngineFiles:
    """Return which run and gate a worker process opens to read films."""
    return EngineFiles.of(engine, get_settings().models, get_settings().inference_threads)


def run_files_of(engine: Engine) -> RunFiles:
    """Return which run the explainer opens."""
    settings, run = get_settings(), engine.classifier.run_record
    models = settings.models.absolute()
    return RunFiles(models, run.run_id, settings.inference_threads, export_identity(run))


def start_batch(films: list[UploadedFilm], by: Reader = SYSTEM) -> BatchJob:
    """Start reading films in the background; it ends when the visitor stops it.

    Films that are not kept are read for as long as the visitor is here.

    Parameters
    ----------
    by : Reader
        Who adds them.
    """
    engine, session = get_engine(), session_id()
    files, kept = files_of(engine), get_films() if get_settings().keeps_films else None

    def keep(film: UploadedFilm) -> UploadedFilm:
        if kept is None or film.shipped or callable(film.held):
            return film
        name = film.name if get_settings().keep_file_names else f"Film {film.key[:8]}"
        origin = get_settings().keep_origin
        pool, adds = get_film_pool(), film.by or by
        return keep_film(film, kept, pool, files, adds, name=name, keep_origin=origin)

    def read(film: UploadedFilm, job: BatchJob) -> FilmReading:
        if kept is None or film.shipped:
            if not film.shipped:
                note_film_taken(Arrival.UPLOAD, film.key)
            return look(film, job)
        found = take_in_hand(film, kept, files.identity, lambda: job.cancelled)
        if found is not None:
            return found
        try:
            reading = look(film, job)
        except (RadiographError, FilmGone) as exc:
            note_outcome(film, kept, files.identity, exc)
            raise
        except Cancelled:
            if job.cancelled:  # else it is tried again, and not at once
                kept.stop_reading(film.key)
            raise
        note_outcome(film, kept, files.identity, reading)
        return reading

    def look(film: UploadedFilm, job: BatchJob) -> FilmReading:
        alone = job.total == 1  # and so the one that is looked at next
        answer = get_film_pool().do(
            work_on(film, files, read=True, display=alone),
            cancelled=lambda: job.cancelled or (kept is None and not is_here(session)),
            on_place=job.note_ahead,
        )
        reading, shown = answer.reading, answer.shown
        assert reading is not None
        if shown is not None:
            _films().get_or_make(film.view_key, lambda: _view_of(film, shown))
        quality, model_input = reading.quality, reading.model_input
        if film.inverted:
            quality = QualityReport((*quality.findings, INVERTED_BY_READER))
        if film.turn is not Turn.NONE:
            quality = QualityReport((*quality.findings, turned_finding(film.turn)))
        if model_input is not None:
            _inputs().get_or_make(input_key(film, engine), lambda: model_input)
        return replace(reading, quality=quality, model_input=None)  # which else all films keep

    return BatchJob(films, read, None if kept is None else keep).start()


def work_on(
    film: UploadedFilm,
    files: EngineFiles,
    *,
    read: bool = False,
    display: bool = False,
    shape: InputShape | None = None,
) -> FilmWork:
    """Return what is wanted of a film, as the worker processes take it."""
    return FilmWork(
        *(film.content, files, film.name, film.inverted, read, display, shape),
        turn=film.turn,
        key=film.key,
    )


def _ask(
    film: UploadedFilm, *, display: bool = False, shape: InputShape | None = None
) -> FilmAnswer:
    """Return what a reader is waiting to see, before the films of batches.

    A page that has been closed waits no longer; what is made outside of a page has no session.
    """
    work = work_on(film, files_of(get_engine()), display=display, shape=shape)
    session = session_id()
    gone = lambda: bool(session) and not is_here(session)  # noqa: E731
    return get_film_pool().do(work, cancelled=gone, urgent=True)


@st.cache_resource(show_spinner=False)
def _films() -> Recent[FilmView]:
    return Recent(KEPT_FILM_BYTES, lambda view: len(view.content))


@st.cache_resource(show_spinner=False)
def _inputs() -> Recent[ModelInput]:
    return Recent(KEPT_INPUTS)


def input_key(film: UploadedFilm, engine: Engine) -> str:
    """Return what names a film as a run sees it."""
    return f"{film.view_key}|{engine.classifier.run_record.run_id}"


def get_input(film: UploadedFilm, engine: Engine) -> ModelInput:
    """Return what the model saw of a film; decoded again if that was long ago.

    Raises
    ------
    RadiographError
        If the bytes cannot become a radiograph.
    Cancelled
        If that takes too long, or the page has been closed.
    """
    run = engine.classifier.run_record

    def make() -> ModelInput:
        prepared = _ask(film, shape=InputShape(run.input_px, run.cropped_to_lungs)).prepared
        assert prepared is not None
        return prepared

    return _inputs().get_or_make(input_key(film, engine), make)


def prepare_for_gate(film: UploadedFilm) -> FloatImage:
    """Return a film as the lung segmenter takes it, (px, px) float32 in [0, 1].

    Raises
    ------
    RadiographError
        If the bytes cannot become a radiograph.
    Cancelled
        If that takes too long, or the page has been closed.
    """
    prepared = _ask(film, shape=InputShape(get_engine().gate.input_px, cropped=False)).prepared
    assert prepared is not None
    return prepared.tensor


def get_film_view(film: UploadedFilm) -> FilmView:
    """Return a film as it is shown; only the last few are kept, they are large.

    Raises
    ------
    RadiographError
        If the bytes cannot become a radiograph.
    Cancelled
        If that takes too long, or the page has been closed.
    """

    def make() -> FilmView:
        shown = _ask(film, display=True).shown
        assert shown is not None
        return _view_of(film, shown)

    return _films().get_or_make(film.view_key, make)


def _view_of(film: UploadedFilm, shown: DisplayedFilm) -> FilmView:
    if film.original_px is not None:
        shown = restore_proportions(shown, *film.original_px)
    return FilmView.of(film.view_key, shown, msg("Film {name}", name=film.name))
