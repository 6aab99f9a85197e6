"""The films that lie nearest to a case in the run's feature space, whatever their labels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from core.comparison.scored_films import ScoredFilms
from core.error_analysis.gallery import Cell
from core.error_analysis.neighbours import logit_space, nearest_films, nearest_in_cell
from core.jobs.embeddings import FeatureTask
from core.language.words import tr
from core.runs.embeddings import FilmFeatures, Space
from core.runs.predictions import FilmTable, Predictions
from core.settings import get_settings
from core.stats.intervals import Scores
from ui.app.resources import get_library
from ui.components.cards.cards import read_cards_event
from ui.components.plain_text import plain
from ui.errors.controls import SPLITS, looks_around, split_text
from ui.errors.open_case import CaseContext
from ui.library.blind_reads import films_awaiting
from ui.library.films import case_of, draw_cards, film_card, label_in_words
from ui.library.gallery_query import BESIDE, ErrorView
from ui.library.runs import KEPT_TABLES, get_engine_of, get_runs, of_part
from ui.library.slices import get_features

NEIGHBOURS = "case-neighbours"
SHOWN = 8


@st.cache_resource(show_spinner=False, max_entries=KEPT_TABLES)
def _task_on(library: str, run: str, part: str | None) -> FeatureTask:
    films = get_library(library)
    film_ids = of_part(library, run, part).films.film_id.tolist()
    return FeatureTask(film_ids, films.read_bytes, get_engine_of(run), get_settings().cache)


def _films(view: ErrorView) -> Predictions:
    return of_part(view.library, view.run, looks_around(view))


def follow_neighbours_event(view: ErrorView) -> ErrorView:
    """Return the view that follows from a click on a neighbour."""
    wish = read_cards_event(NEIGHBOURS)
    if wish is None or wish.act != "open":
        return view
    case = case_of(view.library, view.run, wish.film)
    return view if case is None else replace(case, regions=view.regions, beside=view.beside)


def known_features(library: str, run: str, part: str | None = None) -> FilmFeatures | None:
    """Return where a library's films lie: as kept with the run, or as it was read here."""
    kept, _ = get_features(library, run)
    if kept is not None or get_runs()[run].foreign:
        return kept
    return _task_on(library, run, part).result


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest films that a run decides rightly, by cell; and in which space they are near."""

    films: dict[Cell, str]
    by_features: bool


def find_nearest(runs: ScoredFilms, run: str, place: int, features: FilmFeatures | None) -> Nearest:
    """Return the nearest true negative and true positive of other patients.

    They are near in the feature space where the films' features are known, by the score otherwise.

    Parameters
    ----------
    place : int
        The row of the film whose neighbours are sought.
    """
    places = None if features is None else features.places_of(runs.films.film_id)
    space = logit_space(runs, run) if places is None else places
    rows = {cell: nearest_in_cell(runs, run, place, cell, space) for cell in BESIDE}
    films = {cell: str(runs.films.film_id[row]) for cell, row in rows.items() if row is not None}
    return Nearest(films, by_features=places is not None)


def _space_of(view: ErrorView) -> Space | None:
    features = known_features(view.library, view.run, looks_around(view))
    return None if features is None else features.places_of(_films(view).films.film_id)


def reading_for(view: ErrorView) -> FeatureTask | None:
    """Return the reading of a view's films that is under way; None if there is none."""
    if get_runs()[view.run].foreign or _space_of(view) is not None:
        return None
    task = _task_on(view.library, view.run, looks_around(view))
    return task if task.running else None


def draw_neighbours(case: CaseContext) -> None:
    """Draw a case's neighbours, or the way to find them."""
    view = case.view
    st.markdown(
        tr("**Nearest films in the feature space of run {run}**, of other patients", run=view.run)
    )
    if get_runs()[view.run].foreign:
        st.caption(
            tr("Only the predictions of this run were imported: it has no feature space here.")
        )
        return
    space, predictions = _space_of(view), _films(view)
    if space is None:
        _draw_task(_task_on(view.library, view.run, looks_around(view)), len(predictions))
    else:
        _draw_cards(case, predictions.films, space, predictions.probability)


def _split_words(library: str, run: str, split: str) -> str:
    """Return what a split is called, of the public set without a run's own name for it."""
    if get_library(library).learned_from:
        return tr(SPLITS.get(split, split))
    return split_text(library, run, split)


def _draw_task(task: FeatureTask, films: int) -> None:
    if task.running:
        st.button(
            tr("Stop"), icon=":material/stop_circle:", key="case-features", on_click=task.cancel
        )
        return
    if task.sentence:
        st.caption(plain(tr(task.sentence)))
    st.button(
        tr("Read {films:,} films to find them", films=films),
        icon=":material/hub:",
        key="case-features",
        on_click=task.start,
        help=tr("Once per run; the result is stored. You can work on meanwhile."),
    )


def _draw_cards(case: CaseContext, films: FilmTable, space: Space, probability: Scores) -> None:
    view, found = case.view, np.flatnonzero(films.film_id == case.film_id)
    if not len(found):
        return
    awaiting = films_awaiting(case.visit, view.library, films.film_id.tolist())
    near = nearest_films(space, int(found[0]), films.patient, SHOWN + len(awaiting))
    # Others take their places: a gap would tell that such a film is near, and its score alike.
    rows = near[~np.isin(films.film_id[near], list(awaiting))][:SHOWN]
    ill = int(films.label[rows].sum())
    counts = {"ill": ill, "shown": len(rows), "normal": len(rows) - ill, "films": len(films)}
    if looks_around(view) is None:
        st.caption(
            tr(
                "{ill} of these {shown} are labelled pneumonia, {normal} normal; among the "
                "{films:,} films that the run was measured on. Near films have similar scores, "
                "because the score is computed from these features.",
                **counts,
            )
        )
    else:
        st.caption(
            tr(
                "{ill} of these {shown} are labelled pneumonia, {normal} normal; among the "
                "{films:,} films that the run has learned from or was measured on. Near films "
                "have similar scores, because the score is computed from these features.",
                **counts,
            )
        )
    threshold = get_runs()[view.run].operating_point.threshold
    splits = [str(split) for split in films.split[rows]]
    cards = [
        film_card(
            films.film_id[row],
            probability[row],
            words=label_in_words(films, row),
            quality=_split_words(view.library, view.run, split),
        )
        for row, split in zip(rows, splits, strict=True)
    ]
    draw_cards(view.library, cards, key=NEIGHBOURS, threshold=threshold, keys=False)
