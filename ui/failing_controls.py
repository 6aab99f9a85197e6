"""What is chosen on the page "Where it fails": each control says what the address says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.examples import ExamplesTask
from core.predictions import PREDICTIONS_FILE
from ui.error_controls import SYNTHETIC, split_titles
from ui.error_runs import get_offered, get_runs, name_offered
from ui.failing_link import SECTIONS, FailsView, read_address, write_address
from ui.preparation import draw_preparation, get_preparation
from ui.resources import get_libraries, get_library


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
