"""What a site can know before anybody has read a film: the share of pneumonia among its films.

It holds only where children with pneumonia score as those of validation do, and those without as
well: where that is not so, neither the share nor its interval is right.
"""

from __future__ import annotations

import numpy as np

from core.domain.rate import Rate
from core.stats.bootstrap import PatientDraws, draw_patients, interval_of_draws
from core.stats.intervals import Scores

_ROUNDS, _CLOSE = 2000, 1e-9


def estimate_prevalence(
    probabilities: Scores, assumed: float, draws: PatientDraws | None = None
) -> Rate:
    """Return the share of pneumonia among films without labels, by expectation maximisation.

    Parameters
    ----------
    assumed : float
        The share that the probabilities assume, above 0 and below 1.
    draws : PatientDraws, optional
        Without it every film is a patient of its own.

    References
    ----------
    .. [1] M. Saerens, P. Latinne, C. Decaestecker, Neural Comput. 14 (2002) 21-41.
    """
    draws = draws or draw_patients(np.arange(len(probabilities)))
    film_counts = draws.film_counts(np.arange(len(probabilities)))
    found = _maximise(probabilities, assumed, np.ones((1, len(probabilities))))
    drawn = _maximise(probabilities, assumed, film_counts)
    return Rate(float(found[0]), *interval_of_draws(drawn), len(probabilities))


def _maximise(probabilities: Scores, assumed: float, counts: Scores) -> Scores:
    """Return for each row of (draws, N) counts the share at which nothing changes any more."""
    share, n = np.full(len(counts), assumed), counts.sum(axis=1)
    ill, well = probabilities / assumed, (1.0 - probabilities) / (1.0 - assumed)
    for _ in range(_ROUNDS):
        up = share[:, np.newaxis] * ill
        after = (counts * (up / (up + (1.0 - share)[:, np.newaxis] * well))).sum(axis=1) / n
        moved = np.abs(after - share).max()
        share = after
        if moved < _CLOSE:
            break
    return np.asarray(share, np.float64)
