"""What is wrong in the lungs: where fluid takes the place of air, and how much of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.domain.arrays import FloatImage
from core.phantom.anatomy import Child, LungRays
from core.phantom.geometry import (
    Interval,
    Plane,
    Vector,
    View,
    cross_ellipsoid,
    ease,
    free_path,
    tilt,
)
from core.phantom.settings import LESION, FindingName, PhantomSettings, stream
from core.phantom.texture import smooth_noise
from core.phantom.tubes import Tube, tube_paths
from core.phantom.vessels import Trees, grow_airways, hilum_of

LESION_LIMIT_CM = 0.15
"""Least addition to the beam's path, in cm of water, that belongs to a lesion's mask."""

CORE_SHARE, CORE_GRAIN_CM = 0.3, 0.3
"""Of what the lesion adds at its thickest, the least that belongs to its core; and the deviation of
the Gaussian over which that is taken, for nobody outlines a net thread by thread."""

Lesion = Callable[[Plane, Child, PhantomSettings, View, LungRays, Trees], FloatImage]

LOBES = {
    "right": (("upper", 0.27, 1.3), ("middle", 0.58, 1.5), ("lower", 0.66, -1.6)),
    "left": (("upper", 0.34, 1.0), ("lower", 0.64, -1.6), ("lower", 0.7, -1.2)),
}
"""Height of each lobe's middle over the lungs', and its depth in cm."""

MINOR_FISSURE = 0.43

MOST_AIR = 0.7
"""Of the fluid on a ray, the share that an airway may take the place of."""


def fluid_path(
    plane: Plane,
    child: Child,
    settings: PhantomSettings,
    view: View,
    rays: LungRays,
    trees: Trees,
) -> FloatImage:
    """Return how much of each ray's path through lung is fluid instead, (N,) in cm."""
    if settings.finding == "normal":
        return np.zeros_like(rays.free)
    fluid = _LESIONS[settings.finding](plane, child, settings, view, rays, trees)
    return np.clip(fluid, 0, rays.free)


def core_of(lesion: FloatImage, pixel_cm: float) -> npt.NDArray[np.bool_]:
    """Return where a lesion stands out: the part that a reader would outline.

    Parameters
    ----------
    lesion : (H, W) float32 ndarray
        What it adds to the beam's path, in cm of water.
    """
    mask = lesion >= LESION_LIMIT_CM
    if not mask.any():
        return mask
    smooth = ndimage.gaussian_filter(lesion, CORE_GRAIN_CM / pixel_cm, truncate=3)
    core: npt.NDArray[np.bool_] = smooth >= CORE_SHARE * float(np.percentile(smooth[mask], 98))
    return mask & core


def _sides(settings: PhantomSettings) -> tuple[int, ...]:
    return {"right": (-1,), "left": (1,), "both": (-1, 1)}[settings.side]


def _beside(rays: LungRays, settings: PhantomSettings) -> FloatImage:
    """Return 1 on the lesion's sides and 0 on the other, going softly over beside the midline."""
    aside = ease((np.abs(rays.x) - np.float32(0.4)) / np.float32(2.4))
    chosen: FloatImage = aside * np.isin(np.sign(rays.x), _sides(settings))
    return chosen


def _within(rays: LungRays, lesion: Interval) -> FloatImage:
    """Return the path through the part of a solid that lies in lung."""
    return rays.free - free_path(rays.cavity, [*rays.solids, lesion])


def _warped(
    plane: Plane, rays: LungRays, grain_cm: float, by_cm: float, rng: np.random.Generator
) -> tuple[FloatImage, FloatImage]:
    """Return the rays' places moved a little, so that what is drawn there has ragged edges."""
    down, across = smooth_noise(plane, grain_cm, rng), smooth_noise(plane, grain_cm, rng)
    shift = np.float32(by_cm)
    return rays.x + shift * across[rays.where], rays.y + shift * down[rays.where]


def _lobar(
    plane: Plane,
    child: Child,
    settings: PhantomSettings,
    view: View,
    rays: LungRays,
    trees: Trees,
) -> FloatImage:
    """Fill most of one lobe; the larger airways in it keep their air."""
    rng = stream(settings.seed, LESION + 30)
    side = _sides(settings)[int(rng.integers(len(_sides(settings))))]
    lobes = LOBES["right" if side < 0 else "left"]
    name, height, depth = lobes[int(rng.integers(len(lobes)))]
    size = 2.9 + 1.8 * settings.severity
    centre = (
        side * (0.5 * child.chest_cm + rng.normal(0, 0.3)),
        height * child.lung_cm + rng.normal(0, 0.4),
        depth,
    )
    x, y = _warped(plane, rays, 1.1, 0.28, rng)
    radii = (size * rng.uniform(0.8, 1.1), size * rng.uniform(0.75, 1.0), size)
    solid = cross_ellipsoid(x, y, centre, radii, view, tilt(rng.uniform(-30, 30)))
    if side < 0 and name != "lower":
        solid = _cut_at_fissure(solid, y, MINOR_FISSURE * child.lung_cm, below=name == "middle")
    depth_share = solid.chord / np.float32(2 * radii[2])
    density = np.float32(0.85 + 0.15 * settings.severity) * ease(2.1 * depth_share)
    grainy = 1 + np.float32(0.07) * smooth_noise(plane, 0.7, rng)[rays.where]
    fluid = _within(rays, solid) * density * grainy
    airways = _airways_of_lobe(child, settings, side, np.array(centre))
    air = tube_paths(plane, [*airways, *trees.bronchi], view)[rays.where]
    left: FloatImage = fluid - np.minimum(air, np.float32(MOST_AIR) * fluid)
    return left


def _airways_of_lobe(
    child: Child, settings: PhantomSettings, side: int, centre: Vector
) -> list[Tube]:
    """Grow two segments of airways into a lobe; full of air, they stand out against the fluid."""
    rng = stream(settings.seed, LESION + 34)
    hilum = hilum_of(child, side)
    start = hilum + 0.25 * (centre - hilum)
    grown: list[Tube] = []
    for _ in range(2):
        begin, aim = start + rng.normal(0, 0.35, 3), centre + rng.normal(0, 1.0, 3)
        grown += grow_airways(child, rng, begin, aim, rng.uniform(0.22, 0.29))
    return grown


def _cut_at_fissure(solid: Interval, y: FloatImage, level: float, *, below: bool) -> Interval:
    """Keep what lies on one side of the minor fissure, which rises a little to the front."""
    edge = (y - np.float32(level)) / np.float32(0.35)  # depth at which the ray meets the fissure
    if below:
        return Interval(np.maximum(solid.near, np.minimum(-edge, solid.far)), solid.far)
    return Interval(solid.near, np.minimum(solid.far, np.maximum(-edge, solid.near)))


def _patchy(
    plane: Plane,
    child: Child,
    settings: PhantomSettings,
    view: View,
    rays: LungRays,
    _trees: Trees,
) -> FloatImage:
    """Scatter ill-defined patches that run together, more of them low and near the hilum."""
    rng = stream(settings.seed, LESION + 31)
    x, y = _warped(plane, rays, 0.7, 0.3, rng)
    fluid = np.zeros_like(rays.free)
    for _ in range(int(8 + 12 * settings.severity)):
        side = _sides(settings)[int(rng.integers(len(_sides(settings))))]
        height = child.lung_cm * rng.triangular(0.2, 0.62, 0.88)
        inner, wall = 2.4, 0.9 * float(child.cavity.widths(height))
        centre = (side * rng.triangular(inner, inner + 0.8, wall), height, rng.normal(0, 1.8))
        radii = rng.uniform(0.7, 1.3 + 0.9 * settings.severity) * rng.uniform(0.8, 1.25, 3)
        solid = cross_ellipsoid(x, y, centre, radii, view)
        share = solid.chord / np.float32(2 * radii[2])
        weight = np.float32(rng.uniform(0.4, 0.75)) * ease(share)
        fluid += solid.chord * weight
    within = rays.free / np.maximum(rays.cavity.chord, np.float32(1e-3))
    grainy = 1 + np.float32(0.1) * smooth_noise(plane, 0.6, rng)[rays.where]
    patches: FloatImage = rays.free * (1 - np.exp(-1.3 * fluid * within * grainy / (rays.free + 1)))
    return patches


def _interstitial(
    plane: Plane,
    child: Child,
    settings: PhantomSettings,
    view: View,
    rays: LungRays,
    trees: Trees,
) -> FloatImage:
    """Thicken the sleeves of the airways and the fine net between them, most near the hila."""
    rng = stream(settings.seed, LESION + 32)
    sleeves = tube_paths(plane, [b.widened(1.6) for b in trees.bronchi], view)
    sleeves -= tube_paths(plane, [b.widened(0.8) for b in trees.bronchi], view)
    net = np.zeros(plane.shape, np.float32)
    for grain_cm in (0.4, 0.5, 0.6, 0.8):
        net += np.exp(-((smooth_noise(plane, grain_cm, rng) / np.float32(0.22)) ** 2))
    hila = np.hypot((np.abs(rays.x) - 2.8) / 1.2, rays.y - 0.45 * child.lung_cm)
    near = np.exp(-((hila / np.float32(0.5 * child.lung_cm)) ** 2))
    wide = np.exp(-((hila / np.float32(0.95 * child.lung_cm)) ** 2))
    cloud = ease(0.6 + 0.35 * smooth_noise(plane, 2.5, rng)[rays.where])
    haze = np.float32(0.26 * (0.5 + settings.severity)) * rays.free * near * cloud
    lines = net[rays.where] * np.float32(0.07) * rays.free * wide * cloud
    strength = np.float32(1.0 + 0.8 * settings.severity)
    fluid: FloatImage = strength * (sleeves[rays.where] * near + lines) + haze
    return fluid * _beside(rays, settings)


def _effusion(
    _plane: Plane,
    child: Child,
    settings: PhantomSettings,
    view: View,
    rays: LungRays,
    _trees: Trees,
) -> FloatImage:
    """Press the lung away from its wall, the more the lower: the beam makes the meniscus of it."""
    rng = stream(settings.seed, LESION + 33)
    # Of two sides one has more.
    own = {side: child.lung_cm * max(0.0, rng.normal(0.0, 0.1)) for side in (-1, 1)}
    own[_sides(settings)[int(rng.integers(len(_sides(settings))))]] = 0.0
    level = child.lung_cm * (0.93 - 0.42 * settings.severity + rng.normal(0, 0.02))
    levels = np.where(rays.x < 0, np.float32(level + own[-1]), np.float32(level + own[1]))
    depth = (rays.y - levels) / np.float32(rng.uniform(1.1, 1.6))
    layer = np.minimum(np.float32(0.45) * np.exp(np.minimum(depth, 4)), 6)
    layer = np.where(layer < 0.04, 0, layer - np.float32(0.04))
    beside = _beside(rays, settings)
    layer = layer * beside
    inner = child.cavity.cross(rays.x, rays.y, view, np.maximum(layer, 0))
    near = np.clip(inner.near, rays.cavity.near, rays.cavity.far)
    pressed = Interval(near, np.clip(inner.far, near, rays.cavity.far))
    left = free_path(pressed, rays.solids)
    # What is left of the lower lobe is pressed together: the nearer to the fluid, the denser.
    collapsed = np.float32(0.5 * settings.severity) * left * ease((depth + 3.0) / 5.0)
    collapsed *= beside
    fluid: FloatImage = rays.free - left + collapsed
    return fluid


_LESIONS: dict[FindingName, Lesion] = {
    "lobar": _lobar,
    "patchy": _patchy,
    "interstitial": _interstitial,
    "effusion": _effusion,
}
