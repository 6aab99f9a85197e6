"""Array types that every stage speaks of."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
LabelImage = npt.NDArray[np.int32]
FloatVector = npt.NDArray[np.float64]
ScalarT = TypeVar("ScalarT", bound=np.generic)

_SAMPLED, _TRIES, _SPREAD, _HALF = 4096, 3, 2.0, 0.5
"""Of `percentiles`: values sampled, levels tried, and how far around a rank is looked else, in
roots of the sample."""


def read_only(array: npt.NDArray[ScalarT]) -> npt.NDArray[ScalarT]:
    """Return the same array with writing switched off."""
    array.setflags(write=False)
    return array


def percentiles(values: FloatImage, shares: tuple[float, ...]) -> FloatVector:
    """Return `numpy.percentile` of a film's grey levels, the same numbers in a third of the time.

    A film has few levels, so that partitioning meets long runs of equal values. Here a sample says
    about where a rank lies, and only what lies there is sorted.

    Parameters
    ----------
    values : float32 ndarray, not empty, without nan
        Of any shape.
    shares : tuple of float
        In [0, 100].
    """
    flat = np.ascontiguousarray(values).ravel()
    sample = np.sort(flat[:: max(1, flat.size // _SAMPLED)])
    found = np.empty(len(shares))
    for place, share in enumerate(shares):
        virtual = share / 100.0 * (flat.size - 1)
        below = int(virtual)
        low, last = _value_at(flat, sample, below)
        high = low if below < last else _value_at(flat, sample, min(below + 1, flat.size - 1))[0]
        # As numpy does: the difference in the values' own precision, from the nearer end.
        step, part = high - low, np.float64(virtual - below)
        found[place] = low + step * part if part < _HALF else high - step * (1.0 - part)
    return found


def _value_at(flat: FloatImage, sample: FloatImage, rank: int) -> tuple[np.float32, int]:
    """Return the value of a rank, from 0, and a rank up to which all have it, without sorting."""
    expected = rank * len(sample) // len(flat)
    guess = sample[expected]
    for _ in range(_TRIES):  # of few levels it is mostly the guess, or the one beside it
        less = int(np.count_nonzero(flat < guess))
        not_more = int(np.count_nonzero(flat <= guess))
        if less <= rank < not_more:
            return np.float32(guess), not_more - 1
        first, after = np.searchsorted(sample, guess), np.searchsorted(sample, guess, "right")
        if after - first == 1:  # of many levels the one beside it is no better
            break
        guess = sample[max(0, first - 1) if rank < less else min(after, len(sample) - 1)]
    spread = int(_SPREAD * np.sqrt(len(sample)))
    start, end = max(0, expected - spread), min(len(sample) - 1, expected + spread)
    low = sample[start] if start else np.float32(-np.inf)
    high = sample[end] if end < len(sample) - 1 else np.float32(np.inf)
    before = int(np.count_nonzero(flat < low))
    near = flat[(flat >= low) & (flat <= high)]
    if before <= rank < before + near.size:
        return np.float32(np.partition(near, rank - before)[rank - before]), rank
    return np.float32(np.partition(flat, rank)[rank]), rank  # the sample misled
