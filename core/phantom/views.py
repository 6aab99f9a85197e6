"""Synthetic radiographs of other views: what the gate must tell from a frontal chest film.

The child is the one that `core.phantom.film` draws, turned or with another field: laterals and
obliques at any angle, the whole trunk, the abdomen, the pelvis, and a coronal slice as CT shows it.
They train and test the view network; no reader is shown them as a patient's film.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage, read_only
from core.phantom.anatomy import Child, cross_lungs, make_child
from core.phantom.exposure import develop, expose
from core.phantom.film import draw_film, meet_beam
from core.phantom.geometry import Plane, View, cross_box, cross_ellipsoid, make_plane
from core.phantom.settings import PhantomSettings, draw_settings, stream
from core.phantom.skeleton import CORTEX, MARROW, rib_points
from core.phantom.texture import smooth_noise
from core.phantom.tubes import Tube, bend, tube_paths

ViewName = Literal["frontal", "lateral", "oblique", "trunk", "abdomen", "pelvis", "coronal"]
"""The values of `core.domain.quality.ShownView` that can be drawn."""

VIEWS: tuple[ViewName, ...] = get_args(ViewName)

VIEW_STREAM = 100
"""Stream of random numbers of what these films leave open, apart from those of the child."""

LATERAL_DEG, OBLIQUE_DEG = (72.0, 108.0), (28.0, 66.0)
"""How far the child is turned, to either side."""

USUAL_PATH_CM = 9.0
"""Middle of the beam's path on a frontal film, in cm of water: thicker views get more beam."""

PELVIS_CM = 24.0
"""Height of the iliac crests, from the lungs' apices downwards."""


def draw_view(seed: int, view: ViewName, *, height_px: int = 256) -> FloatImage:
    """Draw one film of a view.

    Parameters
    ----------
    seed : int
        Decides the child, the angle, the field and the exposure.

    Returns
    -------
    (H, W) float32 ndarray in [0, 1], read-only
        MONOCHROME2 sense.
    """
    rng = stream(seed, VIEW_STREAM + VIEWS.index(view))
    settings = draw_settings(seed)
    if view == "frontal":
        return draw_film(settings, height_px=height_px).pixels
    if view == "coronal":
        return _draw_slice(settings, rng, height_px)
    settings = _placed(settings, view, rng)
    plane = make_plane(settings.field_cm, height_px, max(2, round(height_px * settings.aspect)))
    path = _trunk_path(plane, settings) if view in _LOW else meet_beam(plane, settings).path
    pixels = _exposed(path, plane, settings, rng)
    return read_only(pixels)


_LOW = frozenset({"trunk", "abdomen", "pelvis"})


def _placed(settings: PhantomSettings, view: ViewName, rng: np.random.Generator) -> PhantomSettings:
    """Return the settings with the child turned and the field where the view has it."""
    left, top, right, bottom = settings.field_cm
    if view in ("lateral", "oblique"):
        least, most = LATERAL_DEG if view == "lateral" else OBLIQUE_DEG
        angle = rng.choice([-1, 1]) * rng.uniform(least, most)
        share = rng.uniform(0.68, 1.05) if view == "lateral" else rng.uniform(0.85, 1.1)
        half, aside = share * (right - left) / 2, rng.normal(0, 0.8)
        field = (aside - half, top, aside + half, bottom)
        arms = float(rng.uniform(55, 85)) if rng.random() < 0.8 else settings.arms_deg
        return replace(settings, rotation_deg=float(angle), field_cm=field, arms_deg=arms)
    above, below = {
        "trunk": (rng.uniform(-9, -1), rng.uniform(27, 38)),
        "abdomen": (rng.uniform(6.5, 11.5), rng.uniform(26, 34)),
        "pelvis": (rng.uniform(18, 22), rng.uniform(31, 36)),
    }[view]
    half = rng.uniform(9.5, 14.0) if view != "trunk" else rng.uniform(7.5, 14.0)
    aside = rng.normal(0, 0.6)
    arms = float(rng.choice([rng.uniform(-80, -60), rng.uniform(35, 80)]))
    field = (aside - half, float(above), aside + half, float(below))
    return replace(settings, field_cm=field, arms_deg=arms)


def _exposed(
    path: FloatImage, plane: Plane, settings: PhantomSettings, rng: np.random.Generator
) -> FloatImage:
    """Return the film; a thicker part gets a harder beam, as a technician chooses it."""
    inside = path[path > 2.0]
    middle = float(np.median(inside)) if inside.size else USUAL_PATH_CM
    level = USUAL_PATH_CM * float(np.exp(rng.normal(0.0, 0.15))) / middle
    scaled = np.asarray(path * np.float32(level), np.float32)
    return develop(expose(scaled, settings, plane.pixel_cm), settings, plane.pixel_cm)


def _trunk_path(plane: Plane, settings: PhantomSettings) -> FloatImage:
    """Return the beam's path through chest, abdomen and pelvis."""
    child, view = make_child(settings), View(settings.rotation_deg, settings.lean_deg)
    rng = stream(settings.seed, VIEW_STREAM + 20)
    path = meet_beam(plane, settings).path
    # The chest of a frontal film ends with the film: below the domes there is no lung.
    lung = cross_lungs(plane, child, settings, view)
    recess = np.where(lung.y > 1.08 * child.lung_cm, lung.free, 0)
    path += lung.spread(np.float32(1 - child.lung_density) * recess)
    for _ in range(int(rng.integers(4, 16))):
        at = (rng.uniform(-7, 7), rng.uniform(1.2 * child.lung_cm, PELVIS_CM + 4), 2.0)
        wide = rng.uniform(0.5, 1.6)
        radii = (wide, wide * rng.uniform(0.4, 1.0), 0.8 * wide)
        path -= np.float32(0.5) * cross_ellipsoid(plane.x, plane.y, at, radii, view).chord
    bones = _pelvis(rng)
    outer = tube_paths(plane, bones, view)
    inner = tube_paths(plane, [bone.shrunk(0.12) for bone in bones], view)
    path = np.maximum(path, 0) + np.float32(0.5) * (CORTEX * outer - (CORTEX - MARROW) * inner)
    _add_low_spine(path, plane, child, view, rng)
    legs = [
        bend([(s * 5.2, PELVIS_CM + 7, 0), (s * 5.8, PELVIS_CM + 18, 0)], 4.2, 2) for s in (-1, 1)
    ]
    # Between the thighs the beam meets little; the trunk's own solid goes on below.
    gap = plane.y > PELVIS_CM + 8.5
    path = np.where(gap, np.minimum(path, tube_paths(plane, legs, view) + 1.5), path)
    return np.asarray(path, np.float32)


def _pelvis(rng: np.random.Generator) -> list[Tube]:
    """Return iliac wings, pubic rami, the femora's heads, necks and shafts."""
    size, bones = rng.uniform(0.9, 1.15), []
    for side in (-1, 1):

        def at(x: float, y: float, z: float = 0.0, side: int = side) -> tuple[float, float, float]:
            return side * size * x, PELVIS_CM + size * y, z

        bones.append(bend([at(1.3, 1.5), at(3.2, 0.2), at(5.2, 0.8), at(5.6, 2.6)], 0.55, 14))
        bones.append(bend([at(2.0, 1.6), at(3.8, 1.4), at(4.6, 2.4)], 0.9, 8))
        bones.append(bend([at(1.4, 2.2), at(2.8, 3.6), at(4.0, 4.6)], 0.6, 8))
        bones.append(bend([at(4.1, 4.6, 1), at(2.2, 5.6, 2), at(0.3, 6.2, 2.5)], 0.42, 8))
        bones.append(bend([at(0.4, 6.4, 2), at(1.6, 7.8, 1), at(3.2, 6.6, -1)], 0.42, 8))
        bones.append(bend([at(4.4, 4.6), at(4.5, 5.1)], 0.95, 2))
        bones.append(bend([at(4.5, 5.0), at(5.6, 6.4), at(5.7, 14.0)], [0.7, 0.7, 0.6], 8))
    return bones


def _add_low_spine(
    path: FloatImage, plane: Plane, child: Child, view: View, rng: np.random.Generator
) -> None:
    """Add the lumbar vertebrae below those of the chest, and the sacrum, in place."""
    pitch, first = child.rib_pitch_cm, 16
    last = int((PELVIS_CM + 1.0) / pitch)
    weight = rng.uniform(0.13, 0.2)
    for number in range(first, last + 4):
        shrink = 1.0 if number <= last else 1.0 - 0.18 * (number - last)
        middle = view.place(np.array([0.0, (number - 0.3) * pitch, -3.0]))
        radii = np.array([1.4 * shrink, 0.43 * pitch, 1.1 * shrink])
        for smaller, share in ((0.0, CORTEX), (0.07, 1.0 - CORTEX)):
            box, chord = cross_box(plane, middle, radii - smaller, (2.6, 6.0))
            path[box] += np.float32(weight * share) * chord


def _draw_slice(settings: PhantomSettings, rng: np.random.Generator, height_px: int) -> FloatImage:
    """Draw a coronal slice: each place shows the tissue at one depth and nothing before or behind.

    Air and lung are black, soft tissue has one grey, bone is bright, as in a CT window.
    """
    left, top, right, bottom = settings.field_cm
    deeper = float(rng.choice([0.0, rng.uniform(2, 16)]))
    settings = replace(settings, rotation_deg=0.0, field_cm=(left, top, right, bottom + deeper))
    plane = make_plane(settings.field_cm, height_px, max(2, round(height_px * settings.aspect)))
    child, view, depth = make_child(settings), View(), float(rng.uniform(-3.5, 3.0))
    trunk = child.trunk.cross(plane.x, plane.y, view)
    rays = cross_lungs(plane, child, settings, view)
    lung = (rays.cavity.near < depth) & (depth < rays.cavity.far)
    for solid in rays.solids:
        lung &= ~((solid.near < depth) & (depth < solid.far))
    lung &= rays.y < 1.08 * child.lung_cm
    flesh, air, bone = rng.uniform(0.35, 0.6), rng.uniform(0.0, 0.08), rng.uniform(0.75, 1.0)
    lung_grey = air + rng.uniform(0.0, 0.2)
    body = (trunk.near < depth) & (depth < trunk.far)
    film = np.where(body, np.float32(flesh), np.float32(air))
    film += np.float32(0.03) * smooth_noise(plane, 0.9, rng) * body
    film[rays.spread(lung.astype(np.float32)) > 0] = lung_grey
    film = np.where(_cut_bones(plane, child, depth), np.float32(bone), film)
    film += np.float32(rng.uniform(0.004, 0.03)) * rng.standard_normal(film.shape, np.float32)
    return read_only(np.asarray(np.clip(film, 0, 1), np.float32))


def _cut_bones(plane: Plane, child: Child, depth: float) -> npt.NDArray[np.bool_]:
    """Return where a slice cuts ribs or the spine, (H, W) bool."""
    cut = np.zeros(plane.shape, bool)
    for number in range(12):
        for side in (-1, 1):
            points = rib_points(child, number, side, 0.7)
            for x, y, z in points[np.abs(points[:, 2] - depth) < 0.7]:
                half = np.sqrt(max(0.0, 0.16 - 0.1 * (z - depth) ** 2))
                cut |= (plane.x - x) ** 2 + (plane.y - y) ** 2 < half**2
    spine = -0.72 * child.depth_cm
    if abs(depth - spine) < 1.0:
        pitch = child.rib_pitch_cm
        disc = np.mod(plane.y / pitch + 0.3, 1.0)
        cut |= (np.abs(plane.x) < 1.1) & (np.abs(disc - 0.5) < 0.4)
    return cut
