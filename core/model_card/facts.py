"""All that is kept of one run, gathered for its facts: what cannot be used is named, not hidden."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from core.datasets.film_metadata import FACTS_FILE
from core.domain.model import RunRecord
from core.error_analysis.slice_discovery import SliceSearch, search_run
from core.errors import FirstReadError, ModelIntegrity
from core.explain.pointing_game import EXPLANATIONS_FILE, ExplanationQuality
from core.explain.weight_randomisation import SANITY_FILE, SanityCheck
from core.files import sha256_of
from core.language.words import msg
from core.runs.artifacts import read_artifact
from core.runs.predictions import PREDICTIONS_FILE, Predictions, read_predictions
from core.runs.store import load_run, read_history, read_record
from core.serving.requirements import Demand, check_demands
from core.shortcuts.record import ShortcutAudit, read_audit

SPLIT_FILE = "split.json"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class RunFacts:
    """A run's records, each None where there is none that can be used.

    Attributes
    ----------
    record : mapping
        ``run.json`` as it is.
    split : mapping or None
        ``split.json`` as it is, where it is the one that the run was trained with.
    searched : SliceSearch or None
        Where it fails more than elsewhere; None where that could not be searched.
    epochs : int
        That the run was trained for; 0 where there is no history.
    demands : tuple of Demand
        What the serving rule demands, met or not.
    gaps : tuple of str
        A sentence on each record that should be there and cannot be used.
    unlisted : frozenset of str
        Films that no list of errors names, for who looks at it has yet to read them blind.
    """

    run: RunRecord
    record: Mapping[str, Any]
    split: Mapping[str, Any] | None
    predictions: Predictions | None
    audit: ShortcutAudit | None
    explanations: ExplanationQuality | None
    sanity: SanityCheck | None
    searched: SliceSearch | None
    epochs: int
    demands: tuple[Demand, ...]
    gaps: tuple[str, ...]
    unlisted: frozenset[str] = frozenset()

    @property
    def settings(self) -> Mapping[str, Any]:
        """How the run was trained; empty where that is not known."""
        return _mapping(self.record.get("settings"))

    @property
    def exhibit(self) -> str:
        """What the run is kept to show; empty for a run that is meant to be good."""
        return str(self.record.get("exhibit") or "")

    @property
    def lacking(self) -> tuple[Demand, ...]:
        """What keeps the run from reading films."""
        return tuple(demand for demand in self.demands if not demand.met)


Search = Callable[[RunRecord, Predictions, Path], SliceSearch | None]


def gather_facts(folder: Path, split_file: Path, search: Search = search_run) -> RunFacts:
    """Read all that is kept of a run.

    Parameters
    ----------
    search : callable
        `search_run`, or what returns the same and remembers it.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the run's record cannot be read; any other record that cannot be used is a gap.
    """
    run, record = load_run(folder), read_record(folder)
    gaps: list[str] = []
    predictions = searched = None
    if PREDICTIONS_FILE in run.files:
        predictions = _attempt(lambda: read_predictions(run), gaps)
    if predictions is not None:
        searched = _attempt(lambda: search(run, predictions, split_file.parent / FACTS_FILE), gaps)
    again = msg("run `python -m bench localisation` again")
    return RunFacts(
        run=run,
        record=record,
        split=_attempt(lambda: _read_split(record, split_file), gaps),
        predictions=predictions,
        audit=_attempt(lambda: read_audit(run), gaps),
        explanations=_attempt(
            lambda: read_artifact(run, EXPLANATIONS_FILE, ExplanationQuality.from_json, again), gaps
        ),
        sanity=_attempt(
            lambda: read_artifact(
                run,
                SANITY_FILE,
                SanityCheck.from_json,
                msg("run `python -m core sanity {run}`", run=run.run_id),
            ),
            gaps,
        ),
        epochs=len(_attempt(lambda: read_history(run), gaps) or ()),
        demands=tuple(_attempt(lambda: check_demands(folder), gaps) or ()),
        searched=searched,
        gaps=tuple(gaps),
    )


def _attempt(read: Callable[[], Value | None], gaps: list[str]) -> Value | None:
    try:
        return read()
    except FirstReadError as exc:
        gaps.append(str(exc))
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _read_split(record: Mapping[str, Any], path: Path) -> Mapping[str, Any] | None:
    if "foreign" in record:
        return None
    if _mapping(record.get("settings")).get("split_by") == "films":
        return None  # it was drawn again for this run, and its settings say so
    stated = _mapping(record.get("data")).get("split_sha256")
    if not path.is_file() or sha256_of(path) != stated:
        raise ModelIntegrity(
            msg(
                "{path} is not the split that the run was trained on: its films are not "
                "counted here. Restore it from the repository.",
                path=path,
            )
        )
    split: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return split
