"""What is chosen in the error gallery: each control says what the address says, and changes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from core.comparison.scored_films import ScoredFilms
from core.error_analysis.filters import subtypes_of
from core.error_analysis.gallery import Cell
from core.error_analysis.notes import CaseNote
from core.errors import FirstReadError
from core.runs.predictions import LEARNED_FILE, LEARNED_PART, how_to_score_learned
from ui.app.query_params import put
from ui.app.resources import get_libraries, get_library
from ui.components.matrix.matrix import show_matrix
from ui.library.films import Found, noted_by
from ui.library.gallery_query import FILTERS, GALLERY, ErrorView
from ui.library.runs import (
    ALL_PARTS,
    get_learned,
    get_runs,
    name_offered,
    offered_splits,
    own_validation,
)
from ui.library.slices import get_space

SAYS_NOTHING = "its rates here do not apply to new films"


def films_learned(view: ErrorView, runs: ScoredFilms) -> int:
    """Return how many of a view's films its run has learned from; none of synthetic films."""
    if get_library(view.library).synthetic:
        return 0
    return int((runs.films.split == LEARNED_PART).sum())


def learned_text(view: ErrorView, runs: ScoredFilms) -> str:
    """Return whether a view's rates are of training films; empty where none is."""
    learned = films_learned(view, runs)
    if not learned:
        return ""
    which = "these" if learned == len(runs) else f"{learned:,} of these"
    return f"Run {view.run} has learned from {which} {len(runs):,} films: {SAYS_NOTHING}."


def among_text(view: ErrorView, runs: ScoredFilms) -> str:
    """Return the number of films that are looked at, and how many of them are learned from."""
    learned, films = films_learned(view, runs), f"among {len(runs):,} films"
    if not learned:
        return films
    return films + (
        " that it has learned from"
        if learned == len(runs)
        else f", {learned:,} of which it has learned from"
    )


def not_scored_text(view: ErrorView) -> str:
    """Return which command scores the films that a run has learned from; empty if none is due."""
    run = get_runs()[view.run]
    scored = LEARNED_FILE in run.files
    if get_library(view.library).synthetic or run.foreign or run.members or scored:
        return ""
    return f"For its training films too, run `{how_to_score_learned(view.run)}`."


def film_learned_text(view: ErrorView, runs: ScoredFilms, place: int) -> str:
    """Return which of the runs that are shown have learned from a film; empty if none has."""
    film_id = str(runs.films.film_id[place])
    having = [run for run in runs.run_ids if _has_learned(view.library, run, film_id)]
    if not having:
        return ""
    *others, last = having
    named = f"Runs {', '.join(others)} and {last} have" if others else f"Run {last} has"
    text = "scores on it do not predict performance on new films"
    return f"{named} learned from this film: {text}."


def _has_learned(library: str, run: str, film_id: str) -> bool:
    try:
        learned = get_learned(library, run)
    except FirstReadError:  # a damaged table says so where its run is chosen
        return False
    return learned is not None and bool(np.isin(film_id, learned.films.film_id))


def looks_around(view: ErrorView) -> str | None:
    """Return the part among which neighbours are sought; None: all that the run is measured on.

    Films that the run has learned from are among them where they are looked at.
    """
    looked_at = view.split in (LEARNED_PART, ALL_PARTS)
    return ALL_PARTS if looked_at and get_learned(view.library, view.run) is not None else None


SPLITS = {
    "train": "Training films",
    "validation": "Validation patients",
    "test": "Official test split",
    "nih": "External adults (NIH)",
    ALL_PARTS: "All three parts",
}
ORDERS = {
    "confidence": "Most confident first",
    "loss": "Highest log loss first",
    "disagreement": "Runs disagree most",
    "contrast": "Lowest contrast first",
    "sharpness": "Least sharp first",
    "patient": "Patient",
}
THIRDS = {"low": "lowest third", "middle": "middle third", "high": "highest third"}
WRONG_IN = {"every": "wrong in every run", "only": "wrong in this run only"}
CELLS = {
    Cell.TRUE_POSITIVE: "true positives",
    Cell.FALSE_NEGATIVE: "false negatives",
    Cell.FALSE_POSITIVE: "false positives",
    Cell.TRUE_NEGATIVE: "true negatives",
}
WORDS = "errors-words"


def split_titles(run: str) -> dict[str, str]:
    """Return what the splits are called, with the run's own name for its validation films."""
    own = own_validation(get_runs()[run])
    return SPLITS | ({"validation": own[:1].upper() + own[1:]} if own else {})


def read_view() -> tuple[ErrorView, list[str]]:
    """Return the view that the address asks for, and what was wrong with it.

    Words of a comment are asked for beside it: what a reader types has no place in an address.
    """
    view, complaints = GALLERY.read(st.query_params.to_dict())
    words = str(st.session_state.get(WORDS) or "").strip()
    if words:
        view = replace(view, wanted=replace(view.wanted, comment_words=words))
    return view, complaints


def draw_choice(view: ErrorView, found: Found) -> None:
    """Draw what is looked at: films, run, split, and the matrix with its threshold."""
    titles = {name: library.title for name, library in get_libraries().items()}
    GALLERY.select(view, "Films", "library", titles)
    run_side, split_side = st.columns([1, 1.7], gap="small")
    with run_side:
        GALLERY.select(view, "Run", "run", name_offered(view.library))
    with split_side:
        splits = offered_splits(view.library, view.run)
        drawn = get_library(view.library).synthetic
        of_set = {name: f"{name} part" for name in splits} | {ALL_PARTS: "all parts"}
        words = of_set if drawn else split_titles(view.run)
        GALLERY.select(view, "Split", "split", {name: words.get(name, name) for name in splits})
    for text in (learned_text(view, found.whole), not_scored_text(view)):
        if text:
            st.caption(text)
    show_matrix(
        found.whole.of_run(view.run),
        found.whole.films.label,
        threshold=view.threshold,
        operating_point=get_runs()[view.run].operating_point.threshold,
        selected=view.cell,
        key="errors-matrix",
    )


def draw_filters(view: ErrorView, found: Found, notes: Sequence[CaseNote]) -> None:
    """Draw the order, and behind one button what the films must be."""
    noted, pick = noted_by(notes), partial(GALLERY.select, view, any_word="any")
    sort_side, filter_side = st.columns([1.5, 1], gap="small", vertical_alignment="bottom")
    with sort_side:
        GALLERY.select(view, "Sort", "sort", ORDERS)
    asked = len(GALLERY.write(view).keys() & set(FILTERS)) + bool(view.wanted.comment_words)
    label = f"Filter ({asked})" if asked else "Filter"
    with filter_side.popover(label, icon=":material/filter_list:", width="stretch"):
        left, right = st.columns(2)
        with left:
            pick("Other runs", "wrong", WRONG_IN)
            pick("Subtype", "subtype", subtypes_of(found.whole.films))
            pick("Tag", "tag", sorted(noted.by_tag))
            pick("Cause", "cause", sorted(noted.by_cause))
        with right:
            pick("Contrast", "contrast", THIRDS)
            pick("Sharpness", "sharpness", THIRDS)
            pick("Original's short side", "size", THIRDS)
            st.checkbox("With a comment", **GALLERY.bind(view, "comment"))
        st.text_input(
            "Words in a comment",
            key=WORDS,
            max_chars=80,
            placeholder="any",
            persist_state="session",
            on_change=put,
            kwargs={"page": "", "film": ""},
            help="Not kept in the address: they may identify a patient.",
        )
        left, right = st.columns(2)
        with left:
            pick("Quality finding", "finding", found.known.codes)
        with right:
            pick("Age", "age", found.known.bands)
        if not found.known.bands:
            st.caption("These films state no age; the adult films (NIH) do.")
        key = view.wanted.slice_key
        if key is not None:
            pick("Subgroup", "slice", {key: get_space(view.library, view.run).words_of(key)})
        if asked:
            st.button("Clear the filter", icon=":material/filter_list_off:", on_click=_ask_nothing)


def _ask_nothing() -> None:
    put(**dict.fromkeys((*FILTERS, "page", "film"), ""))
    st.session_state[WORDS] = ""


def found_in_words(view: ErrorView, found: Found) -> str:
    """Return how many films are listed, of what."""
    films = CELLS[view.cell] if found.in_cell != 1 else CELLS[view.cell].removesuffix("s")
    shown = f"{found.in_cell:,} {films}"
    if view.wanted.anything:
        shown = f"{len(found.film_ids):,} of {shown}"
    point = "its operating point" if view.threshold is None else f"threshold {view.threshold:.3f}"
    return f"**{shown}** of run {view.run} at {point}, {among_text(view, found.whole)}"
