"""Whether the served run's probabilities move away from those that it was measured with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.domain.model import Calibration
from core.domain.rate import of_few_text
from core.domain.review import ReviewRecord, Verdict
from core.language.numbers import day_text
from core.language.words import msg, tr
from core.reads.drift import (
    CUSTOMARY_LIMIT,
    FALSE_ALARMS,
    FEWEST_FILMS,
    Probabilities,
    Week,
    weekly_drift,
)
from core.reads.export import find_reads
from core.reads.reader_roc import FEWEST_OF_A_CLASS, too_few_text, trace_readers
from core.runs.predictions import read_predictions
from core.runs.store import load_run
from core.settings import get_settings
from ui.app.resources import get_engine
from ui.charts.readers import plot_drift, plot_reader_beside_model
from ui.components.figures import dimmed
from ui.components.plain_text import plain
from ui.records.words import reader_text


@st.cache_resource(show_spinner=False, max_entries=4)
def _reference_of(run_id: str) -> tuple[Probabilities, float, Calibration]:
    """Return what a run said of its validation patients, the share of ill, its own calibration."""
    run = load_run(get_settings().models / run_id)
    predictions = read_predictions(run)
    validation = predictions.films.split == "validation"
    ill = float(predictions.films.label[validation].mean())
    return predictions.probability[validation], ill, run.calibration


def drift_of(records: Sequence[ReviewRecord]) -> list[Week]:
    """Return each week's index over all patients' films, whatever the page is filtered to.

    A filter would silence the alarm, and synthetic films would ring it; where there are
    no others, they show how it works.
    """
    run_id = get_engine().classifier.run_record.run_id
    reference, _, calibration = _reference_of(run_id)
    patients = find_reads(records, synthetic=False)
    return weekly_drift(patients or records, run_id, reference, calibration)


def draw_drift(weeks: Sequence[Week]) -> None:
    """Draw how far each week's probabilities are from those of validation patients."""
    run_id = get_engine().classifier.run_record.run_id
    reference, ill, _ = _reference_of(run_id)
    for week in weeks:
        if week.alarm:
            st.warning(
                tr(
                    "Week of {begins}: the model's probabilities have moved away from "
                    "those on validation patients (index {index:.2f}, limit {limit:.2f}, "
                    "n = {n}). Check that week's films for a new device or other "
                    "patients.",
                    begins=day_text(week.begins),
                    index=week.index,
                    limit=week.limit,
                    n=week.n,
                ),
                icon=":material/trending_up:",
            )
    if any(week.index is not None for week in weeks):
        st.plotly_chart(plot_drift(weeks), key="records-drift")
    elif weeks:
        most = max(week.n for week in weeks)
        st.info(
            tr(
                "Too few films for an index: the fullest week has {most} of {fewest}.",
                most=most,
                fewest=FEWEST_FILMS,
            ),
            icon=":material/hourglass_empty:",
        )
    else:
        st.info(
            tr("No film here was read by the served run {run}.", run=run_id),
            icon=":material/search:",
        )
    st.caption(
        tr(
            "Population stability index of {run}'s probabilities: all signed films of "
            "a week against {films} films of validation patients, in ten classes. "
            "Only patients' films count, if there are any; the filters of this page do "
            "not apply. The alarm is at {limit}, or at the value that "
            "{alarms:.0f} % of weeks without drift exceed, if that is larger. A week with "
            "fewer than {fewest} films gets no index. Of the validation films "
            "{ill:.0f} % show pneumonia: with another prevalence the index is high "
            "without any fault.",
            run=run_id,
            films=len(reference),
            limit=CUSTOMARY_LIMIT,
            alarms=100 * FALSE_ALARMS,
            fewest=FEWEST_FILMS,
            ill=100 * ill,
        )
    )


READS = {False: msg("Last reads"), True: msg("First reads")}


def draw_roc(records: Sequence[ReviewRecord], references: Mapping[str, Verdict]) -> None:
    """Draw one reader's curve at a time, with areas, or say why there is none."""
    st.subheader("ROC")
    if not trace_readers(records, references, alone=False):
        st.info(
            tr("No curve yet: none of the films that were read has a known reference."),
            icon=":material/query_stats:",
        )
        return
    alone_side, reader_side, _ = st.columns([1, 1, 1.4], vertical_alignment="bottom")
    alone = alone_side.segmented_control(
        tr("Reads"),
        list(READS),
        format_func=lambda alone: tr(READS[alone]),
        default=False,
        required=True,
        key="records-roc-reads",
        help=tr(
            "If readers read before the model, the first read of a film is blind to "
            "the model and the last one is not."
        ),
    )
    curves = {one.reader: one for one in trace_readers(records, references, alone=bool(alone))}
    chosen = reader_side.selectbox(
        tr("Whose curve"), list(curves), format_func=reader_text, key="records-roc-reader"
    )
    curve = curves[chosen]
    if curve.own is None or curve.model is None:
        st.info(too_few_text(curve), icon=":material/query_stats:")
        return
    plot_side, words_side = st.columns([1, 1.2], gap="large")
    plot_side.plotly_chart(plot_reader_beside_model(curve), key="records-roc")
    areas = [dimmed(of_few_text(one.area)) for one in (curve.own, curve.model)]
    readers = [plain(reader_text(curve.reader)), tr("The model, on the same films")]
    words_side.table({"": readers, tr("AUC (95 % interval)"): areas}, hide_index=True)
    words_side.caption(
        tr(
            "{ill} reads of films with pneumonia and {well} of normal ones, by the "
            "reference standard. The reader's scale runs from certainly normal through "
            "unsure to certainly pneumonia. The model's probability is the one at the "
            "time of the read; its threshold has no effect here. Intervals by DeLong (by "
            "Newcombe where the classes separate completely); for all readers together, "
            "by resampling films 1,000 times. A curve needs {fewest} films of "
            "each class.",
            ill=curve.n_ill,
            well=curve.n_well,
            fewest=FEWEST_OF_A_CLASS,
        )
    )
