"""Two statistics that an audit needs besides those of every evaluation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from core.statistics import Labels, Rate, Scores, delong_difference

_Z = float(stats.norm.ppf(0.975))


def auc_difference(scores: Scores, reference: Scores, labels: Labels) -> Rate:
    """Return by how much one score's ROC AUC is above another's on the same films.

    The 95 % interval is DeLong's for correlated curves.

    Parameters
    ----------
    scores, reference : (N,) float64 ndarrays
    labels : (N,) int64 ndarray
        1 for pneumonia.

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
