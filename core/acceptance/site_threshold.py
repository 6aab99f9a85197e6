"""A site's threshold: the one at which a stated share of its children with pneumonia is called.

The quantile of a few scores is uncertain, so it is estimated from all of them (Harrell and Davis),
drawn towards the run's own threshold where films are few, and aimed above the stated sensitivity.
`python -m bench acceptance` chose aim and weight on validation films.
"""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from core.errors import DatasetError
from core.evaluation.metrics import logits_of
from core.language.words import msg
from core.stats.intervals import Labels, Scores

OWN_WORTH = 60.0
"""The run's own threshold weighs as much as so many films with pneumonia."""
AIMED_ABOVE = 0.1
"""Share of what is left to a sensitivity of 1 by which the aim lies above the stated one."""


def choose_site_threshold(
    probabilities: Scores,
    labels: Labels,
    sensitivity: float,
    own_threshold: float,
    *,
    own_worth: float = OWN_WORTH,
    aimed_above: float = AIMED_ABOVE,
) -> float:
    """Return the threshold, on the run's own probability, for a stated sensitivity.

    Parameters
    ----------
    sensitivity : float
        That is to be reached on other films of the site.
    own_threshold : float
        The run's operating point.

    Raises
    ------
    DatasetError
        If no film has pneumonia.

    References
    ----------
    .. [1] F. E. Harrell, C. E. Davis, Biometrika 69 (1982) 635-640.
    """
    ill = np.sort(logits_of(probabilities[labels == 1]))
    if not len(ill):
        raise DatasetError(msg("A site's threshold needs films with pneumonia."))
    aim = sensitivity + aimed_above * (1.0 - sensitivity)
    found = quantile_of_all(ill, 1.0 - aim)
    weight = len(ill) / (len(ill) + own_worth)
    return float(expit(weight * found + (1.0 - weight) * float(logit(own_threshold))))


def quantile_of_all(ascending: Scores, share: float) -> float:
    """Return a quantile as a weighted mean of all values (Harrell and Davis)."""
    n = len(ascending)
    ends = stats.beta.cdf(np.arange(n + 1) / n, (n + 1) * share, (n + 1) * (1.0 - share))
    return float(np.diff(ends) @ ascending)
