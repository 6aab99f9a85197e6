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
