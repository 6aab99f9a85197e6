"""Percentile bootstrap intervals that draw whole patients, with all of their films.

A draw is kept as the number of times that each patient is in it, so that a statistic of all draws
is one product of matrices.

References
----------
.. [1] C. A. Field, A. H. Welsh, J. R. Stat. Soc. B 69 (2007) 369-390.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain.rate import Rate
from core.stats.intervals import (
    Labels,
    Mask,
    Scores,
    cohens_kappa,
    lowest_full_kappa,
    structural_components,
    wilson_rate,
)

DRAWS = 1000

Floats = npt.NDArray[np.float64]
Films = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class PatientDraws:
    """Bootstrap draws of patients.

    Attributes
    ----------
    counts : (draws, P) float64 ndarray
        How often each patient is in each draw.
    patient_of_film : (N,) int64 ndarray
        Column of ``counts`` that each film belongs to.
    """

    counts: Floats
    patient_of_film: npt.NDArray[np.int64]

    def totals(self, *columns: npt.NDArray[Any]) -> tuple[Floats, ...]:
        """Return for each (N,) column its (draws,) sums over the films of each draw."""
        n_patients = self.counts.shape[1]
        of_patients = [
            np.bincount(self.patient_of_film, column, minlength=n_patients) for column in columns
        ]
        return tuple((self.counts @ np.stack(of_patients, axis=1)).T)

    def film_counts(self, order: npt.NDArray[np.int64]) -> Floats:
        """Return how often each film is in each draw, (draws, N), films in the given order."""
        return np.asarray(self.counts[:, self.patient_of_film[order]])


def draw_patients(patients: npt.NDArray[Any], seed: int = 0, draws: int = DRAWS) -> PatientDraws:
    """Draw patients with replacement.

    Parameters
    ----------
    patients : (N,) ndarray
        Whose film each is. Where all differ, this is the ordinary bootstrap.
    """
    names, patient_of_film = np.unique(patients, return_inverse=True)
    drawn = np.random.default_rng(seed).integers(0, len(names), (draws, len(names)))
    drawn += len(names) * np.arange(draws)[:, np.newaxis]
    counts = np.bincount(drawn.ravel(), minlength=draws * len(names))
    return PatientDraws(counts.reshape(draws, len(names)).astype(np.float64), patient_of_film)


def interval_of_draws(values: Floats) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile of the draws in which a statistic exists."""
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return 0.0, 1.0
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def ratio_of_draws(part: Floats, whole: Floats) -> Floats:
    """Return the ratio of two totals of every draw, nan where the second is 0."""
    ratio: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0.0)
    return ratio


def _each_film_alone(n: int) -> PatientDraws:
    return draw_patients(np.arange(n))


def mean_rate(values: Scores, draws: PatientDraws | None = None) -> Rate:
    """Return a mean with its interval.

    Parameters
    ----------
    draws : PatientDraws, optional
        Without it every film is a patient of its own.
    """
    draws = draws or _each_film_alone(len(values))
    total, n = draws.totals(values, np.ones(len(values)))
    return Rate(float(values.mean()), *interval_of_draws(total / n), len(values))


def share_rate(part: Mask, whole: Mask, draws: PatientDraws) -> Rate:
    """Return the share of a part in a whole with its interval; nan with all of it if empty.

    Parameters
    ----------
    part, whole : (N,) bool ndarrays
        Such as films that are called pneumonia, and films that are.
    """
    n, inside = int(whole.sum()), part & whole
    value = float(inside.sum() / n) if n else float("nan")
    return Rate(value, *interval_of_draws(ratio_of_draws(*draws.totals(inside, whole))), n)


def f1_rate(called: Mask, truth: Mask, draws: PatientDraws | None = None) -> Rate:
    """Return the F1 score of one class with its interval; 0 if no film is called or of the class.

    Parameters
    ----------
    called, truth : (N,) bool ndarrays
        Whether each film is said to be, and is, of the class.
    draws : PatientDraws, optional
        Without it every film is a patient of its own.
    """
    draws = draws or _each_film_alone(len(called))
    found, either = 2.0 * (called & truth), 1.0 * called + truth
    value = found.sum() / max(either.sum(), 1.0)
    drawn = np.nan_to_num(ratio_of_draws(*draws.totals(found, either)))
    return Rate(float(value), *interval_of_draws(drawn), len(called))


def _counts_above(
    scores: Scores, labels: Labels, draws: PatientDraws | None
) -> tuple[Floats, Floats]:
    """Return films with pneumonia and normal ones at or above each distinct score, falling.

    Without draws these are the (1, K) counts of the films themselves.
    """
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    films = np.ones((1, len(scores))) if draws is None else draws.film_counts(order)
    everyone = np.cumsum(films, axis=1)[:, last_of_ties]
    films *= labels[order] == 1
    found = np.cumsum(films, axis=1)[:, last_of_ties]
    return found, everyone - found


def _average_precision(found: Floats, alarmed: Floats) -> Floats:
    precision = np.nan_to_num(ratio_of_draws(found, found + alarmed))
    steps = np.diff(found, axis=1, prepend=0.0)
    return ratio_of_draws((steps * precision).sum(axis=1), found[:, -1])


def _area(found: Floats, alarmed: Floats) -> Floats:
    widths = np.diff(alarmed, axis=1, prepend=0.0)
    heights = found - np.diff(found, axis=1, prepend=0.0) / 2.0
    return ratio_of_draws((widths * heights).sum(axis=1), found[:, -1] * alarmed[:, -1])


def pr_auc(scores: Scores, labels: Labels, draws: PatientDraws | None = None) -> Rate:
    """Return the average precision with its interval; nan if no film has pneumonia.

    Parameters
    ----------
    draws : PatientDraws, optional
        Without it every film is a patient of its own.

    References
    ----------
    .. [1] J. Davis, M. Goadrich, ICML 2006, 233-240: why not by trapezoids.
    """
    draws = draws or _each_film_alone(len(scores))
    value = float(_average_precision(*_counts_above(scores, labels, None))[0])
    drawn = _average_precision(*_counts_above(scores, labels, draws))
    return Rate(value, *interval_of_draws(drawn), len(scores))


def roc_auc_by_patient(scores: Scores, labels: Labels, draws: PatientDraws) -> Rate:
    """Return the area under the ROC curve with its interval over patients.

    Raises
    ------
    DatasetError
        If either class has fewer than two films.
    """
    area = float(structural_components(scores, labels)[0].mean())
    return Rate(area, *interval_of_draws(_area(*_counts_above(scores, labels, draws))), len(scores))


def areas_of_draws(scores: Scores, labels: Labels, draws: PatientDraws) -> tuple[Floats, Floats]:
    """Return the ROC area and the average precision of every draw, nan where there is none.

    Returns
    -------
    roc_auc, pr_auc : (draws,) float64 ndarrays
    """
    counted = _counts_above(scores, labels, draws)
    return _area(*counted), _average_precision(*counted)


def share_of_films(part: Mask, films: Films) -> Rate:
    """Return the share of reads in a part; n is the number of reads.

    Parameters
    ----------
    part : (N,) bool ndarray
    films : (N,) str ndarray
        The film of each read.
    """
    n_films, count = len(np.unique(films)), int(part.sum())
    if n_films == len(films):
        return wilson_rate(count, len(films))
    if count in (0, len(films)):
        alone = wilson_rate(n_films * count // len(films), n_films)
        return Rate(alone.value, alone.low, alone.high, len(films))
    return share_rate(part, np.ones_like(part), draw_patients(films))


def kappa_of_films(first: Mask, second: Mask, films: Films) -> Rate:
    """Return Cohen's kappa of two raters' reads; n is the number of reads.

    Parameters
    ----------
    first, second : (N,) bool ndarrays
    films : (N,) str ndarray
        The film of each read.
    """
    whole = cohens_kappa(first, second)
    if len(np.unique(films)) == len(films) or np.isnan(whole.value):
        return whole
    if np.array_equal(first, second):
        return Rate(1.0, lowest_full_kappa(first, len(np.unique(films))), 1.0, len(films))
    draws = draw_patients(films)
    n, one, other, same = draws.totals(np.ones(len(films)), first, second, first == second)
    by_chance = (one * other + (n - one) * (n - other)) / n**2
    kappas = ratio_of_draws(same / n - by_chance, 1.0 - by_chance)
    low, high = interval_of_draws(kappas)
    return whole if low == high else Rate(whole.value, low, high, len(films))
