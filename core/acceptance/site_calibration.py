"""A site's calibration: what a run's probability is worth on the films of one site.

An offset and a slope on the log odds move and stretch the run's own probabilities. Both are drawn
towards the run's own (0 and 1), so that few films change little. What a straight line cannot say is
met half-way by an isotonic regression. `python -m bench acceptance` chose the half on validation
films whose log odds were moved and stretched.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from core.domain.site import SiteCalibration
from core.errors import DatasetError
from core.evaluation.metrics import logits_of
from core.language.words import msg
from core.stats.intervals import Labels, Scores

OFFSET_SD, SLOPE_SD = 2.0, 0.5
"""How far, as standard deviations, a site is expected to lie from the run's own validation."""
STEPS_SHARE = 0.5
"""Weight of the isotonic regression."""
STEPS_EDGE = 0.002
"""No step says less, nor more than one less this: a few hundred films show no more."""
_ROUNDS, _CLOSE, _LARGEST_STEP = 100, 1e-9, 1.0

Floats = npt.NDArray[np.float64]


def fit_site_calibration(
    probabilities: Scores,
    labels: Labels,
    patients: npt.NDArray[np.str_],
    steps_share: float = STEPS_SHARE,
) -> SiteCalibration:
    """Fit a site's calibration to labelled films.

    Parameters
    ----------
    steps_share : float
        Weight of the isotonic regression; 0 leaves offset and slope alone.

    Raises
    ------
    DatasetError
        If one of the classes is missing.

    References
    ----------
    .. [1] J. Platt, Advances in Large Margin Classifiers (1999) 61-74.
    .. [2] B. Zadrozny, C. Elkan, KDD 2002, 694-699.
    """
    if len(np.unique(labels)) != 2:
        raise DatasetError(msg("A site's calibration needs films with pneumonia and without."))
    log_odds = logits_of(probabilities)
    offset, slope = _fit_line(log_odds, labels)
    at: tuple[float, ...] = ()
    steps: tuple[float, ...] = ()
    if steps_share > 0.0:
        found = IsotonicRegression(out_of_bounds="clip").fit(log_odds, labels)
        at = tuple(found.X_thresholds_.tolist())
        steps = tuple(np.clip(found.y_thresholds_, STEPS_EDGE, 1.0 - STEPS_EDGE).tolist())
    return SiteCalibration(
        *(offset, slope, at, steps, steps_share if steps else 0.0),
        n=len(labels),
        n_positive=int(labels.sum()),
        n_patients=len(np.unique(patients)),
    )


def _fit_line(log_odds: Scores, labels: Labels) -> tuple[float, float]:
    """Return offset and slope at the largest posterior density, by Newton's method."""
    design = np.stack([np.ones_like(log_odds), log_odds], axis=1)
    centre, tight = np.array([0.0, 1.0]), np.array([OFFSET_SD, SLOPE_SD]) ** -2.0
    line = centre.copy()
    for _ in range(_ROUNDS):
        said = expit(design @ line)
        slope = design.T @ (said - labels) + tight * (line - centre)
        bend = (design * (said * (1.0 - said))[:, np.newaxis]).T @ design + np.diag(tight)
        step = np.linalg.solve(bend, slope)
        step /= max(1.0, float(np.abs(step).max()) / _LARGEST_STEP)
        line -= step
        if np.abs(step).max() < _CLOSE:
            break
    return float(line[0]), float(line[1])
