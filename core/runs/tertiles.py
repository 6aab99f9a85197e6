"""Thirds of a measured property of films, and where they are cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.runs.predictions import FilmTable
from core.stats.intervals import Scores

CutPoints = Mapping[str, tuple[float, float]]
"""By property, where its middle third begins and ends."""


class Third(StrEnum):
    """A third of films, the lowest first; the value stands in addresses."""

    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


UNKNOWN = len(Third)


def cut_thirds(
    films: FilmTable, properties: Mapping[str, Callable[[FilmTable], Scores]]
) -> dict[str, tuple[float, float]]:
    """Return the tertiles of each property; one that no film states is left out."""
    cut_points = {}
    for name, values_of in properties.items():
        values = values_of(films)
        known = values[~np.isnan(values)]
        if len(known):
            cut_points[name] = _tertiles(known)
    return cut_points


def _tertiles(known: Scores) -> tuple[float, float]:
    low, high = np.quantile(known, [1.0 / 3.0, 2.0 / 3.0])
    return float(low), float(high)


def place_in_thirds(values: Scores, cuts: Sequence[float]) -> npt.NDArray[np.int64]:
    """Return the number of each value's third, 0 for the lowest; `UNKNOWN` for nan, (N,)."""
    return np.where(np.isnan(values), UNKNOWN, np.digitize(values, cuts))


def third_of(values: Scores) -> npt.NDArray[np.str_]:
    """Return each value's third among all that are known, (N,); empty where it is not known."""
    known = values[~np.isnan(values)]
    names = np.array([*(third.value for third in Third), ""])
    return names[place_in_thirds(values, _tertiles(known) if len(known) else ())]
