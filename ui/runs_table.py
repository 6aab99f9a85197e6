"""The table of runs; its chosen rows are what the rest of the page compares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.comparison_films import COMPARED_PARTS
from core.errors import FirstReadError
from core.run_table import ListedRun
from ui.runs_controls import COLUMNS, draw_columns, put
from ui.runs_data import ListedRuns, get_metrics
from ui.runs_link import RunsView

TABLE = "runs-table"
MAX_ROWS, MAX_TABLE_PX = 8, 330
_COUNTS = ("false_negative", "false_positive")
_OF_RECORD = ("architecture", "input_px", "created", "sentence")


def draw_table(view: RunsView, listed: ListedRuns, served: str) -> None:
    """Draw every run with its metrics on the chosen part; rows choose what is compared."""
    rows, sentences = [], []
    for run in listed.runs.values():
        try:
            measured = get_metrics(run.record, view.part)
        except FirstReadError as exc:
            measured = None
            sentences.append(f"{run.record.run_id} is not measured on these films: {exc}")
        rows.append(_row(run, measured, view, served))
    chosen = [place for place, run_id in enumerate(listed.runs) if run_id in view.runs]
    st.session_state[TABLE] = {"selection": {"rows": chosen}}
    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        height="content" if len(rows) <= MAX_ROWS else MAX_TABLE_PX,
        on_select=lambda: _take(tuple(listed.runs)),
        selection_mode="multi-row",
        key=TABLE,
        column_config={
            "Run": st.column_config.TextColumn(pinned=True),
            COLUMNS["sentence"]: st.column_config.TextColumn(width="large"),
        },
        placeholder="not measured",
        alt="Runs with their metrics; choose rows to compare them",
    )
    for sentence in sentences:
        st.warning(sentence, icon=":material/warning:")
    words_side, columns_side = st.columns([6, 1], vertical_alignment="center")
    with columns_side.popover("Columns", icon=":material/view_column:", width="stretch"):
        draw_columns(view)
    name = COMPARED_PARTS[view.part].name
    words_side.caption(
        f"{name[:1].upper()}{name[1:]}, each run at its own operating point and on the "
        "films that it scored; 95 % intervals. Tick the runs to compare: "
        f"{len(view.runs)} of {len(listed.runs)} are."
    )


def _take(run_ids: tuple[str, ...]) -> None:
    places = st.session_state[TABLE]["selection"]["rows"]
    put("runs", ",".join(run_ids[place] for place in sorted(places) if place < len(run_ids)))
    for name in ("earlier", "later"):
        put(name, "")


def describe_role(run: ListedRun, served: str) -> str:
    """Return what a run is there for, as the table labels it."""
    if run.record.run_id == served:
        return "serves"
    if run.record.foreign:
        return "imported"
    return "exhibit" if run.exhibit else ""


def _row(
    run: ListedRun, measured: Mapping[str, Any] | None, view: RunsView, served: str
) -> dict[str, Any]:
    cells = {COLUMNS[name]: _cell(run, measured, name) for name in view.columns}
    return {"Run": run.record.run_id, "Role": describe_role(run, served), **cells}


def _cell(run: ListedRun, measured: Mapping[str, Any] | None, name: str) -> Any:
    if name in _OF_RECORD:
        return str(getattr(run.record, name))[: 10 if name == "created" else None]
    if name == "parent":
        return run.parent
    return None if measured is None else _number(measured, name)


def _number(measured: Mapping[str, Any], name: str) -> Any:
    if name in _COUNTS:
        return measured["matrix"][name]
    if name in measured["rates"]:
        return _with_interval(measured["rates"][name])
    return measured["n"] if name == "n" else round(float(measured[name]), 3)


def _with_interval(rate: Mapping[str, Any]) -> str | None:
    if rate["value"] is None:
        return None
    return f"{rate['value']:.3f} ({rate['low']:.3f} to {rate['high']:.3f})"
