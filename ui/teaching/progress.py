"""A reader's figures and curves, of a session and over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from core.language.numbers import day_text
from core.language.words import tr, trn
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
    subtype_words,
)
from ui.app.identity import draw_name_field
from ui.app.session import Visit
from ui.charts.base import draw_plot
from ui.charts.readers import plot_learning, plot_own_calibration, plot_reader_roc
from ui.components.figures import dimmed
from ui.teaching.data import every_source, outcomes_in, teaching_reader


def draw_figures(outcomes: Sequence[Outcome], *, with_model: bool) -> None:
    """Draw what some reads come to, each figure with its interval."""
    rows = describe_summary(summarise(outcomes), with_model=with_model)
    values = [dimmed(tr(value)) for value in rows.values()]
    st.table(
        {tr("Figure"): [tr(name) for name in rows], tr("Value (95 % interval)"): values},
        border="horizontal",
        hide_index=True,
        alt=tr("Figures of these reads"),
    )
    st.caption(tr(FIGURES_NOTE))
    if with_model:
        shown = sum(one.case.model_wrong and one.final is not None for one in outcomes)
        st.markdown(
            ":material/psychology: "
            + tr(
                "On {shown} of these films the model was wrong, without any warning. Here it "
                "counts that you keep a correct read against the model.",
                shown=shown,
            )
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
            st.caption(tr("An ROC curve needs two films with pneumonia and two without."))
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
            tr("Nothing was read under this name yet: start a session.")
            if reader
            else tr("Enter your name to see your reads."),
            icon=":material/school:",
        )
        return
    today = datetime.now(UTC)
    streak = streak_of(outcomes, today.date())
    sessions = len(learning_curve(outcomes))
    st.subheader(
        trn(
            "{films} films read in {n} session",
            "{films} films read in {n} sessions",
            sessions,
            films=len(outcomes),
        )
    )
    first = first_reads(outcomes)
    if len(first) < len(outcomes):
        st.caption(
            trn(
                "{n} read is of a repeated film. The figures use only the first read of each of "
                "the {films} films: after it you know the answer.",
                "{n} reads are of repeated films. The figures use only the first read of each of "
                "the {films} films: after it you know the answer.",
                len(outcomes) - len(first),
                films=len(first),
            )
        )
    st.write(_due_in_words(reader, today), _streak_in_words(streak))
    draw_plots(first, learning=True)
    figures_side, subtype_side = st.columns(2, gap="large")
    with figures_side:
        draw_figures(first, with_model=any(one.final is not None for one in first))
    with subtype_side:
        st.markdown(f"**{tr('By what the film shows')}**")
        rows = confusion_by_subtype(first)
        right = tr("Right (95 % interval)")
        timed = any(row.unanswered for row in rows)
        st.dataframe(
            [
                {
                    tr("Reference"): tr(subtype_words(row.subtype)),
                    tr("Called pneumonia"): row.called_pneumonia,
                    tr("Called normal"): row.called_normal,
                    **({tr("Not answered"): row.unanswered} if timed else {}),
                    right: tr(rate_text(row.right)),
                }
                for row in rows
            ],
            hide_index=True,
            height="content",
            column_config={right: st.column_config.TextColumn(alignment="right")},
            alt=tr("How films of each kind were called"),
        )


def _due_in_words(reader: str, now: datetime) -> str:
    due = [
        when
        for source in every_source()
        for when in due_dates(outcomes_in(reader, source)).values()
    ]
    waiting = sum(when <= now for when in due)
    if waiting:
        return trn("{n} film is due for review now.", "{n} films are due for review now.", waiting)
    return tr("Nothing is due; the next film is on {day}.", day=day_text(min(due)))


def _streak_in_words(streak: int) -> str:
    if streak == 0:
        return tr("No streak: a film has been due for more than three days.")
    return trn(
        "Streak: {n} day with all due films read in time.",
        "Streak: {n} days with all due films read in time.",
        streak,
    )
