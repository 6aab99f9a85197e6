"""Smooth noise that is fixed to the child, so that it is the same on a film of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.interpolate import BSpline

from core.domain.arrays import FloatImage
from core.phantom.geometry import Plane

WORLD_CM, MIDDLE_Y_CM = 24.0, 6.0
"""Noise exists this far around the midline, and around this height."""

TO_UNIT = 2.1
"""Cubic B-splines through independent values of unit deviation have about the inverse of it."""


def smooth_noise(plane: Plane, grain_cm: float, rng: np.random.Generator) -> FloatImage:
    """Return (H, W) smooth noise of about unit deviation.

    Parameters
    ----------
    grain_cm : float
        Distance between its independent values.
    """
    count = round(2 * WORLD_CM / grain_cm) + 4
    values = rng.standard_normal((count, count), np.float32)
    down = _spline_weights(plane.y[:, 0] - MIDDLE_Y_CM, grain_cm, count)
    across = _spline_weights(plane.x[0], grain_cm, count)
    return np.asarray(TO_UNIT * (down @ (across @ values.T).T), np.float32)


def _spline_weights(places: FloatImage, grain_cm: float, count: int) -> Any:
    """Return the sparse (N, count) weights of cubic B-splines at some places."""
    knots = -WORLD_CM + grain_cm * (np.arange(count + 4) - 3.0)
    inside = np.clip(places, knots[3], knots[count] - 1e-3)
    return BSpline.design_matrix(inside.astype(float), knots, 3)
