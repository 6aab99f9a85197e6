"""The table of runs; its chosen rows are what the rest of the page compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.comparison.scored_films import part_of
from core.domain.rate import Rate
from core.errors import FirstReadError
from core.language.words import msg, tr
from core.runs.listing import ListedRun
from core.shortcuts.record import ChangeAudit, PartAudit, audit_text
from ui.app.query_params import put
from ui.charts.base import draw_plot
from ui.charts.runs import Style, plot_histories
from ui.components.figures import draw_figures
from ui.components.plain_text import plain
from ui.runs.data import ListedRuns, get_audit, get_histories, get_metrics, measured_area, title_of
from ui.runs.query import ADDRESS, COLUMNS, LOSSES, MEASURES, USUAL_PART, RunsView

TABLE = "runs-table"
MAX_ROWS, MAX_TABLE_PX = 6, 247
RUN_PX, DESCRIPTION_PX = 105, 280
"""Of the columns, so that no name is cut, and the figures stay in sight beside a description."""
_COUNTS = ("false_negative", "false_positive")
_OF_RECORD = ("architecture", "input_px", "created", "sentence")


def draw_table(
    view: RunsView, listed: ListedRuns, served: str, styles: Mapping[str, Style]
) -> None:
    """Draw every run with its metrics on the chosen part; rows choose what is compared.

    Parameters
    ----------
    styles : mapping of str to Style
        Of the compared runs.
    """
    areas: dict[str, float] = {}
    rows, sentences = [], []
    for run in listed.runs.values():
        try:
            measured = get_metrics(run.record, view.part)
        except FirstReadError as exc:
            measured = None
            sentences.append(
                tr(
                    "{run} is not measured on these films: {why}",
                    run=run.record.run_id,
                    why=exc,
                )
            )
        rows.append(_row(run, measured, view, served))
        areas[run.record.run_id] = measured_area(run.record, view.part)
    rows.sort(key=lambda row: -areas[row[tr("Run")]])
    order = [row[tr("Run")] for row in rows]
    chosen = [place for place, run_id in enumerate(order) if run_id in view.runs]
    st.session_state[TABLE] = {"selection": {"rows": chosen}}
    part = plain(tr(part_of(view.part, title_of(view.part)).name))
    st.caption(  # above the table, whose own buttons would cover what stands there
        tr(
            "{part}, each run at its own operating point and on the films that it "
            "scored; the largest ROC AUC first. Tick the runs to compare, or choose them "
            "by keys below the table: {chosen} of {runs} are.",
            part=part[:1].upper() + part[1:],
            chosen=len(view.runs),
            runs=len(listed.runs),
        )
    )
    draw_figures(
        rows,
        colours={run_id: style.colour for run_id, style in styles.items()},
        height="content" if len(rows) <= MAX_ROWS else MAX_TABLE_PX,
        on_select=lambda: _take(order, tuple(listed.runs)),
        selection_mode="multi-row",
        key=TABLE,
        column_config={
            tr("Run"): st.column_config.TextColumn(pinned=True, width=RUN_PX),
            tr(COLUMNS["sentence"]): st.column_config.TextColumn(
                width=DESCRIPTION_PX, help=tr("Click a cell twice to read it whole.")
            ),
        },
        placeholder=tr("not measured"),
        alt=tr("Runs with their metrics; choose rows to compare them"),
    )
    for sentence in sentences:
        st.warning(plain(sentence), icon=":material/warning:")
    chosen_side, columns_side = st.columns([6, 1], gap="small", vertical_alignment="center")
    with chosen_side:  # the table takes no key that ticks a row
        st.multiselect(
            tr("Runs compared"),
            list(listed.runs),
            label_visibility="collapsed",
            **ADDRESS.bind(view, "runs"),
        )
    aside = columns_side.container(horizontal=True, horizontal_alignment="right")
    with aside.popover(tr("Columns"), icon=":material/view_column:"):
        st.pills(
            tr("Columns"),
            list(COLUMNS),
            selection_mode="multi",
            format_func=lambda name: tr(COLUMNS[name]),
            **ADDRESS.bind(view, "columns"),
        )


def _take(order: Sequence[str], run_ids: Sequence[str]) -> None:
    places = st.session_state[TABLE]["selection"]["rows"]
    ticked = {order[place] for place in places if place < len(order)}
    put(runs=",".join(one for one in run_ids if one in ticked), earlier="", later="")


def describe_role(run: ListedRun, served: str) -> str:
    """Return what a run is there for, as the table labels it."""
    if run.record.run_id == served:
        return tr("active")
    if run.record.foreign:
        return tr("imported")
    return tr("exhibit") if run.exhibit else ""


def _row(
    run: ListedRun, measured: Mapping[str, Any] | None, view: RunsView, served: str
) -> dict[str, Any]:
    cells = {tr(COLUMNS[name]): _cell(run, measured, name) for name in view.columns}
    return {tr("Run"): run.record.run_id, tr("Role"): describe_role(run, served), **cells}


def _cell(run: ListedRun, measured: Mapping[str, Any] | None, name: str) -> Any:
    if name in _OF_RECORD:
        text = str(getattr(run.record, name))
        return tr(text) if name == "sentence" else text[: 10 if name == "created" else None]
    if name == "parent":
        return run.parent
    return None if measured is None else _number(measured, name)


def _number(measured: Mapping[str, Any], name: str) -> Any:
    if name in _COUNTS:
        return measured["matrix"][name]
    if name in measured["rates"]:
        rate = measured["rates"][name]
        return None if rate["value"] is None else Rate(**rate)
    return measured["n"] if name == "n" else float(measured[name])


ABOUT_LOSS = msg(
    "Training loss is computed on augmented films, with class weights and smoothed "
    "labels. Its level does not compare with the validation loss; its trend shows "
    "whether the run still learns. A constant guess of 0.5 has a loss of 0.69, a "
    "perfect model 0."
)


MEASURED: dict[str, Callable[[ChangeAudit], object]] = {
    "roc_auc": lambda row: row.roc_auc,
    "sensitivity": lambda row: row.sensitivity,
    "specificity": lambda row: row.specificity,
    "turned": lambda row: tr("{changed} of {n}", changed=row.decisions_changed, n=row.n),
    "moved": lambda row: float(row.shift_median),
}


def draw_histories(listed: ListedRuns, view: RunsView, styles: dict[str, Style]) -> None:
    """Draw the loss by epoch of every compared run that was trained here."""
    run_ids = view.runs
    losses = {name: tr(words) for name, words in LOSSES.items()}
    ADDRESS.segments(view, tr("Loss by epoch"), "loss", losses, help=tr(ABOUT_LOSS))
    histories = get_histories(listed, run_ids, f"{view.loss}_loss")
    if histories:
        drawn = [styles[run_id] for run_id in histories]
        figure = plot_histories(histories, drawn, losses[view.loss])
        draw_plot(figure, "runs-histories")
    without = [run_id for run_id in run_ids if run_id not in histories]
    if without:
        st.caption(tr("No training history: {runs}.", runs=", ".join(without)))


def draw_audits(audited: dict[str, PartAudit], view: RunsView) -> None:
    """Draw what each run does on perturbed films, one column per run."""
    if not audited:
        st.caption(tr("None of these runs has a shortcut audit."))
        return
    split = next(iter(audited.values())).split
    ADDRESS.segments(
        view,
        tr("Performance after perturbation, {part}", part=tr(split)),
        "measure",
        {name: tr(words) for name, words in MEASURES.items()},
        help=tr(
            "Each row changes every film in one way and measures the run again. "
            "Cropped alike: every film is cut to the same frame around the lungs."
        ),
    )
    value_of = MEASURED[view.measure]
    changes = {row.key: tr(row.words) for audit in audited.values() for row in audit.changes}
    cells = {
        run_id: {row.key: value_of(row) for row in audit.changes}
        for run_id, audit in audited.items()
    }
    draw_figures(
        [
            {
                tr("Perturbation"): words[:1].upper() + words[1:],
                **{run: of[key] for run, of in cells.items() if key in of},
            }
            for key, words in changes.items()
        ],
        height="content",
        key="runs-audit",
        alt=tr("Performance of each run after each perturbation of the films"),
    )


def show_audits(audited: dict[str, PartAudit]) -> None:
    """Say what each run's audit means."""
    for run_id, audit in audited.items():
        st.markdown(f"- {audit_text(run_id, audit)}")


def find_audits(listed: ListedRuns, run_ids: tuple[str, ...], part: str) -> dict[str, PartAudit]:
    """Return the runs' audits on a part, or on the official test where there is none of it."""
    found = {}
    for run_id in run_ids:
        try:
            audit = get_audit(listed.runs[run_id].record)
        except FirstReadError as exc:
            st.warning(plain(str(exc)), icon=":material/warning:")
            continue
        if audit is not None:
            wanted = part if part in audit.parts else USUAL_PART
            if wanted in audit.parts:
                found[run_id] = audit.parts[wanted]
    return found
