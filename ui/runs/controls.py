"""What is chosen on the page of runs: each control says what the address says, and changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.comparison.paired_tests import METRICS
from core.comparison.scored_films import COMPARED_PARTS, SYNTHETIC
from core.evaluation.tables import MEASURES
from core.jobs.examples import ExamplesTask
from core.settings import get_settings
from ui.app.progress import get_preparation
from ui.runs.data import ListedRuns
from ui.runs.query import (
    LEAST_SENSITIVITY,
    MOST_SENSITIVITY,
    OWN,
    TABS,
    USUAL_SENSITIVITY,
    Offered,
    RunsView,
    read_address,
    write_address,
)

USUAL_PART = "test"
TAB = "runs-tab"
COLUMNS = MEASURES | {
    "false_negative": "Missed",
    "false_positive": "False alarms",
    "n": "Films",
    "threshold": "Operating point",
    "architecture": "Architecture",
    "input_px": "Input, px",
    "parent": "Goes on from",
    "created": "Made on",
    "sentence": "What it is",
}
PART_NAMES = {
    "validation": "Validation patients",
    "test": "Official test split",
    "test_new_patients": "Official test, new patients",
    "test_bacterial": "Official test, bacterial",
    "test_viral": "Official test, viral",
    "nih": "External adults (NIH)",
    SYNTHETIC: "Synthetic films",
}
METRIC_NAMES = {name: MEASURES.get(name, name) for name in METRICS}
AT_OWN, TOGETHER = "each run's own", "at equal sensitivity"


def offered_parts() -> tuple[str, ...]:
    """Return the films that runs can be compared on; synthetic ones where these are offered."""
    synthetic = get_settings().offer_synthetic
    return tuple(part for part in COMPARED_PARTS if synthetic or part != SYNTHETIC)


def asked_part() -> str:
    """Return the part that the address asks for."""
    return st.query_params.get("part", USUAL_PART)


def films_awaited(part: str) -> ExamplesTask | None:
    """Return the work on the films of a part; None if they are there."""
    task = get_preparation() if part == SYNTHETIC else None
    return None if task is None or task.ready else task


def offer(listed: ListedRuns, served: str) -> Offered:
    """Return what there is to choose from."""
    return Offered(
        parts=offered_parts(),
        usual_part=USUAL_PART,
        runs=tuple(listed.runs),
        usual_runs=listed.usually_compared(served),
        metrics=METRICS,
        columns=tuple(COLUMNS),
        pair_of=listed.pair_of,
    )


def read_view(offered: Offered) -> tuple[RunsView, list[str]]:
    """Return the view that the address asks for, and what was wrong with it."""
    return read_address(st.query_params.to_dict(), offered)


def go_to(view: RunsView) -> None:
    """Put a view into the address; the page is as it says from now on."""
    address = write_address(view)
    if st.query_params.to_dict() != address:
        st.query_params.from_dict(address)


def put(name: str, said: str) -> None:
    """Put one thing into the address, or take it out where nothing is said."""
    if said:
        st.query_params[name] = said
    else:
        st.query_params.pop(name, None)


def _take(name: str, key: str, write: Callable[[object], str]) -> None:
    put(name, write(st.session_state[key]))


def pick_segment(label: str, name: str, words: Mapping[str, str], said: str, about: str) -> None:
    """Draw a choice of one of a few, all of them in sight."""
    key = f"runs-{name}"
    st.session_state[key] = said
    st.segmented_control(
        label,
        list(words),
        format_func=words.__getitem__,
        required=True,
        key=key,
        on_change=_take,
        args=(name, key, str),
        help=about or None,
    )


def _joined(chosen: object) -> str:
    return ",".join(chosen) if isinstance(chosen, list | tuple) else str(chosen)


def pick(
    label: str, name: str, options: Sequence[str], said: str, words: Mapping[str, str]
) -> None:
    """Draw a choice of one."""
    key = f"runs-{name}"
    st.session_state[key] = said
    st.selectbox(
        label,
        list(options),
        format_func=lambda one: words.get(one, one),
        key=key,
        on_change=_take,
        args=(name, key, str),
    )


def draw_choice(view: RunsView) -> None:
    """Draw the part of the data, and how thresholds are set."""
    part_side, at_side, slider_side = st.columns([1.5, 1.75, 1.5], gap="medium")
    with part_side:
        pick("Films", "part", offered_parts(), view.part, PART_NAMES)
    with at_side:
        st.session_state["runs-mode"] = AT_OWN if view.at is None else TOGETHER
        st.segmented_control(
            "Thresholds",
            [AT_OWN, TOGETHER],
            key="runs-mode",
            required=True,
            width="stretch",
            on_change=_take,
            args=("at", "runs-mode", _sensitivity_of_mode),
        )
    if view.at is not None:
        with slider_side:
            st.session_state["runs-at"] = float(view.at)
            st.slider(
                "Sensitivity on validation, %",
                LEAST_SENSITIVITY,
                MOST_SENSITIVITY,
                step=0.5,
                format="%.1f",
                key="runs-at",
                on_change=_take,
                args=("at", "runs-at", lambda chosen: f"{chosen:g}"),
                help="Each compared run gets the highest threshold that finds this share of the "
                "pneumonias of validation.",
            )


def _sensitivity_of_mode(mode: object) -> str:
    return OWN if mode == AT_OWN else f"{USUAL_SENSITIVITY:g}"


def draw_columns(view: RunsView) -> None:
    """Draw the choice of the table's columns."""
    st.session_state["runs-columns"] = list(view.columns)
    st.pills(
        "Columns",
        list(COLUMNS),
        selection_mode="multi",
        format_func=COLUMNS.__getitem__,
        key="runs-columns",
        on_change=_take,
        args=("columns", "runs-columns", _joined),
    )


def draw_tabs(view: RunsView) -> Sequence[DeltaGenerator]:
    """Draw the tabs of the comparison, the one that the address names open; return all of them."""
    st.session_state[TAB] = TABS[view.tab]
    return st.tabs(list(TABS.values()), key=TAB, on_change=_take, args=("tab", TAB, _tab_of))


def _tab_of(words: object) -> str:
    return next(name for name, said in TABS.items() if said == words)


def draw_prevalence(view: RunsView) -> None:
    """Draw the slider of how many of a hundred children are ill."""
    st.session_state["runs-prevalence"] = view.prevalence
    st.slider(
        "Ill among 100 children of your ward",
        0,
        100,
        key="runs-prevalence",
        on_change=_take,
        args=("prevalence", "runs-prevalence", str),
    )
