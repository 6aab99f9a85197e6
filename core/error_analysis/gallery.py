"""The four cells that a threshold puts films in, and the orders that a gallery shows them in."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from core.comparison.scored_films import ScoredFilms
from core.evaluation.metrics import log_losses, logits_of
from core.stats.intervals import Labels, Mask, Scores


class Cell(StrEnum):
    """A cell of the confusion matrix; the value stands in addresses."""

    TRUE_POSITIVE = "tp"
    FALSE_NEGATIVE = "fn"
    FALSE_POSITIVE = "fp"
    TRUE_NEGATIVE = "tn"

    @property
    def right(self) -> bool:
        """True if the run and the reference standard agree."""
        return self in {Cell.TRUE_POSITIVE, Cell.TRUE_NEGATIVE}


def cell_of_films(probability: Scores, label: Labels, threshold: float) -> Mask:
    """Return which films are in each cell, (4, N) in the order of `Cell`.

    Parameters
    ----------
    threshold : float
        Films at or above it are called pneumonia.
    """
    called, ill = probability >= threshold, label == 1
    return np.stack([called & ill, ~called & ill, called & ~ill, ~called & ~ill])


def films_in_cell(probability: Scores, label: Labels, threshold: float, cell: Cell) -> Mask:
    """Return the (N,) mask of the films in one cell."""
    chosen: Mask = cell_of_films(probability, label, threshold)[list(Cell).index(cell)]
    return chosen


def cell_of(probability: float, label: int, threshold: float) -> Cell:
    """Return the cell that one film is in."""
    if label == 1:
        return Cell.TRUE_POSITIVE if probability >= threshold else Cell.FALSE_NEGATIVE
    return Cell.FALSE_POSITIVE if probability >= threshold else Cell.TRUE_NEGATIVE


def hold_back(
    film_ids: npt.NDArray[np.str_],
    probability: Scores,
    label: Labels,
    operating_point: float,
    awaiting: Collection[str],
) -> Mask:
    """Return the (N,) mask of the films that no list shows while some await a blind read.

    They are the awaiting films and others, as many of every cell: if a list lacked the awaiting
    films alone, its length beside the counts of the cells would tell their cell. A cell that has
    fewer lacks all of its films. Which others does not change while the same films are awaited.
    """
    awaited: Mask = np.isin(film_ids, list(awaiting))
    held, number = awaited.copy(), int(awaited.sum())
    if not number:
        return held
    for in_cell in cell_of_films(probability, label, operating_point):
        others = np.flatnonzero(in_cell & ~awaited)
        digests = [sha256(one.encode()).digest() for one in film_ids[others].tolist()]
        missing = max(0, number - int((in_cell & awaited).sum()))
        held[others[sorted(range(len(others)), key=digests.__getitem__)[:missing]]] = True
    return held


Places = npt.NDArray[np.intp]
_DIGITS = re.compile(r"\d+")


class Order(StrEnum):
    """What a gallery is sorted by; the value stands in addresses."""

    CONFIDENCE = "confidence"
    LOG_LOSS = "loss"
    DISAGREEMENT = "disagreement"
    CONTRAST = "contrast"
    SHARPNESS = "sharpness"
    PATIENT = "patient"


def confidence_of(probability: Scores, threshold: float) -> Scores:
    """Return how far each probability lies from the threshold, (N,) in logits.

    For a wrong film it is how sure the run was of its error.
    """
    far: Scores = np.abs(logits_of(probability) - logits_of(np.array([threshold])))
    return far


def order_films(runs: ScoredFilms, run_id: str, order: Order) -> Places:
    """Return the films' (N,) rows in the order asked for; equal films stand by name.

    Parameters
    ----------
    runs : ScoredFilms
        Its threshold of ``run_id`` is the one that confidence is measured from.
    order : Order
        The surest, the costliest and the most disputed film first; the poorest picture first;
        patients by their number.
    """
    names = _natural(runs.films.film_id)
    if order is Order.PATIENT:
        return np.lexsort((names, _natural(runs.films.patient)))
    return np.lexsort((names, _KEYS[order](runs, run_id)))


def _natural(names: npt.NDArray[np.str_]) -> npt.NDArray[np.intp]:
    """Return a rank that puts ``person2`` before ``person10``."""
    distinct, place = np.unique(names, return_inverse=True)
    padded = [_padded(name) for name in distinct.tolist()]
    rank = np.argsort(np.argsort(padded))
    chosen: npt.NDArray[np.intp] = rank[place]
    return chosen


@lru_cache(maxsize=1 << 16)
def _padded(name: str) -> str:
    """Return a name with numbers of equal length; kept, for every page is sorted again."""
    return _DIGITS.sub(lambda number: number[0].zfill(12), name)


def _by_confidence(runs: ScoredFilms, run_id: str) -> Scores:
    threshold = runs.threshold_of(run_id)
    return -confidence_of(runs.of_run(run_id), threshold)


_KEYS: dict[Order, Callable[[ScoredFilms, str], Scores]] = {
    Order.CONFIDENCE: _by_confidence,
    Order.LOG_LOSS: lambda runs, run_id: -log_losses(runs.of_run(run_id), runs.films.label),
    Order.DISAGREEMENT: lambda runs, _: -runs.disagreement,
    Order.CONTRAST: lambda runs, _: runs.films.contrast,
    Order.SHARPNESS: lambda runs, _: runs.films.sharpness,
}
