"""Thirds of a measured property, cut where the training radiographs are."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.stats.intervals import Scores


class Third(StrEnum):
    """A third of the films of a split; the value stands in addresses."""

    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


def third_of(values: Scores) -> npt.NDArray[np.str_]:
    """Return each value's third among all that are known, (N,); empty where it is not known."""
    known = ~np.isnan(values)
    thirds = np.full(len(values), "", dtype="<U6")
    if known.any():
        cuts = np.quantile(values[known], [1.0 / 3.0, 2.0 / 3.0])
        names = np.array([str(third) for third in Third])
        thirds[known] = names[np.digitize(values[known], cuts)]
    return thirds
