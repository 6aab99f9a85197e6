"""Several runs' scores of the same films, at their own or at common thresholds.

`align_runs` takes the films that all runs scored; `join_runs` takes one run's films, and the runs
that scored all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import numpy.typing as npt

from core.domain.site_set import SITE_PREFIX
from core.errors import ComparisonError, DatasetError
from core.evaluation.evaluate import PARTS, SITE_PARTS, Part
from core.evaluation.operating_point import choose_operating_point
from core.language.words import msg, msgn
from core.library.films import PublicLibrary
from core.runs.predictions import FilmTable, Predictions
from core.stats.intervals import Mask, Scores

SYNTHETIC = "synthetic"
COMPARED_PARTS = (
    PARTS
    | SITE_PARTS
    | {SYNTHETIC: Part(msg("synthetic films"), lambda films: films.split == SYNTHETIC)}
)
"""Films that runs can be compared on: those that every run is measured on, and synthetic ones.

A site's own sets are parts too, each under its id (`part_of`).
"""
OWN_THRESHOLDS = msg("each run's own operating point")


@dataclass(frozen=True, slots=True, eq=False)
class ScoredFilms:
    """What R runs said of N films that all of them scored.

    Attributes
    ----------
    probability : (R, N) float64 ndarray
    threshold : (R,) float64 ndarray
    part : str
        As `part_of` takes it; empty if the films are no such part.
    chosen_at : str
        How the thresholds came about.
    left_out : int
        Films of the part that some of the runs scored, but not all.
    title : str
        What the site calls the part, if it is its own set.
    """

    run_ids: tuple[str, ...]
    films: FilmTable
    probability: npt.NDArray[np.float64]
    threshold: npt.NDArray[np.float64]
    part: str = ""
    chosen_at: str = OWN_THRESHOLDS
    left_out: int = 0
    title: str = ""

    def __len__(self) -> int:
        return len(self.films)

    @property
    def synthetic(self) -> bool:
        """True if every film is synthetic."""
        return self.part == SYNTHETIC

    @property
    def library(self) -> str:
        """The word by which addresses know the library of the films."""
        return self.part if self.part == SYNTHETIC or is_of_site(self.part) else PublicLibrary.name

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

    @property
    def disagreement(self) -> Scores:
        """(N,) each film's largest less smallest probability among the runs."""
        spread: Scores = np.ptp(self.probability, axis=0)
        return spread

    def where(self, chosen: Mask) -> ScoredFilms:
        """Return the films that a (N,) mask is true for, in the same order."""
        films, probability = self.films.where(chosen), self.probability[:, chosen]
        return replace(self, films=films, probability=probability)

    def of_run(self, run_id: str) -> Scores:
        """Return the (N,) probabilities of one run."""
        chosen: Scores = self.probability[self.run_ids.index(run_id)]
        return chosen

    def threshold_of(self, run_id: str) -> float:
        """Return the threshold of one run."""
        return float(self.threshold[self.run_ids.index(run_id)])

    def at(self, run_id: str, threshold: float) -> ScoredFilms:
        """Return the same with another threshold for one run."""
        moved = self.threshold.copy()
        moved[self.run_ids.index(run_id)] = threshold
        return replace(self, threshold=moved)

    def place_of(self, film_id: str) -> int | None:
        """Return the row of a film; None if it is not among these."""
        found = np.flatnonzero(self.films.film_id == film_id)
        return int(found[0]) if len(found) else None


def is_of_site(part: str) -> bool:
    """Return whether a part is a site's own set."""
    return part.startswith(SITE_PREFIX)


def part_of(part: str, title: str = "") -> Part:
    """Return the films that a part's name stands for.

    Parameters
    ----------
    title : str
        What the site calls its own set.

    Raises
    ------
    ComparisonError
        If there is no such part.
    """
    if is_of_site(part):
        name = msg("films of the set {name}", name=title) if title else msg("films of this site")
        return Part(name, lambda films: films.split == part)
    if part not in COMPARED_PARTS:
        raise ComparisonError(
            msg(
                "there is no part {part!r}; there are {parts}.",
                part=part,
                parts=", ".join(COMPARED_PARTS),
            )
        )
    return COMPARED_PARTS[part]


def as_part(predictions: Predictions, part: str) -> Predictions:
    """Return a run's predictions of films that no run is trained on as one part."""
    split = np.full(len(predictions), part)
    return replace(predictions, films=replace(predictions.films, split=split))


def as_synthetic(predictions: Predictions) -> Predictions:
    """Return a run's predictions of synthetic films as one part."""
    return as_part(predictions, SYNTHETIC)


def align_runs(
    predictions: Mapping[str, Predictions],
    thresholds: Mapping[str, float],
    part: str,
    chosen_at: str = OWN_THRESHOLDS,
    title: str = "",
) -> ScoredFilms:
    """Put what runs said of the same films side by side, in the order of the first run.

    Parameters
    ----------
    part : str
        As `part_of` takes it.
    title : str
        What the site calls the part, if it is its own set.

    Raises
    ------
    ComparisonError
        If the part is not known, there is no run, the runs have no film of the part in common, or
        two of them have different reference labels for a film.
    """
    chosen = part_of(part, title)
    choose, name = chosen.choose, chosen.name
    if not predictions:
        raise ComparisonError(msg("there is no run to compare: name two or more."))
    of_part = {run: of_run.where(choose(of_run.films)) for run, of_run in predictions.items()}
    ids = [of_run.films.film_id for of_run in of_part.values()]
    common, every = reduce(np.intersect1d, ids), reduce(np.union1d, ids)
    if not len(common):
        raise ComparisonError(
            msg(
                "The runs {runs} have no film of the {part} in common: choose other "
                "films, or leave out the run that has not read these.",
                runs=", ".join(predictions),
                part=name,
            )
        )
    first = next(iter(of_part.values()))
    films = first.films.where(np.isin(first.films.film_id, common))
    rows = {run: _in_order_of(films, of_run) for run, of_run in of_part.items()}
    for run, (_, other) in rows.items():
        if len(other):
            raise ComparisonError(
                msg(
                    "run {run} was measured against another reference label of {films} "
                    "films, such as {film}. Recompute its record before comparing it.",
                    run=run,
                    films=len(other),
                    film=str(other[0]),
                )
            )
    return ScoredFilms(
        run_ids=tuple(rows),
        films=films,
        probability=np.stack([of_run for of_run, _ in rows.values()]),
        threshold=np.array([thresholds[run] for run in rows]),
        part=part,
        chosen_at=chosen_at,
        left_out=len(every) - len(common),
        title=title,
    )


def join_runs(
    run_id: str, predictions: Mapping[str, Predictions], thresholds: Mapping[str, float]
) -> ScoredFilms:
    """Put what other runs said of a run's films beside what it said itself.

    Parameters
    ----------
    run_id : str
        Its films are taken, in its order.
    predictions : mapping of str to Predictions
        By run. A run that was not measured on all of these films is left out.

    Raises
    ------
    DatasetError
        If two runs hold different labels of one film.
    """
    films = predictions[run_id].films
    rows = {
        run: _in_order_of(films, of_run)
        for run, of_run in predictions.items()
        if np.isin(films.film_id, of_run.films.film_id).all()
    }
    for run, (_, other) in rows.items():
        if len(other):
            raise DatasetError(
                msg(
                    "Run {run} was measured against other labels than the run that is "
                    "shown. Write its predictions again with `python -m core evaluate "
                    "{run} --write`.",
                    run=run,
                )
            )
    return ScoredFilms(
        run_ids=tuple(rows),
        films=films,
        probability=np.stack([of_run for of_run, _ in rows.values()]),
        threshold=np.array([thresholds[run] for run in rows]),
    )


def _in_order_of(films: FilmTable, predictions: Predictions) -> tuple[Scores, npt.NDArray[np.str_]]:
    """Return a run's (N,) probabilities of films, and those that it has another label of."""
    order = np.argsort(predictions.films.film_id)
    rows = order[np.searchsorted(predictions.films.film_id, films.film_id, sorter=order)]
    return predictions.probability[rows], films.film_id[
        predictions.films.label[rows] != films.label
    ]


def thresholds_at_sensitivity(
    predictions: Mapping[str, Predictions], sensitivity: float
) -> dict[str, float]:
    """Return for each run the highest threshold that finds a share of validation's pneumonias.

    All are chosen on the same films, the validation films that every run scored.

    Parameters
    ----------
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
        raise ComparisonError(
            msg(
                "the sensitivity is {sensitivity}; it must be above 0 and at most 1.",
                sensitivity=sensitivity,
            )
        )
    lacking = [run for run, of_run in predictions.items() if not len(of_run.of_split("validation"))]
    if lacking:
        raise ComparisonError(
            msgn(
                "{runs} has no validation films to set a threshold on: leave it out, or compare "
                "at the operating points.",
                "{runs} have no validation films to set a threshold on: leave them out, or "
                "compare at the operating points.",
                len(lacking),
                runs=", ".join(lacking),
            )
        )
    validation = align_runs(predictions, dict.fromkeys(predictions, 0.5), "validation")
    name = PARTS["validation"].name
    return {
        run: choose_operating_point(of_run, validation.films.label, sensitivity, name).threshold
        for run, of_run in zip(validation.run_ids, validation.probability, strict=True)
    }
