"""The runs of the error gallery, and their predictions of a library's films."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from core.comparison.scored_films import ScoredFilms, join_runs
from core.domain.model import RunRecord
from core.domain.site_set import SITE_PREFIX
from core.error_analysis.notes import ProposedLabel
from core.errors import FirstReadError
from core.evaluation.evaluate import PARTS
from core.language.words import msg, tr, trn
from core.library.film_codes import find_film
from core.library.films import order_parts
from core.pipeline import Engine, open_classifier
from core.runs.listing import list_readable_runs, list_runs
from core.runs.predictions import (
    LEARNED_FILE,
    LEARNED_PART,
    PREDICTIONS_FILE,
    Predictions,
    join_predictions,
)
from core.runs.store import name_run, reading_identity
from core.settings import get_settings
from ui.app.language import SaidWhenShown
from ui.app.reading_behind import still_reads_synthetic
from ui.app.reading_sets import sets_under_way, why_not_read
from ui.app.resources import LOOKED_FOR_AGAIN_S, get_engine, get_library, get_site_sets

ALL_PARTS = "all"
"""Stands for every part of a set; of the public one, training, validation and official test."""
KEPT_TABLES = 24
OF_THE_SET = ("validation", "test")
"""What of the public set runs are measured on; adults of another hospital are not of it."""


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S)
def get_runs() -> dict[str, RunRecord]:
    """Return every run by name, the served one first."""
    settings = get_settings()
    runs = {run.run_id: run for run in list_runs(*settings.run_folders)}
    served = settings.served_run
    return {name: runs[name] for name in sorted(runs, key=lambda name: (name != served, name))}


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S)
def _exhibits() -> frozenset[str]:
    runs, _ = list_readable_runs(get_settings().models)
    return frozenset(run.record.run_id for run in runs if run.exhibit)


def name_offered(library: str) -> dict[str, str]:
    """Return the runs that are offered for a library's films, and how each is named."""
    return {run: name_run(get_runs()[run]) for run in offered_runs(library)}


def get_engine_of(run_id: str) -> Engine:
    """Return the engine with a run, by its own threshold, in the place of what is served.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file of the run is missing or is not the one that was measured.
    """
    engine, run = get_engine(), get_runs()[run_id]
    if run_id == engine.classifier.run_record.run_id:
        return engine.own
    return _engine_of(run_id, reading_identity(run, engine.gate.sha256))


@st.cache_resource(show_spinner=False)
def _engine_of(run_id: str, identity: str) -> Engine:  # noqa: ARG001 - it is the key
    classifier = open_classifier(get_runs()[run_id], get_settings().inference_threads)
    return replace(get_engine(), classifier=classifier)


def get_predictions(library: str, run: str) -> Predictions:
    """Return a run's predictions of the films of a library that it is measured on.

    Raises
    ------
    FirstReadError
        If its predictions cannot be read.
    """
    return predictions_of(library, get_runs()[run])


def get_learned(library: str, run: str) -> Predictions | None:
    """Return what a run said of the films that it has learned from; None if it is not kept.

    Raises
    ------
    FirstReadError
        If the table cannot be read.
    """
    return _learned(library, identity_of(library, run))


def identity_of(library: str, run: str) -> tuple[str, ...]:
    """Return a run's name and what changes with its predictions: it may be trained again.

    Films of a site's set may be erased.
    """
    return *_identity(get_runs()[run]), *stamp_of(library)


def stamp_of(library: str) -> tuple[str, ...]:
    """Return what changes when a film of a site's set is erased; nothing of other libraries."""
    of_site = library.startswith(SITE_PREFIX)
    return tuple(map(str, get_site_sets().stamp())) if of_site else ()


def _identity(run: RunRecord) -> tuple[str, ...]:
    return run.run_id, run.files.get(PREDICTIONS_FILE, ""), run.files.get(LEARNED_FILE, "")


def predictions_of(library: str, run: RunRecord) -> Predictions:
    """Return what `get_predictions` does, of a run that `get_runs` may not have; raises alike."""
    return _predictions(library, stamp_of(library), run)


@st.cache_resource(
    show_spinner=SaidWhenShown(msg("Reading the films")),
    max_entries=2 * KEPT_TABLES,
    hash_funcs={RunRecord: _identity},
)
def _predictions(library: str, stamp: tuple[str, ...], run: RunRecord) -> Predictions:  # noqa: ARG001 - it is a key
    return get_library(library).predictions(run)


@st.cache_resource(show_spinner=SaidWhenShown(msg("Reading the films")), max_entries=KEPT_TABLES)
def _learned(library: str, identity: tuple[str, ...]) -> Predictions | None:
    return get_library(library).learned(get_runs()[identity[0]])


def of_part(library: str, run: str, part: str | None) -> Predictions:
    """Return what a run said of the films of one part, or of all parts of their set.

    Without a part it is of all films that the run is measured on.

    Raises
    ------
    FirstReadError
        If a table cannot be read.
    """
    return _part(library, identity_of(library, run), part)


@st.cache_resource(show_spinner=False, max_entries=KEPT_TABLES)
def _part(library: str, identity: tuple[str, ...], part: str | None) -> Predictions:
    predictions = get_predictions(library, identity[0])
    learned = _learned(library, identity) if part in (LEARNED_PART, ALL_PARTS) else None
    if part == ALL_PARTS and learned is not None:
        return join_predictions(
            predictions.where(np.isin(predictions.films.split, OF_THE_SET)), learned
        )
    if part in (None, ALL_PARTS):
        return predictions
    return predictions.of_split(part) if learned is None else learned


def get_references(library: str, run: str) -> dict[str, ProposedLabel]:
    """Return the label of every film that this run or the first one is measured on or learned."""
    tables = []
    for name in dict.fromkeys((run, next(iter(offered_runs(library))))):
        for read in (get_predictions, get_learned):
            try:
                table = read(library, name)
            except FirstReadError:  # a damaged table says so where its run is chosen
                continue
            if table is not None:
                tables.append(table)
    return {
        film_id: ProposedLabel.PNEUMONIA if label else ProposedLabel.NORMAL
        for table in tables
        for film_id, label in zip(
            table.films.film_id.tolist(), table.films.label.tolist(), strict=True
        )
    }


def own_validation(run: RunRecord) -> str:
    """Return what a run's validation films are where it drew them itself; empty where it did not.

    Such films are of patients whom it has learned from.
    """
    part = run.metrics.get("validation", {})
    split = str(part.get("split", PARTS["validation"].name))
    return "" if split == PARTS["validation"].name else split


def get_films(library: str, run: str, split: str) -> ScoredFilms:
    """Return a split's films under the chosen run, and under every other that has read them.

    Exhibits are among the others only where one is chosen: they are wrong on purpose.

    Raises
    ------
    FirstReadError
        If the chosen run's predictions cannot be read.
    """
    others = [name for name in offered_runs(library) if name not in _exhibits()]
    identities = tuple(identity_of(library, name) for name in (run, *others))
    return _join(library, identities, split)


@st.cache_resource(show_spinner=False, max_entries=KEPT_TABLES)
def _join(library: str, identities: tuple[tuple[str, ...], ...], split: str) -> ScoredFilms:
    run, *others = (name for name, *_ in identities)
    tables = {run: of_part(library, run, split)}
    for other in others:
        try:
            tables.setdefault(other, of_part(library, other, split))
        except FirstReadError:  # a run whose table is damaged says so where it is chosen
            continue
    thresholds = {name: get_runs()[name].operating_point.threshold for name in tables}
    return join_runs(run, tables, thresholds)


def offered_runs(library: str) -> list[str]:
    """Return the runs that have read the films of a library, or will have."""
    films, named = get_library(library), get_runs()
    if films.learned_from:
        return list(named)
    own = [name for name, run in named.items() if not run.foreign]
    return [name for name in own if films.has_read(named[name])] or own[:1]


def left_out_text(library: str) -> str:
    """Return which runs are left out because they have not read a library's films, and what to do.

    Empty where none is.
    """
    films, offered = get_library(library), offered_runs(library)
    if films.learned_from:
        return ""
    named = get_runs()
    missing = [name for name in named if name not in offered and not named[name].foreign]
    if not missing:
        return ""
    if not films.synthetic:
        return _left_out_of_site(library, missing)
    runs = ", ".join(missing)
    if still_reads_synthetic():
        return trn(
            "Run {runs} is reading the synthetic films now. Reload the page in a minute.",
            "Runs {runs} are reading the synthetic films now. Reload the page in a minute.",
            len(missing),
            runs=runs,
        )
    return trn(
        "Run {runs} is left out: the synthetic films could not be read. To see why and to "
        "try again, run `python -m core phantom-scores`, then reload the page.",
        "Runs {runs} are left out: the synthetic films could not be read. To see why and to "
        "try again, run `python -m core phantom-scores`, then reload the page.",
        len(missing),
        runs=runs,
    )


def _left_out_of_site(library: str, missing: list[str]) -> str:
    """Return which runs have not read a site's set: they are reading it, or why they cannot."""
    failed = {run: why for run in missing if (why := why_not_read(library, run))}
    waiting = [run for run in missing if run not in failed]
    sentences = [
        tr("Run {run} cannot read these films: {why}", run=run, why=tr(why))
        for run, why in failed.items()
    ]
    if waiting and sets_under_way() is not None:
        sentences.append(
            trn(
                "Run {runs} is yet to read these films. The page Site says how far it is.",
                "Runs {runs} are yet to read these films. The page Site says how far they are.",
                len(waiting),
                runs=", ".join(waiting),
            )
        )
    return " ".join(sentences)


def offered_splits(library: str, run: str) -> tuple[str, ...]:
    """Return the splits that a run has films of."""
    parts = order_parts(get_predictions(library, run).films.split)
    if not get_library(library).learned_from:  # nothing was trained on any part
        return (ALL_PARTS, *parts[::-1])
    return (*parts, LEARNED_PART, ALL_PARTS) if LEARNED_FILE in get_runs()[run].files else parts


def find_coded(library: str, run: str, split: str | None, code: str) -> str | None:
    """Return the film of a split, as in `of_part`, that a code means; None where there is none."""
    return find_film(code, of_part(library, run, split).films.film_id.tolist())
