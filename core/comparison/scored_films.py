"""What several runs said of the same films, at their own thresholds or at some set together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import numpy.typing as npt

from core.errors import ComparisonError
from core.evaluation.evaluate import PARTS, Part
from core.evaluation.operating_point import choose_operating_point
from core.runs.predictions import FilmTable, Predictions
from core.stats.intervals import Mask

SYNTHETIC = "synthetic"
COMPARED_PARTS = PARTS | {
    SYNTHETIC: Part("synthetic films", lambda films: films.split == SYNTHETIC)
}
"""Films that runs can be compared on: those that every run is measured on, and drawn ones."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoredFilms:
    """What R runs said of the N films of one part that all of them scored.

    Attributes
    ----------
    part : str
        A key of `COMPARED_PARTS`.
    run_ids : tuple of str
    films : FilmTable
        In the order of the first run.
    probability : (R, N) float64 ndarray
    threshold : (R,) float64 ndarray
    chosen_at : str
        How the thresholds came about.
    left_out : int
        Films of the part that some of the runs scored, but not all.
    """

    part: str
    run_ids: tuple[str, ...]
    films: FilmTable
    probability: npt.NDArray[np.float64]
    threshold: npt.NDArray[np.float64]
    chosen_at: str
    left_out: int

    @property
    def synthetic(self) -> bool:
        """True if every film is drawn."""
        return self.part == SYNTHETIC

    @property
    def ill(self) -> Mask:
        """(N,) whether each film is pneumonia by the reference standard."""
        return np.asarray(self.films.label == 1)

    @property
    def called(self) -> Mask:
        """(R, N) whether each run calls each film pneumonia."""
        return np.asarray(self.probability >= self.threshold[:, np.newaxis])

    @property
    def right(self) -> Mask:
        """(R, N) whether each run decides each film as the reference standard does."""
        return np.asarray(self.called == self.ill)


OWN_THRESHOLDS = "each run's own operating point"


def as_synthetic(said: Predictions) -> Predictions:
    """Return what a run said of drawn films as one part: nothing is trained on any of them."""
    split = np.full(len(said), SYNTHETIC)
    return replace(said, films=replace(said.films, split=split))


def align_runs(
    predictions: Mapping[str, Predictions],
    thresholds: Mapping[str, float],
    part: str,
    chosen_at: str = OWN_THRESHOLDS,
) -> ScoredFilms:
    """Put what runs said of the same films side by side.

    Parameters
    ----------
    predictions : mapping of str to Predictions
        By run.
    thresholds : mapping of str to float
        By run.
    part : str
        A key of `COMPARED_PARTS`.
    chosen_at : str
        How the thresholds came about, in words.

    Raises
    ------
    ComparisonError
        If the part is not known, there is no run, the runs have no film of the part in common, or
        two of them have different reference labels for a film.
    """
    if part not in COMPARED_PARTS:
        raise ComparisonError(f"there is no part {part!r}; there are {', '.join(COMPARED_PARTS)}.")
    if not predictions:
        raise ComparisonError("there is no run to compare: name two or more.")
    choose, name = COMPARED_PARTS[part].choose, COMPARED_PARTS[part].name
    of_part = {run: said.where(choose(said.films)) for run, said in predictions.items()}
    ids = [said.films.film_id for said in of_part.values()]
    common, every = reduce(np.intersect1d, ids), reduce(np.union1d, ids)
    if not len(common):
        raise ComparisonError(
            f"The runs {', '.join(predictions)} have no film of the {name} in common: choose other "
            "films, or leave out the run that has not read these."
        )
    first = next(iter(of_part.values()))
    films = first.films.where(np.isin(first.films.film_id, common))
    rows = [_in_order_of(films, said, run) for run, said in of_part.items()]
    return ScoredFilms(
        part=part,
        run_ids=tuple(predictions),
        films=films,
        probability=np.stack(rows),
        threshold=np.array([thresholds[run] for run in predictions]),
        chosen_at=chosen_at,
        left_out=len(every) - len(common),
    )


def _in_order_of(films: FilmTable, said: Predictions, run: str) -> npt.NDArray[np.float64]:
    """Return a run's (N,) probabilities of films, all of which it scored."""
    order = np.argsort(said.films.film_id)
    rows = order[np.searchsorted(said.films.film_id, films.film_id, sorter=order)]
    other = np.flatnonzero(said.films.label[rows] != films.label)
    if len(other):
        raise ComparisonError(
            f"run {run} was measured against another reference label of {len(other)} films, such "
            f"as {films.film_id[other[0]]}. Compute its record anew before it is compared."
        )
    return np.asarray(said.probability[rows])


def thresholds_at_sensitivity(
    predictions: Mapping[str, Predictions], sensitivity: float
) -> dict[str, float]:
    """Return for each run the highest threshold that finds a share of validation's pneumonias.

    All are chosen on the same films, the validation films that every run scored.

    Parameters
    ----------
    predictions : mapping of str to Predictions
    sensitivity : float
        Wanted at least, 0 < sensitivity <= 1.

    Raises
    ------
    ComparisonError
        If the sensitivity is outside its range, or a run has no validation films in common with
        the others.
    DatasetError
        If none of these films has pneumonia.
    """
    if not 0.0 < sensitivity <= 1.0:
        raise ComparisonError(f"a sensitivity of {sensitivity} is not above 0 and at most 1.")
    lacking = [run for run, said in predictions.items() if not len(said.of_split("validation"))]
    if lacking:
        raise ComparisonError(
            f"{', '.join(lacking)} states no validation films, on which a threshold could be set: "
            "leave it out, or compare at the operating points."
        )
    validation = align_runs(predictions, dict.fromkeys(predictions, 0.5), "validation")
    name = PARTS["validation"].name
    return {
        run: choose_operating_point(said, validation.films.label, sensitivity, name).threshold
        for run, said in zip(validation.run_ids, validation.probability, strict=True)
    }
