"""Array types that every stage speaks of."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
LabelImage = npt.NDArray[np.int32]
FloatVector = npt.NDArray[np.float64]
ScalarT = TypeVar("ScalarT", bound=np.generic)


def read_only(array: npt.NDArray[ScalarT]) -> npt.NDArray[ScalarT]:
    """Return the same array with writing switched off."""
    array.setflags(write=False)
    return array
