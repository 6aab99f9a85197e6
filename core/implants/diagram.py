"""Two lungs as a drawing of six zones: a shape for each, for whoever colours them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from core.domain.findings import SIDES, THIRDS

OUTER = ((0.0, 0.32), (0.012, 0.27), (0.05, 0.215), (0.14, 0.15), (0.3, 0.09), (0.5, 0.055),
         (0.75, 0.03), (0.97, 0.02))  # fmt: skip
RIGHT_INNER = ((0.0, 0.32), (0.012, 0.36), (0.05, 0.4), (0.14, 0.435), (0.3, 0.45), (0.5, 0.44),
               (0.75, 0.42), (0.97, 0.39))  # fmt: skip
LEFT_INNER = ((0.0, 0.32), (0.012, 0.36), (0.05, 0.4), (0.14, 0.435), (0.3, 0.445), (0.45, 0.42),
              (0.6, 0.36), (0.75, 0.31), (0.97, 0.27))  # fmt: skip
BASES = {"right": 0.90, "left": 0.94}
"""Knots of height and place across, from the lung's outer side; both from 0 to 1."""

STEPS = 24
Outline = npt.NDArray[np.float64]


def zone_outline(zone: str) -> Outline:
    """Return the (P, 2) outline of a zone, x and y in [0, 1] downwards, as on a film.

    The patient's right lung lies on the left.
    """
    side, third = zone.split(" ")
    place = THIRDS.index(third)
    base = BASES[side]
    heights = np.linspace(place / 3, (place + 1) / 3, STEPS) * base
    outer = _across(heights, OUTER)
    inner = _across(heights, RIGHT_INNER if side == SIDES[0] else LEFT_INNER)
    low = heights.copy()
    if third == THIRDS[-1]:  # the base is a dome: the angle at the wall reaches lower
        outer_end = np.column_stack([np.linspace(outer[-1], inner[-1], STEPS), _dome(base)])
        edge = np.vstack([np.column_stack([outer, low]), outer_end])
    else:
        edge = np.column_stack([outer, low])
    outline = np.vstack([edge, np.column_stack([inner, heights])[::-1]])
    if side == SIDES[1]:
        outline[:, 0] = 1.0 - outline[:, 0]
    return outline


def zone_middle(zone: str) -> tuple[float, float]:
    """Return where a zone's words stand: x and y of the middle of what it covers."""
    x, y = zone_outline(zone).T
    steps = x * np.roll(y, -1) - np.roll(x, -1) * y
    area = 3.0 * steps.sum()
    across, down = (float(((one + np.roll(one, -1)) * steps).sum() / area) for one in (x, y))
    return across, down


def _across(heights: Outline, knots: tuple[tuple[float, float], ...]) -> Outline:
    at, across = np.array(knots).T
    return np.asarray(PchipInterpolator(at, across)(heights), np.float64)


def _dome(base: float) -> Outline:
    along = np.linspace(0.0, 1.0, STEPS)
    return np.asarray(base + 0.06 * (1 - along) ** 2 - 0.07 * np.sin(np.pi * along), np.float64)
