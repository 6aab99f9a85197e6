"""What the error gallery draws from: runs on films, readers' notes, small pictures."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath

import numpy as np
import streamlit as st

from core.batch import UploadedFilm
from core.case_notes import CaseNote, notes_by_film
from core.case_notes_store import SqlCaseNotes, open_case_notes
from core.domain import RunRecord
from core.error_filter import Known, Noted, films_wanted
from core.error_gallery import RunsOnFilms, films_in_cell, join_runs
from core.error_order import order_films
from core.errors import FirstReadError
from core.film_library import FilmLibrary, order_parts
from core.pipeline import Engine, draw_small_picture, open_classifier
from core.predictions import Predictions
from core.run_table import list_runs
from core.settings import get_settings
from core.thumbnail_cache import ThumbnailCache
from ui.cards import PICTURE_PX, Card
from ui.error_link import ErrorView, Offered
from ui.resources import get_engine, get_libraries, get_store

KEPT_TABLES = 24
LOOKED_FOR_AGAIN_S = 30.0
"""A run that is trained or imported meanwhile is offered after this time."""


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S)
def get_runs() -> dict[str, RunRecord]:
    """Return every run by name, the served one first."""
    settings = get_settings()
    runs = {run.run_id: run for run in list_runs(*settings.run_folders)}
    served = settings.served_run
    return {name: runs[name] for name in sorted(runs, key=lambda name: (name != served, name))}


@st.cache_resource(show_spinner=False)
def get_engine_of(run_id: str) -> Engine:
    """Return the engine with another run in the place of the one that is served.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file of the run is missing or is not the one that was measured.
    """
    engine, run = get_engine(), get_runs()[run_id]
    if run_id == engine.classifier.run_record.run_id:
        return engine
    classifier = open_classifier(run, get_settings().inference_threads)
    return replace(engine, classifier=classifier)


@st.cache_resource(show_spinner=False)
def get_case_notes() -> SqlCaseNotes:
    """Return readers' notes, in the database that the review store has migrated."""
    get_store()
    return open_case_notes(get_settings().database_url, migrated=True)


@st.cache_resource(show_spinner=False)
def _small_pictures() -> ThumbnailCache:
    folder = get_settings().cache / f"films-{PICTURE_PX}px"
    return ThumbnailCache(folder, partial(draw_small_picture, side_px=PICTURE_PX))


@st.cache_resource(show_spinner="Reading the films", max_entries=KEPT_TABLES)
def get_predictions(library: str, run: str) -> Predictions:
    """Return what a run said of every film of a library.

    Raises
    ------
    FirstReadError
        If its predictions cannot be read.
    """
    return get_libraries()[library].predictions(get_runs()[run])


@st.cache_resource(show_spinner=False, max_entries=KEPT_TABLES)
def get_films(library: str, run: str, split: str) -> RunsOnFilms:
    """Return a split's films under the chosen run, and under every other that has read them.

    Raises
    ------
    FirstReadError
        If the chosen run's predictions cannot be read.
    """
    tables = {run: get_predictions(library, run).of_split(split)}
    for other in get_offered().runs(library):
        try:
            tables.setdefault(other, get_predictions(library, other).of_split(split))
        except FirstReadError:  # a run whose table is damaged says so where it is chosen
            continue
    thresholds = {name: get_runs()[name].operating_point.threshold for name in tables}
    return join_runs(run, tables, thresholds)


def get_offered() -> Offered:
    """Return the libraries, runs and splits there are."""

    def runs(library: str) -> Sequence[str]:
        reads = not get_libraries()[library].synthetic
        return [name for name, run in get_runs().items() if reads or not run.foreign]

    def splits(library: str, run: str) -> Sequence[str]:
        parts = order_parts(get_predictions(library, run).films.split)
        if get_libraries()[library].synthetic:  # nothing was trained on any part: the largest first
            return parts[::-1]
        return parts

    return Offered(tuple(get_libraries()), runs, splits)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The films of a view.

    Attributes
    ----------
    runs : RunsOnFilms
        All films of the split, the run at the threshold of the view.
    film_ids : tuple of str
        Those of the cell that are wanted, in order.
    in_cell : int
        Those of the cell, wanted or not.
    known : Known
        Of the films of the split.
    """

    runs: RunsOnFilms
    film_ids: tuple[str, ...]
    in_cell: int
    known: Known

    def place_of(self, film_id: str) -> int | None:
        """Return where a film stands in the order; None if it is not listed."""
        return self.film_ids.index(film_id) if film_id in self.film_ids else None


def find_films(view: ErrorView, notes: Sequence[CaseNote], known: Known) -> Found:
    """Return the films of a view, in its order.

    Parameters
    ----------
    view : ErrorView
    notes : sequence of CaseNote
    known : Known
        Of the films of the view's split.
    """
    runs = get_films(view.library, view.run, view.split)
    if view.threshold is not None:
        runs = runs.at(view.run, view.threshold)
    probability, threshold = runs.of_run(view.run), runs.threshold_of(view.run)
    in_cell = films_in_cell(probability, runs.films.label, threshold, view.cell)
    wanted = films_wanted(runs, view.run, view.wanted, noted_by(notes), known)
    chosen = runs.where(in_cell & wanted)
    order = order_films(chosen, view.run, view.order)
    return Found(runs, tuple(chosen.films.film_id[order].tolist()), int(in_cell.sum()), known)


def noted_by(notes: Sequence[CaseNote]) -> Noted:
    """Return which films the standing notes of a library speak of."""
    by_tag: dict[str, set[str]] = defaultdict(set)
    by_cause: dict[str, set[str]] = defaultdict(set)
    for note in notes:
        for tag in note.tags:
            by_tag[tag].add(note.film_id)
        if note.cause:
            by_cause[note.cause].add(note.film_id)
    return Noted(by_tag, by_cause, {note.film_id for note in notes if note.comment})


def load_film(library: str, film_id: str) -> UploadedFilm:
    """Return a film of a library as if it had been uploaded.

    Raises
    ------
    DatasetError
        If its file is not there.
    """
    content = get_libraries()[library].read_bytes(film_id)
    return UploadedFilm(hashlib.sha256(content).hexdigest(), film_name(film_id), content)


def film_name(film_id: str) -> str:
    """Return what a film is called: its file's name without the ending."""
    return PurePosixPath(film_id).stem


def small_pictures(library: str, film_ids: Sequence[str]) -> tuple[dict[str, bytes], str]:
    """Return the small pictures that can be had, and a sentence if one cannot."""
    return _pictures_of(get_libraries()[library], _small_pictures(), film_ids)


def _pictures_of(
    films: FilmLibrary, cache: ThumbnailCache, film_ids: Sequence[str]
) -> tuple[dict[str, bytes], str]:
    pictures, sentence = {}, ""
    for film_id in film_ids:
        try:
            pictures[film_id] = cache.get(films.read_bytes(film_id))
        except FirstReadError as exc:
            sentence = sentence or str(exc)
    return pictures, sentence


def make_ahead(library: str, film_ids: Sequence[str]) -> None:
    """Make small pictures in the background, so that the next page has them on disk."""
    films, cache = get_libraries()[library], _small_pictures()
    _ahead().submit(_pictures_of, films, cache, tuple(film_ids))


@st.cache_resource(show_spinner=False)
def _ahead() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="first-read-pictures")


def build_cards(
    view: ErrorView,
    found: Found,
    film_ids: Sequence[str],
    notes: Sequence[CaseNote],
    headings: Sequence[str] = (),
) -> tuple[list[Card], str]:
    """Return films as cards, and a sentence if a picture is missing."""
    pictures, sentence = small_pictures(view.library, film_ids)
    noted = notes_by_film(notes)
    probability = found.runs.of_run(view.run)
    cards = []
    for turn, film_id in enumerate(film_ids):
        place = found.runs.place_of(film_id)
        if place is None:
            continue
        tags = {tag for note in noted.get(film_id, ()) for tag in note.tags}
        cards.append(
            Card(
                key=film_id,
                thumbnail_png=pictures.get(film_id),
                heading=headings[turn] if headings else "",
                name=film_name(film_id),
                probability=float(probability[place]),
                words=label_in_words(found.runs, place),
                quality=quality_in_words(found.runs, place),
                tags=tuple(sorted(tags)),
            )
        )
    return cards, sentence


def label_in_words(runs: RunsOnFilms, place: int) -> str:
    """Return the reference label and the subtype of a film."""
    subtype = str(runs.films.subtype[place])
    label = "pneumonia" if runs.films.label[place] else "normal"
    return f"{label}, {subtype}" if subtype else label


def quality_in_words(runs: RunsOnFilms, place: int) -> str:
    """Return what the file's grey levels are like."""
    films = runs.films
    return f"contrast {films.contrast[place]:.2f}, sharpness {films.sharpness[place]:.3f}"


def size_in_words(runs: RunsOnFilms, place: int) -> str:
    """Return the size of the original, as published."""
    height, width = runs.films.original_height_px[place], runs.films.original_width_px[place]
    return "size not certain" if np.isnan(height + width) else f"{width:.0f} x {height:.0f} px"
