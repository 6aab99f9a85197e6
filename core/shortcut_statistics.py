"""Two statistics that an audit needs besides those of every evaluation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from core.errors import DatasetError
from core.statistics import Labels, Rate, Scores

_Z = float(stats.norm.ppf(0.975))


def _placements(scores: Scores, labels: Labels) -> tuple[Scores, Scores]:
    """Return, of each pneumonia and of each normal, the share of the other class on its side."""
    ill, well = labels == 1, labels == 0
    ranks = stats.rankdata(scores)
    above = (ranks[ill] - stats.rankdata(scores[ill])) / well.sum()
    below = 1.0 - (ranks[well] - stats.rankdata(scores[well])) / ill.sum()
    return above, below


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
    counts = int((labels == 1).sum()), int((labels == 0).sum())
    if min(counts) < 2:
        raise DatasetError(
            f"a difference of ROC AUCs needs two films of each class; there are {counts[0]} with "
            f"pneumonia and {counts[1]} normal."
        )
    pairs = zip(_placements(scores, labels), _placements(reference, labels), strict=True)
    above, below = (ours - theirs for ours, theirs in pairs)
    difference = float(above.mean())
    half = _Z * float(np.sqrt(above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)))
    return Rate(difference, difference - half, difference + half, len(labels))


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
