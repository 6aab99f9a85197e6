"""What the comparison of runs shows: the address says it, and each control changes the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.comparison.paired_tests import METRICS
from core.comparison.scored_films import COMPARED_PARTS, SYNTHETIC, is_of_site
from core.evaluation.evaluate import SITE
from core.evaluation.tables import MEASURES as RATES
from core.language.words import msg, tr
from core.settings import get_settings
from ui.app.query_params import (
    Param,
    QueryParams,
    as_text,
    complain,
    one_of,
    parse_number,
    put,
    some_of,
    word,
)
from ui.app.resources import get_libraries
from ui.app.ward import usual_of_100
from ui.runs.data import ListedRuns

SENSITIVITIES = (80.0, 100.0)
"""Least and most that can be asked for, in %."""
USUAL_SENSITIVITY = "97"
USUAL_PART = "test"
USUAL_COLUMNS = ("sentence", "roc_auc", "sensitivity", "specificity", "log_loss")
COLUMNS = (
    {"sentence": msg("Description")}
    | RATES
    | {
        "false_negative": msg("Missed"),
        "false_positive": msg("False alarms"),
        "n": msg("Films"),
        "threshold": msg("Operating point"),
        "architecture": msg("Architecture"),
        "input_px": msg("Input, px"),
        "parent": msg("Based on"),
        "created": msg("Created"),
    }
)
PART_NAMES = {
    "validation": msg("Validation patients"),
    "test": msg("Official test split"),
    "test_new_patients": msg("Official test, new patients"),
    "test_bacterial": msg("Official test, bacterial"),
    "test_viral": msg("Official test, viral"),
    "nih": msg("External adults (NIH)"),
    SITE: msg("Films of a site"),
    SYNTHETIC: msg("Synthetic films"),
}
METRIC_NAMES = {name: RATES.get(name, name) for name in METRICS}
TABS = {
    "tests": msg("Curves and paired tests"),
    "cases": msg("Case matrix"),
    "ward": msg("Out of 1,000 children"),
    "training": msg("Training and shortcuts"),
}
MEASURES = {
    "roc_auc": msg("ROC AUC"),
    "sensitivity": msg("Sensitivity"),
    "specificity": msg("Specificity"),
    "turned": msg("Decisions changed"),
    "moved": msg("Median change in probability"),
}
LOSSES = {"validation": msg("Validation loss"), "train": msg("Training loss")}
OWN = "own"
"""Stands for each run's own operating point where a sensitivity is wanted."""
AT_OWN, TOGETHER = msg("each run's own"), msg("at equal sensitivity")


@dataclass(frozen=True, slots=True)
class RunsView:
    """Everything that decides what the page shows.

    Attributes
    ----------
    runs : tuple of str
        Compared, in the order of the table.
    at : float or None
        Sensitivity on validation, in %, that operating points are set to together; None: own ones.
    prevalence : int
        Ill among 100 children.
    metric : str
        Whose difference is bootstrapped.
    earlier, later : str
        The pair that is put in words; empty with one run alone.
    film : str
        Code of the case that is open (`core.library.film_codes`); empty for none.
    cell : str
        The run whose cell of that case was clicked; empty for none.
    columns : tuple of str
        Metrics in the table.
    tab, measure, loss : str
        Keys of `TABS`, `MEASURES` and `LOSSES`.
    """

    part: str
    runs: tuple[str, ...]
    at: float | None
    prevalence: int
    metric: str
    earlier: str
    later: str
    film: str
    cell: str
    columns: tuple[str, ...]
    tab: str
    measure: str
    loss: str


def offered_parts(listed: ListedRuns) -> dict[str, str]:
    """Return the films that runs can be compared on, by name.

    Synthetic ones stand there where they are offered, a scored archive's where a run has read some,
    and the site's own sets.
    """
    left_out = set() if get_settings().offer_synthetic else {SYNTHETIC}
    if not any(SITE in run.record.metrics for run in listed.runs.values()):
        left_out.add(SITE)
    parts = [part for part in COMPARED_PARTS if part not in left_out]
    named = {part: tr(PART_NAMES.get(part, part)) for part in parts}
    sets = {name: one.title for name, one in get_libraries().items() if is_of_site(name)}
    return named | sets


def _pair(place: int) -> Callable[[Any, ListedRuns, str], str]:
    return lambda values, listed, _: listed.pair_of(values.runs)[place]


def _compared(values: Any, *_: Any) -> tuple[str, ...]:
    return values.runs


_MISSING = msg("are not there or have not read these films")
ADDRESS = QueryParams(
    "runs",
    RunsView,
    one_of("part", lambda _, listed, __: offered_parts(listed), USUAL_PART),
    some_of(
        "runs",
        lambda _, listed, __: listed.runs,
        lambda values, listed, serving: listed.usually_compared(serving, values.part),
        _MISSING,
        forgets=("earlier", "later"),
    ),
    one_of("earlier", _compared, _pair(0)),
    one_of("later", _compared, _pair(1)),
    Param(
        "prevalence",
        lambda text, *_: round(parse_number(text, 0, 100)),
        usual_of_100,
        instead=msg("the usual value"),
    ),
    Param(
        "at",
        lambda text, *_: None if text == OWN else parse_number(text, *SENSITIVITIES),
        instead=msg("the usual value"),
        text=lambda at: OWN if at is None else as_text(at),
    ),
    one_of("metric", METRICS, "accuracy"),
    word("film"),
    one_of("cell", _compared, ""),
    some_of("columns", COLUMNS, USUAL_COLUMNS, _MISSING),
    one_of("tab", TABS, lambda values, *_: "cases" if values.film else "tests"),
    one_of("measure", MEASURES),
    one_of("loss", LOSSES),
)


def read_address(
    params: Mapping[str, str], listed: ListedRuns, serving: str
) -> tuple[RunsView, list[str]]:
    """Return what an address asks for, and a sentence for each thing that it says wrongly.

    Parameters
    ----------
    listed : ListedRuns
        That have read the films of the address.
    serving : str
        The run that serves.
    """
    view, complaints = ADDRESS.read(params, listed, serving)
    if view.earlier == view.later != "":
        earlier, later = listed.pair_of(view.runs)
        pair = tr("{first} and {second}", first=earlier, second=later)
        named, why = (
            ("later", msg("is the earlier run too"))
            if "later" in params
            else ("earlier", msg("is the later run too"))
        )
        complaints.append(complain(named, view.later, why, pair))
        view = replace(view, earlier=earlier, later=later)
    return view, complaints


def draw_part(view: RunsView, listed: ListedRuns) -> None:
    """Draw which films the runs are measured on."""
    ADDRESS.select(view, tr("Films"), "part", offered_parts(listed))


def draw_operating_points(view: RunsView) -> None:
    """Draw how operating points are set, and at which sensitivity."""
    at_side, slider_side, _ = st.columns([1.4, 1, 1], gap="medium")
    with at_side:
        st.session_state["runs-mode"] = AT_OWN if view.at is None else TOGETHER
        st.segmented_control(
            tr("Operating points, for everything below"),
            [AT_OWN, TOGETHER],
            format_func=tr,
            key="runs-mode",
            required=True,
            width="stretch",
            on_change=_take_mode,
        )
    if view.at is not None:
        slider_side.slider(
            tr("Sensitivity on validation, %"),
            *SENSITIVITIES,
            step=0.5,
            format="%.1f",
            help=tr(
                "Each compared run gets the highest operating point that reaches "
                "this sensitivity on the validation films."
            ),
            **ADDRESS.bind(view, "at"),
        )


def _take_mode() -> None:
    put(at=OWN if st.session_state["runs-mode"] == AT_OWN else USUAL_SENSITIVITY)
