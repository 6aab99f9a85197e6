"""Compare a run's stored predictions and metrics with newly computed ones, or replace them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.domain.model import RunRecord
from core.runs.predictions import (
    FILM_COLUMNS,
    PREDICTIONS_FILE,
    FilmTable,
    Predictions,
    write_predictions,
)
from core.runs.store import RECORD_FILE, read_record, read_verified, write_record

PROBABILITY_LIMIT = 1e-4
"""How far two machines may be apart; the same as between Keras and the export."""

METRIC_LIMIT = 1e-3
NAMED_METRICS = 5


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far newly computed predictions and metrics are from the stored ones.

    Attributes
    ----------
    films_differ : str
        What of the films' facts is another now; empty if nothing is.
    max_difference : float
        Of a probability.
    decisions_changed : int
        Films on another side of the operating point.
    metrics_differ : tuple of str
        Paths in the record, such as ``metrics/test/rates/sensitivity/value``.
    """

    n: int
    films_differ: str
    max_difference: float
    decisions_changed: int
    metrics_differ: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """True if the run is what its record says."""
        same = not self.films_differ and not self.decisions_changed and not self.metrics_differ
        return same and self.max_difference <= PROBABILITY_LIMIT

    @property
    def sentence(self) -> str:
        """The finding, for a person."""
        if self.films_differ:
            return f"The films are not those that were scored: {self.films_differ}."
        metrics = f"metrics that differ: {len(self.metrics_differ)}"
        if self.metrics_differ:
            named = ", ".join(self.metrics_differ[:NAMED_METRICS])
            more = ", ..." if len(self.metrics_differ) > NAMED_METRICS else ""
            metrics += f" ({named}{more})"
        verdict = "agrees" if self.holds else "does not agree"
        return (
            f"The run {verdict} with what is stored: over {self.n} films the largest difference in "
            f"probability is {self.max_difference:.1e} (limit {PROBABILITY_LIMIT:.0e}), "
            f"decisions changed: {self.decisions_changed}, {metrics}."
        )


def compare_run(
    run: RunRecord, stored: Predictions, recomputed: Predictions, measured: Mapping[str, Any]
) -> Agreement:
    """Compare what a run's folder states with what was computed from its weights and the films.

    Parameters
    ----------
    stored : Predictions
        As the folder holds them.
    measured : mapping
        ``metrics`` and ``slices`` of the recomputed predictions, from `measure_run`.
    """
    record = read_record(run.folder)
    films_differ = _films_differ(stored.films, recomputed.films)
    if films_differ:
        return Agreement(len(stored), films_differ, float("nan"), 0, ())
    threshold = run.operating_point.threshold
    sides = [predictions.probability >= threshold for predictions in (stored, recomputed)]
    return Agreement(
        n=len(stored),
        films_differ="",
        max_difference=float(np.abs(stored.probability - recomputed.probability).max()),
        decisions_changed=int((sides[0] != sides[1]).sum()),
        metrics_differ=tuple(
            path
            for key in ("metrics", "slices")
            for path in _differing(record.get(key), measured[key], key)
        ),
    )


def _films_differ(stored: FilmTable, now: FilmTable) -> str:
    if stored.film_id.tolist() != now.film_id.tolist():
        return f"{len(stored)} films are stored and {len(now)} were read, or in another order"
    for name in FILM_COLUMNS:
        before, after = getattr(stored, name), getattr(now, name)
        if before.dtype.kind == "f":
            same = np.isclose(before, after, rtol=0.0, atol=1e-6, equal_nan=True)
        else:
            same = before == after
        if not same.all():
            first = stored.film_id[np.flatnonzero(~same)[0]]
            return f"{name} of {int((~same).sum())} films, the first is {first}"
    return ""


def _differing(stored: Any, measured: Any, path: str) -> Iterator[str]:
    """Yield the paths at which two nested values differ; fractions by more than the limit.

    A film on the edge between two calibration bins may change the bin, which changes no decision.
    """
    if path.endswith("/calibration_curve"):
        return
    if isinstance(stored, Mapping) and isinstance(measured, Mapping):
        for key in dict.fromkeys([*stored, *measured]):
            yield from _differing(stored.get(key), measured.get(key), f"{path}/{key}")
    elif isinstance(stored, list) and isinstance(measured, list) and len(stored) == len(measured):
        for place, pair in enumerate(zip(stored, measured, strict=True)):
            yield from _differing(*pair, f"{path}/{place}")
    elif isinstance(stored, float) and isinstance(measured, float):
        if not abs(stored - measured) <= METRIC_LIMIT:
            yield path
    elif stored != measured:
        yield path


def replace_predictions(
    folder: Path, predictions: Predictions, measured: Mapping[str, Any]
) -> None:
    """Store newly computed predictions and metrics in a run's folder; all else stays as it is.

    Parameters
    ----------
    measured : mapping
        ``metrics`` and ``slices``, from `measure_run`.

    Raises
    ------
    ModelMissing
        If a file of the run is missing.
    ModelIntegrity
        If another file of the run is not the one that its record states, or is not in it.
    """
    record = read_record(folder)
    present = {path.name for path in folder.iterdir()} - {RECORD_FILE, PREDICTIONS_FILE}
    for name in sorted(present | (record["files"].keys() - {PREDICTIONS_FILE})):
        read_verified(folder, name, record["files"])
    kept = {key: value for key, value in record.items() if key not in {*measured, "files"}}
    write_predictions(predictions, folder / PREDICTIONS_FILE)
    write_record(folder, {**kept, **measured})
