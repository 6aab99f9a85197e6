"""The runs and what is computed of them, kept by the hashes of their predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.comparison.case_matrix import CaseMatrix, arrange_cases
from core.comparison.curves import Curves, calibration_of, trace_curves
from core.comparison.paired_tests import PairComparison, compare_pairs
from core.comparison.scored_films import (
    OWN_THRESHOLDS,
    SYNTHETIC,
    ScoredFilms,
    align_runs,
    as_part,
    is_of_site,
    part_of,
    thresholds_at_sensitivity,
)
from core.comparison.text import thresholds_text
from core.domain.model import RunRecord
from core.errors import FirstReadError
from core.evaluation.evaluate import measure_part
from core.evaluation.metrics import CalibrationBin
from core.language.words import msg, tr
from core.library.films import PublicLibrary
from core.runs.listing import ListedRun, list_readable_runs
from core.runs.predictions import PREDICTIONS_FILE, Predictions
from core.runs.store import export_identity, read_history
from core.settings import get_settings
from core.shortcuts.record import AUDIT_FILE, ShortcutAudit, read_audit
from core.stats.bootstrap import pr_auc
from core.stats.intervals import roc_auc
from ui.app.language import SaidWhenShown
from ui.app.resources import get_libraries
from ui.library.runs import predictions_of, stamp_of

KEPT = 48
USUALLY_COMPARED = 4


@dataclass(frozen=True, slots=True)
class ComparedKey:
    """What a comparison depends on: runs with the hashes of their predictions, part, thresholds.

    ``stamp`` changes when a film of a site's set is erased.
    """

    runs: tuple[tuple[str, str, float], ...]
    part: str
    at: float | None
    stamp: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedRuns:
    """Every run that can be compared, in the order of the table.

    Attributes
    ----------
    sentences : list of str
        On each run that cannot be read.
    """

    runs: dict[str, ListedRun]
    sentences: list[str]

    def that_read(self, part: str | None) -> ListedRuns:
        """Return the runs that have read a part; imported runs have read the public films alone."""
        films = get_libraries().get(part) if part and _is_library(part) else None
        if films is None:
            return self
        own = {
            name: run
            for name, run in self.runs.items()
            if not run.record.foreign and films.has_read(run.record)
        }
        return ListedRuns(own, self.sentences) if own else self

    def key(self, run_ids: tuple[str, ...], part: str, at: float | None) -> ComparedKey:
        """Return what a comparison of some of the runs depends on."""
        records = [self.runs[run_id].record for run_id in run_ids]
        hashed = tuple(
            (run.run_id, run.files[PREDICTIONS_FILE], run.operating_point.threshold)
            for run in records
        )
        return ComparedKey(hashed, part, at, stamp_of(part))

    def pair_of(self, run_ids: tuple[str, ...]) -> tuple[str, str]:
        """Return the last of some runs that goes on from another of them, or the last two."""
        for later in reversed(run_ids):
            if self.runs[later].parent in run_ids:
                return self.runs[later].parent, later
        return (run_ids[-2], run_ids[-1]) if len(run_ids) > 1 else ("", "")

    def usually_compared(self, served: str, part: str) -> tuple[str, ...]:
        """Return the run that serves and the others with the largest ROC AUC on a part."""
        others = [name for name, run in self.runs.items() if name != served and not run.exhibit]
        areas = {name: measured_area(self.runs[name].record, part) for name in others}
        leading = sorted(others, key=lambda name: -areas[name])[: USUALLY_COMPARED - 1]
        chosen = (served, *leading)
        return tuple(name for name in self.runs if name in chosen) or tuple(self.runs)[:1]


def get_listed_runs() -> ListedRuns:
    """Return every run that has predictions, trained here or imported."""
    listed, sentences = list_readable_runs(*get_settings().run_folders)
    having = [run for run in listed if PREDICTIONS_FILE in run.record.files]
    sentences += [
        tr(
            "Run {run} has no {file} and is left out.",
            run=run.record.run_id,
            file=PREDICTIONS_FILE,
        )
        for run in listed
        if run not in having
    ]
    return ListedRuns({run.record.run_id: run for run in having}, sentences)


def _is_library(part: str) -> bool:
    return part == SYNTHETIC or is_of_site(part)


def title_of(part: str) -> str:
    """Return what the site calls a set of its own; nothing of other parts."""
    library = get_libraries().get(part) if is_of_site(part) else None
    return "" if library is None else str(library.title)


def _text(run: RunRecord, part: str) -> Predictions:
    if _is_library(part):
        return as_part(predictions_of(part, run), part)
    return predictions_of(PublicLibrary.name, run)


def _predictions_of(key: ComparedKey, listed: ListedRuns, part: str) -> dict[str, Predictions]:
    return {run_id: _text(listed.runs[run_id].record, part) for run_id, *_ in key.runs}


def _scores_identity(run: RunRecord) -> tuple[str, float]:
    return run.files[PREDICTIONS_FILE], run.operating_point.threshold


@st.cache_resource(show_spinner=False, max_entries=KEPT, hash_funcs={RunRecord: _scores_identity})
def _measured_on(run: RunRecord, part: str, stamp: tuple[str, ...]) -> Mapping[str, Any]:  # noqa: ARG001 - it is a key
    predictions, threshold = _text(run, part), run.operating_point.threshold
    of_site = is_of_site(part)
    return measure_part(predictions, threshold, part_of(part).name, by_patient=of_site)


def get_metrics(run: RunRecord, part: str) -> Mapping[str, Any] | None:
    """Return a run's metrics at its operating point on a part; None if it was not measured there.

    Raises
    ------
    ModelMissing, ModelIntegrity, DatasetError
        If the run has not read the films, or cannot.
    """
    return _measured_on(run, part, stamp_of(part)) if _is_library(part) else run.metrics.get(part)


def measured_area(run: RunRecord, part: str) -> float:
    """Return a run's ROC AUC on a part; -1 where it has none, or cannot read the films."""
    try:
        measured = get_metrics(run, part)
    except FirstReadError:
        return -1.0
    area = None if measured is None else measured["rates"]["roc_auc"]["value"]
    return -1.0 if area is None else float(area)


@st.cache_resource(show_spinner=SaidWhenShown(msg("Aligning the runs' films")), max_entries=KEPT)
def get_scored(key: ComparedKey, _listed: ListedRuns) -> ScoredFilms:
    """Return what the runs said of the films of one part that all of them scored.

    Raises
    ------
    ComparisonError, DatasetError
        If the runs cannot be compared on that part, or at that sensitivity.
    ModelMissing, ModelIntegrity
        If a run's predictions are missing or are not those that its record states.
    """
    by_run, title = _predictions_of(key, _listed, key.part), title_of(key.part)
    if key.at is None:
        own = {run_id: threshold for run_id, _, threshold in key.runs}
        return align_runs(by_run, own, key.part, OWN_THRESHOLDS, title)
    on_validation = _predictions_of(key, _listed, "validation")
    together = thresholds_at_sensitivity(on_validation, key.at / 100.0)
    return align_runs(by_run, together, key.part, thresholds_text(key.at / 100.0), title)


@st.cache_resource(show_spinner=SaidWhenShown(msg("Testing every pair of runs")), max_entries=KEPT)
def get_pairs(key: ComparedKey, _listed: ListedRuns) -> list[PairComparison]:
    """Return the tests of every pair; raises as `compare_pairs`."""
    return compare_pairs(get_scored(key, _listed))


@st.cache_resource(show_spinner=SaidWhenShown(msg("Arranging the cases")), max_entries=KEPT)
def get_cases(key: ComparedKey, _listed: ListedRuns) -> CaseMatrix:
    """Return films by runs, clustered."""
    return arrange_cases(get_scored(key, _listed))


@st.cache_resource(show_spinner=SaidWhenShown(msg("Computing the curves")), max_entries=KEPT)
def get_curves(
    key: ComparedKey, _listed: ListedRuns
) -> tuple[list[Curves], list[tuple[CalibrationBin, ...]]]:
    """Return each run's curves and calibration on the compared films."""
    scored = get_scored(key, _listed)
    label = scored.films.label
    return [trace_curves(one, label) for one in scored.probability], calibration_of(scored)


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def get_areas(key: ComparedKey, _listed: ListedRuns) -> tuple[list[float], list[float]]:
    """Return each run's ROC AUC and average precision on the compared films."""
    scored = get_scored(key, _listed)
    label = scored.films.label
    return (
        [roc_auc(probability, label).value for probability in scored.probability],
        [pr_auc(probability, label).value for probability in scored.probability],
    )


@st.cache_resource(show_spinner=False, max_entries=KEPT)
def _audit(sha256: str, export: str, _run: RunRecord) -> ShortcutAudit | None:  # noqa: ARG001
    return read_audit(_run)


def get_audit(run: RunRecord) -> ShortcutAudit | None:
    """Return a run's shortcut audit; None if there is none. Raises as `read_audit`."""
    if AUDIT_FILE not in run.files:
        return None
    return _audit(run.files[AUDIT_FILE], export_identity(run), run)


def get_histories(
    listed: ListedRuns, run_ids: tuple[str, ...], kind: str
) -> dict[str, list[float]]:
    """Return the loss of each epoch of the runs that were trained here.

    Parameters
    ----------
    kind : str
        ``validation_loss`` or ``train_loss``.
    """
    found = {run_id: read_history(listed.runs[run_id].record) for run_id in run_ids}
    return {
        run_id: [epoch[kind] for epoch in epochs if kind in epoch]
        for run_id, epochs in found.items()
        if epochs
    }
