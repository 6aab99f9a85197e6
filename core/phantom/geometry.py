"""Rays through solids: path lengths along the beam, written down rather than sampled.

Lengths are cm. x runs to the child's left, y downwards, z towards the tube. The beam's divergence
is taken out first: every solid is spread by the magnification at its own depth, and is then met by
rays parallel to z.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage

Vector = npt.NDArray[np.float64]
Knots = Sequence[tuple[float, float]]

TUBE_DISTANCE_CM = 110.0
"""From the focal spot to the child's middle."""

PIVOT_CM = 6.0
"""Height around which the child leans: the middle of the lungs."""


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """Where rays enter and leave a solid: two arrays of one shape, in cm; never far < near."""

    near: FloatImage
    far: FloatImage

    @property
    def chord(self) -> FloatImage:
        """Path length through the solid."""
        return self.far - self.near


@dataclass(frozen=True, slots=True)
class View:
    """How the child stands in the beam."""

    rotation_deg: float = 0.0
    lean_deg: float = 0.0

    @property
    def turn(self) -> Vector:
        """(3, 3) rotation around the child's long axis; positive brings the left side forward."""
        angle = np.deg2rad(self.rotation_deg)
        turn = np.eye(3)
        turn[0, 0] = turn[2, 2] = np.cos(angle)
        turn[0, 2], turn[2, 0] = -np.sin(angle), np.sin(angle)
        return turn

    def place(self, points: npt.ArrayLike) -> Vector:
        """Turn points (..., 3) with the child and spread them with the beam."""
        turned = np.asarray(points, float) @ self.turn.T
        turned[..., :2] *= self.magnification(turned[..., 2:])
        turned[..., 0] += self.aside(turned[..., 1])
        return turned

    def aside(self, y: npt.ArrayLike) -> Vector:
        """Return how far what lies at some heights is moved to the left by leaning."""
        moved: Vector = math.tan(math.radians(self.lean_deg)) * (np.asarray(y, float) - PIVOT_CM)
        return moved

    @staticmethod
    def magnification(depth_cm: npt.ArrayLike) -> Vector:
        """Return how much larger than at the child's middle something there appears."""
        share: Vector = TUBE_DISTANCE_CM / (TUBE_DISTANCE_CM - np.asarray(depth_cm, float))
        return share


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """The film's pixels in the plane through the child's middle.

    Attributes
    ----------
    x : (1, W) float32 ndarray
        Middle of each column, in cm.
    y : (H, 1) float32 ndarray
        Middle of each row, in cm.
    left_cm, top_cm : float
        Middle of the first column and row.
    pixel_width_cm, pixel_cm : float
        Width and height of a pixel.
    """

    x: FloatImage
    y: FloatImage
    left_cm: float
    top_cm: float
    pixel_width_cm: float
    pixel_cm: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.y.shape[0], self.x.shape[1]


def offset(x: float, y: float, z: float) -> Vector:
    """Return a step in the child, (3,), in cm."""
    return np.array((x, y, z), float)


def make_plane(field_cm: tuple[float, float, float, float], height_px: int, width_px: int) -> Plane:
    """Return the pixels of a film that shows ``field_cm``: left, top, right, bottom."""
    left, top, right, bottom = field_cm
    wide, high = (right - left) / width_px, (bottom - top) / height_px
    columns = np.arange(width_px) * wide + left + wide / 2
    rows = np.arange(height_px) * high + top + high / 2
    return Plane(
        x=columns[np.newaxis].astype(np.float32),
        y=rows[:, np.newaxis].astype(np.float32),
        left_cm=left + wide / 2,
        top_cm=top + high / 2,
        pixel_width_cm=wide,
        pixel_cm=high,
    )


def ease(values: FloatImage) -> FloatImage:
    """Go smoothly from 0 at 0 to 1 at 1."""
    ramp: FloatImage = np.clip(values, 0.0, 1.0)
    return ramp * ramp * (3.0 - 2.0 * ramp)


def tilt(degrees: float) -> Vector:
    """Return the (3, 3) rotation around the beam that brings x towards y."""
    angle = np.deg2rad(degrees)
    matrix = np.eye(3)
    matrix[0, 0] = matrix[1, 1] = np.cos(angle)
    matrix[0, 1], matrix[1, 0] = -np.sin(angle), np.sin(angle)
    return matrix


def cross_ellipsoid(
    x: FloatImage,
    y: FloatImage,
    centre: npt.ArrayLike,
    radii: npt.ArrayLike,
    view: View | None = None,
    axes: Vector | None = None,
) -> Interval:
    """Return where rays cross an ellipsoid.

    Parameters
    ----------
    x, y : float32 ndarrays that broadcast
        Of the rays.
    centre, radii : (3,) array_like
        In the child.
    view : View, optional
        How the child stands; straight and without divergence if left out.
    axes : (3, 3) ndarray, optional
        Its columns are the ellipsoid's axes in the child.
    """
    frame = np.eye(3) if axes is None else axes
    middle, sizes = np.asarray(centre, float), np.asarray(radii, float)
    if view is not None:
        turned = view.turn @ middle
        sizes = sizes * view.magnification(turned[2])
        middle, frame = view.place(middle), view.turn @ frame
    form = (frame / sizes**2) @ frame.T
    u, v = x - np.float32(middle[0]), y - np.float32(middle[1])
    linear = np.float32(form[0, 2]) * u + np.float32(form[1, 2]) * v
    flat = np.float32(form[0, 0]) * u * u + np.float32(2 * form[0, 1]) * u * v
    rest = flat + np.float32(form[1, 1]) * v * v - np.float32(1)
    return _solve(linear, rest, form[2, 2], middle[2])


def _solve(
    linear: FloatImage, rest: FloatImage, square: float, depth: float | FloatImage
) -> Interval:
    """Solve ``square t² + 2 linear t + rest <= 0`` for t; empty where there is no solution."""
    half = np.sqrt(np.maximum(linear * linear - np.float32(square) * rest, 0)) / np.float32(square)
    middle = depth - linear / np.float32(square)
    return Interval(np.asarray(middle - half, np.float32), np.asarray(middle + half, np.float32))


@dataclass(frozen=True, slots=True)
class Stack:
    """A solid whose every cross-section is an ellipse: a trunk, a chest cavity.

    Attributes
    ----------
    half_width, half_depth, middle_z : sequence of (y, cm)
        Knots, joined smoothly.
    """

    half_width: Knots
    half_depth: Knots
    middle_z: Knots
    middle_x: float = 0.0

    def widths(self, y: npt.ArrayLike) -> Vector:
        """Return the half width at some heights."""
        return curve(self.half_width, y)

    def depths(self, y: npt.ArrayLike) -> Vector:
        """Return the half depth at some heights."""
        return curve(self.half_depth, y)

    def middles(self, y: npt.ArrayLike) -> Vector:
        """Return the depth of the middle at some heights."""
        return curve(self.middle_z, y)

    def cross(
        self, x: FloatImage, y: FloatImage, view: View, inset: FloatImage | float = 0.0
    ) -> Interval:
        """Return where rays cross the stack, made smaller by ``inset`` cm all round."""
        # Heights repeat along a row: the knots are joined once a row where they can be.
        wide = np.maximum(self.widths(y).astype(np.float32) - inset, np.float32(1e-3))
        deep = np.maximum(self.depths(y).astype(np.float32) - inset, np.float32(1e-3))
        back = self.middles(y).astype(np.float32)
        cosine, sine = np.float32(view.turn[0, 0]), np.float32(view.turn[2, 0])
        u = x - view.aside(y).astype(np.float32) - (self.middle_x * cosine - sine * back)
        square = sine**2 / wide**2 + cosine**2 / deep**2
        linear = u * sine * cosine * (1 / wide**2 - 1 / deep**2)
        rest = u * u * (cosine**2 / wide**2 + sine**2 / deep**2) - np.float32(1)
        half = np.sqrt(np.maximum(linear * linear - square * rest, 0)) / square
        middle = cosine * back + sine * self.middle_x - linear / square
        return Interval(
            np.asarray(middle - half, np.float32), np.asarray(middle + half, np.float32)
        )


def curve(knots: Knots, places: npt.ArrayLike) -> Vector:
    """Join knots by straight lines whose corners are rounded over 0.6 cm."""
    heights, rounded = _rounded(tuple(knots))
    return np.asarray(np.interp(np.asarray(places, float), heights, rounded))


@lru_cache(maxsize=32)
def _rounded(knots: tuple[tuple[float, float], ...]) -> tuple[Vector, Vector]:
    heights = np.linspace(-20.0, 40.0, 1201)
    values = np.interp(heights, [place for place, _ in knots], [value for _, value in knots])
    kernel = np.hanning(13)
    padded = np.pad(values, 6, mode="edge")
    return heights, np.convolve(padded, kernel / kernel.sum(), "valid")


def cross_box(
    plane: Plane, centre: Vector, radii: npt.ArrayLike, powers: tuple[float, float] = (4.0, 4.0)
) -> tuple[tuple[slice, slice], FloatImage]:
    """Return the path through a rounded block, |x/a|^p + |y/b|^q + (z/c)² <= 1, and its pixels.

    Parameters
    ----------
    centre : (3,) ndarray
        As the view places it.
    powers : (float, float)
        p and q: 2 is round, more is squarer.
    """
    a, b, c = np.asarray(radii, float)
    box = pixels_around(plane, float(centre[0]), float(centre[1]), a, b)
    x = np.abs(plane.x[:, box[1]] - np.float32(centre[0])) / np.float32(a)
    y = np.abs(plane.y[box[0]] - np.float32(centre[1])) / np.float32(b)
    return box, np.float32(2 * c) * np.sqrt(np.maximum(1 - x ** powers[0] - y ** powers[1], 0))


def pixels_around(
    plane: Plane, x: float, y: float, half_width: float, half_height: float
) -> tuple[slice, slice]:
    """Return the rows and columns of a rectangle around a place on the film; it may be empty."""
    rows, columns = plane.shape
    down = _span(y - plane.top_cm, half_height, plane.pixel_cm, rows)
    return down, _span(x - plane.left_cm, half_width, plane.pixel_width_cm, columns)


def _span(at: float, half: float, step: float, count: int) -> slice:
    start, stop = math.ceil((at - half) / step), math.floor((at + half) / step) + 1
    return slice(min(max(start, 0), count), min(max(stop, 0), count))


def free_path(cavity: Interval, solids: list[Interval]) -> FloatImage:
    """Return how much of a cavity's path the union of solids leaves free.

    Parameters
    ----------
    cavity, solids : Interval of (N,) arrays
    """
    near = np.stack([np.clip(solid.near, cavity.near, cavity.far) for solid in solids])
    far = np.stack([np.clip(solid.far, cavity.near, cavity.far) for solid in solids])
    order = np.argsort(near, axis=0)
    near, far = np.take_along_axis(near, order, 0), np.take_along_axis(far, order, 0)
    reached, filled = cavity.near.copy(), np.zeros_like(cavity.near)
    for start, stop in zip(near, far, strict=True):
        filled += np.maximum(stop - np.maximum(start, reached), 0)
        np.maximum(reached, stop, out=reached)
    # Rounding may fill a little more than there is.
    free: FloatImage = np.maximum(cavity.chord - filled, 0)
    return free
