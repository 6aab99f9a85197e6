"""Choose a threshold and a cell; the counts follow the slider while it is still held.

The browser gets the probabilities of both classes, sorted, and counts by itself; Python counts
again once the slider is let go.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.error_analysis.gallery import Cell
from ui.components.declare import declare
from ui.components.events import events_read, read_event, rerun_only, share_of

_HERE = Path(__file__).parent
_component = declare("first_read_matrix", _HERE, ("rates.js", "matrix.js"), "matrix")


@dataclass(frozen=True, slots=True)
class MatrixEvent:
    """What a person chose: a threshold (None: the operating point) and a cell."""

    threshold: float | None
    cell: Cell


def read_matrix_event(key: str) -> MatrixEvent | None:
    """Return what was chosen since the last run, or None; call it before `show_matrix`."""
    event = read_event(key)
    if event is None:
        return None
    given, cell = event.get("threshold"), event.get("cell")
    threshold = share_of(given)
    if (given is not None and threshold is None) or cell not in list(Cell):
        return None
    return MatrixEvent(threshold, Cell(cell))


def show_matrix(
    probability: npt.NDArray[np.float64],
    label: npt.NDArray[np.int64],
    *,
    threshold: float | None,
    operating_point: float,
    selected: Cell,
    key: str,
) -> None:
    """Draw the matrix, the rates beside it and the slider.

    Parameters
    ----------
    probability : (N,) float64 ndarray
    label : (N,) int64 ndarray
    threshold : float or None
        None: the operating point.
    """
    ill = label == 1
    data: dict[str, object] = {
        "ill": np.sort(probability[ill]).tolist(),
        "well": np.sort(probability[~ill]).tolist(),
        "threshold": threshold,
        "operatingPoint": operating_point,
        "selected": selected.value,
        "heard": events_read(key),
    }
    _component(key=key, data=data, on_said_change=rerun_only)
