"""Films that a run calls correctly and that resemble one that it gets wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.comparison.scored_films import ScoredFilms
from core.error_analysis.gallery import Cell, films_in_cell
from core.evaluation.metrics import logits_of


def logit_space(runs: ScoredFilms, run_id: str) -> npt.NDArray[np.float64]:
    """Return each film's place by the run's probability alone, (N, 1) in logits."""
    return logits_of(runs.of_run(run_id))[:, np.newaxis]


def nearest_in_cell(
    runs: ScoredFilms, run_id: str, film: int, cell: Cell, space: npt.NDArray[np.floating]
) -> int | None:
    """Return the film of a cell that lies nearest to a film, and is of another patient.

    Parameters
    ----------
    runs : ScoredFilms
        Its threshold of ``run_id`` decides the cells.
    film : int
        Row of the film that is looked at.
    space : (N, D) float ndarray
        Where each film lies: `logit_space`, or a network's features. Distances are Euclidean.

    Returns
    -------
    int or None
        Row of the nearest film, the first of equally near ones; None if the cell has no film of
        another patient.
    """
    threshold = runs.threshold_of(run_id)
    films = runs.films
    candidates = films_in_cell(runs.of_run(run_id), films.label, threshold, cell)
    candidates &= films.patient != films.patient[film]
    if not candidates.any():
        return None
    distance = np.linalg.norm(space - space[film], axis=1)
    return int(np.where(candidates, distance, np.inf).argmin())


def nearest_films(
    space: npt.NDArray[np.floating], film: int, patient: npt.NDArray[np.str_], n: int
) -> npt.NDArray[np.intp]:
    """Return the rows of the films that lie nearest to a film and are of other patients.

    Parameters
    ----------
    space : (N, D) float ndarray
        Where each film lies. Distances are Euclidean.
    film : int
        Row of the film that is looked at.
    patient : (N,) str ndarray
    n : int
        At most so many, the nearest first.
    """
    others = np.flatnonzero(patient != patient[film])
    distance = np.linalg.norm(space[others] - space[film], axis=1)
    nearest: npt.NDArray[np.intp] = others[np.argsort(distance, kind="stable")[:n]]
    return nearest
