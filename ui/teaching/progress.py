"""A reader's figures and curves, of a session and over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from core.teaching.outcomes import (
    Outcome,
    confidence_calibration,
    confusion_by_subtype,
    first_reads,
    learning_curve,
    reader_auc,
    reader_roc,
    summarise,
)
from core.teaching.spaced_repetition import due_dates, streak_of
from core.teaching.text import (
    FIGURES_NOTE,
    describe_summary,
    rate_text,
)
from ui.app.identity import draw_name_field
from ui.app.session import Visit
from ui.charts.base import draw_plot
from ui.charts.readers import plot_learning, plot_own_calibration, plot_reader_roc
from ui.components.figures import dimmed
from ui.teaching.data import SOURCES, outcomes_in, teaching_reader


def draw_figures(outcomes: Sequence[Outcome], *, with_model: bool) -> None:
    """Draw what some reads come to, each figure with its interval."""
    rows = describe_summary(summarise(outcomes), with_model=with_model)
    values = [dimmed(value) for value in rows.values()]
    st.table(
        {"Figure": list(rows), "Value (95 % interval)": values},
        border="horizontal",
        hide_index=True,
        alt="Figures of these reads",
    )
    st.caption(FIGURES_NOTE)
    if with_model:
        shown = sum(one.case.model_wrong and one.final is not None for one in outcomes)
        st.markdown(
            f":material/psychology: On {shown} of these films the model was wrong, without any "
            "warning. Here it counts that you keep a correct read against the model."
        )


def draw_plots(outcomes: Sequence[Outcome], *, learning: bool) -> None:
    """Draw the reader's ROC curve and calibration, and the learning curve if asked for."""
    columns = st.columns(3 if learning else 2)
    if learning:
        with columns[0]:
            draw_plot(plot_learning(learning_curve(outcomes)), "teaching-learning")
    points, area = reader_roc(outcomes), reader_auc(outcomes)
    with columns[-2]:
        if points and area is not None:
            draw_plot(plot_reader_roc(points, area), "teaching-roc")
        else:
            st.caption("An ROC curve needs two films with pneumonia and two without.")
    with columns[-1]:
        calibration = confidence_calibration(outcomes)
        draw_plot(plot_own_calibration(calibration), "teaching-calibration")


def draw_progress(visit: Visit) -> None:
    """Draw a reader's figures over all sessions."""
    name_side, _ = st.columns([1, 2])
    with name_side:
        visit.reader = draw_name_field(visit)
    reader = teaching_reader(visit)
    outcomes = outcomes_in(reader) if reader else []
    if not outcomes:
        st.info(
            "Nothing was read under this name yet: start a session."
            if reader
            else "Enter your name to see your reads.",
            icon=":material/school:",
        )
        return
    today = datetime.now(UTC)
    streak = streak_of(outcomes, today.date())
    sessions = len(learning_curve(outcomes))
    st.subheader(f"{len(outcomes)} films read in {sessions} session{'' if sessions == 1 else 's'}")
    first = first_reads(outcomes)
    if len(first) < len(outcomes):
        st.caption(
            f"{len(outcomes) - len(first)} reads are of repeated films. The figures use only "
            f"the first read of each of the {len(first)} films: after it you know the answer."
        )
    st.write(_due_in_words(reader, today), _streak_in_words(streak))
    draw_plots(first, learning=True)
    figures_side, subtype_side = st.columns(2, gap="large")
    with figures_side:
        draw_figures(first, with_model=any(one.final is not None for one in first))
    with subtype_side:
        st.markdown("**By what the film shows**")
        rows = confusion_by_subtype(first)
        timed = any(row.unanswered for row in rows)
        st.dataframe(
            [
                {
                    "Reference": row.subtype,
                    "Called pneumonia": row.called_pneumonia,
                    "Called normal": row.called_normal,
                    **({"Not answered": row.unanswered} if timed else {}),
                    "Right (95 % interval)": rate_text(row.right),
                }
                for row in rows
            ],
            hide_index=True,
            height="content",
            column_config={"Right (95 % interval)": st.column_config.TextColumn(alignment="right")},
            alt="How films of each kind were called",
        )


def _due_in_words(reader: str, now: datetime) -> str:
    due = [when for source in SOURCES for when in due_dates(outcomes_in(reader, source)).values()]
    waiting = sum(when <= now for when in due)
    if waiting:
        return f"{waiting} films are due for review now."
    return f"Nothing is due; the next film is on {min(due):%Y-%m-%d}."


def _streak_in_words(streak: int) -> str:
    if streak == 0:
        return "No streak: a film has been due for more than three days."
    days = "day" if streak == 1 else "days"
    return f"Streak: {streak} {days} with all due films read in time."
