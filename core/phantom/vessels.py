"""Trees inside the lungs: arteries and veins that fork and taper, and the airways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.phantom.anatomy import Child
from core.phantom.geometry import Vector, offset
from core.phantom.settings import CHILD, PhantomSettings, stream
from core.phantom.tubes import Tube, bend

CHILD_SHARE = 0.79
"""Radius of a branch over its stem's where it forks in two equals (Murray's law, 2^(-1/3))."""

GENERATIONS = 5
STEMS = 7
LENGTHS_CM = (1.8, 1.75, 1.6, 1.4, 1.2, 1.0)
"""Of a branch, by how many forks lie before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """What branches in both lungs.

    Attributes
    ----------
    vessels : list of Tube
        Arteries and veins.
    bronchi : list of Tube
        Airways beyond the main bronchi.
    windpipe : list of Tube
        Trachea and main bronchi.
    """

    vessels: list[Tube]
    bronchi: list[Tube]
    windpipe: list[Tube]


def grow_trees(child: Child, settings: PhantomSettings) -> Trees:
    """Grow the trees of one child."""
    rng = stream(settings.seed, CHILD + 20)
    vessels: list[Tube] = []
    bronchi: list[Tube] = []
    carina = np.array([-0.15, 0.25 * child.lung_cm, -1.4])
    windpipe = [bend([offset(0, -8, -1), offset(0.05, -2, -1.2), carina], [0.4, 0.38, 0.37], 14)]
    for side in (-1, 1):
        hilum = hilum_of(child, side)
        windpipe.append(bend([carina, hilum], [0.3, 0.25], 5))
        for bearing in _bearings(rng):
            artery, vein = hilum + rng.normal(0, 0.35, (2, 3))
            _branch(vessels, child, rng, artery, _aim(bearing, side, rng), 0.21, 0)
            _branch(
                vessels, child, rng, vein + offset(0, 0.7, 0.3), _aim(bearing, side, rng), 0.14, 1
            )
            _branch(bronchi, child, rng, hilum, _aim(bearing, side, rng), 0.19, 1)
    return Trees(vessels, bronchi, windpipe)


def hilum_of(child: Child, side: int) -> Vector:
    """Return where vessels and airways enter a lung, in cm; ``side`` is -1 for the right one."""
    low = 0.4 if side < 0 else 0.36
    return np.array([side * 2.3, low * child.lung_cm, -0.4])


def grow_airways(
    child: Child, rng: np.random.Generator, start: Vector, towards: Vector, radius_cm: float
) -> list[Tube]:
    """Grow the airways of one lobe, from a point of its bronchus on."""
    grown: list[Tube] = []
    aim = (towards - start) / np.linalg.norm(towards - start)
    _branch(grown, child, rng, start, aim, radius_cm, 1)
    return grown


def _bearings(rng: np.random.Generator) -> Vector:
    """Return directions in the film's plane: 90 is straight down, 0 sideways."""
    return np.linspace(-70, 78, STEMS) + rng.normal(0, 8, STEMS)


def _aim(bearing: float, side: int, rng: np.random.Generator) -> Vector:
    angle = np.deg2rad(bearing)
    aim = np.array([side * np.cos(angle), np.sin(angle), rng.normal(0, 0.55)])
    straight: Vector = aim / np.linalg.norm(aim)
    return straight


def _branch(
    grown: list[Tube],
    child: Child,
    rng: np.random.Generator,
    start: Vector,
    aim: Vector,
    radius: float,
    generation: int,
) -> None:
    """Grow one branch and, from its end, its own branches, until they leave the chest."""
    length = LENGTHS_CM[generation] * rng.uniform(0.65, 1.35)
    middle = start + aim * length / 2 + rng.normal(0, 0.09 * length, 3)
    end = start + aim * length
    wall = 0.93 * child.cavity.widths(end[1])
    if abs(end[0]) > wall or end[1] < 0.2:
        return
    tip = radius * 0.86
    # A parabola through the three; a spline would take as long to fit as the tube to draw.
    along = np.linspace(0.0, 1.0, 5 if generation < 3 else 3)[:, np.newaxis]
    bowed = start + (end - start) * along + 4 * along * (1 - along) * (middle - (start + end) / 2)
    grown.append(Tube(bowed, radius + (tip - radius) * along[:, 0]))
    if generation == GENERATIONS:
        return
    spread = np.deg2rad(rng.uniform(20, 48))
    aside = np.cross(aim, rng.normal(0, 1, 3) * [0.35, 0.35, 1.0])
    aside /= np.linalg.norm(aside)
    split = rng.uniform(0.35, 0.65)
    for sense, share in ((1, split), (-1, 1 - split)):
        turned = aim * np.cos(spread * (1 - share)) + sense * aside * np.sin(spread * (1 - share))
        size = tip * CHILD_SHARE * (0.8 + 0.4 * share)
        _branch(grown, child, rng, end, turned, size, generation + 1)
