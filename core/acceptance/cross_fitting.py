"""What tuning on some patients of a site gives on its others, time after time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.acceptance.partition import choose_tuning
from core.acceptance.site_calibration import STEPS_SHARE, fit_site_calibration
from core.acceptance.site_threshold import AIMED_ABOVE, OWN_WORTH, choose_site_threshold
from core.domain.model import RunRecord
from core.domain.site import SiteCalibration
from core.evaluation.metrics import CALIBRATION_BINS, log_losses, logits_of
from core.runs.predictions import Predictions
from core.stats.intervals import Labels, Scores

Floats = npt.NDArray[np.float64]
REPEATS = 100


@dataclass(frozen=True, slots=True)
class Rules:
    """How a site's calibration and threshold are found; see the modules of the two."""

    steps_share: float = STEPS_SHARE
    own_worth: float = OWN_WORTH
    aimed_above: float = AIMED_ABOVE


USUAL = Rules()


@dataclass(frozen=True, slots=True, eq=False)
class CrossFit:
    """What each repeat gave on the films that nothing was tuned on; every array is (repeats,).

    Attributes
    ----------
    sensitivity, specificity : ndarray
        At the site's threshold.
    error, loss : ndarray
        Expected calibration error and log loss by the site's calibration.
    own_error, own_loss : ndarray
        The same by the run's own.
    ratio, own_ratio : ndarray
        By the site's calibration, and by the run's own: odds of pneumonia in a band of the run's
        own probability over the odds that the mean probability there states. 1 is right; nan
        where the band is empty or of one class.
    """

    tuning_films: int
    sensitivity: Floats
    specificity: Floats
    error: Floats
    loss: Floats
    own_error: Floats
    own_loss: Floats
    ratio: Floats
    own_ratio: Floats


BAND = (0.74, 0.99)
"""Probabilities of the run's own between which films are said to be ill, and often are not."""


def cross_fit(
    films: Predictions,
    run: RunRecord,
    tuning_films: int,
    sensitivity: float,
    *,
    repeats: int = REPEATS,
    seed: int = 0,
    rules: Rules = USUAL,
) -> CrossFit:
    """Tune on some patients and measure on the others, as often as asked for.

    Parameters
    ----------
    sensitivity : float
        That the threshold is chosen for.

    Raises
    ------
    DatasetError
        If too few patients are there, or a draw has films of one class only.
    """
    rng = np.random.default_rng(seed)
    p, labels, patients = films.probability, films.films.label, films.films.patient
    rows = []
    for _ in range(repeats):
        tuning = choose_tuning(patients, tuning_films, rng)
        fitted = fit_site_calibration(
            p[tuning], labels[tuning], patients[tuning], rules.steps_share
        )
        threshold = choose_site_threshold(
            *(p[tuning], labels[tuning], sensitivity, run.operating_point.threshold),
            own_worth=rules.own_worth,
            aimed_above=rules.aimed_above,
        )
        rows.append(_measure(p[~tuning], labels[~tuning], fitted, threshold))
    return CrossFit(tuning_films, *np.array(rows).T)


def _measure(
    own: Scores, labels: Labels, fitted: SiteCalibration, threshold: float
) -> tuple[float, ...]:
    site, called, ill = fitted.apply(own), own >= threshold, labels == 1
    inside = (own >= BAND[0]) & (own < BAND[1])
    return (
        float(called[ill].mean()),
        float((~called[~ill]).mean()),
        calibration_error(site, labels),
        float(log_losses(site, labels).mean()),
        calibration_error(own, labels),
        float(log_losses(own, labels).mean()),
        _odds_over_stated(labels[inside], site[inside]),
        _odds_over_stated(labels[inside], own[inside]),
    )


def calibration_error(probabilities: Scores, labels: Labels) -> float:
    """Return the mean gap between probability and frequency over bins of equal width."""
    bin_of = np.minimum((probabilities * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bin_of, probabilities - labels, minlength=CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def _odds_over_stated(labels: Labels, stated: Scores) -> float:
    ill, n = int(labels.sum()), len(labels)
    if not 0 < ill < n:
        return float("nan")
    (said,) = logits_of(np.array([stated.mean()]))
    return float(ill / (n - ill) / np.exp(said))
