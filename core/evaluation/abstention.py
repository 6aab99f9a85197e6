"""A band around the operating point in which a run says unsure, so that its calls are reliable.

Learn then test [1]_: each side of the operating point is a chain of nested claims, from "the films
furthest out are rarely wrong" to "all films of this side are". They are tested in that order, each
with an exact binomial p-value, until one fails; fixed-sequence testing [2]_ needs no further
correction within a chain, and the two chains share the error budget. All claims that were not
rejected hold at once, so it does no harm that the operating point was chosen on the same films.

Films count as independent, and a patient's films are not quite: the confidence is a little high.

References
----------
.. [1] A. N. Angelopoulos et al., Learn then Test, arXiv:2110.01052 (2021), sections 2.2 and 3.2.
.. [2] P. Bauer, Stat. Med. 10 (1991) 871-890.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from core.domain.model import AbstentionBand, OperatingPoint, Prediction
from core.domain.rate import Rate
from core.language.words import msg
from core.runs.predictions import Predictions
from core.stats.intervals import Labels, Scores, wilson_rate

MEASURED_PARTS = ("validation", "test")
TARGET_ERROR = 0.10
"""Not 5 %: an operating point that finds 97 of 100 pneumonias leaves 18 of the 596 in validation
below it, beside at most 202 normals. That is 8 %, and so few normals hardly prove 5 % of a part."""

CONFIDENCE = 0.90
START = 100
"""Films of a side in its first claim, fixed beforehand: 4 errors among them are allowed at 10 %, so
a part of the side with a true error of 2 % passes 95 times in 100."""

METHOD = msg("learn then test: exact binomial p-values in a fixed sequence from 100 films a side")


def p_value(errors: int, films: int, target_error: float) -> float:
    """Return how likely so few errors are if the share of wrong films is ``target_error``."""
    return float(binom.cdf(errors, films, target_error))


def films_that_may_be_called(
    outwardness: Scores, wrong: npt.NDArray[np.bool_], target_error: float, budget: float
) -> int:
    """Return how many films of one side, the furthest out first, keep the error rate.

    Parameters
    ----------
    outwardness : (N,) float64 ndarray
        How far out each film of the side is; equal films are called together or not at all.
    wrong : (N,) bool ndarray
    target_error : float
        Largest share of wrong films among the called.
    budget : float
        Chance to be wrong about that.
    """
    order = np.argsort(-outwardness, kind="stable")
    errors = np.cumsum(wrong[order])
    last_of_equals = np.append(np.diff(outwardness[order]) != 0.0, True)
    films = np.flatnonzero(last_of_equals) + 1
    called = 0
    for n in films[films >= START]:
        if p_value(int(errors[n - 1]), int(n), target_error) > budget:
            break
        called = int(n)
    return called


def choose_band(
    probabilities: Scores,
    labels: Labels,
    operating_point: OperatingPoint,
    target_error: float = TARGET_ERROR,
    confidence: float = CONFIDENCE,
) -> AbstentionBand:
    """Choose the narrowest band outside which both sides keep the error rate.

    Called pneumonia and called normal are held to it apart: one error means a needless work-up, the
    other a missed pneumonia.

    Parameters
    ----------
    probabilities : (N,) float64 ndarray
        Of the films that the operating point was chosen on.
    operating_point : OperatingPoint
        Always inside the band or on its edge.
    target_error : float
        Largest share of wrong films among those called pneumonia, and among those called normal.
    confidence : float
        That both are kept.

    Returns
    -------
    AbstentionBand
        A side is None if no part of it of at least 100 films keeps the rate.
    """
    threshold, budget = operating_point.threshold, (1.0 - confidence) / 2.0
    limits: list[float | None] = []
    for ill, side in ((1, probabilities >= threshold), (0, probabilities < threshold)):
        own = probabilities[side]
        outwardness = own if ill else -own
        called = films_that_may_be_called(outwardness, labels[side] != ill, target_error, budget)
        limits.append(_limit(np.sort(own)[:: -1 if ill else 1], called, threshold))
    high, low = limits
    return AbstentionBand(
        low, high, target_error, confidence, operating_point.chosen_on, len(labels), METHOD
    )


def _limit(outermost_first: Scores, called: int, threshold: float) -> float | None:
    """Return half-way to the first film that is not called, or the operating point itself."""
    if called == 0:
        return None
    if called == len(outermost_first):
        return threshold
    return float((outermost_first[called - 1] + outermost_first[called]) / 2.0)


def measure_band(
    probabilities: Scores, labels: Labels, operating_point: OperatingPoint, band: AbstentionBand
) -> dict[str, Any]:
    """Measure what a band does on films, chosen on them or not.

    Returns
    -------
    dict
        ``n``, ``coverage`` (share of films that get a side), ``error`` (share of wrong films among
        those), ``error_pneumonia`` and ``error_normal`` (among those called so), each with a 95 %
        interval by Wilson; None where no film is called.
    """
    sides = np.array(
        [Prediction(float(p), 0.0, "", operating_point, band).side for p in probabilities]
    )
    above, below = sides == "suspicious", sides == "not suspicious"
    ill = labels == 1
    return {
        "n": len(labels),
        "coverage": _stated(above | below, np.full(len(labels), True)),
        "error": _stated((above & ~ill) | (below & ill), above | below),
        "error_pneumonia": _stated(above & ~ill, above),
        "error_normal": _stated(below & ill, below),
    }


def _stated(
    counted: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]
) -> dict[str, float | int] | None:
    rate: Rate = wilson_rate(int(counted.sum()), int(among.sum()))
    return asdict(rate) if rate.n else None


def describe_abstention(
    predictions: Predictions,
    operating_point: OperatingPoint,
    target_error: float = TARGET_ERROR,
    confidence: float = CONFIDENCE,
) -> dict[str, Any]:
    """Choose a band on validation, measure it there and on test, and return the record's entry.

    Parameters
    ----------
    predictions : Predictions
        Of validation and of the official test split; others are passed over.
    """
    parts = {part: predictions.of_split(part) for part in MEASURED_PARTS}
    chosen_on = parts["validation"]
    band = choose_band(
        chosen_on.probability, chosen_on.films.label, operating_point, target_error, confidence
    )
    measured = {
        part: measure_band(films.probability, films.films.label, operating_point, band)
        for part, films in parts.items()
    }
    return {**asdict(band), "measured": measured}
