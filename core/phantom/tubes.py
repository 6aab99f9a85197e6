"""Tubes around curves in space: ribs, long bones, vessels, airways, wires."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from core.domain import FloatImage
from core.phantom.geometry import Plane, Vector, View, pixels_around

THINNEST_PX = 0.7
"""Radius below which a tube is drawn wider and thinner, so that it does not break into dots."""

ALONG_THE_BEAM = 1e-3
"""Least share of a cutting plane's normal along the beam, so that it cuts every ray somewhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """A tube around a curve.

    Attributes
    ----------
    points : (N, 3) ndarray
        In the child, in cm.
    radii : (N,) ndarray
        Half the width across the body's surface, or all round.
    flatness : float
        Thickness over height; a rib is a strip that stands on its edge.
    """

    points: Vector
    radii: Vector
    flatness: float = 1.0

    def shrunk(self, wall_cm: float) -> Tube:
        """Return the inside of a tube with such a wall."""
        thin = np.maximum(self.radii * self.flatness - wall_cm, 1e-3)
        tall = np.maximum(self.radii - wall_cm, 1e-3)
        return Tube(self.points, tall, float(np.mean(thin / tall)))

    def widened(self, share: float) -> Tube:
        """Return the tube with all radii multiplied."""
        return Tube(self.points, self.radii * share, self.flatness)


def bend(
    knots: npt.ArrayLike, radii: npt.ArrayLike, pieces: int = 12, flatness: float = 1.0
) -> Tube:
    """Return a tube whose axis goes smoothly through some points.

    Parameters
    ----------
    knots : (N, 3) array_like
    radii : float or (N,) array_like
        At the knots.
    """
    through = np.asarray(knots, float)
    steps = np.linalg.norm(np.diff(through, axis=0), axis=1)
    places = np.concatenate([[0.0], np.cumsum(steps)])
    along = np.linspace(0.0, places[-1], pieces + 1)
    if len(through) > 2:
        points = CubicSpline(places, through)(along)
    else:
        points = through[0] + (through[1] - through[0]) * (along / places[-1])[:, np.newaxis]
    wide = np.broadcast_to(np.asarray(radii, float), len(through))
    return Tube(points, np.interp(along, places, wide), flatness)


def tube_paths(plane: Plane, tubes: Iterable[Tube], view: View) -> FloatImage:
    """Return the path length through every tube, added up, (H, W) float32 in cm.

    A tube is a row of cylinders that are cut where neighbours meet, by the plane that halves
    their angle; so nothing is counted twice or left out at a bend.
    """
    paths = np.zeros(plane.shape, np.float32)
    for tube in tubes:
        for box, chord in _pieces(plane, tube, view):
            paths[box] += chord
    return paths


def _pieces(
    plane: Plane, tube: Tube, view: View
) -> Iterable[tuple[tuple[slice, slice], FloatImage]]:
    points = view.place(tube.points)
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    axes = steps / np.maximum(lengths, 1e-9)
    cuts = np.concatenate([axes[:1], axes[:-1] + axes[1:], axes[-1:]])
    radii = (tube.radii[:-1] + tube.radii[1:]) / 2
    tall = np.maximum(radii, THINNEST_PX * plane.pixel_cm)
    thin = np.maximum(radii * tube.flatness, THINNEST_PX * plane.pixel_cm)
    share = radii**2 * tube.flatness / (tall * thin)
    upright = _across(axes)
    frames = np.stack([upright / tall[:, None], np.cross(axes, upright) / thin[:, None]], axis=1)
    middles = (points[:-1] + points[1:]) / 2
    reaches = np.abs(steps) / 2 + np.maximum(tall, thin)[:, None]
    for place, (middle, reach) in enumerate(zip(middles, reaches, strict=True)):
        box = pixels_around(plane, middle[0], middle[1], reach[0], reach[1])
        x, y = plane.x[:, box[1]], plane.y[box[0]]
        if x.size and y.size:
            around = points[place : place + 2], cuts[place : place + 2]
            yield box, np.float32(share[place]) * _cylinder(x, y, *around, frames[place])


def _cylinder(
    x: FloatImage, y: FloatImage, ends: Vector, cuts: Vector, frame: Vector
) -> FloatImage:
    """Return the path through a cylinder with an elliptical section, cut by two planes.

    Parameters
    ----------
    x : (1, W) float32 ndarray
    y : (H, 1) float32 ndarray
    ends : (2, 3) ndarray
        Of its axis.
    cuts : (2, 3) ndarray
        Normals of the planes through the ends.
    frame : (2, 3) ndarray
        The section's axes, each divided by its radius.
    """
    u, v = (_affine(x, y, axis, ends[0]) for axis in frame)
    along = frame[:, 2].astype(np.float32)
    square = np.float32(max(float(along @ along), 1e-6))
    linear = along[0] * u + along[1] * v
    inside = linear * linear - square * (u * u + v * v - np.float32(1))
    half = np.sqrt(np.maximum(inside, 0)) / square
    middle = -linear / square
    near, far = middle - half, middle + half
    for normal, end, sense in zip(cuts, ends, (1.0, -1.0), strict=True):
        slope = sense * float(normal[2])
        slope = math.copysign(max(abs(slope), ALONG_THE_BEAM), slope)
        # Where the ray meets the plane; depths count from the first end.
        bound = _affine(x, y, normal * (-sense / slope), end) + np.float32(end[2] - ends[0][2])
        if slope > 0:
            np.maximum(near, bound, out=near)
        else:
            np.minimum(far, bound, out=far)
    chord: FloatImage = np.maximum(far - near, 0)
    chord[inside <= 0] = 0
    return chord


def _across(axes: Vector) -> Vector:
    """Return the directions at right angles to axes that are closest to the child's long axis."""
    upright = np.where(np.abs(axes[:, 1:2]) < 0.9, [[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])
    straight = upright - axes * np.sum(upright * axes, axis=1, keepdims=True)
    directions: Vector = straight / np.linalg.norm(straight, axis=1, keepdims=True)
    return directions


def _affine(x: FloatImage, y: FloatImage, slope: Vector, origin: Vector) -> FloatImage:
    a, b = np.float32(slope[0]), np.float32(slope[1])
    return (a * x - np.float32(slope[0] * origin[0])) + (b * y - np.float32(slope[1] * origin[1]))
