"""What is chosen in the error gallery: each control says what the address says, and changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from core.comparison.scored_films import ScoredFilms
from core.error_analysis.filters import subtypes_of
from core.error_analysis.gallery import Cell
from core.error_analysis.names import name_text
from core.error_analysis.notes import CaseNote
from core.errors import FirstReadError
from core.language.numbers import number
from core.language.words import msg, tr
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


def films_learned(view: ErrorView, runs: ScoredFilms) -> int:
    """Return how many of a view's films its run has learned from."""
    if not get_library(view.library).learned_from:
        return 0
    return int((runs.films.split == LEARNED_PART).sum())


def learned_text(view: ErrorView, runs: ScoredFilms) -> str:
    """Return whether a view's rates are of training films; empty where none is."""
    learned = films_learned(view, runs)
    if not learned:
        return ""
    if learned == len(runs):
        return tr(
            "Run {run} has learned from these {films:,} films: its rates here do not apply to new "
            "films.",
            run=view.run,
            films=len(runs),
        )
    return tr(
        "Run {run} has learned from {learned:,} of these {films:,} films: its rates here do not "
        "apply to new films.",
        run=view.run,
        learned=learned,
        films=len(runs),
    )


def among_text(view: ErrorView, runs: ScoredFilms) -> str:
    """Return the number of films that are looked at, and how many of them are learned from."""
    learned, films = films_learned(view, runs), len(runs)
    if not learned:
        return tr("among {films:,} films", films=films)
    if learned == films:
        return tr("among {films:,} films that it has learned from", films=films)
    return tr(
        "among {films:,} films, {learned:,} of which it has learned from",
        films=films,
        learned=learned,
    )


def not_scored_text(view: ErrorView) -> str:
    """Return which command scores the films that a run has learned from; empty if none is due."""
    run = get_runs()[view.run]
    scored = LEARNED_FILE in run.files
    public = get_library(view.library).learned_from
    if not public or run.foreign or run.members or scored:
        return ""
    return tr(
        "For its training films too, run `{command}`.", command=how_to_score_learned(view.run)
    )


def film_learned_text(view: ErrorView, runs: ScoredFilms, place: int) -> str:
    """Return which of the runs that are shown have learned from a film; empty if none has."""
    film_id = str(runs.films.film_id[place])
    having = [run for run in runs.run_ids if _has_learned(view.library, run, film_id)]
    if not having:
        return ""
    *others, last = having
    if not others:
        return tr(
            "Run {run} has learned from this film: scores on it do not predict performance on new "
            "films.",
            run=last,
        )
    return tr(
        "Runs {runs} and {last} have learned from this film: scores on it do not predict "
        "performance on new films.",
        runs=", ".join(others),
        last=last,
    )


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
    "train": msg("Training films"),
    "validation": msg("Validation patients"),
    "test": msg("Official test split"),
    "nih": msg("External adults (NIH)"),
    ALL_PARTS: msg("All three parts"),
}
PARTS = {
    "train": msg("train part"),
    "validation": msg("validation part"),
    "test": msg("test part"),
    ALL_PARTS: msg("all parts"),
}
"""What the parts of the synthetic set are called."""
HALVES = {
    "validation": msg("First half of the patients"),
    "test": msg("Second half of the patients"),
    ALL_PARTS: msg("All films"),
}
"""What the parts of a site's own set are called."""
ORDERS = {
    "confidence": msg("Most confident first"),
    "loss": msg("Highest log loss first"),
    "disagreement": msg("Runs disagree most"),
    "contrast": msg("Lowest contrast first"),
    "sharpness": msg("Least sharp first"),
    "patient": msg("Patient"),
}
THIRDS = {"low": msg("lowest third"), "middle": msg("middle third"), "high": msg("highest third")}
WRONG_IN = {"every": msg("wrong in every run"), "only": msg("wrong in this run only")}
CELLS = {
    Cell.TRUE_POSITIVE: msg("true positives"),
    Cell.FALSE_NEGATIVE: msg("false negatives"),
    Cell.FALSE_POSITIVE: msg("false positives"),
    Cell.TRUE_NEGATIVE: msg("true negatives"),
}
ONE_OF = {
    Cell.TRUE_POSITIVE: msg("true positive"),
    Cell.FALSE_NEGATIVE: msg("false negative"),
    Cell.FALSE_POSITIVE: msg("false positive"),
    Cell.TRUE_NEGATIVE: msg("true negative"),
}
"""What one film of a cell is called."""
WORDS = "errors-words"


def split_titles(library: str, run: str) -> dict[str, str]:
    """Return what the splits of a library are called.

    Of the public set, with the run's own name for its validation films.
    """
    films = get_library(library)
    if not films.learned_from:
        return _said(PARTS if films.synthetic else HALVES)
    own = tr(own_validation(get_runs()[run]))
    titles = _said(SPLITS)
    return titles | ({"validation": own[:1].upper() + own[1:]} if own else {})


def _said(words: Mapping[str, str]) -> dict[str, str]:
    return {one: tr(text) for one, text in words.items()}


def _named(names: Iterable[str]) -> dict[str, str]:
    return {name: name_text(name) for name in names}


def split_text(library: str, run: str, split: str) -> str:
    """Return what a split of a library is called."""
    named = split_titles(library, run).get(split)
    return named or (tr("{split} part", split=split) if get_library(library).synthetic else split)


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
    titles = {name: tr(library.title) for name, library in get_libraries().items()}
    GALLERY.select(view, tr("Films"), "library", titles)
    run_side, split_side = st.columns([1, 1.7], gap="small")
    with run_side:
        GALLERY.select(view, tr("Run"), "run", name_offered(view.library))
    with split_side:
        splits = offered_splits(view.library, view.run)
        words = {one: split_text(view.library, view.run, one) for one in splits}
        GALLERY.select(view, tr("Split"), "split", words)
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
    noted, pick = noted_by(notes), partial(GALLERY.select, view, any_word=tr("any"))
    sort_side, filter_side = st.columns([1.5, 1], gap="small", vertical_alignment="bottom")
    with sort_side:
        GALLERY.select(view, tr("Sort"), "sort", _said(ORDERS))
    asked = len(GALLERY.write(view).keys() & set(FILTERS)) + bool(view.wanted.comment_words)
    label = tr("Filter ({asked})", asked=asked) if asked else tr("Filter")
    with filter_side.popover(label, icon=":material/filter_list:", width="stretch"):
        left, right = st.columns(2)
        with left:
            pick(tr("Other runs"), "wrong", _said(WRONG_IN))
            pick(tr("Subtype"), "subtype", _named(subtypes_of(found.whole.films)))
            pick(tr("Tag"), "tag", _named(sorted(noted.by_tag)))
            pick(tr("Cause"), "cause", _named(sorted(noted.by_cause)))
        with right:
            thirds = _said(THIRDS)
            pick(tr("Contrast"), "contrast", thirds)
            pick(tr("Sharpness"), "sharpness", thirds)
            pick(tr("Original's short side"), "size", thirds)
            st.checkbox(tr("With a comment"), **GALLERY.bind(view, "comment"))
        st.text_input(
            tr("Words in a comment"),
            key=WORDS,
            max_chars=80,
            placeholder=tr("any"),
            persist_state="session",
            on_change=put,
            kwargs={"page": "", "film": ""},
            help=tr("Not kept in the address: they may identify a patient."),
        )
        left, right = st.columns(2)
        with left:
            pick(tr("Quality finding"), "finding", _named(found.known.codes))
        with right:
            pick(tr("Age"), "age", _named(found.known.bands))
        if not found.known.bands:
            st.caption(tr("These films state no age; the adult films (NIH) do."))
        key = view.wanted.slice_key
        if key is not None:
            pick(tr("Subgroup"), "slice", {key: get_space(view.library, view.run).words_of(key)})
        if asked:
            st.button(
                tr("Clear the filter"), icon=":material/filter_list_off:", on_click=_ask_nothing
            )


def _ask_nothing() -> None:
    put(**dict.fromkeys((*FILTERS, "page", "film"), ""))
    st.session_state[WORDS] = ""


def found_in_words(view: ErrorView, found: Found) -> str:
    """Return how many films are listed, of what."""
    films = tr((ONE_OF if found.in_cell == 1 else CELLS)[view.cell])
    shown = f"{number(found.in_cell, ',')} {films}"
    if view.wanted.anything:
        shown = tr("{listed:,} of {shown}", listed=len(found.film_ids), shown=shown)
    among = among_text(view, found.whole)
    if view.threshold is None:
        return tr(
            "**{shown}** of run {run} at its operating point, {among}",
            shown=shown,
            run=view.run,
            among=among,
        )
    return tr(
        "**{shown}** of run {run} at threshold {threshold:.3f}, {among}",
        shown=shown,
        run=view.run,
        threshold=view.threshold,
        among=among,
    )
