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
from core.error_analysis.names import name_text
from core.language.words import msg, tr
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
REFERENCES = (msg("radiologists"), msg("text-mined labels"))
"""What a run is first held against."""


def draw_references(view: SlicesView) -> None:
    """Draw the adults' films under text-mined labels and under radiologists' reads."""
    facts, sentence = get_facts()
    if sentence:
        st.info(plain(sentence), icon=":material/info:")
        return
    reported = compare_labels(facts)
    st.markdown(reported_text(reported))
    st.caption(
        tr(
            "Films of another hospital (NIH ChestX-ray14), nearly all of adults: outside "
            "the runs' training population. Text-mined: label extracted by software from "
            "the written report. Radiologists: RSNA radiologists who read the film. "
            "Intervals are Wilson's."
        )
    )
    table_side, plot_side = st.columns([1.4, 1], gap="large")
    with table_side:
        draw_figures(
            [
                {
                    tr("Text-mined label"): name_text(one.text_mined.capitalize()),
                    tr("Films"): one.readings[NORMAL].n,
                }
                | {name_text(reading): one.readings[reading] for reading in READINGS}
                for one in reported
            ],
            alt=tr("Radiologists' readings of the films, by text-mined label"),
        )
    if not get_library(view.library).learned_from:
        st.info(tr("Choose the public film set above to see the effect on a run's results."))
        return
    known, probability = _read_adults(view, facts)
    if not len(known):
        st.info(tr("Run {run} was not measured on the adult films.", run=view.run))
        return
    rates = rates_by_reference(probability, known, get_runs()[view.run].operating_point.threshold)
    with table_side:
        st.markdown(reference_change_text(view.run, rates))
    with plot_side:
        for name in ("sensitivity", "specificity"):
            rows = [
                (tr(one.words), getattr(one, name), place == 0) for place, one in enumerate(rates)
            ]
            title = tr("{rate} of run {run}", rate=name_text(name), run=view.run)
            draw_plot(plot_rates(rows, title), f"slices-reference-{name}")
    _draw_read_as_normal(view, known, probability)


def reported_text(reported: Sequence[ReportedFilms]) -> str:
    """Return how many films with the text-mined label radiologists read as normal."""
    rate = next(one.readings[NORMAL] for one in reported if one.text_mined == PNEUMONIA)
    return tr(
        "**{normal} of {n} films labelled “Pneumonia”** by text mining were read as "
        "normal by radiologists: {rate}.",
        normal=round(rate.value * rate.n),
        n=rate.n,
        rate=interval_text(rate),
    )


def reference_change_text(run: str, rates: Sequence[ReferenceRates]) -> str:
    """Return what another reference does to a run's sensitivity and specificity."""
    told = [
        tr(
            "against {reference}, sensitivity **{sensitivity}** (n {ill}) and specificity "
            "**{specificity}** (n {well})",
            reference=tr(reference),
            sensitivity=interval_text(one.sensitivity),
            ill=one.ill,
            specificity=interval_text(one.specificity),
            well=one.n - one.ill,
        )
        for reference, one in zip(REFERENCES, rates, strict=False)
    ]
    return tr(
        "The same {n} films and the same decisions of run {run}: {told}. The reference standard "
        "decides how good a run appears.",
        n=rates[0].n,
        run=run,
        told="; ".join(told),
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
    st.markdown(tr("**Labelled “Pneumonia” by text mining, read as normal by radiologists**"))
    cards = [
        film_card(
            facts.film_id[row],
            probability[row],
            words=tr("read as normal"),
            quality=name_text(str(facts.age_band[row])),
        )
        for row in rows
    ]
    show_films(view, cards, "slices-adults")
