"""A measured value with its interval, and a probability in figures."""

from __future__ import annotations

from dataclasses import dataclass

SURE = 0.99
"""A probability is not written out above this, nor below the rest to 1."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A measured value with its 95 % interval over ``n`` films."""

    value: float
    low: float
    high: float
    n: int


def rate_text(rate: Rate) -> str:
    """Return a rate with its 95 % interval and n."""
    return f"{interval_text(rate)}, n = {rate.n}"


def interval_text(rate: Rate, digits: int = 3) -> str:
    """Return a rate with its 95 % interval, to some digits after the point."""
    return f"{rate.value:.{digits}f} ({rate.low:.{digits}f} to {rate.high:.{digits}f})"


def of_few_text(rate: Rate) -> str:
    """Return a rate of few reads with its 95 % interval and n, to two digits."""
    return f"{interval_text(rate, 2)[:-1]}, n = {rate.n})"


def probability_text(probability: float) -> str:
    """Return a probability as a number, or that it is near 0 or 1."""
    if probability > SURE:
        return f"above {SURE}"
    if probability < 1 - SURE:
        return f"below {1 - SURE:.2f}"
    return f"{probability:.2f}"
