"""The weekly check of the run that serves: its course, an open alarm, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import numpy as np
import streamlit as st

from core.domain.rate import Rate
from core.domain.reader import Act
from core.errors import FirstReadError
from core.jobs.monitoring import reference_in_use, reference_words
from core.language.numbers import day_text, number
from core.language.words import Message, msg, tr, trn
from core.monitoring.weekly import (
    ALARM_AT,
    ALPHA,
    BASELINE,
    RECENT_WEEKS,
    MonitoringReference,
    Stream,
    WeekSeen,
    shifts_of,
)
from core.store.monitoring import NOTE_LIMIT, AlarmNote, KeptWeek
from ui.app.identity import not_allowed
from ui.app.session import Visit, get_visit
from ui.app.watching import (
    MEASURED,
    alarm_heading,
    changes_text,
    get_monitoring,
    get_watched,
    look_again,
    open_alarm,
)
from ui.charts.base import draw_plot
from ui.charts.monitoring import STREAMS, plot_course, plot_scores
from ui.components.figures import draw_figures
from ui.components.plain_text import plain
from ui.site.shadow import draw_shadow
from ui.site.signature import draw_signature

SAME, USUAL = "same", "usual"
GOES_ON: dict[str, Message] = {
    SAME: msg("Compare with the same reference as before"),
    USUAL: msg("The films since the change are as usual: compare with them"),
}


def show_monitoring() -> None:
    """Draw the weekly check and the run that reads along."""
    visit = get_visit()
    st.subheader(tr("Weekly check"))
    _draw_check(visit)
    st.subheader(tr("A run that reads along"))
    draw_shadow(visit)


def _draw_check(visit: Visit) -> None:
    watched = get_watched()
    if watched is None:
        st.info(tr("No run has served here yet."), icon=":material/hourglass_empty:")
        return
    monitoring = get_monitoring()
    weeks, notes = monitoring.weeks(watched.identity), monitoring.notes(watched.identity)
    if not weeks:
        st.info(
            tr(
                "No week with films is over yet. The check runs by itself, from Monday to Sunday "
                "(UTC), for the films that {run} reads.",
                run=watched.run.run_id,
            ),
            icon=":material/hourglass_empty:",
        )
        st.caption(plain(tr(reference_words(watched.reference, watched.run))))
        return
    _draw_state(visit, weeks)
    reference = reference_in_use(watched, weeks, notes)
    st.caption(plain(tr(reference_words(reference, watched.run))))
    seen = [one.seen for one in weeks]
    threshold = watched.run.operating_point.threshold
    course_side, scores_side = st.columns([1.5, 1.0], gap="large")
    with course_side:
        begun = [one.begins for one in notes] + _other_references(weeks)
        draw_plot(plot_course([one.checked for one in weeks], begun), "monitoring-course")
    with scores_side:
        recent = np.array([score for week in seen[-RECENT_WEEKS:] for score in week.scores])
        draw_plot(plot_scores(reference.scores, recent, threshold), "monitoring-scores")
    _draw_streams(weeks, seen, reference, threshold)
    _draw_about(reference)
    _draw_notes(notes)


def _other_references(weeks: Sequence[KeptWeek]) -> list[date]:
    """Return the weeks after which the weeks were compared with something else."""
    return [
        one.seen.begins
        for one, after in pairwise(weeks)
        if one.reference_sha256 != after.reference_sha256
    ]


def _draw_state(visit: Visit, weeks: Sequence[KeptWeek]) -> None:
    alarm, newest = open_alarm(), weeks[-1].seen.begins
    if alarm is None:
        words = tr("No alarm. Checked up to the week of {day}.", day=day_text(newest))
        st.markdown(f":material/check_circle: {words}")
        return
    lines = [f"**{plain(alarm_heading(alarm))}**", *map(plain, changes_text(alarm))]
    st.warning("\n\n".join(lines), icon=":material/trending_up:")
    if not_allowed(visit, Act.ACKNOWLEDGE_ALARM):
        return
    with (
        st.expander(tr("Acknowledge the alarm"), icon=":material/done:"),
        st.form("monitoring-acknowledge", border=False),
    ):
        note = st.text_area(
            tr("What was found, and what was done"), max_chars=NOTE_LIMIT, height=80
        )
        goes_on = st.radio(
            tr("From now on"), list(GOES_ON), format_func=lambda one: tr(GOES_ON[one])
        )
        by = draw_signature(visit, "monitoring-name")
        sent = st.form_submit_button(tr("Acknowledge"), type="primary")
    if not sent:
        return
    try:
        get_monitoring().acknowledge(
            alarm.identity, alarm.run_id, note, by, as_usual=goes_on == USUAL
        )
    except FirstReadError as exc:
        st.error(plain(str(exc)), icon=":material/error:")
        return
    look_again()
    visit.notice = tr("The alarm is acknowledged. The course begins again.")
    st.rerun()


def _draw_streams(
    weeks: Sequence[KeptWeek],
    seen: Sequence[WeekSeen],
    reference: MonitoringReference,
    threshold: float,
) -> None:
    shifts, newest = shifts_of(seen, reference, threshold), weeks[-1].checked
    rows: list[dict[str, object]] = []
    for stream in Stream:
        shift, power = shifts.get(stream), newest.log10_e.get(stream)
        rows.append(
            {
                tr("Watched"): tr(STREAMS[stream]),
                tr("Measured as"): tr(MEASURED[stream]),
                tr("Usual, %"): None if shift is None else _percent(shift.before),
                tr("Last 4 weeks, %"): None if shift is None else _percent(shift.now),
                tr("Films"): None if shift is None else shift.now.n,
                tr("e-value"): "" if power is None else _e_text(power),
            }
        )
    draw_figures(rows, digits=1, key="monitoring-streams")


def _percent(rate: Rate) -> Rate:
    return Rate(100.0 * rate.value, 100.0 * rate.low, 100.0 * rate.high, rate.n)


def _e_text(power: float) -> str:
    value = 10.0 ** min(power, 6.0)
    if power > 6.0:
        return tr("above 1,000,000")
    return number(value, ",.0f") if value >= 10.0 else number(value, ".2f")


def _draw_about(reference: MonitoringReference) -> None:
    with st.expander(tr("How the check works"), icon=":material/help:"):
        st.markdown(
            tr(
                "Each week is compared with a reference of {n} films, and with the weeks before. "
                "The e-value says how strongly the films speak for a change; below 1 they speak "
                "against it. At {limit:.0f} the alarm is raised. Without any change that happens "
                "with a probability of {alpha:.0f} % at most, over all weeks together.",
                n=len(reference.scores),
                limit=ALARM_AT,
                alpha=100.0 * ALPHA,
            )
        )
        st.markdown(
            tr(
                "The usual share of refusals and of disagreements is that of the first {n} films "
                "here, unless it was stated otherwise. Of each patient one film a week gives a "
                "score.",
                n=BASELINE,
            )
        )
        st.markdown(
            tr(
                "The check sees a change. It does not see whether the model is right: a fault that "
                "was there from the beginning raises no alarm."
            )
        )


def _draw_notes(notes: Sequence[AlarmNote]) -> None:
    if not notes:
        return
    label = trn("{n} acknowledged alarm", "{n} acknowledged alarms", len(notes))
    with st.expander(label, icon=":material/history:"):
        draw_figures(
            [
                {
                    tr("Up to the week of"): day_text(one.begins),
                    tr("By"): one.reader,
                    tr("Note"): one.note,
                    tr("From then on"): tr(GOES_ON[USUAL if one.as_usual else SAME]),
                }
                for one in reversed(notes)
            ],
            key="monitoring-notes",
        )
