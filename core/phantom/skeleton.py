"""The bones: each is a shell of cortex around a lighter middle."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from core.domain.arrays import FloatImage
from core.phantom.anatomy import Child
from core.phantom.arms import arm_tubes
from core.phantom.geometry import Plane, Vector, View, cross_box, offset
from core.phantom.settings import CHILD, PhantomSettings, stream
from core.phantom.tubes import Tube, bend, tube_paths

CORTEX, MARROW, SPONGY = 3.6, 0.4, 1.0
"""What a cm of each adds to the beam's path, in cm of water; vertebrae are spongy."""

RIBS = 12
RIB_CUTS, RIB_SHARES = (0, 12, 14, 16, 18, 21), (0.95, 0.88, 0.78, 0.68, 0.58)
"""Points at which a rib's density steps down, and to what share."""

SHORTER = {0: 0.1, 10: 0.25, 11: 0.25}
"""By how much of the half circle the first rib and the floating ones end earlier."""

SHELL_CM = 0.065


def bone_path(plane: Plane, child: Child, settings: PhantomSettings, view: View) -> FloatImage:
    """Return what the skeleton adds to the beam's path, (H, W), in cm of water."""
    rng = stream(settings.seed, CHILD + 10)
    _, humeri = arm_tubes(child.chest_cm, child.fat_cm, settings.arms_deg)
    girdle = [*_clavicles(child, settings, rng), *humeri]
    path = np.zeros(plane.shape, np.float32)
    for share, ribs in _ribs(child, rng):
        path += np.float32(share) * _shells(plane, ribs, view, SHELL_CM)
    path += 0.7 * _shells(plane, girdle, view, 0.1)
    path += 0.22 * _shells(plane, _scapulae(child, settings.arms_deg, rng), view, 0.1)
    path += 0.8 * _shells(plane, _jaw(rng), view, 0.2)
    _add_spine(path, plane, child, settings, view)
    return path


def _shells(plane: Plane, bones: list[Tube], view: View, wall_cm: float) -> FloatImage:
    outer = tube_paths(plane, bones, view)
    inner = tube_paths(plane, [bone.shrunk(wall_cm) for bone in bones], view)
    return np.asarray(CORTEX * outer - (CORTEX - MARROW) * inner, np.float32)


def rib_points(child: Child, number: int, side: int, reach: float) -> Vector:
    """Return the axis of a rib, (N, 3): from the spine round the side to the front.

    Parameters
    ----------
    number : int
        0 for the first rib.
    side : int
        -1 right, 1 left.
    reach : float
        Share of the half circle that is bone; the rest is cartilage.
    """
    angle = np.linspace(0.045, reach, 22) * np.pi
    start = (number - 0.45) * child.rib_pitch_cm
    drop = child.rib_drop_cm * (0.75 + 0.06 * number)
    fall = drop * (1 - np.cos(angle)) / 2
    arch = (0.6 - 0.12 * number) * np.sin(angle) ** 2
    y = start + fall - arch
    wall = 0.06
    x = side * (child.cavity.widths(y) + wall) * np.sin(angle)
    z = child.cavity.middles(y) - (child.cavity.depths(y) + wall) * np.cos(angle)
    points: Vector = np.stack([x, y, z], axis=1)
    return points


def _ribs(child: Child, rng: np.random.Generator) -> list[tuple[float, list[Tube]]]:
    """Return the ribs in parts, each with its density: they lose lime towards the cartilage."""
    parts: list[tuple[float, list[Tube]]] = [(share, []) for share in RIB_SHARES]
    calibre = rng.uniform(0.22, 0.29)
    # No child is built or stands quite evenly: a side's ribs lie lower, or fall more to the front.
    lower = {side: rng.normal(0, 0.12) for side in (-1, 1)}
    steeper = {side: rng.normal(0, 0.035) for side in (-1, 1)}
    for number in range(RIBS):
        reach = 0.76 - 0.012 * number - SHORTER.get(number, 0.0)
        both, thickness = rng.normal(0, 0.07), 0.74 - 0.11 * max(0, number - 6)
        for side in (-1, 1):
            points = rib_points(child, number, side, reach + rng.normal(0, 0.02))
            points[:, 1] += both + lower[side] + steeper[side] * (points[:, 2] - points[0, 2])
            points[:, 1] += _stray(len(points), rng)
            tall = np.linspace(0.95, 1.2, len(points)) * calibre * rng.normal(1, 0.06)
            tall *= 1 - 0.05 * max(0, number - 6)
            tall[-3:] *= (1.05, 0.9, 0.5)  # the front ends round off
            flat = thickness * rng.normal(1, 0.12) * (0.6 if number < 2 else 1.0)
            for (_, tubes), (start, stop) in zip(parts, pairwise(RIB_CUTS), strict=True):
                tubes.append(Tube(points[start : stop + 1], tall[start : stop + 1], flat))
    return parts


def _stray(count: int, rng: np.random.Generator) -> Vector:
    """Return how far a rib's points lie below their smooth course, (count,), in cm."""
    along = np.linspace(0, np.pi, count)
    waves = [np.cos(turns * along) for turns in range(4)]
    strayed: Vector = rng.normal(0, (0.06, 0.11, 0.07, 0.03)) @ np.array(waves)
    return strayed


def _clavicles(child: Child, settings: PhantomSettings, rng: np.random.Generator) -> Iterator[Tube]:
    lift = 0.7 * np.sin(np.deg2rad(settings.arms_deg)) + rng.normal(0, 0.25)
    far = 0.5 * child.chest_cm + 2.2
    for side in (-1, 1):
        heights = np.array([1.3, 0.75, 0.35 - 0.9 * lift, -0.35 - 1.4 * lift])
        heights += rng.normal(0, 0.14, 4)
        places = zip((0.9, 2.3, 0.65 * far, far), heights, (2.4, 2.6, 1.2, -0.2), strict=True)
        knots = [(side * x, y, z) for x, y, z in places]
        yield bend(knots, [0.4, 0.27, 0.27, 0.36], 20)


def _scapulae(child: Child, arms_deg: float, rng: np.random.Generator) -> list[Tube]:
    """Return the blades' borders and spines, and the blades as wide flat strips."""
    raised = (np.sin(np.deg2rad(arms_deg)) + 1) / 2
    bones = []
    for side in (-1, 1):
        joint = np.array([side * (0.5 * child.chest_cm + 3.3), 0.5 - raised, -2.0])
        angle = joint + np.array([side * (0.2 + 1.2 * raised), 4.6 - 0.5 * raised, -1.4])
        inner = joint + np.array([-side * (3.0 - 1.2 * raised), 0.2, -1.4])
        inner += rng.normal(0, 0.15, 3)
        bones.append(bend([joint, angle], [0.34, 0.26], 6))
        bones.append(
            bend([inner, (inner + angle) / 2 + offset(-side * 0.3, 0, 0), angle], 0.17, 10)
        )
        bones.append(bend([inner, joint + offset(0, -0.7, 0.4)], [0.2, 0.35], 6))
        # Coracoid, the spine's end over the joint, and the socket.
        bones.append(bend([joint, joint + offset(-side * 0.9, -0.9, 1.6)], [0.45, 0.3], 4))
        bones.append(
            bend(
                [joint + offset(-side * 0.8, -1.1, -0.9), joint + offset(side * 0.7, -1.3, 0.3)],
                [0.26, 0.42],
                4,
            )
        )
        bones.append(bend([joint + offset(0, -0.7, 0), joint + offset(0, 0.9, 0)], 0.34, 4))
    return bones


def _jaw(rng: np.random.Generator) -> list[Tube]:
    chin = rng.uniform(-2.8, -1.2)
    return [
        bend(
            [
                (-3.6, chin - 3.2, -1),
                (-2.2, chin - 0.9, 2.4),
                (0, chin, 4),
                (2.2, chin - 0.9, 2.4),
                (3.6, chin - 3.2, -1),
            ],
            0.75,
            20,
        ),
        *[
            bend([(x, chin - 1.0 - 0.1 * x * x, 3), (x, chin - 1.5 - 0.1 * x * x, 3)], 0.28, 1)
            for x in np.linspace(-2.0, 2.0, 8)
        ],
    ]


def _add_spine(
    path: FloatImage, plane: Plane, child: Child, settings: PhantomSettings, view: View
) -> None:
    """Add vertebral bodies with their end plates, pedicles, processes, in place."""
    tubes = []
    rng = stream(settings.seed, CHILD + 15)
    weight_of_spine = rng.uniform(0.13, 0.2)
    for number in range(-6, 16):
        y = (number - 0.3 + rng.normal(0, 0.03)) * child.rib_pitch_cm
        size = (0.92 + 0.022 * number) * rng.normal(1.0, 0.025)
        depth = float(child.cavity.depths(max(y, 3.0)))
        middle = np.array([0.0, y, -0.72 * depth])
        radii = np.array([1.12 * size, rng.uniform(0.4, 0.44) * child.rib_pitch_cm, 0.85 * size])
        centre = view.place(middle)
        for shrink, weight in ((0.0, CORTEX), (0.07, SPONGY - CORTEX)):
            box, chord = cross_box(plane, centre, radii - shrink, (2.6, 6.0))
            path[box] += np.float32(weight_of_spine * weight) * chord
        back = middle + offset(0, -0.05, -1.0 * size)
        for side in (-1, 1):
            pedicle = back + offset(side * 0.8 * size, -0.12, 0.35)
            tubes.append(
                bend([pedicle - offset(0, 0, 0.35), pedicle + offset(0, 0, 0.35)], 0.19, 1)
            )
            out = back + offset(side * 1.6 * size, -0.05, -0.5)
            tubes.append(bend([pedicle, out], [0.24, 0.18], 3))
            # Joints between the arches bridge the spaces between the bodies.
            joint = back + offset(side * 0.72 * size, 0.5 * child.rib_pitch_cm, 0.0)
            tubes.append(bend([pedicle, joint], [0.26, 0.3], 2))
            tubes.append(bend([joint, pedicle + offset(0, child.rib_pitch_cm, 0)], [0.3, 0.26], 2))
        tubes.append(
            bend([back + offset(0, 0, -0.4), back + offset(0, 0.75, -1.2)], [0.2, 0.14], 3)
        )
    path += np.float32(weight_of_spine) * _shells(plane, tubes, view, 0.1)
