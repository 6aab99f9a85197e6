"""The Records page's ROC curves: a reader's, from verdict and confidence, beside the model's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.domain import ReviewRecord, Verdict
from core.ledger_roc import FEWEST_OF_A_CLASS, ReaderRoc, say_too_few, trace_readers
from core.statistics import Rate
from ui.charts_ledger import plot_reader_beside_model

READS = {False: "Last reads", True: "First reads"}


def draw_roc(records: Sequence[ReviewRecord], references: Mapping[str, Verdict]) -> None:
    """Draw one reader's curve at a time, with areas, or say why there is none."""
    st.subheader("ROC")
    if not trace_readers(records, references, alone=False):
        st.info(
            "No curve yet: none of the films that were read has a known reference.",
            icon=":material/query_stats:",
        )
        return
    alone_side, reader_side, _ = st.columns([1, 1, 1.4], vertical_alignment="bottom")
    alone = alone_side.segmented_control(
        "Reads",
        list(READS),
        format_func=READS.__getitem__,
        default=False,
        required=True,
        key="records-roc-reads",
        help="Where the site reads first, the first read of a film is made before the model is "
        "seen, and the last one after it.",
    )
    curves = {one.reader: one for one in trace_readers(records, references, alone=bool(alone))}
    chosen = reader_side.selectbox("Whose curve", list(curves), key="records-roc-reader")
    curve = curves[chosen]
    if curve.own is None or curve.model is None:
        st.info(say_too_few(curve), icon=":material/query_stats:")
        return
    plot_side, words_side = st.columns([1, 1.2], gap="large")
    plot_side.plotly_chart(plot_reader_beside_model(curve), key="records-roc")
    with words_side:
        _draw_words(curve, curve.own.area, curve.model.area)


def _draw_words(curve: ReaderRoc, own: Rate, model: Rate) -> None:
    st.table(
        {
            "": [curve.reader, "The model, on the same films"],
            "ROC area (95 % interval)": [_say(own), _say(model)],
        },
        hide_index=True,
    )
    st.caption(
        f"{curve.n_ill} reads of films with pneumonia and {curve.n_well} of normal ones, by the "
        "reference. The reader's steps run from normal, certain over unsure to pneumonia, certain; "
        "the model's probability is the one at the time of the read, its operating point without "
        "effect here. Intervals by DeLong (by Newcombe where every film is told apart), of all "
        "readers together by drawing films 1,000 times; "
        f"a curve takes {FEWEST_OF_A_CLASS} films of each class."
    )


def _say(area: Rate) -> str:
    return f"{area.value:.2f} ({area.low:.2f} to {area.high:.2f}, n = {area.n})"
