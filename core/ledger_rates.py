"""Rates over reads, where one film may have been read more than once.

Reads of one film are not independent of each other. Where every film was read once, intervals are
Wilson's; otherwise they come from drawing films, each with all of its reads. A share of 0 or 1 has
no width in any draw, and gets Wilson's interval of as many films as there are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.bootstrap import draw_patients, interval_of_draws, ratio_of_draws, share_rate
from core.statistics import Mask, Rate, cohens_kappa, wilson_rate

Films = npt.NDArray[np.str_]


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
    draws = draw_patients(films)
    n, one, other, same = draws.totals(np.ones(len(films)), first, second, first == second)
    by_chance = (one * other + (n - one) * (n - other)) / n**2
    kappas = ratio_of_draws(same / n - by_chance, 1.0 - by_chance)
    low, high = interval_of_draws(kappas)
    return whole if low == high else Rate(whole.value, low, high, len(films))
