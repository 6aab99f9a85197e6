"""The composition root: what a process opens once and all visits share."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import streamlit as st

from core.batch import BatchJob, UploadedFilm
from core.decoding import decode_radiograph
from core.domain import Explanation, LimeSettings
from core.errors import FirstReadError
from core.pipeline import (
    Engine,
    FilmReading,
    explain_film,
    load_explainer,
    open_engine,
    prepare_film,
    read_film,
)
from core.process_memory import give_memory_back, keep_heap_small
from core.review_store import SqlReviewStore, open_review_store
from core.settings import get_settings
from ui.viewer import FilmView

KEPT_EXPLANATIONS = 32
KEPT_FILMS = 2

Value = TypeVar("Value")


@st.cache_resource(show_spinner=False)
def get_engine() -> Engine:
    """Return the served run and the gate, loaded once."""
    keep_heap_small()
    settings = get_settings()
    engine = open_engine(settings.models, settings.served_run, settings.inference_threads)
    _explainer().submit(load_explainer)
    return engine


@st.cache_resource(show_spinner=False)
def get_store() -> SqlReviewStore:
    """Return the review store, migrated and opened once."""
    return open_review_store(get_settings().database_url)


def start_batch(films: list[UploadedFilm]) -> BatchJob:
    """Start reading films in the background."""
    engine = get_engine()

    def read(film: UploadedFilm) -> FilmReading:
        reading = read_film(film.content, engine, file_name=film.name, invert=film.inverted)
        return replace(reading, model_input=None)  # it would be kept for every film of the visit

    return BatchJob(films, read).start()


class Recent(Generic[Value]):
    """A small least-recently-used store that threads may share."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._values: OrderedDict[str, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get_or_make(self, key: str, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made outside the lock if it is not there."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._kept:
                self._values.popitem(last=False)
        return value


@st.cache_resource(show_spinner=False)
def _films() -> Recent[FilmView]:
    return Recent(KEPT_FILMS)


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

    def make() -> FilmView:
        radiograph = decode_radiograph(film.content, file_name=film.name, invert=film.inverted)
        return FilmView(
            sha256=view_key(film),
            pixels=radiograph.pixels,
            alt_text=f"Film {film.name}",
            pixel_spacing_mm=radiograph.pixel_spacing_mm,
        )

    return _films().get_or_make(view_key(film), make)


# --- explanations, made in the background so that the film is there at once ---


@dataclass(slots=True)
class ExplanationTask:
    """One explanation on its way; ``progress`` runs from 0 to 1."""

    progress: float = 0.0
    explanation: Explanation | None = None
    sentence: str = ""

    @property
    def finished(self) -> bool:
        """True once there is an explanation or a sentence that says why not."""
        return self.explanation is not None or bool(self.sentence)


@st.cache_resource(show_spinner=False)
def _explainer() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="first-read-explain")


@st.cache_resource(show_spinner=False)
def _explanations() -> Recent[ExplanationTask]:
    return Recent(KEPT_EXPLANATIONS)


def _work(task: ExplanationTask, film: UploadedFilm, settings: LimeSettings) -> None:
    def report(share: float) -> None:
        task.progress = share

    engine = get_engine()
    try:
        model_input = prepare_film(film.content, engine, file_name=film.name, invert=film.inverted)
        task.explanation = explain_film(model_input, engine.classifier, settings, progress=report)
    except FirstReadError as exc:
        task.sentence = str(exc)
    finally:
        give_memory_back()


def request_explanation(film: UploadedFilm) -> ExplanationTask:
    """Return the task that explains a film, started if it is not under way or done."""
    settings = LimeSettings(samples=get_settings().lime_samples)
    run_id = get_engine().classifier.run_record.run_id

    def begin() -> ExplanationTask:
        task = ExplanationTask()
        _explainer().submit(_work, task, film, settings)
        return task

    return _explanations().get_or_make(f"{view_key(film)}|{run_id}|{settings}", begin)
