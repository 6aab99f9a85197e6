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
from ui.runs_data import ListedRuns, get_audit, get_histories

USUAL_PART = "test"
LOSSES = {"Validation loss": "validation_loss", "Training loss": "train_loss"}


def _said(rate: Rate) -> str:
    return f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"


MEASURED: dict[str, Callable[[ChangeAudit], str]] = {
    "ROC AUC": lambda row: _said(row.roc_auc),
    "Sensitivity": lambda row: _said(row.sensitivity),
    "Specificity": lambda row: _said(row.specificity),
    "Decisions turned": lambda row: f"{row.decisions_changed} of {row.n}",
    "Probability moved by, median": lambda row: f"{row.shift_median:.3f}",
}


def draw_histories(listed: ListedRuns, run_ids: tuple[str, ...], styles: dict[str, Style]) -> None:
    """Draw the loss by epoch of every compared run that was trained here."""
    said = st.segmented_control(
        "Loss by epoch",
        list(LOSSES),
        default=next(iter(LOSSES)),
        required=True,
        key="runs-loss",
        help="Training loss is of changed films, weighted classes and smoothed labels: its level "
        "is not that of the validation loss, its course shows whether the run still learns.",
    )
    title = said or next(iter(LOSSES))
    histories = get_histories(listed, run_ids, LOSSES[title])
    if histories:
        figure = plot_histories(histories, [styles[run_id] for run_id in histories], title)
        st.plotly_chart(figure, key="runs-histories", config=PLAIN)
    without = [run_id for run_id in run_ids if run_id not in histories]
    if without:
        st.caption(f"No training history: {', '.join(without)}.")


def draw_audits(audited: dict[str, PartAudit]) -> None:
    """Draw what changes of the films do to each run, a column a run."""
    if not audited:
        st.caption("None of these runs has a shortcut audit.")
        return
    split = next(iter(audited.values())).split
    measure = st.segmented_control(
        f"What the change leaves, {split}",
        list(MEASURED),
        default="ROC AUC",
        required=True,
        key="runs-audit-measure",
    )
    said = MEASURED[measure or "ROC AUC"]
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
