"""Films by runs, right or wrong: which films err together, and what each step fixes and breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import leaves_list, linkage

from core.comparison.scored_films import ScoredFilms
from core.errors import ComparisonError
from core.language.words import msg
from core.stats.intervals import Mask

Order = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CaseMatrix:
    """N films by R runs, with an order for either in which like stands beside like.

    Attributes
    ----------
    film_id : (N,) str ndarray
    label : (N,) int64 ndarray
    probability : (N, R) float64 ndarray
    right : (N, R) bool ndarray
    film_order : (N,) int64 ndarray
        Rows as they are to be drawn: films with pneumonia first, and within a class those that
        every run gets wrong, then by how alike the sets of runs are that get them wrong, and those
        that no run gets wrong last.
    run_order : (R,) int64 ndarray
        Columns as they are to be drawn.
    """

    film_id: npt.NDArray[np.str_]
    label: npt.NDArray[np.int64]
    run_ids: tuple[str, ...]
    probability: npt.NDArray[np.float64]
    right: Mask
    film_order: Order
    run_order: Order

    @property
    def wrong_somewhere(self) -> Mask:
        """(N,) whether any run gets the film wrong."""
        return np.asarray(~self.right.all(axis=1))


@dataclass(frozen=True, slots=True)
class Step:
    """From one run to another: film ids of the errors that are gone, and of those that are new."""

    earlier: str
    later: str
    found_now: tuple[str, ...]
    missed_now: tuple[str, ...]
    cleared_now: tuple[str, ...]
    alarmed_now: tuple[str, ...]

    @property
    def fixed(self) -> int:
        """Films that only the earlier run gets wrong."""
        return len(self.found_now) + len(self.cleared_now)

    @property
    def broken(self) -> int:
        """Films that only the later run gets wrong."""
        return len(self.missed_now) + len(self.alarmed_now)


def arrange_cases(scored: ScoredFilms) -> CaseMatrix:
    """Lay out films by runs, clustered by which runs get which films wrong.

    Films that the same runs get wrong are one pattern; patterns are clustered (average linkage of
    the share of runs in which they differ), so that the effort does not grow with the films.
    """
    right = scored.right.T
    blocks = [
        _ordered_films(np.flatnonzero(scored.ill == ill), right, scored) for ill in (True, False)
    ]
    return CaseMatrix(
        film_id=scored.films.film_id,
        label=scored.films.label,
        run_ids=scored.run_ids,
        probability=scored.probability.T,
        right=right,
        film_order=np.concatenate(blocks),
        run_order=_leaves(right.T),
    )


def _ordered_films(films: Order, right: Mask, scored: ScoredFilms) -> Order:
    if not len(films):
        return films
    patterns, pattern_of = np.unique(right[films], axis=0, return_inverse=True)
    some_right, all_right = patterns.any(axis=1), patterns.all(axis=1)
    mixed = np.flatnonzero(some_right & ~all_right)
    mixed = mixed[_leaves(patterns[mixed])]
    if len(mixed) and patterns[mixed[0]].sum() > patterns[mixed[-1]].sum():
        mixed = mixed[::-1]
    # The many films that no run gets wrong would otherwise part the few that some do.
    order = np.concatenate([np.flatnonzero(~some_right), mixed, np.flatnonzero(all_right)])
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    # Within a pattern: the furthest on the wrong side first.
    margin = scored.probability[:, films].mean(axis=0) * np.where(scored.ill[films], 1.0, -1.0)
    return np.asarray(films[np.lexsort((margin, place[pattern_of.ravel()]))])


def _leaves(rows: Mask) -> Order:
    """Return an order of (K, M) rows in which neighbours differ in few columns."""
    if len(rows) < 3:
        return np.arange(len(rows))
    tree = linkage(rows, method="average", metric="hamming", optimal_ordering=True)
    return np.asarray(leaves_list(tree), np.int64)


def find_step(scored: ScoredFilms, earlier: str, later: str) -> Step:
    """Name the films that one run gets right and another does not.

    Raises
    ------
    ComparisonError
        If one of them is not among the compared runs.
    """
    unknown = [run for run in (earlier, later) if run not in scored.run_ids]
    if unknown:
        raise ComparisonError(
            msg(
                "{unknown} is not among the compared runs {runs}.",
                unknown=", ".join(unknown),
                runs=", ".join(scored.run_ids),
            )
        )
    before, after = (scored.right[scored.run_ids.index(run)] for run in (earlier, later))
    fixed, broken, ill = ~before & after, before & ~after, scored.ill
    chosen = (fixed & ill, broken & ill, fixed & ~ill, broken & ~ill)
    return Step(earlier, later, *(tuple(scored.films.film_id[mask].tolist()) for mask in chosen))


def find_steps(scored: ScoredFilms, parents: Mapping[str, str]) -> list[Step]:
    """Name what each run fixes and breaks of the run that it was made from.

    Parameters
    ----------
    parents : mapping of str to str
        Run to the run that it goes on from; without one that is compared too, a run is left out.
    """
    return [
        find_step(scored, parents[run], run)
        for run in scored.run_ids
        if parents.get(run) in scored.run_ids
    ]
