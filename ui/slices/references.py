"""One set of films under two references: text-mined labels, and radiologists' reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.datasets.film_metadata import NORMAL, FilmFacts
from core.domain.rate import interval_text
from core.error_analysis.label_agreement import (
    PNEUMONIA,
    READINGS,
    ReferenceRates,
    ReportedFilms,
    compare_labels,
    rates_by_reference,
)
from ui.app.resources import get_library
from ui.charts.base import draw_plot
from ui.charts.model_card import plot_rates
from ui.components.cards.cards import PAGE_FILMS
from ui.components.figures import draw_figures
from ui.components.plain_text import plain
from ui.library.films import film_card
from ui.library.runs import get_predictions, get_runs
from ui.library.slices import get_facts
from ui.slices.controls import SlicesView, show_films

ADULTS = "nih"


def draw_references(view: SlicesView) -> None:
    """Draw the adults' films under text-mined labels and under radiologists' reads."""
    facts, sentence = get_facts()
    if sentence:
        st.info(plain(sentence), icon=":material/info:")
        return
    reported = compare_labels(facts)
    st.markdown(reported_text(reported))
    st.caption(
        "Films of another hospital (NIH ChestX-ray14), nearly all of adults: outside the runs' "
        "training population. Text-mined: label extracted by software from the written report. "
        "Radiologists: RSNA radiologists who read the film. Intervals are Wilson's."
    )
    table_side, plot_side = st.columns([1.4, 1], gap="large")
    with table_side:
        draw_figures(
            [
                {"Text-mined label": one.text_mined.capitalize(), "Films": one.readings[NORMAL].n}
                | {of_run: one.readings[of_run] for of_run in READINGS}
                for one in reported
            ],
            alt="Radiologists' readings of the films, by text-mined label",
        )
    if get_library(view.library).synthetic:
        st.info("Choose the public film set above to see the effect on a run's results.")
        return
    known, probability = _read_adults(view, facts)
    if not len(known):
        st.info(f"Run {view.run} was not measured on the adult films.")
        return
    rates = rates_by_reference(probability, known, get_runs()[view.run].operating_point.threshold)
    with table_side:
        st.markdown(reference_change_text(view.run, rates))
    with plot_side:
        for name in ("sensitivity", "specificity"):
            rows = [(one.words, getattr(one, name), place == 0) for place, one in enumerate(rates)]
            draw_plot(plot_rates(rows, f"{name} of run {view.run}"), f"slices-reference-{name}")
    _draw_read_as_normal(view, known, probability)


def reported_text(reported: Sequence[ReportedFilms]) -> str:
    """Return how many films with the text-mined label radiologists read as normal."""
    rate = next(one.readings[NORMAL] for one in reported if one.text_mined == PNEUMONIA)
    return (
        f"**{round(rate.value * rate.n)} of {rate.n} films labelled “Pneumonia”** by text mining "
        f"were read as normal by radiologists: {interval_text(rate)}."
    )


def reference_change_text(run: str, rates: Sequence[ReferenceRates]) -> str:
    """Return what another reference does to a run's sensitivity and specificity."""
    told = "; ".join(
        f"against {words}, sensitivity **{interval_text(one.sensitivity)}** (n {one.ill}) and "
        f"specificity **{interval_text(one.specificity)}** (n {one.n - one.ill})"
        for words, one in zip(("radiologists", "text-mined labels"), rates, strict=False)
    )
    return (
        f"The same {rates[0].n} films and the same decisions of run {run}: {told}. The reference "
        "standard decides how good a run appears."
    )


def _read_adults(view: SlicesView, facts: FilmFacts) -> tuple[FilmFacts, np.ndarray]:
    """Return the adults' films with both labels, and what the run said of them."""
    predictions = get_predictions(view.library, view.run).of_split(ADULTS)
    by_id = dict(
        zip(predictions.films.film_id.tolist(), predictions.probability.tolist(), strict=True)
    )
    both = (facts.text_mined != "") & (facts.radiologists != "")
    known = facts.where(both & np.isin(facts.film_id, predictions.films.film_id))
    return known, np.array([by_id[film_id] for film_id in known.film_id.tolist()])


def _draw_read_as_normal(view: SlicesView, facts: FilmFacts, probability: np.ndarray) -> None:
    rows = np.flatnonzero((facts.text_mined == PNEUMONIA) & (facts.radiologists == NORMAL))
    rows = rows[np.argsort(-probability[rows], kind="stable")][:PAGE_FILMS]
    st.markdown("**Labelled “Pneumonia” by text mining, read as normal by radiologists**")
    cards = [
        film_card(
            facts.film_id[row],
            probability[row],
            words="read as normal",
            quality=str(facts.age_band[row]),
        )
        for row in rows
    ]
    show_films(view, cards, "slices-adults")
