"""How far readers agree on what films show."""

from __future__ import annotations

import math

import streamlit as st

from core.domain.findings import category_text
from core.domain.rate import Rate, of_few_text
from core.domain.review import Records
from core.language.words import tr
from core.reads.reader_agreement import FEWEST_FILMS, compare_findings


def draw_finding_agreement(records: Records) -> None:
    """Draw kappa for each of the WHO's categories; nothing where no two readers gave findings."""
    found = compare_findings(records)
    if not found.films:
        return
    st.subheader(tr("Agreement on findings"))
    if not found.categories:
        st.info(
            tr(
                "No kappa yet: two readers gave findings on {films} of the "
                "{fewest} films that it needs.",
                films=found.films,
                fewest=FEWEST_FILMS,
            ),
            icon=":material/hourglass_empty:",
        )
        return
    st.dataframe(
        [
            {
                tr("Finding"): tr(category_text(one.category)).capitalize(),
                tr("Pairs with it"): one.seen,
                tr("Kappa"): _text(one.kappa),
            }
            for one in found.categories
        ],
        hide_index=True,
        height="content",
        width=560,
        key="records-findings",
        column_config={tr("Kappa"): st.column_config.TextColumn(alignment="right")},
        alt=tr("Agreement of readers on each finding"),
    )
    st.caption(
        tr(
            "Cohen's kappa with its 95 % interval and n, the pairs of reads: {readers} "
            "readers, {films} films. Each reader's first read of a film counts, if it "
            "has findings. A film that either reader calls uninterpretable counts for "
            "that finding alone. Of more than two readers each pair counts, and "
            "intervals resample films. None is stated for fewer than {fewest} "
            "films, or where a reader says the same of all.",
            readers=found.readers,
            films=found.films,
            fewest=FEWEST_FILMS,
        )
    )


def _text(kappa: Rate) -> str:
    return tr("none (n = {n})", n=kappa.n) if math.isnan(kappa.value) else of_few_text(kappa)
