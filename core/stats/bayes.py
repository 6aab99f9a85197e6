"""Bayes in odds: from a probability to the likelihood ratio, and to the probability elsewhere."""

from __future__ import annotations

from scipy.special import expit, logit


def log_ratio_of(log_odds: float, prevalence: float) -> float:
    """Return the log likelihood ratio that takes a prevalence to a probability.

    Parameters
    ----------
    log_odds : float
        Of the probability: ``log(p / (1 - p))``.
    prevalence : float
        Share of the ill that the probability assumes, above 0 and below 1.

    References
    ----------
    .. [1] J. J. Deeks, D. G. Altman, BMJ 329 (2004) 168-169.
    """
    return log_odds - float(logit(prevalence))


def log_odds_at(log_ratio: float, prevalence: float) -> float:
    """Return the log odds of illness where a share of all is ill.

    Parameters
    ----------
    log_ratio : float
        Natural logarithm of a likelihood ratio; either infinity stands for 0 and for no limit.
    prevalence : float
        0 to 1.

    Returns
    -------
    float
        nan where a finding that no ill one has meets a prevalence of 1, or the reverse.
    """
    return log_ratio + float(logit(prevalence))


def probability_at(log_ratio: float, prevalence: float) -> float:
    """Return the probability of illness where a share of all is ill; see `log_odds_at`."""
    return float(expit(log_odds_at(log_ratio, prevalence)))
