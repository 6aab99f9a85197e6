"""A small child's chest in three dimensions: trunk, lungs, heart, great vessels, diaphragm.

Shapes are written down in the child's own frame (see geometry); no patient was traced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage
from core.phantom.arms import arm_tubes
from core.phantom.geometry import (
    Interval,
    Plane,
    Stack,
    View,
    cross_ellipsoid,
    free_path,
    pixels_around,
    tilt,
)
from core.phantom.settings import CHILD, PhantomSettings, stream
from core.phantom.texture import smooth_noise
from core.phantom.tubes import tube_paths

WALL_CM = 1.25
"""Between the lung and the skin at the side of the chest."""

TISSUE_GRAIN = ((0.2, 0.004), (0.4, 0.006), (0.8, 0.008), (1.6, 0.01), (3.2, 0.015))
"""How uneven muscle, fat and bowel make the beam's path: over what length, and by what share."""

UNEVEN_CM, UNEVEN_GRAIN_CM = 0.14, 1.6
"""How far the outlines of heart and domes stray from their smooth solids, and over what length."""

CHEST_SHAPE = [(-1.0, 0.0), (0.0, 0.07), (0.04, 0.3), (0.09, 0.47), (0.17, 0.62), (0.28, 0.75)]
CHEST_SHAPE += [(0.42, 0.87), (0.58, 0.95), (0.75, 1.0), (0.9, 0.99), (1.1, 0.95), (1.6, 0.93)]
CHEST_DEPTH = [(-1.0, 0.0), (0.0, 0.2), (0.1, 0.45), (0.3, 0.76), (0.6, 0.95), (1.0, 1.0)]
"""Half width and half depth of the cavity over their largest, by height over the lungs'."""


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """A solid organ; ``tilt_deg`` turns it around the beam's direction."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    tilt_deg: float = 0.0

    def cross(self, x: FloatImage, y: FloatImage, view: View) -> Interval:
        """Return where rays cross it."""
        return cross_ellipsoid(x, y, self.centre, self.radii, view, tilt(self.tilt_deg))


@dataclass(frozen=True, slots=True)
class Dome:
    """Half of the diaphragm with what lies under it: an ellipsoid on a column."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]

    def cross(self, x: FloatImage, y: FloatImage, view: View) -> Interval:
        """Return where rays cross it."""
        level = view.magnification(self.centre[2]) * self.centre[1]
        capped = np.minimum(y, np.float32(level))
        return cross_ellipsoid(x, capped, self.centre, self.radii, view)


@dataclass(frozen=True, slots=True)
class Child:
    """The anatomy that one seed gives, before anything is wrong with it.

    Attributes
    ----------
    lung_cm : float
        From the apices to the outer recesses.
    chest_cm : float
        Half width of the chest cavity at its widest.
    depth_cm : float
        Half depth of the chest cavity at its deepest.
    rib_pitch_cm, rib_drop_cm : float
        Between neighbours, and how much lower a rib's front end lies than its back.
    lung_density : float
        Of aerated lung, over that of water.
    """

    lung_cm: float
    chest_cm: float
    depth_cm: float
    rib_pitch_cm: float
    rib_drop_cm: float
    lung_density: float
    fat_cm: float
    trunk: Stack
    cavity: Stack
    mediastinum: Stack
    heart: tuple[Ellipsoid, ...]
    domes: tuple[Dome, Dome]
    gas: tuple[Ellipsoid, ...]


def make_child(settings: PhantomSettings) -> Child:
    """Grow the child that the settings describe."""
    rng = stream(settings.seed, CHILD)
    lung = 12.9 + 0.5 * settings.inspiration + rng.normal(0, 0.15)
    chest = rng.uniform(7.5, 9.1) + 0.2 * settings.inspiration
    depth, fat = rng.uniform(4.8, 5.6), rng.uniform(0.0, 0.7)
    young = (5.0 - settings.age_years) / 4.0
    heart_size = rng.normal(0.98, 0.075) + 0.06 * young
    thymus = float(np.clip(rng.normal(0.65, 0.4), 0.0, 1.3)) * young
    cavity = Stack(
        [(y * lung, width * chest) for y, width in CHEST_SHAPE],
        [(y * lung, share * depth) for y, share in CHEST_DEPTH],
        [(0.0, -1.2), (0.4 * lung, -0.1), (lung, 0.0)],
    )
    return Child(
        lung_cm=lung,
        chest_cm=chest,
        depth_cm=depth,
        rib_pitch_cm=lung * rng.uniform(0.092, 0.104),
        rib_drop_cm=rng.uniform(3.0, 5.4) - 0.5 * young,
        lung_density=rng.uniform(0.03, 0.12),
        fat_cm=fat,
        trunk=_make_trunk(chest, depth, lung, fat),
        cavity=cavity,
        mediastinum=_make_mediastinum(lung, thymus, rng),
        heart=_make_heart(heart_size * chest / 8.9, lung, settings.inspiration, rng),
        domes=_make_domes(chest, depth, lung, settings.inspiration, rng),
        gas=_make_gas(lung, settings.inspiration, rng),
    )


def _make_trunk(chest: float, depth: float, lung: float, fat: float) -> Stack:
    skin = chest + WALL_CM + fat
    width = [(-9.0, 3.2), (-3.2, 3.0), (-2.2, 3.6), (-1.2, 6.6), (-0.2, 8.8), (1.0, skin - 0.2)]
    width += [(3.0, skin + 0.3), (0.5 * lung, skin - 0.2), (0.8 * lung, skin)]
    width += [(1.3 * lung, skin - 0.2)]
    thick = [(-9.0, 3.6), (-2.5, 3.4), (-1.0, 3.6), (1.0, 4.3), (0.35 * lung, 0.9 * depth + 0.9)]
    thick += [(0.7 * lung, depth + 1.1 + 0.5 * fat), (1.5 * lung, depth + 1.2 + 0.5 * fat)]
    return Stack(width, thick, [(0.0, 0.0)])


def _make_mediastinum(lung: float, thymus: float, rng: np.random.Generator) -> Stack:
    upper = rng.uniform(1.2, 1.7)
    width = [(-2.0, 3.4), (-0.2, 2.4), (0.07 * lung, 1.4), (0.17 * lung, upper + 0.5 * thymus)]
    width += [(0.23 * lung, upper + 0.9 * thymus), (0.29 * lung, upper + thymus)]
    width += [(0.35 * lung, upper + 0.8 * thymus + 0.2), (0.42 * lung, upper + 0.3 * thymus + 0.4)]
    width += [(0.55 * lung, 1.4)]
    width += [(0.75 * lung, 1.3), (1.0 * lung, 2.4), (1.4 * lung, 2.4)]
    thick = [(-2.0, 3.2), (0.2 * lung, 4.6), (0.35 * lung, 4.4), (0.5 * lung, 3.2), (lung, 3.2)]
    middle = [(0.35 * lung, -0.2), (0.5 * lung, -2.0)]
    return Stack(width, thick, middle, 0.05)


def _make_heart(
    size: float, lung: float, inspiration: float, rng: np.random.Generator
) -> tuple[Ellipsoid, ...]:
    """Return ventricles, right atrium, pulmonary trunk, aortic arch, aorta and vena cava."""
    low = lung * 0.6 + 0.5 * (inspiration - 0.5)
    lean = rng.uniform(32, 46) + 8 * inspiration
    long = 4.7 * size * rng.uniform(0.97, 1.03)
    return (
        Ellipsoid((1.5 * size, low + 0.6, 1.1), (long, 3.1 * size, 3.2 * size), lean),
        Ellipsoid((-1.0 * size, low + 0.3, 0.7), (2.0 * size, 3.2 * size, 3.0), 6.0),
        Ellipsoid((1.5, low - 2.0, 0.6), (2.9, 1.5, 1.5), rng.uniform(58, 72)),
        Ellipsoid((0.9, 0.27 * lung, -0.6), (1.05, 1.2, 1.6)),
        Ellipsoid((0.95, 0.72 * lung, -2.9), (0.75, 0.55 * lung, 0.75)),
        Ellipsoid((-1.35, 0.27 * lung, 0.2), (0.85, 2.6, 0.8)),
    )


def _make_domes(
    chest: float, depth: float, lung: float, inspiration: float, rng: np.random.Generator
) -> tuple[Dome, Dome]:
    high = lung * (0.75 + 0.095 * inspiration) + rng.normal(0, 0.12)
    radii = (0.92 * chest, rng.uniform(3.9, 6.2), 1.12 * depth)
    left = high + rng.uniform(-0.1, 1.0)
    front = 0.06 * depth
    return (
        Dome((-0.34 * chest, high + radii[1], front), radii),
        Dome((0.34 * chest, left + radii[1], front), radii),
    )


def _make_gas(lung: float, inspiration: float, rng: np.random.Generator) -> tuple[Ellipsoid, ...]:
    """Return the stomach's bubble and loops of bowel."""
    top = lung * (0.8 + 0.08 * inspiration) + 1.6
    size = rng.uniform(0.5, 1.6)
    bubble = Ellipsoid(
        (rng.uniform(3.6, 6.0), top + 0.6 * size, 1.5),
        (1.9 * size, 0.95 * size, 1.3 * size),
        rng.uniform(-25, 10),
    )
    loops = []
    for _ in range(int(rng.integers(0, 6))):
        across = rng.uniform(0.5, 1.3)
        loops.append(
            Ellipsoid(
                (rng.uniform(-7.0, 7.5), top + rng.uniform(1.6, 7.0), 2.0),
                (across, across * rng.uniform(0.4, 0.9), 0.7 * across),
                rng.uniform(-60, 60),
            )
        )
    return (bubble, *loops)


@dataclass(frozen=True, slots=True, eq=False)
class LungRays:
    """The rays that meet the chest cavity, as one list, and what they meet there.

    Attributes
    ----------
    where : (H, W) bool ndarray
        The pixels of these rays.
    x, y : (N,) float32 ndarray
    cavity : Interval of (N,) arrays
    solids : list of Interval
        Heart, vessels, mediastinum and diaphragm.
    free : (N,) float32 ndarray
        Path through lung, in cm.
    """

    where: npt.NDArray[np.bool_]
    x: FloatImage
    y: FloatImage
    cavity: Interval
    solids: list[Interval]
    free: FloatImage

    def spread(self, values: FloatImage) -> FloatImage:
        """Put values of these rays on the film; the others are 0."""
        film = np.zeros(self.where.shape, np.float32)
        film[self.where] = values
        return film


def cross_lungs(plane: Plane, child: Child, settings: PhantomSettings, view: View) -> LungRays:
    """Send the rays of a film through the chest cavity; the organs in it are a little uneven."""
    whole = child.cavity.cross(plane.x, plane.y, view)
    where = whole.chord > 0
    x = np.broadcast_to(plane.x, plane.shape)[where]
    y = np.broadcast_to(plane.y, plane.shape)[where]
    cavity = Interval(whole.near[where], whole.far[where])
    middle = child.mediastinum.cross(plane.x, plane.y, view)
    solids = [Interval(middle.near[where], middle.far[where])]
    rng = stream(settings.seed, CHILD + 60)
    across = x + np.float32(UNEVEN_CM) * smooth_noise(plane, UNEVEN_GRAIN_CM, rng)[where]
    down = y + np.float32(UNEVEN_CM) * smooth_noise(plane, UNEVEN_GRAIN_CM, rng)[where]
    solids += [organ.cross(across, down, view) for organ in child.heart]
    solids += [dome.cross(across, down, view) for dome in child.domes]
    return LungRays(where, x, y, cavity, solids, free_path(cavity, solids))


def outline_fields(rays: LungRays) -> npt.NDArray[np.bool_]:
    """Return the lung fields as a reader outlines them: without heart and diaphragm in the way."""
    covered = np.zeros_like(rays.free, dtype=bool)
    for solid in rays.solids:
        inside = np.minimum(solid.far, rays.cavity.far) - np.maximum(solid.near, rays.cavity.near)
        covered |= inside > 0
    fields: npt.NDArray[np.bool_] = rays.spread(np.where(covered, 0, rays.free)) > 0
    return fields


def soft_tissue(plane: Plane, child: Child, settings: PhantomSettings, view: View) -> FloatImage:
    """Return the path through trunk, arms and head as if they were water, (H, W), in cm."""
    trunk = child.trunk.cross(plane.x, plane.y, view).chord
    flesh, _ = arm_tubes(child.chest_cm, child.fat_cm, settings.arms_deg)
    arms = tube_paths(plane, flesh, view)
    head = cross_ellipsoid(plane.x, plane.y, (0.0, -9.8, 1.0), (6.6, 6.9, 7.0), view).chord
    joined = np.cbrt(np.maximum(trunk, 0.75 * head) ** 3 + arms**3)
    rng = stream(settings.seed, CHILD + 70)
    for grain_cm, share in TISSUE_GRAIN:
        joined *= 1 + np.float32(share) * smooth_noise(plane, grain_cm, rng)
    for organ in child.gas:
        reach = 1.2 * max(organ.radii)
        middle = view.place(organ.centre)
        rows, columns = pixels_around(plane, float(middle[0]), float(middle[1]), reach, reach)
        chord = organ.cross(plane.x[:, columns], plane.y[rows], view).chord
        joined[rows, columns] -= np.float32(0.5) * chord
    return np.asarray(np.maximum(joined, 0), np.float32)
