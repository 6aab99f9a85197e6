"""Whether the served run's probabilities move away from those that it was measured with."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain import ReviewRecord
from core.ledger_drift import (
    CUSTOMARY_LIMIT,
    FALSE_ALARMS,
    FEWEST_FILMS,
    Probabilities,
    Week,
    weekly_drift,
)
from core.predictions import read_predictions
from core.review_table import find_reads
from core.run_store import load_run
from core.settings import get_settings
from ui.charts_drift import plot_drift
from ui.resources import get_engine


@st.cache_resource(show_spinner=False, max_entries=4)
def _reference_of(run_id: str) -> tuple[Probabilities, float]:
    """Return what a run said of its validation patients, and the share of ill films."""
    said = read_predictions(load_run(get_settings().models / run_id))
    validation = said.films.split == "validation"
    return said.probability[validation], float(said.films.label[validation].mean())


def drift_of(records: Sequence[ReviewRecord]) -> list[Week]:
    """Return each week's index over all patients' films, whatever the page is filtered to.

    A filter would silence the alarm, and films drawn by a program would ring it; where there are
    no others, they show how it works.
    """
    run_id = get_engine().classifier.run_record.run_id
    reference, _ = _reference_of(run_id)
    patients = find_reads(records, synthetic=False)
    return weekly_drift(patients or records, run_id, reference)


def draw_drift(weeks: Sequence[Week]) -> None:
    """Draw how far each week's probabilities are from those of validation patients."""
    run_id = get_engine().classifier.run_record.run_id
    reference, ill = _reference_of(run_id)
    for week in weeks:
        if week.alarm:
            st.warning(
                f"Week of {week.begins}: the model's probabilities have moved away from those on "
                f"validation patients (index {week.index:.2f}, limit {week.limit:.2f}, "
                f"n = {week.n}). Look at that week's films: another device, other patients?",
                icon=":material/trending_up:",
            )
    if any(week.index is not None for week in weeks):
        st.plotly_chart(plot_drift(weeks), key="records-drift")
    elif weeks:
        most = max(week.n for week in weeks)
        st.info(
            f"Too few films for an index: the fullest week has {most} of {FEWEST_FILMS}.",
            icon=":material/hourglass_empty:",
        )
    else:
        st.info(f"No film here was read by the served run {run_id}.", icon=":material/search:")
    st.caption(
        f"Population stability index of {run_id}'s probabilities, all signed films of a week "
        "(patients' films, where there are any; no filter of this page counts here) against "
        f"{len(reference)} films of validation patients, in ten classes. The alarm is at "
        f"{CUSTOMARY_LIMIT}, or at what {FALSE_ALARMS:.0%} of weeks without drift exceed, if that "
        f"is larger; a week with fewer than {FEWEST_FILMS} films gets no index. Of the "
        f"validation films {ill:.0%} show pneumonia: where other patients come, the index is high "
        "without any fault."
    )
