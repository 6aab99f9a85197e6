"""A measured value with its interval."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """A measured value with its 95 % interval over ``n`` films."""

    value: float
    low: float
    high: float
    n: int


def say_rate(rate: Rate) -> str:
    """Return a rate with its 95 % interval and n."""
    return f"{say_interval(rate)}, n = {rate.n}"


def say_interval(rate: Rate) -> str:
    """Return a rate with its 95 % interval."""
    return f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"
