"""Shortcut features a run relies on: the films are changed and the score is measured.

Numbers on the official test split are reported; nothing is chosen by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.evaluation.metrics import confusion_at, rates_of
from core.shortcuts.perturbations import CHANGES, Bytes, Change
from core.shortcuts.record import ChangeAudit, PartAudit, ShortcutAudit, SizeCue
from core.stats.intervals import Labels, Scores, auc_difference, rank_correlation, roc_auc

CHUNK = 100
"""Films that are changed at a time; a change of all of them would take a gigabyte."""

Predict = Callable[[Bytes], Scores]
"""From (N, 224, 224) uint8 prepared films to (N,) float64 calibrated probabilities."""

Progress = Callable[[int, int], None]
"""Called with (films done, films in all), each film once for every change of it."""


@dataclass(frozen=True, slots=True, eq=False)
class AuditFilms:
    """Prepared films of one part of the split, with what an audit asks about them.

    Attributes
    ----------
    films : (N, 224, 224) uint8 ndarray
    labels : (N,) int64 ndarray
        1 for pneumonia.
    lung_masks : (N, 224, 224) uint8 ndarray
        255 lung, 0 outside, other values where it is not known.
    trusted : (N,) bool ndarray
        Whether the mask belongs to the film for certain.
    heights_px, widths_px : (N,) float64 ndarrays
        Of the originals that the films were made from.
    """

    split: str
    films: Bytes
    labels: Labels
    lung_masks: Bytes
    trusted: npt.NDArray[np.bool_]
    heights_px: npt.NDArray[np.float64]
    widths_px: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.films)


@dataclass(frozen=True, slots=True)
class AuditedRun:
    """A run as an audit needs it."""

    run_id: str
    export_sha256: str
    threshold: float
    predict: Predict


def audit_runs(
    runs: Mapping[str, AuditedRun],
    parts: Mapping[str, AuditFilms],
    grey: int,
    progress: Progress | None = None,
) -> dict[str, ShortcutAudit]:
    """Audit runs, each by its key of ``runs``; the changed films are made once for all of them.

    Parameters
    ----------
    grey : int
        From 0 to 255, the same for every film.

    Raises
    ------
    DatasetError
        If a part has fewer than two films of a class, with trusted lung masks or in all.
    """
    total = sum(int(_chosen(films, change).sum()) for films in parts.values() for change in CHANGES)
    done = 0

    def advance(films: int) -> None:
        nonlocal done
        done += films
        if progress is not None:
            progress(done, total)

    audited = {part: _audit_part(runs, films, grey, advance) for part, films in parts.items()}
    return {
        name: ShortcutAudit(
            run_id=run.run_id,
            export_sha256=run.export_sha256,
            threshold=run.threshold,
            grey=grey,
            parts={part: by_run[name] for part, by_run in audited.items()},
        )
        for name, run in runs.items()
    }


def _chosen(films: AuditFilms, change: Change) -> npt.NDArray[np.bool_]:
    """Return the films that a change can be made on."""
    return films.trusted if change.needs_lungs else np.ones(len(films), np.bool_)


def _audit_part(
    runs: Mapping[str, AuditedRun],
    films: AuditFilms,
    grey: int,
    advance: Callable[[int], None],
) -> dict[str, PartAudit]:
    """Return each run's audit of one part."""
    unchanged: dict[str, Scores] = {}
    rows: dict[str, list[ChangeAudit]] = {name: [] for name in runs}
    for change in CHANGES:
        chosen = _chosen(films, change)
        films_changed, scores = _score(runs, films, change, grey, advance)
        for name, probabilities in scores.items():
            before = unchanged.setdefault(name, probabilities)  # the first change is none
            pair = (before[chosen], probabilities)
            row = _row(change, films_changed, pair, films.labels[chosen], runs[name].threshold)
            rows[name].append(row)
    return {name: _part(films, rows[name], unchanged[name]) for name in runs}


def _score(
    runs: Mapping[str, AuditedRun],
    films: AuditFilms,
    change: Change,
    grey: int,
    advance: Callable[[int], None],
) -> tuple[int, dict[str, Scores]]:
    """Return how many films a change alters, and each run's probabilities of the changed films."""
    films_changed = 0
    scores: dict[str, list[Scores]] = {name: [] for name in runs}
    positions = np.flatnonzero(_chosen(films, change))
    for start in range(0, len(positions), CHUNK):
        some = positions[start : start + CHUNK]
        before = films.films[some]
        after = change.apply(before, films.lung_masks[some], grey)
        films_changed += int((before != after).any(axis=(1, 2)).sum())
        for name, run in runs.items():
            scores[name].append(run.predict(after))
        advance(len(some))
    return films_changed, {name: np.concatenate([*parts, []]) for name, parts in scores.items()}


def _row(
    change: Change,
    films_changed: int,
    before_and_after: tuple[Scores, Scores],
    labels: Labels,
    threshold: float,
) -> ChangeAudit:
    before, after = before_and_after
    rates = rates_of(confusion_at(after, labels, threshold))
    shift = np.abs(after - before)
    return ChangeAudit(
        key=change.key,
        words=change.words,
        n=len(labels),
        n_positive=int(labels.sum()),
        films_changed=films_changed,
        roc_auc=roc_auc(after, labels),
        auc_difference=auc_difference(after, before, labels),
        sensitivity=rates["sensitivity"],
        specificity=rates["specificity"],
        shift_median=float(np.median(shift)),
        shift_95th_percentile=float(np.quantile(shift, 0.95)),
        decisions_changed=int(((after >= threshold) != (before >= threshold)).sum()),
    )


def _part(films: AuditFilms, rows: list[ChangeAudit], probabilities: Scores) -> PartAudit:
    measures = {
        "height of the original": films.heights_px,
        "width over height of the original": films.widths_px / films.heights_px,
    }
    classes = (films.labels == 0, films.labels == 1)
    within = [
        [rank_correlation(probabilities[of], measure[of]) for of in classes]
        for measure in measures.values()
    ]
    cues = (
        SizeCue(words, roc_auc(measure, films.labels), *correlations)
        for (words, measure), correlations in zip(measures.items(), within, strict=True)
    )
    return PartAudit(
        split=films.split,
        n=len(films),
        n_positive=int(films.labels.sum()),
        without_lung_mask=int((~films.trusted).sum()),
        changes=tuple(rows),
        size_cues=tuple(cues),
    )
