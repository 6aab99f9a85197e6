"""Rates, ROC areas and paired differences with the 95 % intervals that formulas give.

All of them take films for independent; `core.stats.bootstrap` keeps a patient's films together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats
from statsmodels.stats.proportion import proportion_confint

from core.domain.rate import Rate
from core.errors import DatasetError
from core.language.words import msg

Labels = npt.NDArray[np.int64]
"""(N,) one for each film: 1 for pneumonia, 0 for normal."""
Scores = npt.NDArray[np.float64]
"""(N,) one for each film, such as its probability of pneumonia."""
Mask = npt.NDArray[np.bool_]

_EDGE = 1e-9
_Z = float(stats.norm.ppf(0.975))


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference with its 95 % interval, over ``n`` films, and the p value of none."""

    value: float
    low: float
    high: float
    p_value: float
    n: int


@dataclass(frozen=True, slots=True)
class McNemar:
    """Films that only one of two runs decides rightly, and the exact test of equal chances.

    Attributes
    ----------
    low, high : float
        95 % interval of ``only_first - only_second``, in films, by inverting the same test.
    """

    only_first: int
    only_second: int
    low: float
    high: float
    p_value: float
    n: int


def wilson_rate(count: int, n: int, effect: float = 1.0) -> Rate:
    """Return a proportion with Wilson's score interval; nan with the whole range for n = 0.

    Parameters
    ----------
    effect : float
        How many of the n say as much as one that is independent of the others.

    References
    ----------
    .. [1] E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.
    """
    if n == 0:
        return Rate(float("nan"), 0.0, 1.0, 0)
    low, high = proportion_confint(count / effect, n / effect, alpha=0.05, method="wilson")
    return Rate(count / n, float(low), float(high), n)


def cohens_kappa(first: Mask, second: Mask) -> Rate:
    """Return two raters' agreement beyond chance, with its asymptotic 95 % interval.

    Parameters
    ----------
    first, second : (N,) bool ndarray
        What each says of the same films.

    Returns
    -------
    Rate
        From -1 to 1; nan with the whole range where either says the same of every film: nothing
        is known then of agreement beyond chance.

    References
    ----------
    .. [1] J. L. Fleiss, J. Cohen, B. S. Everitt, Psychol. Bull. 72 (1969) 323-327.
    """
    n = len(first)
    sides = (True, False)
    share = {(a, b): np.sum((first == a) & (second == b)) / max(n, 1) for a in sides for b in sides}
    of_first = {a: share[a, True] + share[a, False] for a in sides}
    of_second = {b: share[True, b] + share[False, b] for b in sides}
    chance = sum(of_first[a] * of_second[a] for a in sides)
    if n == 0 or 0.0 in (*of_first.values(), *of_second.values()):
        return Rate(float("nan"), -1.0, 1.0, n)
    if np.array_equal(first, second):
        return Rate(1.0, lowest_full_kappa(first, n), 1.0, n)
    kappa = (share[True, True] + share[False, False] - chance) / (1.0 - chance)
    agreeing = sum(
        share[a, a] * (1.0 - (of_first[a] + of_second[a]) * (1.0 - kappa)) ** 2 for a in sides
    )
    apart = sum(share[a, not a] * (of_second[a] + of_first[not a]) ** 2 for a in sides)
    spread = agreeing + (1.0 - kappa) ** 2 * apart - (kappa - chance * (1.0 - kappa)) ** 2
    half = _Z * float(np.sqrt(max(spread, 0.0) / n)) / (1.0 - chance)
    return Rate(float(kappa), max(-1.0, float(kappa - half)), min(1.0, float(kappa + half)), n)


def lowest_full_kappa(said: Mask, n_films: int) -> float:
    """Return the lower end of a kappa of 1, whose asymptotic interval has no width.

    It is the kappa at which as many disagree as Wilson's upper limit of none of the films.

    Parameters
    ----------
    said : (N,) bool ndarray
        What both raters say, not the same of all.
    """
    by_chance = 1.0 - 2.0 * float(said.mean() * (1.0 - said.mean()))
    return max(-1.0, 1.0 - wilson_rate(0, n_films).high / (1.0 - by_chance))


# --- area under the ROC curve ---------------------------------------------------------------------


def _placements(own: Scores, other: Scores) -> Scores:
    """Return for each own score the share of other scores below it, ties counted half."""
    ordered = np.sort(other)
    below = np.searchsorted(ordered, own, side="left")
    up_to = np.searchsorted(ordered, own, side="right")
    return np.asarray((below + up_to) / (2.0 * len(other)), np.float64)


def structural_components(scores: Scores, labels: Labels) -> tuple[Scores, Scores]:
    """Return DeLong's structural components; the mean of either is the area.

    Returns
    -------
    of_ill, of_well : (n_positive,) and (N - n_positive,) float64 ndarrays
        For each film the share of the other class that it stands on the right side of.

    Raises
    ------
    DatasetError
        If either class has fewer than two films.
    """
    ill, well = scores[labels == 1], scores[labels == 0]
    if min(len(ill), len(well)) < 2:
        raise DatasetError(
            msg(
                "an ROC curve needs two films of each class; there are {ill} with "
                "pneumonia and {well} normal.",
                ill=len(ill),
                well=len(well),
            )
        )
    return _placements(ill, well), 1.0 - _placements(well, ill)


def _delong_variance(of_ill: Scores, of_well: Scores) -> float:
    return float(of_ill.var(ddof=1) / len(of_ill) + of_well.var(ddof=1) / len(of_well))


def roc_auc(scores: Scores, labels: Labels, *, separated_too: bool = False) -> Rate:
    """Return the area under the ROC curve with DeLong's 95 % interval, clipped to [0, 1].

    Parameters
    ----------
    separated_too : bool
        Whether an area without spread, as of a few films that are all told apart, gets Newcombe's
        interval; DeLong's has no width there, as if nothing could be otherwise.

    Raises
    ------
    DatasetError
        If either class has fewer than two films.

    References
    ----------
    .. [1] E. R. DeLong et al., Biometrics 44 (1988) 837-845.
    """
    of_ill, of_well = structural_components(scores, labels)
    area, half = float(of_ill.mean()), _Z * _delong_variance(of_ill, of_well) ** 0.5
    if half == 0.0 and separated_too:
        return Rate(area, *newcombe_interval(area, len(of_ill), len(of_well)), len(scores))
    return Rate(area, max(0.0, area - half), min(1.0, area + half), len(scores))


def newcombe_interval(area: float, n_ill: int, n_well: int) -> tuple[float, float]:
    """Return a 95 % interval of a ROC area from itself and the numbers of films alone.

    It holds the areas from which the measured one is within 1.96 standard errors, each area with
    its own standard error (method 5), so that it has a width at 0 and 1 too.

    References
    ----------
    .. [1] R. G. Newcombe, Stat. Med. 25 (2006) 559-573.
    """
    mean_n = (n_ill + n_well) / 2.0

    def beyond(theta: float) -> float:
        spread = 1.0 + (mean_n - 1.0) * ((1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta))
        variance = theta * (1.0 - theta) * spread / (n_ill * n_well)
        return float((area - theta) ** 2 - _Z**2 * variance)

    inside = min(max(area, _EDGE), 1.0 - _EDGE)
    low = optimize.brentq(beyond, 0.0, inside) if beyond(0.0) > 0.0 else 0.0
    high = optimize.brentq(beyond, inside, 1.0) if beyond(1.0) > 0.0 else 1.0
    return float(low), float(high)


def delong_difference(first: Scores, second: Scores, labels: Labels) -> Difference:
    """Compare the ROC areas of two runs on the same films: first minus second.

    Returns
    -------
    Difference
        With the two-sided p value of equal areas; 1 where the two never differ.

    Raises
    ------
    DatasetError
        If either class has fewer than two films.

    References
    ----------
    .. [1] E. R. DeLong et al., Biometrics 44 (1988) 837-845.
    """
    (ill_1, well_1), (ill_2, well_2) = (
        structural_components(scores, labels) for scores in (first, second)
    )
    value = float(ill_1.mean() - ill_2.mean())
    error = _delong_variance(ill_1 - ill_2, well_1 - well_2) ** 0.5
    if error == 0.0:
        p_value = 1.0 if value == 0.0 else 0.0
    else:
        p_value = float(2.0 * stats.norm.sf(abs(value) / error))
    return Difference(value, value - _Z * error, value + _Z * error, p_value, len(labels))


def mcnemar(first_right: Mask, second_right: Mask) -> McNemar:
    """Compare the decisions of two runs on the same films by McNemar's exact test.

    The interval is that of the same test: it excludes 0 where the p value is below 0.05, and only
    there. Both take as given how many films the runs decide differently.

    Parameters
    ----------
    first_right, second_right : (N,) bool ndarrays
        Whether each run decides each film as the reference standard does.

    References
    ----------
    .. [1] Q. McNemar, Psychometrika 12 (1947) 153-157.
    .. [2] C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404-413.
    """
    only_first = int((first_right & ~second_right).sum())
    only_second = int((~first_right & second_right).sum())
    apart = only_first + only_second
    if not apart:
        return McNemar(0, 0, 0.0, 0.0, 1.0, len(first_right))
    p_value = float(stats.binomtest(only_first, apart).pvalue)
    low = float(special.betaincinv(only_first, only_second + 1, 0.025)) if only_first else 0.0
    high = float(special.betaincinv(only_first + 1, only_second, 0.975)) if only_second else 1.0
    low, high = (apart * (2.0 * share - 1.0) for share in (low, high))
    return McNemar(only_first, only_second, low, high, p_value, len(first_right))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p values adjusted for as many tests as there are, in the same order.

    References
    ----------
    .. [1] S. Holm, Scand. J. Stat. 6 (1979) 65-70.
    """
    # statsmodels' multipletests gives the same, but collects the process's garbage every time.
    given = np.asarray(p_values, np.float64)
    order = np.argsort(given)
    stepped = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(stepped, 1.0)
    return tuple(adjusted.tolist())


def auc_difference(scores: Scores, reference: Scores, labels: Labels) -> Rate:
    """Return by how much one score's ROC AUC is above another's on the same films.

    The 95 % interval is DeLong's for correlated curves.

    Raises
    ------
    DatasetError
        If either class has fewer than two films.

    References
    ----------
    .. [1] E. R. DeLong et al., Biometrics 44 (1988) 837-845.
    """
    found = delong_difference(scores, reference, labels)
    return Rate(found.value, found.low, found.high, found.n)


def rank_correlation(scores: Scores, measure: npt.NDArray[np.float64]) -> Rate:
    """Return Spearman's rank correlation with its 95 % interval.

    Where one of the two is the same for all films, or there are fewer than four, nothing is known:
    0 with the whole range.

    References
    ----------
    .. [1] D. G. Bonett and T. A. Wright, Psychometrika 65 (2000) 23-28.
    """
    n = len(scores)
    if n < 4 or np.ptp(scores) == 0.0 or np.ptp(measure) == 0.0:
        return Rate(0.0, -1.0, 1.0, n)
    rho = float(np.clip(stats.spearmanr(scores, measure).statistic, -1.0, 1.0))
    if abs(rho) >= 1.0 - 1e-12:
        return Rate(rho, rho, rho, n)
    half = _Z * np.sqrt((1.0 + rho**2 / 2.0) / (n - 3.0))
    low, high = np.tanh(np.arctanh(rho) + np.array([-half, half]))
    return Rate(rho, float(low), float(high), n)
