"""Drawn stand-ins for films: a small child's chest, and a hand that the quality gate must refuse.

Every shape is written down as geometry; no film was measured or traced. They stand where a picture
is needed and no patient's film may be shown: in the README and in tests in a browser.

Lengths are shares of the film's height, x runs from the midline to the child's left, y downwards.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

import numpy as np
from scipy import ndimage

from core.domain import FloatImage, read_only

Point = tuple[float, float]

HEIGHT_PX, WIDTH_PX = 1024, 1200

STEADY_SEEDS = (0, 1, 7, 8)
"""Children whom the served run scores clearly below its threshold, and with an opacity above."""

TISSUE, DENSE_TISSUE, AIR = 0.52, 0.12, 0.37
"""What the body adds to the beam's path, what heart and belly add, what lungs take away."""

VERTEBRA_PITCH, RIB_PITCH, FIRST_RIB, LAST_RIB = 0.066, 0.078, 0.17, 0.95
"""Distances between neighbours, and the heights between which the ribs' middles lie."""

NECK_TO_HIPS = [(0.0, 0.2), (0.05, 0.27), (0.1, 0.45), (0.15, 0.6), (0.25, 0.64), (0.33, 0.57)]
NECK_TO_HIPS += [(0.42, 0.48), (0.6, 0.465), (1.0, 0.465)]
CHEST_WALL = [(0.04, 0.09), (0.07, 0.15), (0.12, 0.21), (0.2, 0.275), (0.33, 0.335), (0.5, 0.385)]
CHEST_WALL += [(0.7, 0.415), (1.0, 0.42)]
MEDIASTINUM = [(0.0, 0.06), (0.1, 0.075), (0.2, 0.085), (0.35, 0.09), (1.0, 0.085)]
"""Outlines: height, and distance from the midline there."""


@dataclass(frozen=True, slots=True)
class _Child:
    size: float
    lean: float
    chest_wider: float
    heart_width: float
    dome_y: float
    exposure: float
    opacity_y: float
    opacity_side: float


SMALLEST = _Child(0.97, -0.03, -0.012, 0.94, 0.70, 0.94, 0.52, -1)
LARGEST = _Child(1.03, 0.03, 0.008, 1.06, 0.74, 1.06, 0.6, 1)
"""Between these two lie the children of all seeds."""


@dataclass(frozen=True, slots=True, eq=False)
class _Plane:
    x: FloatImage
    y: FloatImage

    def folded(self) -> _Plane:
        """Fold at the midline: what is drawn on one side appears on both."""
        return _Plane(np.abs(self.x), self.y)


def _make_plane(height_px: int, width_px: int, size: float, lean: float) -> _Plane:
    rows, columns = np.mgrid[:height_px, :width_px].astype(np.float32)
    y = (rows + 0.5) / height_px - 0.5
    x = ((columns + 0.5) / width_px - 0.5) * (WIDTH_PX / HEIGHT_PX)
    return _Plane(x / size + lean * y, y / size + 0.5)


def _soft_step(inside: FloatImage, softness: float) -> FloatImage:
    """Go smoothly from 0 to 1 where the signed distance ``inside`` passes through 0."""
    ramp: FloatImage = np.clip(inside / softness + 0.5, 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _join(*shapes: FloatImage) -> FloatImage:
    return np.asarray(np.maximum.reduce(shapes), np.float32)


def _outline(plane: _Plane, knots: list[Point]) -> FloatImage:
    """Return the distance inside a shape that is as wide left as right."""
    heights = np.linspace(-0.2, 1.2, 701)
    widths = np.interp(heights, [y for y, _ in knots], [x for _, x in knots])
    smooth = ndimage.gaussian_filter1d(widths, 14, mode="nearest")
    return np.asarray(np.interp(plane.y[:, :1], heights, smooth) - np.abs(plane.x), np.float32)


def _ellipse(plane: _Plane, centre: Point, radii: Point) -> FloatImage:
    """Return about the distance inside an ellipse."""
    x, y = (plane.x - centre[0]) / radii[0], (plane.y - centre[1]) / radii[1]
    return min(radii) * np.asarray(1 - np.hypot(x, y), np.float32)


def _rod(plane: _Plane, start: Point, end: Point, radii: Point) -> FloatImage:
    """Return the distance inside a rod whose radius goes from the first to the second."""
    across, down = end[0] - start[0], end[1] - start[1]
    x, y = plane.x - start[0], plane.y - start[1]
    place: FloatImage = np.clip((x * across + y * down) / (across**2 + down**2), 0, 1)
    return radii[0] + (radii[1] - radii[0]) * place - np.hypot(x - place * across, y - place * down)


def _bone(inside: FloatImage, cortex: float) -> FloatImage:
    """Draw a dense cortex around a lighter middle."""
    rim: FloatImage = np.exp(-(((inside - cortex) / cortex) ** 2))
    return 0.6 * _soft_step(inside, cortex) + 0.4 * rim


def _body(plane: _Plane) -> FloatImage:
    """Return tissue between 0 (none) and 1, thinner towards the skin."""
    arm = _rod(plane.folded(), (0.52, 0.24), (0.66, 0.85), (0.1, 0.075))
    inside = _join(_outline(plane, NECK_TO_HIPS), arm)
    depth: FloatImage = np.sqrt(np.clip(inside / 0.2, 0, 1))
    return _soft_step(inside, 0.012) * (0.45 + 0.55 * depth)


def _heart(plane: _Plane, child: _Child) -> FloatImage:
    """Return the distance inside the heart, its apex to the left, and the aortic arch."""
    apex = (0.1 * child.heart_width, 0.66)
    return _join(
        _rod(plane, (0.02, 0.4), apex, (0.085, 0.12 * child.heart_width)),
        _rod(plane, apex, (-0.02, 0.7), (0.12 * child.heart_width, 0.1)),
        _ellipse(plane, (-0.03, 0.6), (0.1 * child.heart_width, 0.17)),
        _ellipse(plane, (0.055, 0.3), (0.06, 0.07)),
    )


def _belly(plane: _Plane, child: _Child) -> FloatImage:
    """Return the distance below the diaphragm's two domes; the right one stands higher."""
    domes = []
    for middle, top in ((-0.17, child.dome_y), (0.2, child.dome_y + 0.02)):
        away: FloatImage = (plane.x - middle) ** 2
        domes.append(plane.y - top - 1.6 * away - 6 * away**2)
    return _join(*domes)


def _lungs(plane: _Plane, child: _Child) -> FloatImage:
    """Return how much air lies in the beam, in [0, 1]."""
    wall = _outline(plane, CHEST_WALL) + child.chest_wider
    apex = np.hypot(np.minimum(wall, 0.06) - 0.06, np.minimum(plane.y - 0.08, 0.06) - 0.06)
    beside = _soft_step(-_outline(plane, MEDIASTINUM), 0.025) * _soft_step(0.06 - apex, 0.014)
    above = _soft_step(-_belly(plane, child), 0.016)
    depth: FloatImage = 0.6 + 0.4 * np.clip(wall / 0.12, 0, 1)
    return beside * above * depth * (1 - 0.9 * _soft_step(_heart(plane, child), 0.02))


def _ribs(plane: _Plane, child: _Child) -> FloatImage:
    """Draw every rib at once: a loop around the chest seen from the front, repeated downwards."""
    inside = _outline(plane, CHEST_WALL) + child.chest_wider + 0.008
    across: FloatImage = np.clip(1 - inside / (inside + np.abs(plane.x)), 0, 1)
    rise: FloatImage = np.sqrt(1 - across**2)
    back = _rib_bands(plane.y + 0.12 * rise - 0.05 * across) * _soft_step(across - 0.14, 0.05)
    front = _rib_bands(plane.y - 0.17 * rise - 0.05 * across) * _soft_step(across - 0.5, 0.15)
    return _soft_step(inside, 0.006) * (back + 0.5 * front)


def _rib_bands(middle: FloatImage) -> FloatImage:
    turn = (middle - FIRST_RIB) / RIB_PITCH
    inside: FloatImage = 0.21 - np.abs(turn - np.round(turn))
    exists = _soft_step(middle - FIRST_RIB + RIB_PITCH / 2, 0.01)
    return exists * _soft_step(LAST_RIB - middle, 0.01) * _bone(inside, 0.06)


def _spine(plane: _Plane) -> FloatImage:
    """Draw vertebral bodies, the discs between them and two pedicles on each."""
    half_pitch = VERTEBRA_PITCH / 2
    local = _Plane(np.abs(plane.x), (plane.y + half_pitch) % VERTEBRA_PITCH - half_pitch)
    body = _bone(np.minimum(0.05 - local.x, 0.027 - np.abs(local.y)), 0.005)
    pedicle = _bone(_ellipse(local, (0.03, -0.006), (0.009, 0.013)), 0.004)
    return 0.3 * (body + pedicle) + 0.7 * _soft_step(0.055 - local.x, 0.014)


def _shoulders(plane: _Plane) -> FloatImage:
    """Draw clavicles, upper arms and shoulder blades."""
    half = plane.folded()
    inner = _rod(half, (0.05, 0.15), (0.22, 0.105), (0.015, 0.012))
    outer = _rod(half, (0.22, 0.105), (0.43, 0.09), (0.012, 0.015))
    head = _ellipse(half, (0.515, 0.19), (0.05, 0.055))
    shaft = _rod(half, (0.525, 0.22), (0.64, 0.8), (0.033, 0.026))
    blade = _rod(half, (0.39, 0.2), (0.4, 0.43), (0.085, 0.012))
    ridge = _rod(half, (0.34, 0.165), (0.47, 0.12), (0.006, 0.018))
    arms = 0.9 * _bone(_join(head, shaft), 0.007) + 0.45 * _bone(_join(blade, ridge), 0.006)
    return arms + _bone(_join(inner, outer), 0.005)


def _windpipe(plane: _Plane) -> FloatImage:
    trachea = _rod(plane, (0, -0.1), (-0.005, 0.3), (0.02, 0.018))
    bronchi = _rod(plane.folded(), (0, 0.3), (0.09, 0.37), (0.015, 0.01))
    return _soft_step(_join(trachea, bronchi), 0.012)


def _vessels(plane: _Plane, rng: np.random.Generator) -> FloatImage:
    """Draw vessels that fan out of each hilum, fork once, bend a little and taper."""
    x, y = np.abs(plane.x) - 0.085, plane.y - 0.4
    far: FloatImage = np.hypot(x, y)
    angle = np.arctan2(y, x) + 0.12 * _texture(far, rng, 0.07)
    between = np.where(far < 0.1, np.float32(0.45), np.float32(0.225))
    aside: FloatImage = far * np.abs(angle - between * np.round(angle / between))
    return _soft_step(0.007 * (1 - far / 0.25) - aside, 0.01)


def _texture(like: FloatImage, rng: np.random.Generator, scale: float) -> FloatImage:
    """Return smooth noise of about unit deviation whose grains are ``scale`` film heights wide."""
    step = max(1.0, scale * like.shape[0])
    coarse = rng.standard_normal([int(side / step) + 3 for side in like.shape])
    places = np.indices(like.shape, np.float32) / step + 1
    return np.asarray(ndimage.map_coordinates(coarse, places, order=3), np.float32)


def _grain(like: FloatImage, rng: np.random.Generator) -> FloatImage:
    fine = _texture(like, rng, 0.012) + _texture(like, rng, 0.002)
    return 0.011 * _texture(like, rng, 0.1) + 0.006 * fine


def _consolidation(plane: _Plane, child: _Child, rng: np.random.Generator) -> FloatImage:
    """Return the share of air that fluid replaces: a soft patch with ragged edges."""
    centre = (math.copysign(0.22, child.opacity_side), child.opacity_y)
    patch = _ellipse(plane, centre, (0.16, 0.22)) / 0.16
    return 0.9 * _soft_step(patch - 0.25 * _texture(plane.x, rng, 0.05), 1.2)


def _dense_tissue(plane: _Plane, child: _Child) -> FloatImage:
    """Draw mediastinum, heart and belly, with a little air in the stomach."""
    belly, middle = _belly(plane, child), _outline(plane, MEDIASTINUM)
    water = _soft_step(_join(_heart(plane, child), middle, belly), 0.04)
    stomach = _ellipse(plane, (0.21, child.dome_y + 0.085), (0.07, 0.035))
    return water - 0.5 * _soft_step(stomach, 0.025)


def _expose(beam: FloatImage, exposure: float) -> FloatImage:
    """Turn what the beam met into grey levels, which flatten where it met most."""
    grey = 1.03 - np.exp(-1.5 * exposure * np.clip(beam, 0, None))
    return read_only(np.asarray(np.clip(grey, 0, 1), np.float32))


def draw_phantom(
    seed: int, *, height_px: int = HEIGHT_PX, width_px: int = WIDTH_PX, opacity: bool = False
) -> FloatImage:
    """Draw a frontal chest radiograph of a small child.

    Parameters
    ----------
    seed : int
        Decides the child: the same one with and without opacity.
    height_px, width_px : int
        The drawing is stretched to them.
    opacity : bool
        True to lay a soft consolidation over one lung.

    Returns
    -------
    (height_px, width_px) float32 ndarray in [0, 1], read-only
        MONOCHROME2 sense: air dark, bone bright.
    """
    rng = np.random.default_rng(seed)
    child = _Child(*rng.uniform(astuple(SMALLEST), astuple(LARGEST)).tolist())
    plane = _make_plane(height_px, width_px, child.size, child.lean)
    air: FloatImage = AIR * _lungs(plane, child) * (1 - 0.22 * _vessels(plane, rng))
    grain = _grain(air, rng)
    if opacity:
        air *= 1 - _consolidation(plane, child, rng)
    body = _body(plane)
    ribs = _ribs(plane, child) * (1 - 0.75 * _soft_step(_belly(plane, child), 0.03))
    path = TISSUE + DENSE_TISSUE * _dense_tissue(plane, child) - 0.12 * _windpipe(plane)
    path += 0.14 * ribs + 0.16 * _spine(plane) + 0.2 * _shoulders(plane)
    return _expose(path * body - air + grain * (0.3 + body), child.exposure)


def draw_hand(seed: int) -> FloatImage:
    """Draw a hand: a radiograph of five chains of bright bones on black, and not of a chest.

    Parameters
    ----------
    seed : int
        Decides how far the fingers are spread.

    Returns
    -------
    (512, 600) float32 ndarray in [0, 1], read-only
    """
    rng = np.random.default_rng(seed)
    plane = _make_plane(512, 600, rng.uniform(0.95, 1.05), rng.uniform(-0.1, 0.1))
    flesh = [_rod(plane, (0, 0.62), (0, 1.1), (0.17, 0.13))]
    bones = [_rod(plane, (-0.05, 0.9), (-0.05, 1.1), (0.045, 0.035))]
    spread = rng.uniform(0.12, 0.2)
    for finger, reach in zip(range(-2, 3), (0.72, 0.95, 1.0, 0.94, 0.75), strict=True):
        joint, angle = (0.05 * finger, 0.82), finger * spread
        for length in (0.26, 0.18, 0.11, 0.08):
            across, up = reach * length * math.sin(angle), reach * length * math.cos(angle)
            end = (joint[0] + across, joint[1] - up)
            flesh.append(_rod(plane, joint, end, (0.045, 0.04)))
            bones += [_rod(plane, joint, end, (0.014, 0.012)), _ellipse(plane, end, (0.02, 0.02))]
            joint = end
    depth: FloatImage = np.clip(_join(*flesh), 0, 0.1)
    body = _soft_step(_join(*flesh), 0.012) * (0.3 + 7 * depth)
    return _expose(0.3 * body + 0.5 * _bone(_join(*bones), 0.005) + _grain(body, rng), 1.0)
