"""Tubes around curves in space: ribs, long bones, vessels, airways, wires."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from core.domain.arrays import FloatImage
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
    for box, chord in _pieces(plane, list(tubes), view):
        paths[box] += chord
    return paths


def _pieces(
    plane: Plane, tubes: list[Tube], view: View
) -> Iterator[tuple[tuple[slice, slice], FloatImage]]:
    if not tubes:
        return
    counts = [len(tube.points) for tube in tubes]
    points = view.place(np.concatenate([tube.points for tube in tubes]))
    first = np.delete(np.arange(len(points)), np.cumsum(counts) - 1)
    ends = np.stack([points[first], points[first + 1]], axis=1)
    steps = ends[:, 1] - ends[:, 0]
    axes = steps / np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-9)
    cuts = np.zeros_like(points)
    cuts[first] += axes
    cuts[first + 1] += axes
    radii = np.concatenate([tube.radii for tube in tubes])
    radii = (radii[first] + radii[first + 1]) / 2
    flatness = np.repeat([tube.flatness for tube in tubes], counts)[first]
    tall = np.maximum(radii, THINNEST_PX * plane.pixel_cm)
    thin = np.maximum(radii * flatness, THINNEST_PX * plane.pixel_cm)
    shares = (radii**2 * flatness / (tall * thin)).tolist()
    upright = _across(axes)
    frames = np.stack([upright / tall[:, None], np.cross(axes, upright) / thin[:, None]], axis=1)
    normals = np.stack([cuts[first], cuts[first + 1]], axis=1)
    planes, alongs = _planes(ends, frames, normals).tolist(), frames[:, :, 2].tolist()
    # The piece lies above its first cutting plane, seen along z, and below its second.
    rising = ((normals[:, :, 2] >= 0) == [True, False]).tolist()
    reaches = (np.abs(steps) / 2 + np.maximum(tall, thin)[:, None]).tolist()
    for place, (x_cm, y_cm, _) in enumerate(ends.mean(axis=1).tolist()):
        box = pixels_around(plane, x_cm, y_cm, *reaches[place][:2])
        x, y = plane.x[:, box[1]], plane.y[box[0]]
        if x.size and y.size:
            yield box, shares[place] * _cylinder(x, y, planes[place], alongs[place], rising[place])


def _planes(ends: Vector, frames: Vector, cuts: Vector) -> Vector:
    """Return linear functions of x and y, (N, 4, 3) as their slopes and constants.

    The first two are the ray's places along the section's axes, at the depth of the first end;
    the others are the depths, from there, at which it meets the two cutting planes.
    """
    depth = cuts[:, :, 2]
    steep = np.where(depth < 0, -1.0, 1.0) * np.maximum(np.abs(depth), ALONG_THE_BEAM)
    slopes = np.concatenate([frames[:, :, :2], -cuts[:, :, :2] / steep[:, :, None]], axis=1)
    origins = ends[:, [0, 0, 0, 1]]
    constants = -np.sum(slopes * origins[:, :, :2], axis=2)
    constants[:, 3] += ends[:, 1, 2] - ends[:, 0, 2]
    return np.concatenate([slopes, constants[:, :, None]], axis=2)


def _cylinder(
    x: FloatImage,
    y: FloatImage,
    planes: list[list[float]],
    along: list[float],
    rising: list[bool],
) -> FloatImage:
    """Return the path through a cylinder with an elliptical section, cut by two planes.

    Parameters
    ----------
    x : (1, W) float32 ndarray
    y : (H, 1) float32 ndarray
    planes : 4 lists of 3
        What ``_planes`` says of this piece.
    along : list of 2
        How much the ray's places on the section change with depth.
    rising : list of 2
        Whether the piece lies beyond each cutting plane, seen along the beam's axis z.
    """
    u, v, *bounds = ((a * x + c) + b * y for a, b, c in planes)
    square = max(along[0] * along[0] + along[1] * along[1], 1e-6)
    linear = along[0] * u + along[1] * v
    inside = linear * linear - square * (u * u + v * v - 1)
    half = np.sqrt(np.maximum(inside, 0)) / square
    middle = linear / -square
    near, far = middle - half, middle + half
    for bound, beyond in zip(bounds, rising, strict=True):
        if beyond:
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
