"""What is chosen on the page Subgroups: each control says what the address says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.error_analysis.slice_discovery import RATES
from core.jobs.examples import ExamplesTask
from core.runs.predictions import PREDICTIONS_FILE
from ui.app.progress import draw_preparation, get_preparation
from ui.app.resources import get_libraries, get_library
from ui.errors.controls import SYNTHETIC, split_titles
from ui.library.runs import get_offered, get_runs, name_offered

SECTIONS = {
    "slices": "Slices",
    "labels": "Doubtful labels",
    "copies": "Copies",
    "references": "Two references",
}
USUAL_RATE = "sensitivity"


@dataclass(frozen=True, slots=True)
class FailsView:
    """Everything that decides what the page shows.

    Attributes
    ----------
    library, run : str
    section : str
        A key of `SECTIONS`.
    slice_key : str
        The slice that is open; empty for the one with the smallest p value.
    rate : str
        Of the slice that is open, a key of `RATES`.
    """

    library: str
    run: str
    section: str = "slices"
    slice_key: str = ""
    rate: str = USUAL_RATE


def choose(
    params: Mapping[str, str], name: str, options: Sequence[str], complaints: list[str]
) -> str:
    """Return the option that an address names, else the first, with a sentence."""
    said = params.get(name)
    if said is None or said in options:
        return options[0] if said is None else said
    complaints.append(
        f"The address names {name} {said[:40]!r}, which is not one of {', '.join(options)}: "
        f"{options[0]}."
    )
    return options[0]


def read_address(
    params: Mapping[str, str], libraries: Sequence[str], runs: Mapping[str, Sequence[str]]
) -> tuple[FailsView, list[str]]:
    """Return what an address asks for, and a sentence for each thing that it says wrongly.

    Parameters
    ----------
    params : mapping of str to str
        The query part of the address.
    libraries : sequence of str
        The first is the default, as of everything.
    runs : mapping of str to sequence of str
        By library.
    """
    complaints: list[str] = []
    library = choose(params, "library", libraries, complaints)
    view = FailsView(
        library=library,
        run=choose(params, "run", runs[library], complaints),
        section=choose(params, "section", tuple(SECTIONS), complaints),
        slice_key=params.get("slice", ""),
        rate=choose(params, "rate", tuple(RATES), complaints),
    )
    return view, complaints


def write_address(view: FailsView) -> dict[str, str]:
    """Return the query part of the address of a view."""
    said = {
        "library": view.library,
        "run": view.run,
        "section": view.section,
        "slice": view.slice_key,
        "rate": view.rate if view.slice_key else "",
    }
    return {name: value for name, value in said.items() if value}


def read_view() -> tuple[FailsView, list[str]]:
    """Return the view that the address asks for, and what was wrong with it."""
    offered = get_offered()
    runs = {library: offered.runs(library) for library in offered.libraries}
    return read_address(st.query_params.to_dict(), _searchable_first(offered.libraries), runs)


def films_awaited() -> ExamplesTask | None:
    """Return the work on the synthetic films where the address asks for these; None if done."""
    task = get_preparation()
    if task is None or task.ready or task.finished:
        return None
    return task if st.query_params.get("library") == SYNTHETIC else None


def draw_waiting(task: ExamplesTask) -> None:
    """Say what the page will show, how far the films are, and what can be looked at meanwhile."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header("Where a run fails")
        st.write(
            "How many of each drawn finding a run misses, and the films that it calls wrongly."
        )
        draw_preparation(task)
        st.button(
            "See the search over the public films",
            key="fails-meanwhile",
            icon=":material/search:",
            on_click=st.query_params.from_dict,
            args=({"library": "public"},),
        )


def _searchable_first(libraries: Sequence[str]) -> list[str]:
    """Return the libraries with the public one first where its predictions are kept.

    A search needs no picture, and the synthetic films are too few for one.
    """
    kept = any(PREDICTIONS_FILE in run.files for run in get_runs().values())
    return sorted(libraries, key=lambda name: kept and get_library(name).synthetic)


def go_to(view: FailsView) -> None:
    """Put a view into the address."""
    address = write_address(view)
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)


def put(**said: str) -> None:
    """Change parts of the address before the page runs; empty takes a part away."""
    for name, value in said.items():
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)


def draw_choice(view: FailsView) -> None:
    """Draw which films, which run and which section are looked at."""
    titles = {name: library.title for name, library in get_libraries().items()}
    films_side, run_side, section_side, point_side = st.columns(
        [1.2, 0.7, 2.4, 2], gap="medium", vertical_alignment="bottom"
    )
    with films_side:
        _pick("Films", "library", titles, view.library)
    with run_side:
        _pick("Run", "run", name_offered(view.library), view.run)
    with section_side:
        st.session_state["fails-section"] = view.section
        st.segmented_control(
            "What is looked at",
            list(SECTIONS),
            format_func=SECTIONS.__getitem__,
            key="fails-section",
            on_change=_take_section,
            width="stretch",
        )
    point = get_runs()[view.run].operating_point.threshold
    point_side.caption(
        f"Run {view.run} at its operating point, {point:.3f}. Intervals are of 95 %."
    )


def _take_section() -> None:
    chosen = st.session_state["fails-section"]
    if chosen:
        put(section=chosen)


def _pick(label: str, name: str, words: Mapping[str, str], said: str) -> None:
    key = f"fails-{name}"
    st.session_state[key] = said
    st.selectbox(
        label,
        list(words),
        format_func=lambda one: words.get(one, one),
        key=key,
        on_change=_take_choice,
        args=(name, key),
    )


def _take_choice(name: str, key: str) -> None:
    if st.session_state[key] != st.query_params.get(name):
        put(**{name: st.session_state[key], "slice": "", "rate": ""})


def pick_slice(listed: Sequence[tuple[str, str]], said: tuple[str, str], words: object) -> None:
    """Draw the choice of the slice that is open.

    Parameters
    ----------
    listed : sequence of (str, str)
        Key and rate of each slice.
    said : (str, str)
    words : callable
        From key and rate to words.
    """
    st.session_state["fails-slice"] = said
    st.selectbox(
        "Slice",
        list(listed),
        format_func=words,
        key="fails-slice",
        on_change=_take_slice,
    )


def _take_slice() -> None:
    key, rate = st.session_state["fails-slice"]
    put(slice=key, rate=rate)


def split_words(run: str, split: str) -> str:
    """Return what a split of the public set is called for a run."""
    return split_titles(run).get(split, split)
