"""PPV and NPV from sensitivity and specificity at another prevalence.

A film set has the prevalence that its makers gave it; how many children of a ward are missed or
alarmed for nothing depends on the ward's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from core.comparison.scored_films import ScoredFilms
from core.domain.rate import Rate
from core.errors import ComparisonError
from core.evaluation.metrics import confusion_at, rates_of
from core.language.words import msg
from core.stats.bayes import probability_at

_Z = float(stats.norm.ppf(0.975))


@dataclass(frozen=True, slots=True)
class Expected:
    """A number, or a share, that is to be expected, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class WardOutcome:
    """What to expect of a run among children of whom a given share is ill.

    Attributes
    ----------
    ill : float
        Of ``children``.
    missed, false_alarms : Expected
        Children.
    ppv, npv : Expected
        Share of the called ill who are, and of the called well who are; nan if nobody is called so.
    """

    children: int
    ill: float
    missed: Expected
    false_alarms: Expected
    ppv: Expected
    npv: Expected


def expect_among(
    children: int, prevalence: float, sensitivity: Rate, specificity: Rate
) -> WardOutcome:
    """Carry sensitivity and specificity over to children with another prevalence.

    Parameters
    ----------
    children : int
        At least 1.
    prevalence : float
        Share of them with pneumonia, 0 to 1.
    sensitivity, specificity : Rate
        Measured, each over at least one film. Taken to be the same there, which they are not where
        the disease is milder or the films are made in another way.

    Returns
    -------
    WardOutcome
        The intervals are of the measurement alone: the share of children who are ill is taken as
        it is given. Those of the predictive values are Mercaldo's.

    Raises
    ------
    ComparisonError
        If there is no child, the prevalence is not a share, or a rate is of no film.

    References
    ----------
    .. [1] N. D. Mercaldo et al., Stat. Med. 26 (2007) 2170-2183: the adjusted logit interval.
    """
    if children < 1:
        raise ComparisonError(
            msg("there are {children} children: at least one is needed.", children=children)
        )
    if not 0.0 <= prevalence <= 1.0:
        raise ComparisonError(
            msg("a prevalence of {prevalence} is not between 0 and 1.", prevalence=prevalence)
        )
    if min(sensitivity.n, specificity.n) < 1:
        raise ComparisonError(
            msg(
                "sensitivity or specificity was measured on no film: there is nothing to "
                "carry over."
            )
        )
    ill, well = children * prevalence, children * (1.0 - prevalence)
    return WardOutcome(
        children=children,
        ill=ill,
        missed=_errors(ill, sensitivity),
        false_alarms=_errors(well, specificity),
        ppv=_predictive_value(prevalence, sensitivity, specificity),
        npv=_predictive_value(1.0 - prevalence, specificity, sensitivity),
    )


def expect_wards(scored: ScoredFilms, children: int, prevalence: float) -> list[WardOutcome]:
    """Return for each run, at its threshold, what to expect among children of a given prevalence.

    Raises
    ------
    ComparisonError
        As in `expect_among`.
    """
    wards = []
    for probability, threshold in zip(scored.probability, scored.threshold, strict=True):
        rates = rates_of(confusion_at(probability, scored.films.label, threshold))
        wards.append(expect_among(children, prevalence, rates["sensitivity"], rates["specificity"]))
    return wards


def _errors(children: float, rate: Rate) -> Expected:
    return Expected(*(children * (1.0 - share) for share in (rate.value, rate.high, rate.low)))


def _predictive_value(share: float, found: Rate, cleared: Rate) -> Expected:
    """Return the share of a class among those called so.

    ``share`` is the class's, ``found`` how many of it are called so, and ``cleared`` how many of
    the other class are not.
    """
    value = probability_at(_log_ratio(found.value, cleared.value), share)
    if math.isnan(value):
        return Expected(value, 0.0, 1.0)
    if share in {0.0, 1.0}:
        return Expected(value, value, value)
    # Two successes and two failures more keep the ratio finite.
    a, b = _adjusted(found), _adjusted(cleared)
    n_a, n_b = found.n + _Z**2, cleared.n + _Z**2
    half = _Z * math.sqrt((1.0 - a) / a / n_a + b / (1.0 - b) / n_b)
    low, high = (probability_at(_log_ratio(a, b) + side, share) for side in (-half, half))
    return Expected(value, min(low, value), max(high, value))


def _log_ratio(found: float, cleared: float) -> float:
    """Return the log likelihood ratio of being called so; nan if nobody is."""
    alarmed = 1.0 - cleared
    if found == 0.0 or alarmed == 0.0:
        return math.nan if found == alarmed else math.copysign(math.inf, found - alarmed)
    return math.log(found) - math.log(alarmed)


def _adjusted(rate: Rate) -> float:
    """Return a proportion with z^2/2 successes and as many failures added."""
    return (rate.value * rate.n + _Z**2 / 2.0) / (rate.n + _Z**2)
