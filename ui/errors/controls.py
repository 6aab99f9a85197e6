"""What is chosen in the error gallery: each control says what the address says, and changes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from core.comparison.scored_films import ScoredFilms
from core.error_analysis.filters import subtypes_of
from core.error_analysis.gallery import Cell
from core.error_analysis.notes import CaseNote
from core.errors import FirstReadError
from core.jobs.examples import ExamplesTask
from core.runs.predictions import LEARNED_FILE, LEARNED_PART, how_to_score_learned
from ui.app.progress import draw_preparation, get_preparation
from ui.app.resources import get_libraries, get_library
from ui.components.matrix.matrix import show_matrix
from ui.library.films import Found, noted_by
from ui.library.gallery_query import ALL_PARTS, YES, ErrorView, read_address, write_address
from ui.library.runs import get_learned, get_offered, get_runs, name_offered, own_validation
from ui.library.slices import slice_words

SAYS_NOTHING = "its rates here say nothing about new films"


def films_learned(view: ErrorView, runs: ScoredFilms) -> int:
    """Return how many of a view's films its run has learned from; of drawn films none."""
    if get_library(view.library).synthetic:
        return 0
    return int((runs.films.split == LEARNED_PART).sum())


def say_learned(view: ErrorView, runs: ScoredFilms) -> str:
    """Return what the rates of a view are worth; empty where the run has seen none of its films."""
    learned = films_learned(view, runs)
    if not learned:
        return ""
    which = "these" if learned == len(runs) else f"{learned:,} of these"
    return f"Run {view.run} has learned from {which} {len(runs):,} films: {SAYS_NOTHING}."


def say_among(view: ErrorView, runs: ScoredFilms) -> str:
    """Return the number of films that are looked at, and how many of them are learned from."""
    learned, films = films_learned(view, runs), f"among {len(runs):,} films"
    if not learned:
        return films
    return films + (
        " that it has learned from"
        if learned == len(runs)
        else f", {learned:,} of which it has learned from"
    )


def say_not_scored(view: ErrorView) -> str:
    """Return which command scores the films that a run has learned from; empty if none is due."""
    run = get_runs()[view.run]
    if get_library(view.library).synthetic or run.foreign or run.members:
        return ""
    if LEARNED_FILE in run.files:
        return ""
    return f"For its training films too, run `{how_to_score_learned(view.run)}`."


def say_film_learned(view: ErrorView, runs: ScoredFilms, place: int) -> str:
    """Return which of the runs that are shown have learned from a film; empty if none has."""
    film_id = str(runs.films.film_id[place])
    having = [run for run in runs.run_ids if _has_learned(view.library, run, film_id)]
    if not having:
        return ""
    *others, last = having
    named = f"Runs {', '.join(others)} and {last} have" if others else f"Run {last} has"
    said = "what is said of it says nothing about new films"
    return f"{named} learned from this film: {said}."


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
    "confidence": "Surest first",
    "loss": "Costliest first (log loss)",
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
FILTERS = (
    "subtype",
    "size",
    "contrast",
    "sharpness",
    "wrong",
    "tag",
    "cause",
    "comment",
    "finding",
    "age",
    "slice",
)
SYNTHETIC = "synthetic"
WORDS = "errors-words"
OF_FILMS = ("subtype", "finding", "age")
"""Filters by what the films of one split are: another split may have none such."""
_RUN_CHANGES = ("threshold", "page", "film")


def split_titles(run: str) -> dict[str, str]:
    """Return what the splits are called, with the run's own name for its validation films."""
    own = own_validation(run)
    return SPLITS | ({"validation": own} if own else {})


def films_awaited() -> ExamplesTask | None:
    """Return the work on the films that the address asks for, or that alone can be shown."""
    task = get_preparation()
    if task is None or task.finished or task.ready:
        return None
    others = any(library.has_films for library in get_libraries().values())
    asked = st.query_params.get("library", "public" if others else SYNTHETIC)
    return task if asked == SYNTHETIC else None


def draw_waiting(task: ExamplesTask) -> None:
    """Say what the page will show, how far the films are, and what can be looked at meanwhile."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header("What a run gets wrong, film by film")
        st.write(
            "Missed pneumonias and false alarms of every run as cards, each with its regions, "
            "what the other runs said, and room for your note."
        )
        draw_preparation(task)
        st.button(
            "See what the runs said of the public films",
            key="errors-meanwhile",
            icon=":material/grid_view:",
            help="Their numbers are here; their pictures are not.",
            on_click=st.query_params.from_dict,
            args=({"library": "public"},),
        )


def read_view() -> tuple[ErrorView, list[str]]:
    """Return the view that the address asks for, and what was wrong with it.

    Words of a comment are asked for beside it: what a reader types has no place in an address.
    """
    view, complaints = read_address(st.query_params.to_dict(), get_offered())
    words = str(st.session_state.get(WORDS) or "").strip()
    if words:
        view = replace(view, wanted=replace(view.wanted, comment_words=words))
    return view, complaints


def go_to(view: ErrorView) -> None:
    """Put a view into the address; the page is as it says from now on."""
    address = write_address(view)
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)


def _forget(names: Sequence[str]) -> None:
    for name in names:
        st.query_params.pop(name, None)


def _take(name: str, key: str, forgets: Sequence[str]) -> None:
    """Put what a control says into the address, before the page runs."""
    chosen = st.session_state[key]
    said = None if chosen in (None, False, "") else YES if chosen is True else str(chosen)
    if said == st.query_params.get(name):
        return  # a control that is gone speaks once more, of nothing that anybody has changed
    _forget(forgets)
    if said is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = said


def _pick(
    label: str,
    name: str,
    options: Sequence[str] | Mapping[str, str],
    said: str | None,
    *,
    forgets: Sequence[str] = ("page", "film"),
    any_word: str | None = None,
    words: Mapping[str, str] | None = None,
) -> None:
    """Draw a choice; ``any_word`` offers to ask for nothing."""
    key = f"errors-{name}"
    names = words if words is not None else dict(options) if isinstance(options, Mapping) else {}
    listed = list(options)
    said = None if said is None else str(said)  # of an enumeration Streamlit wants the others too
    if said is not None and said not in listed:
        listed.append(said)  # a tag that nobody uses any more
    st.session_state[key] = said
    st.selectbox(
        label,
        listed,
        index=None if any_word else 0,
        placeholder=any_word,
        format_func=lambda one: names.get(one, one),
        key=key,
        on_change=_take,
        args=(name, key, forgets),
    )


def draw_choice(view: ErrorView, found: Found) -> None:
    """Draw what is looked at: films, run, split, and the matrix with its threshold."""
    titles = {name: library.title for name, library in get_libraries().items()}
    _pick(
        "Films",
        "library",
        titles,
        view.library,
        forgets=("run", "split", "slice", *OF_FILMS, *_RUN_CHANGES),
    )
    run_side, split_side = st.columns([1, 1.7], gap="small")
    with run_side:
        _pick("Run", "run", name_offered(view.library), view.run, forgets=("slice", *_RUN_CHANGES))
    with split_side:
        splits = get_offered().splits(view.library, view.run)
        drawn = get_library(view.library).synthetic
        of_set = {name: f"{name} part" for name in splits} | {ALL_PARTS: "all parts"}
        _pick(
            "Split",
            "split",
            splits,
            view.split,
            forgets=(*OF_FILMS, "page", "film"),
            words=of_set if drawn else split_titles(view.run),
        )
    for sentence in (say_learned(view, found.runs), say_not_scored(view)):
        if sentence:
            st.caption(sentence)
    show_matrix(
        found.runs.of_run(view.run),
        found.runs.films.label,
        threshold=view.threshold,
        operating_point=get_runs()[view.run].operating_point.threshold,
        selected=view.cell,
        key="errors-matrix",
    )


def draw_filters(view: ErrorView, found: Found, notes: Sequence[CaseNote]) -> None:
    """Draw the order, and behind one button what the films must be."""
    wanted, noted = view.wanted, noted_by(notes)
    sort_side, filter_side = st.columns([1.5, 1], gap="small", vertical_alignment="bottom")
    with sort_side:
        _pick("Sort", "sort", ORDERS, view.order)
    asked = sum(name in write_address(view) for name in FILTERS) + bool(wanted.comment_words)
    label = f"Filter ({asked})" if asked else "Filter"
    with filter_side.popover(label, icon=":material/filter_list:", width="stretch"):
        left, right = st.columns(2)
        with left:
            _pick("Other runs", "wrong", WRONG_IN, wanted.wrong_in, any_word="any")
            _pick(
                "Subtype", "subtype", subtypes_of(found.runs.films), wanted.subtype, any_word="any"
            )
            _pick("Tag", "tag", sorted(noted.by_tag), wanted.tag, any_word="any")
            _pick("Cause", "cause", sorted(noted.by_cause), wanted.cause, any_word="any")
        with right:
            _pick("Contrast", "contrast", THIRDS, wanted.contrast, any_word="any")
            _pick("Sharpness", "sharpness", THIRDS, wanted.sharpness, any_word="any")
            _pick("Original's short side", "size", THIRDS, wanted.size, any_word="any")
            st.session_state["errors-comment"] = wanted.commented
            st.checkbox(
                "With a comment",
                key="errors-comment",
                on_change=_take,
                args=("comment", "errors-comment", ("page", "film")),
            )
        st.text_input(
            "Words of a comment",
            key=WORDS,
            max_chars=80,
            placeholder="any",
            persist_state="session",
            on_change=_forget,
            args=(("page", "film"),),
            help="Not in the address: they may be of a patient.",
        )
        _draw_known(view, found)
        if asked:
            st.button("Ask for nothing", icon=":material/filter_list_off:", on_click=_ask_nothing)


def _draw_known(view: ErrorView, found: Found) -> None:
    """Draw what films can be asked for by facts that no prediction holds."""
    left, right = st.columns(2)
    with left:
        _pick(
            "Quality gate found", "finding", found.known.codes, view.wanted.finding, any_word="any"
        )
    with right:
        _pick("Age", "age", found.known.bands, view.wanted.age, any_word="any")
    if not found.known.bands:
        st.caption("No age is stated of these films; the adults' (NIH) is.")
    if view.wanted.slice_key is not None:
        key = view.wanted.slice_key
        words = {key: slice_words(view.library, view.run, key)}
        _pick("Subgroup", "slice", words, key, any_word="any")


def _ask_nothing() -> None:
    _forget((*FILTERS, "page", "film"))
    st.session_state[WORDS] = ""


def found_in_words(view: ErrorView, found: Found) -> str:
    """Return how many films are listed, of what."""
    films = CELLS[view.cell] if found.in_cell != 1 else CELLS[view.cell].removesuffix("s")
    shown = f"{found.in_cell:,} {films}"
    if view.wanted.anything:
        shown = f"{len(found.film_ids):,} of {shown}"
    point = "its operating point" if view.threshold is None else f"threshold {view.threshold:.3f}"
    return f"**{shown}** of run {view.run} at {point}, {say_among(view, found.runs)}"
