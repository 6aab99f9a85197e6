"""Evidence of a change that may be looked at as often as one likes.

An e-process is a gambler's capital that cannot be expected to grow while nothing has changed:
by Ville's inequality it reaches 1 / alpha with a probability of at most alpha, over all time [1]_.
Some of the capital bets from the first film on. The rest is kept as cash and put on the bets film
by film, so that a change after years is found nearly as fast as one in the first month.

References
----------
.. [1] A. Ramdas, P. Grunwald, V. Vovk, G. Shafer, Stat. Sci. 38 (2023) 576-601.
.. [2] V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World, 2nd ed. (2022),
   chapter 8: conformal test martingales.
.. [3] A. Ramdas, J. Ruf, M. Larsson, W. Koolen, Int. J. Approx. Reason. 141 (2022) 83-109.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, xlogy

Floats = npt.NDArray[np.float64]

AT_ONCE = 0.5
"""Share of the capital that bets from the first film on."""
PATIENCE = 1000.0
"""After so many films half of the cash is on the bets."""

_TILTS = (0.3, 0.9)
_STARTS_EVERY = 20
"""A rate is looked at as if it could change at every twentieth film."""


def log_capital(factors: Floats, *, at_once: float = AT_ONCE, patience: float = PATIENCE) -> Floats:
    """Return the natural logarithm of the capital after each film.

    Parameters
    ----------
    factors : (..., T, B) float64 ndarray, above 0
        What each of B bets returns for its stake at each of T films; expected to be at most 1,
        given the films before, while nothing has changed.
    at_once : float in [0, 1]
    patience : float
        In films.

    Returns
    -------
    (..., T) float64 ndarray
    """
    *rest, films, bets = factors.shape
    logs = np.log(factors)
    with np.errstate(divide="ignore"):
        staked = np.full((*rest, bets), np.log(at_once / bets))
        cash = np.log((1.0 - at_once) * patience / (patience + np.arange(films + 1)))
        puts_in = np.log(-np.diff(np.exp(cash)) / bets)
    found = np.empty((*rest, films))
    for film in range(films):
        staked = np.logaddexp(staked, puts_in[film]) + logs[..., film, :]
        found[..., film] = np.logaddexp(np.logaddexp.reduce(staked, axis=-1), cash[film + 1])
    return found


def conformal_p_values(scores: Floats, reference: Floats, ties: Floats) -> Floats:
    """Return each score's rank from above among the reference and all scores before it.

    They are independent and uniform while reference and scores are exchangeable, however few films
    the reference has [2]_.

    Parameters
    ----------
    scores : (T,) float64 ndarray
        In the order in which they came.
    reference : (M,) float64 ndarray
    ties : (T,) float64 ndarray in [0, 1)
        Uniform random numbers, which break ties.
    """
    known = sorted(reference.tolist())
    found = np.empty(len(scores))
    for place, (score, tie) in enumerate(zip(scores.tolist(), ties.tolist(), strict=True)):
        to = bisect_right(known, score)
        equal = to - bisect_left(known, score) + 1
        found[place] = (len(known) - to + tie * equal) / (len(known) + 1)
        insort(known, score)
    return found


def rank_bets(p_values: Floats) -> Floats:
    """Return what bets on higher, lower, spread and crowded scores return for p-values.

    Parameters
    ----------
    p_values : (..., T) float64 ndarray

    Returns
    -------
    (..., T, 6) float64 ndarray
        Each has a mean of 1 over uniform p-values.
    """
    tilt = 1.0 - 2.0 * p_values
    spread = (3.0 * tilt**2 - 1.0) / 2.0
    bets = [1.0 + sign * size * tilt for size in _TILTS for sign in (1.0, -1.0)]
    bets += [1.0 + sign * _TILTS[-1] * spread for sign in (1.0, -1.0)]
    return np.stack(bets, axis=-1)


def rate_log_e(
    happened: npt.NDArray[np.bool_], ends: npt.NDArray[np.int64], *, count: int = 0, n: int = 0
) -> Floats:
    """Return the logarithm of the e-value against a rate that stays what it is, at some films.

    Whatever the rate is, the films fit it at most as well as they fit their own share. Against
    that stands the probability of a rate that changed once, at any of many films, with both rates
    unknown [3]_.

    Parameters
    ----------
    happened : (..., T) bool ndarray
        In the order in which the films came.
    ends : (E,) int64 ndarray
        After how many films the e-value is wanted.
    count, n : int
        To how many of the films of a reference it happened.

    Returns
    -------
    (..., E) float64 ndarray
    """
    had = np.concatenate(
        [np.zeros((*happened.shape[:-1], 1), np.int64), np.cumsum(happened, axis=-1)], axis=-1
    )
    found = np.empty((*happened.shape[:-1], len(ends)))
    for place, end in enumerate(ends.tolist()):
        starts = np.arange(0, max(end, 1), _STARTS_EVERY)
        left = (1.0 - AT_ONCE) * PATIENCE / (PATIENCE + np.append(starts, end))
        weights = np.append(left[:-1] - left[1:], left[-1])  # the last: no change until now
        weights[0] += AT_ONCE
        before, all_of = had[..., starts], had[..., end][..., None]
        change = _log_mixture(count + before, n + starts)
        change = change + _log_mixture(all_of - before, end - starts)
        same = _log_mixture(count + all_of, np.array([n + end]))
        fits = np.concatenate([change, same], axis=-1) + np.log(weights)
        found[..., place] = np.logaddexp.reduce(fits, axis=-1)
        found[..., place] -= _log_best(count + all_of, n + end)[..., 0]
    return found


def _log_mixture(count: npt.NDArray[np.int64], n: npt.NDArray[np.int64]) -> Floats:
    """Return the probability of one order of films over all rates, by Krichevsky and Trofimov."""
    return np.asarray(betaln(count + 0.5, n - count + 0.5) - betaln(0.5, 0.5), np.float64)


def _log_best(count: npt.NDArray[np.int64], n: int) -> Floats:
    """Return the probability of one order of films at their own share."""
    other = n - count
    return np.asarray(xlogy(count, count) + xlogy(other, other) - xlogy(n, n), np.float64)
