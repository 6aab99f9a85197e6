"""Seconds on the clock, and how to say them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median


def seconds_of(call: Callable[[], object]) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def median_ratio(values: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of the ratios of values that were measured in the same round."""
    return median(value / other for value, other in zip(values, others, strict=True))


def rounds_text(values: Sequence[float], unit: str = "s") -> str:
    """Write out every round, so that the spread can be seen."""
    return "rounds " + ", ".join(f"{value:.3g}" for value in values) + f" {unit}"
