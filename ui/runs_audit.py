"""How runs were trained, and what their shortcut audits say."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import FirstReadError
from core.shortcut_record import ChangeAudit, PartAudit
from core.shortcut_words import say_audit
from core.statistics import Rate
from ui.charts_runs import Style, plot_histories
from ui.runs_compare import PLAIN
from ui.runs_controls import pick_segment
from ui.runs_data import ListedRuns, get_audit, get_histories
from ui.runs_link import LOSSES, MEASURES, RunsView

USUAL_PART = "test"
ABOUT_LOSS = (
    "Training loss is of changed films, weighted classes and smoothed labels: its level is not "
    "that of the validation loss, its course shows whether the run still learns."
)


def _said(rate: Rate) -> str:
    return f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"


MEASURED: dict[str, Callable[[ChangeAudit], str]] = {
    "roc_auc": lambda row: _said(row.roc_auc),
    "sensitivity": lambda row: _said(row.sensitivity),
    "specificity": lambda row: _said(row.specificity),
    "turned": lambda row: f"{row.decisions_changed} of {row.n}",
    "moved": lambda row: f"{row.shift_median:.3f}",
}


def draw_histories(listed: ListedRuns, view: RunsView, styles: dict[str, Style]) -> None:
    """Draw the loss by epoch of every compared run that was trained here."""
    run_ids = view.runs
    pick_segment("Loss by epoch", "loss", LOSSES, view.loss, ABOUT_LOSS)
    histories = get_histories(listed, run_ids, f"{view.loss}_loss")
    if histories:
        drawn = [styles[run_id] for run_id in histories]
        figure = plot_histories(histories, drawn, LOSSES[view.loss])
        st.plotly_chart(figure, key="runs-histories", config=PLAIN)
    without = [run_id for run_id in run_ids if run_id not in histories]
    if without:
        st.caption(f"No training history: {', '.join(without)}.")


def draw_audits(audited: dict[str, PartAudit], view: RunsView) -> None:
    """Draw what changes of the films do to each run, a column a run."""
    if not audited:
        st.caption("None of these runs has a shortcut audit.")
        return
    split = next(iter(audited.values())).split
    pick_segment(f"What the change leaves, {split}", "measure", MEASURES, view.measure, "")
    said = MEASURED[view.measure]
    changes = {row.key: row.words for audit in audited.values() for row in audit.changes}
    cells = {
        run_id: {row.key: said(row) for row in audit.changes} for run_id, audit in audited.items()
    }
    st.dataframe(
        [
            {
                "Change": words[:1].upper() + words[1:],
                **{run: of[key] for run, of in cells.items() if key in of},
            }
            for key, words in changes.items()
        ],
        hide_index=True,
        width="stretch",
        height="content",
        key="runs-audit",
        alt="What changes of the films do to each run",
    )


def say_audits(audited: dict[str, PartAudit]) -> None:
    """Say what each run's audit means."""
    for run_id, audit in audited.items():
        st.markdown(f"- {say_audit(run_id, audit)}")


def find_audits(listed: ListedRuns, run_ids: tuple[str, ...], part: str) -> dict[str, PartAudit]:
    """Return the runs' audits on a part, or on the official test where there is none of it."""
    found = {}
    for run_id in run_ids:
        try:
            audit = get_audit(listed.runs[run_id].record)
        except FirstReadError as exc:
            st.warning(str(exc), icon=":material/warning:")
            continue
        if audit is not None:
            wanted = part if part in audit.parts else USUAL_PART
            if wanted in audit.parts:
                found[run_id] = audit.parts[wanted]
    return found
