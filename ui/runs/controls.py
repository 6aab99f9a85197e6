"""What is chosen on the page of runs: each control says what the address says, and changes it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.comparison.paired_tests import METRICS
from core.comparison.scored_films import COMPARED_PARTS, SYNTHETIC
from core.evaluation.tables import MEASURES
from core.jobs.examples import ExamplesTask
from core.settings import get_settings
from ui.app.progress import get_preparation
from ui.app.query_params import put
from ui.runs.data import ListedRuns
from ui.runs.query import (
    ADDRESS,
    OWN,
    SENSITIVITIES,
    TABS,
    USUAL_SENSITIVITY,
    Offered,
    RunsView,
    read_address,
)

USUAL_PART = "test"
COLUMNS = MEASURES | {
    "false_negative": "Missed",
    "false_positive": "False alarms",
    "n": "Films",
    "threshold": "Operating point",
    "architecture": "Architecture",
    "input_px": "Input, px",
    "parent": "Based on",
    "created": "Created",
    "sentence": "Description",
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


go_to = ADDRESS.go_to


def draw_choice(view: RunsView) -> None:
    """Draw the part of the data, and how thresholds are set."""
    part_side, at_side, slider_side = st.columns([1.3, 2.2, 1.1], gap="medium")
    with part_side:
        ADDRESS.select(
            view, "Films", "part", {part: PART_NAMES.get(part, part) for part in offered_parts()}
        )
    with at_side:
        st.session_state["runs-mode"] = AT_OWN if view.at is None else TOGETHER
        st.segmented_control(
            "Thresholds",
            [AT_OWN, TOGETHER],
            key="runs-mode",
            required=True,
            width="stretch",
            on_change=_take_mode,
        )
    if view.at is not None:
        with slider_side:
            st.slider(
                "Sensitivity on validation, %",
                *SENSITIVITIES,
                step=0.5,
                format="%.1f",
                help="Each compared run gets the highest threshold that reaches this sensitivity "
                "on the validation films.",
                **ADDRESS.bind(view, "at"),
            )


def _take_mode() -> None:
    own = st.session_state["runs-mode"] == AT_OWN
    put(at=OWN if own else f"{USUAL_SENSITIVITY:g}")


def draw_columns(view: RunsView) -> None:
    """Draw the choice of the table's columns."""
    st.pills(
        "Columns",
        list(COLUMNS),
        selection_mode="multi",
        format_func=COLUMNS.__getitem__,
        **ADDRESS.bind(view, "columns"),
    )


def draw_tabs(view: RunsView) -> Sequence[DeltaGenerator]:
    """Draw the tabs of the comparison, the one that the address names open; return all of them."""
    return st.tabs(list(TABS.values()), **ADDRESS.bind(view, "tab", TABS))


def draw_prevalence(view: RunsView) -> None:
    """Draw the slider of how many of a hundred children are ill."""
    label = "Children with pneumonia per 100 in your ward"
    st.slider(label, 0, 100, **ADDRESS.bind(view, "prevalence"))
