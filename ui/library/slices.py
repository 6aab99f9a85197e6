"""What the page Subgroups draws from: facts, features, and the search over slices."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.datasets.film_metadata import (
    FACTS_FILE,
    FilmFacts,
    Words,
    empty_facts,
    facts_of,
    read_facts,
)
from core.error_analysis.filters import Known
from core.error_analysis.slice_discovery import HELD, SEARCHED, SliceSearch, search_space
from core.error_analysis.slices import SliceSpace, declare_space, group_films
from core.errors import FirstReadError
from core.language.current import ENGLISH, using
from core.language.words import msg, tr
from core.library.site_library import SiteLibrary
from core.runs.embeddings import FEATURES_FILE, FilmFeatures, Space, read_features
from core.runs.predictions import Predictions
from core.settings import get_settings
from core.stats.intervals import Mask
from ui.app.language import SaidWhenShown
from ui.app.resources import get_engine, get_library
from ui.library.gallery_query import ErrorView
from ui.library.runs import KEPT_TABLES, get_predictions, get_runs, identity_of, of_part


def get_facts() -> tuple[FilmFacts, str]:
    """Return what is known of the public films, and a sentence if nothing is."""
    try:
        return _facts(_facts_stamp()), ""
    except FirstReadError as exc:
        return empty_facts(), str(exc)


def _facts_stamp() -> str:
    """Return what changes when the table of facts is regenerated."""
    try:
        return str((get_settings().models / FACTS_FILE).stat().st_mtime_ns)
    except OSError:
        return ""


@st.cache_resource(show_spinner=False, max_entries=1)
def _facts(stamp: str) -> FilmFacts:  # noqa: ARG001 - it is the key
    return read_facts(get_settings().models / FACTS_FILE)


def get_features(library: str, run: str) -> tuple[FilmFeatures | None, str]:
    """Return the kept features of a library's films, and a sentence if there are none."""
    if not get_library(library).learned_from:
        return None, tr("Features are stored for the public films alone: there are no clusters.")
    record = get_runs()[run]
    if record.foreign:
        return None, tr(
            "Only the predictions of run {run} were imported: it has no features.", run=run
        )
    if FEATURES_FILE not in record.files:
        return None, tr(
            "Run {run} has no stored features, so no clusters or label issues: "
            "compute them with `python -m core features {run}` and `python -m core "
            "label-issues {run}`.",
            run=run,
        )
    try:
        return _features(run, record.files[FEATURES_FILE]), ""
    except FirstReadError as exc:
        return None, str(exc)


@st.cache_resource(show_spinner=False, max_entries=KEPT_TABLES)
def _features(run: str, sha256: str) -> FilmFeatures | None:  # noqa: ARG001 - it is the key
    return read_features(get_runs()[run])


def places_of(library: str, run: str, predictions: Predictions) -> Space | None:
    """Return where films lie in a run's feature space; None where it is not known."""
    features, _ = get_features(library, run)
    return None if features is None else features.places_of(predictions.films.film_id)


Basis = tuple[str, ...]
"""Library and run, then what changes when the run or what is known of its films changes, be it made
again or no longer there."""


def _basis(library: str, run: str) -> Basis:
    record = get_runs()[run]
    made_of = (
        record.files.get(FEATURES_FILE, ""),
        str(record.operating_point.threshold),
        str(get_engine().input_px),  # for which the gate finds a synthetic film large enough
    )
    with using(ENGLISH):  # one search for all languages
        lacking = (get_features(library, run)[1], get_facts()[1])
    return library, *identity_of(library, run), *made_of, _facts_stamp(), *lacking


def get_space(library: str, run: str) -> SliceSpace:
    """Return the slices, cut on the films that are searched."""
    return _space(_basis(library, run))


@st.cache_resource(
    show_spinner=SaidWhenShown(msg("Dividing the films into subgroups")), max_entries=KEPT_TABLES
)
def _space(basis: Basis) -> SliceSpace:
    library, run, *_ = basis
    predictions = get_predictions(library, run).of_split(SEARCHED)
    places, films = places_of(library, run, predictions), get_library(library)
    if not isinstance(films, SiteLibrary):
        return declare_space(predictions, get_facts()[0], places)
    found = films.gate_findings().items()
    facts = facts_of([{"film_id": film, "findings": codes} for film, codes in found])
    groups = (group_films(name, of_film) for name, of_film in films.groups().items())
    return declare_space(predictions, facts, places, tuple(filter(None, groups)))


def get_search(library: str, run: str) -> SliceSearch:
    """Return the search over a library's slices for a run, at its operating point."""
    return _search(_basis(library, run))


@st.cache_resource(
    show_spinner=SaidWhenShown(msg("Testing every subgroup")), max_entries=KEPT_TABLES
)
def _search(basis: Basis) -> SliceSearch:
    library, run, *_ = basis
    return search_space(
        get_space(library, run),
        get_predictions(library, run),
        {split: _members(basis, split) for split in (SEARCHED, HELD)},
        get_runs()[run].operating_point.threshold,
    )


def missing_tables(library: str, run: str) -> tuple[str, ...]:
    """Return a sentence on each table without which some slices could not be looked at."""
    sentences = (get_facts()[1], get_features(library, run)[1])
    return tuple(sentence for sentence in sentences if sentence)


@st.cache_resource(show_spinner=False, max_entries=KEPT_TABLES)
def _members(basis: Basis, split: str) -> dict[str, Mask]:
    library, run, *_ = basis
    predictions = of_part(library, run, split)
    return get_space(library, run).members(predictions, places_of(library, run, predictions))


def find_known(view: ErrorView) -> Known:
    """Return what is known of the films of a view's split, and which are in its slice."""
    basis = _basis(view.library, view.run)
    findings, age_band = _known_of(basis, view.split)
    in_slice = np.zeros(len(findings), np.bool_)
    if view.wanted.slice_key is not None:
        in_slice = _members(basis, view.split).get(view.wanted.slice_key, in_slice)
    return Known(findings, age_band, in_slice)


@st.cache_resource(show_spinner=False, max_entries=KEPT_TABLES)
def _known_of(basis: Basis, split: str) -> tuple[Words, Words]:
    library, run, *_ = basis
    film_id = of_part(library, run, split).films.film_id
    facts = get_facts()[0]
    drawn = get_library(library).gate_findings()
    findings = (
        np.array([drawn.get(one, "") for one in film_id.tolist()], np.str_)
        if drawn
        else facts.column_of("findings", film_id)
    )
    return findings, facts.column_of("age_band", film_id)


def slices_of(library: str, run: str) -> tuple[str, ...]:
    """Return the keys of the slices that a run's films are cut into."""
    return tuple(_members(_basis(library, run), SEARCHED))
