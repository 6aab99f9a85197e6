"""The ward's prevalence, and what a film's score means with it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.datasets.copies import published_references
from core.datasets.index import reference_of_files
from core.domain.model import Prediction, RunRecord
from core.domain.rate import Rate
from core.domain.ward import ShownNumber, WardPrevalence
from core.errors import FirstReadError
from core.evaluation.film_number import (
    FilmNumber,
    ScoreWords,
    band_text,
    counted_text,
    number_of_film,
)
from core.evaluation.likelihood_ratio import MeasuredRatios, counted_for, read_ratios
from core.language.words import tr
from core.model_card.card import USUAL_PREVALENCE
from core.pipeline import Engine
from core.reads.ward_share import estimate_share
from core.settings import get_settings
from core.store.site_settings import run_that_read
from core.store.ward import read_ward_prevalence
from ui.app.ledger import get_test_files
from ui.app.read_in_progress import ReadContext
from ui.app.resources import LOOKED_FOR_AGAIN_S, get_database, get_engine, get_store
from ui.app.session import Visit


def prevalence_for(visit: Visit, film: str) -> WardPrevalence | None:
    """Return the prevalence that a film of the visit is read with; None if none is set.

    While the film stays open it is the same, so that the stored read keeps what its reader saw.
    """
    if visit.ward is None or visit.ward[0] != film:
        visit.ward = film, read_ward_prevalence(get_database())
    return visit.ward[1]


def run_of(prediction: Prediction) -> RunRecord:
    """Return the served run as it read a film: by its own threshold, or by which of the site's."""
    return run_as_it_read(prediction, get_engine().classifier.run_record)


def run_as_it_read(prediction: Prediction, run: RunRecord) -> RunRecord:
    """Return a run as it read a film, by its own threshold or by which of the site's."""
    return run_that_read(get_database(), prediction, run)


def number_of(read: ReadContext, prediction: Prediction) -> FilmNumber | None:
    """Return what the score of a film of the visit means; None where that cannot be said."""
    run = run_of(prediction)
    return number_of_film(prediction, run, _ratios(run), _value(read))


def number_at(prediction: Prediction, run: RunRecord, shown: ShownNumber) -> FilmNumber | None:
    """Return what a score meant at the prevalence that the reader of a kept read saw."""
    then = run_as_it_read(prediction, run)
    return number_of_film(prediction, then, _ratios(then), shown.prevalence)


def words_for(read: ReadContext) -> ScoreWords:
    """Return how log odds are said of a film of the visit."""
    run = get_engine().classifier.run_record
    return ScoreWords(run, _ratios(run), _value(read), in_ward=True)


def words_of_set(engine: Engine) -> ScoreWords:
    """Return how log odds are said of a film of a public set."""
    return ScoreWords(engine.classifier.run_record)


def counting_text(number: FilmNumber, prediction: Prediction) -> str:
    """Return what counting films gives around a number: the site's, or the official test's."""
    run = run_of(prediction)
    if run.site is not None:
        band = run.site.band_of(prediction.probability)
        return "" if band is None else band_text(run.site.site, band)
    measured = _ratios(run)
    return "" if measured is None else counted_text(counted_for(number.ratio, measured))


def usual_of_100(*_: object) -> int:
    """Return how many of 100 children are ill where nobody says: as in the ward, once set."""
    kept = read_ward_prevalence(get_database())
    return USUAL_PREVALENCE if kept is None else max(1, round(100.0 * kept.value))


def estimate_here() -> Rate | None:
    """Return the share of pneumonia among the site's own settled films, if there are enough."""
    return _estimate(get_store().count())


@st.cache_resource(show_spinner=False, max_entries=1)
def _estimate(_stored: int) -> Rate | None:
    files = get_test_files(get_settings().data)
    with st.spinner(tr("Leaving out public films")):
        public = _public_films(files) | published_references().keys()
    return estimate_share(get_store().everything(), public)


@st.cache_resource(show_spinner=False, max_entries=1)
def _public_films(files: tuple[Path, ...]) -> frozenset[str]:
    return frozenset(reference_of_files(files))


def _value(read: ReadContext) -> float | None:
    """Return the prevalence for a film; None of another population than ratios were measured on."""
    kept = None if read.of_others else prevalence_for(read.visit, read.film.key)
    return None if kept is None else kept.value


@st.cache_resource(
    show_spinner=False,
    ttl=LOOKED_FOR_AGAIN_S,
    hash_funcs={RunRecord: lambda run: str(run.folder)},
)
def _ratios(run: RunRecord) -> MeasuredRatios | None:
    try:
        return read_ratios(run)
    except FirstReadError:  # the page then says that the interval is not measured
        return None
