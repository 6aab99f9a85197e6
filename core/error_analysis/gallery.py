"""What several runs said of the same films, and the four cells that a threshold puts them in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from core.errors import DatasetError
from core.evaluation.metrics import log_losses
from core.runs.predictions import FilmTable, Predictions
from core.stats.intervals import Mask, Scores

SMALLEST = 1e-7
"""Probabilities are kept this far from 0 and 1 where a logit is taken, as in the log loss."""


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


@dataclass(frozen=True, slots=True, eq=False)
class RunsOnFilms:
    """The same N films under R runs.

    Attributes
    ----------
    films : FilmTable
    run_ids : tuple of str
    thresholds : (R,) float64 ndarray
        Each run's own operating point.
    probability : (R, N) float64 ndarray
    """

    films: FilmTable
    run_ids: tuple[str, ...]
    thresholds: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.films)

    def where(self, chosen: Mask) -> RunsOnFilms:
        """Return the films that a (N,) mask is true for, in the same order."""
        return RunsOnFilms(
            self.films.where(chosen), self.run_ids, self.thresholds, self.probability[:, chosen]
        )

    def threshold_of(self, run_id: str) -> float:
        """Return the threshold of one run."""
        return float(self.thresholds[self.run_ids.index(run_id)])

    def of_run(self, run_id: str) -> Scores:
        """Return the (N,) probabilities of one run."""
        chosen: Scores = self.probability[self.run_ids.index(run_id)]
        return chosen

    def at(self, run_id: str, threshold: float) -> RunsOnFilms:
        """Return the same with another threshold for one run."""
        thresholds = self.thresholds.copy()
        thresholds[self.run_ids.index(run_id)] = threshold
        return RunsOnFilms(self.films, self.run_ids, thresholds, self.probability)

    def wrong(self) -> npt.NDArray[np.bool_]:
        """Return which films each run puts on the wrong side of its threshold, (R, N)."""
        called = self.probability >= self.thresholds[:, np.newaxis]
        differs: npt.NDArray[np.bool_] = called != (self.films.label == 1)
        return differs

    def disagreement(self) -> Scores:
        """Return each film's largest less smallest probability among the runs, (N,)."""
        spread: Scores = np.ptp(self.probability, axis=0)
        return spread

    def place_of(self, film_id: str) -> int | None:
        """Return the row of a film; None if it is not among these."""
        found = np.flatnonzero(self.films.film_id == film_id)
        return int(found[0]) if len(found) else None


def join_runs(
    run_id: str, predictions: Mapping[str, Predictions], thresholds: Mapping[str, float]
) -> RunsOnFilms:
    """Put what other runs said of a run's films beside what it said itself.

    Parameters
    ----------
    run_id : str
        Its films are taken, in its order.
    predictions : mapping of str to Predictions
        By run. A run that was not measured on all of these films is left out.
    thresholds : mapping of str to float
        Each run's operating point.

    Raises
    ------
    DatasetError
        If two runs hold different labels of one film.
    """
    films = predictions[run_id].films
    rows = {
        name: _in_order(other, films, name)
        for name, other in predictions.items()
        if np.isin(films.film_id, other.films.film_id).all()
    }
    points = np.array([thresholds[name] for name in rows], np.float64)
    return RunsOnFilms(films, tuple(rows), points, np.stack(list(rows.values())))


def _in_order(predictions: Predictions, films: FilmTable, name: str) -> Scores:
    """Return the probabilities of these films, in their order."""
    order = np.argsort(predictions.films.film_id)
    places = order[np.searchsorted(predictions.films.film_id, films.film_id, sorter=order)]
    if not np.array_equal(predictions.films.label[places], films.label):
        raise DatasetError(
            f"Run {name} was measured against other labels than the run that is shown. Write its "
            f"predictions anew with `python -m core evaluate {name} --write`."
        )
    chosen: Scores = predictions.probability[places]
    return chosen


def cell_of_films(probability: Scores, label: npt.NDArray[np.int64], threshold: float) -> Mask:
    """Return which films are in each cell, (4, N) in the order of `Cell`.

    Parameters
    ----------
    probability : (N,) float64 ndarray
    label : (N,) int64 ndarray
        1 for pneumonia, 0 otherwise.
    threshold : float
        Films at or above it are called pneumonia.
    """
    called, ill = probability >= threshold, label == 1
    return np.stack([called & ill, ~called & ill, called & ~ill, ~called & ~ill])


def films_in_cell(
    probability: Scores, label: npt.NDArray[np.int64], threshold: float, cell: Cell
) -> Mask:
    """Return the (N,) mask of the films in one cell."""
    chosen: Mask = cell_of_films(probability, label, threshold)[list(Cell).index(cell)]
    return chosen


def cell_of(probability: float, label: int, threshold: float) -> Cell:
    """Return the cell that one film is in."""
    if label == 1:
        return Cell.TRUE_POSITIVE if probability >= threshold else Cell.FALSE_NEGATIVE
    return Cell.FALSE_POSITIVE if probability >= threshold else Cell.TRUE_NEGATIVE


def logits_of(probability: Scores) -> Scores:
    """Return the logits of probabilities."""
    p = np.clip(probability, SMALLEST, 1.0 - SMALLEST)
    return np.asarray(np.log(p) - np.log1p(-p), np.float64)


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


def order_films(runs: RunsOnFilms, run_id: str, order: Order) -> Places:
    """Return the films' rows in the order asked for; equal films stand by name.

    Parameters
    ----------
    runs : RunsOnFilms
        Its threshold of ``run_id`` is the one that confidence is measured from.
    run_id : str
    order : Order
        The surest, the costliest and the most disputed film first; the poorest picture first;
        patients by their number.

    Returns
    -------
    (N,) intp ndarray
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
    """Return a name with numbers of equal length; kept, for every page is put in order anew."""
    return _DIGITS.sub(lambda number: number[0].zfill(12), name)


def _by_confidence(runs: RunsOnFilms, run_id: str) -> Scores:
    threshold = runs.threshold_of(run_id)
    return -confidence_of(runs.of_run(run_id), threshold)


_KEYS: dict[Order, Callable[[RunsOnFilms, str], Scores]] = {
    Order.CONFIDENCE: _by_confidence,
    Order.LOG_LOSS: lambda runs, run_id: -log_losses(runs.of_run(run_id), runs.films.label),
    Order.DISAGREEMENT: lambda runs, _: -runs.disagreement(),
    Order.CONTRAST: lambda runs, _: runs.films.contrast,
    Order.SHARPNESS: lambda runs, _: runs.films.sharpness,
}
