"""What lies on the child or in it, and the letter that names the side."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from core.domain.arrays import FloatImage
from core.phantom.anatomy import Child
from core.phantom.geometry import Plane, View, offset
from core.phantom.settings import TECHNIQUE, PhantomSettings, stream
from core.phantom.tubes import Tube, bend, tube_paths

LEAD, METAL, PLASTIC = 90.0, 14.0, 2.2
"""What a cm of each adds to the beam's path, in cm of water."""

LETTERS: dict[str, list[list[tuple[float, float]]]] = {
    "R": [
        [(0, 1), (0, 0), (0.42, 0.02), (0.6, 0.25), (0.42, 0.48), (0, 0.5)],
        [(0.3, 0.5), (0.62, 1)],
    ],
    "L": [[(0, 0), (0, 1), (0.6, 1)]],
}
"""Strokes in a box one high: x to the right, y downwards."""


def device_path(plane: Plane, child: Child, settings: PhantomSettings, view: View) -> FloatImage:
    """Return what devices and the marker add to the beam's path, (H, W), in cm of water."""
    rng = stream(settings.seed, TECHNIQUE + 40)
    path = np.zeros(plane.shape, np.float32)
    for name, draw in _DEVICES.items():
        thin, weight = draw(child, rng)
        if name in settings.devices:
            path += np.float32(weight) * tube_paths(plane, thin, view)
    if settings.marker:
        path += np.float32(LEAD) * tube_paths(plane, _letter(settings), View())
    return path


def _airway_tube(child: Child, rng: np.random.Generator) -> tuple[list[Tube], float]:
    tip = 0.3 * child.lung_cm - rng.uniform(0.6, 1.8)
    wall = bend([(0.3, -8, -0.8), (0.1, -3, -1.1), (-0.05, tip, -1.3)], 0.06, 20)
    return [wall], METAL


def _stomach_tube(child: Child, rng: np.random.Generator) -> tuple[list[Tube], float]:
    low = child.lung_cm
    way = [(0.4, -8, -1), (0.5, 0, -1.8), (0.7, 0.6 * low, -2.2), (1.6, 0.92 * low, -1)]
    return [bend([*way, (rng.uniform(3.4, 5), 1.08 * low, 1)], 0.07, 40)], METAL


def _central_line(child: Child, rng: np.random.Generator) -> tuple[list[Tube], float]:
    tip = child.lung_cm * rng.uniform(0.36, 0.48)
    way = [(-4.6, -1.2, 3), (-3.0, 0.0, 2.6), (-1.5, 1.1, 1.2), (-1.4, tip, 0.3)]
    return [bend(way, 0.06, 40)], METAL


def _electrodes(child: Child, rng: np.random.Generator) -> tuple[list[Tube], float]:
    """Return three electrodes on the skin, and their wires that run off the film."""
    shapes = []
    for x, y in ((-6.5, 1.6), (6.3, 1.4), (5.8, 0.95 * child.lung_cm)):
        at = np.array([x, y, child.depth_cm + 1.2]) + offset(
            rng.normal(0, 0.6), rng.normal(0, 0.6), 0
        )
        shapes.append(bend([at, at + offset(0, 0, 0.12)], 0.42, 1))
        off = at + offset(rng.normal(0, 3), rng.uniform(4, 7), 0.3)
        shapes.append(
            bend(
                [at, (at + off) / 2 + offset(rng.normal(0, 1.2), 0, 0), off + offset(0, 12, 0)],
                0.06,
                30,
            )
        )
    return shapes, METAL


_DEVICES = {
    "tube": _airway_tube,
    "gastric": _stomach_tube,
    "line": _central_line,
    "electrodes": _electrodes,
}


def marker_box(settings: PhantomSettings) -> tuple[float, float, float]:
    """Return where the side marker lies: left, top and height, in cm on the film."""
    rng = stream(settings.seed, TECHNIQUE + 41)
    left, top, right, _ = settings.field_cm
    height = rng.uniform(0.7, 1.1)
    inset = rng.uniform(0.5, 1.3) + settings.border_cm
    x = left + inset if settings.marker == "R" else right - inset - 0.62 * height
    return x, top + settings.border_cm + rng.uniform(0.6, 6.0), height


def _letter(settings: PhantomSettings) -> list[Tube]:
    left, top, height = marker_box(settings)
    corner = np.array([left, top, 0.0])
    strokes = []
    for stroke in LETTERS[settings.marker]:
        points = corner + height * np.array([(x, y, 0.0) for x, y in stroke])
        for start, end in pairwise(points):
            strokes.append(bend([start, end], 0.075 * height / 0.9, 1))
    return strokes
