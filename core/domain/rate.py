"""A measured value with its interval, and a probability in figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor

from core.language.words import Message, msg

SURE = 0.99
"""A probability is not written out above this, nor below the rest to 1."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A measured value with its 95 % interval over ``n`` films."""

    value: float
    low: float
    high: float
    n: int


def rate_text(rate: Rate) -> Message:
    """Return a rate with its 95 % interval and n."""
    return msg("{rate}, n = {n}", rate=interval_text(rate), n=rate.n)


def interval_text(rate: Rate, digits: int = 3) -> Message:
    """Return a rate with its 95 % interval, to some digits after the point."""
    return msg(
        "{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})",
        value=rate.value,
        low=rate.low,
        high=rate.high,
        digits=digits,
    )


def of_few_text(rate: Rate) -> Message:
    """Return a rate of few reads with its 95 % interval and n, to two digits."""
    return msg(
        "{value:.2f} ({low:.2f} to {high:.2f}, n = {n})",
        value=rate.value,
        low=rate.low,
        high=rate.high,
        n=rate.n,
    )


def probability_text(probability: float) -> Message:
    """Return a probability as a number, or that it is near 0 or 1."""
    if probability > SURE:
        return msg("above {probability:.2f}", probability=SURE)
    if probability < 1 - SURE:
        return msg("below {probability:.2f}", probability=1 - SURE)
    return Message("{probability:.2f}", "", 0, {"probability": probability})


def probability_number(probability: float) -> float:
    """Return a probability as a number that says no more than `probability_text`."""
    return round(min(SURE, max(1 - SURE, probability)), 2)


USUAL_AXIS = 0.8


def axis_start(rates: Iterable[Rate]) -> float:
    """Return where an axis up to 1 begins: at 0.8, or at the next tenth below every interval."""
    least = min((rate.low for rate in rates), default=1.0)
    return min(USUAL_AXIS, max(0.0, floor(10.0 * least + 1e-9) / 10.0))
