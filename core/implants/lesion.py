"""A synthetic lesion at a place of a real film: as faint, as large and where one wants it.

Two of the phantom's kinds fit into one zone: the dense focus of a lobe, and patches that run
together. Effusion and interstitial disease have no zone.

Nothing that is drawn is a patient's film any more: every film that leaves this module has the mark
of a synthetic film in its pixels, also where the opacity is zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.domain.arrays import FloatImage, read_only
from core.imaging.png import SYNTHETIC_MARK, mark_levels, marked_png
from core.language.words import Message, msg
from core.phantom.exposure import FOCAL_BLUR_CM, lengthen_path
from core.phantom.geometry import Plane, cross_ellipsoid, ease, make_plane, tilt
from core.phantom.lesions import CORE_SHARE
from core.phantom.settings import LUNG_HEIGHT_CM, LUNG_WIDTH_CM
from core.phantom.texture import smooth_noise

Kind = Literal["lobar", "patchy"]
KINDS: tuple[Kind, ...] = get_args(Kind)
KIND_WORDS: dict[Kind, Message] = {"lobar": msg("dense focus"), "patchy": msg("patches")}

NOTE = (
    "A synthetic lesion may be drawn into this film by First Read. It is a test, and shows no "
    "patient's state."
)
DIAMETER_CM = 5.0
"""Usual size: it fills most of a zone in lungs of 12.4 cm. The phantom's lobes are larger."""

FAINTEST = 0.02
"""Below this share of a lesion's greatest depth nothing is drawn: a lesion has an end."""

SOFT_EDGE_CM = 0.25
"""Width over which a lesion fades out at the edge of what holds it."""

SOFT_PATCH = 0.05
"""Share of the diameter over which patches fade: they are ill-defined."""

LESION, PATCHES = 70, 9
Mask = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class LesionShape:
    """What kind of lesion, how large, and which of many alike.

    Attributes
    ----------
    diameter_cm : float
        In lungs that are 12.4 cm high and 17.6 cm wide, as those of the phantom's child.
    """

    kind: Kind
    seed: int
    diameter_cm: float = DIAMETER_CM


@dataclass(frozen=True, slots=True)
class Scale:
    """Size of a film's pixels, from the size of its lungs; each axis by itself."""

    down_cm: float
    across_cm: float

    @classmethod
    def of_lungs(cls, lungs: Mask) -> Scale:
        """Return the scale at which the lungs have the phantom's size."""
        rows, columns = (np.flatnonzero(lungs.any(axis=axis)) for axis in (1, 0))
        high, wide = (int(each[-1] - each[0]) + 1 for each in (rows, columns))
        return cls(LUNG_HEIGHT_CM / high, LUNG_WIDTH_CM / wide)


@dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """How much of a lesion's greatest depth lies on each ray.

    Attributes
    ----------
    share : (H, W) float32 ndarray in [0, 1], read-only
        1 at the thickest place, 0 outside of the lesion.
    """

    share: FloatImage

    @property
    def mask(self) -> Mask:
        """Every pixel that the lesion can change, (H, W)."""
        return self.share > 0

    @property
    def core(self) -> Mask:
        """The part that a reader would outline, (H, W)."""
        return self.share >= CORE_SHARE


def shape_lesion(
    shape: LesionShape,
    scale: Scale,
    film_px: tuple[int, int],
    centre: tuple[int, int],
    within: Mask | None = None,
) -> Depth:
    """Return the depth of a lesion around a place of a film.

    Parameters
    ----------
    film_px : (int, int)
        Rows and columns of the film.
    centre : (int, int)
        Row and column of the lesion's middle.
    within : (H, W) bool ndarray, optional
        The lesion ends at its edge, such as the lungs'. Without it, it ends nowhere.
    """
    plane = _plane_around(scale, film_px, centre)
    rng = np.random.default_rng([shape.seed, LESION])
    depth = _focus(plane, shape, rng) if shape.kind == "lobar" else _patches(plane, shape, rng)
    soft_cm = FOCAL_BLUR_CM if shape.kind == "lobar" else SOFT_PATCH * shape.diameter_cm
    blur = (soft_cm / scale.down_cm, soft_cm / scale.across_cm)
    depth = ndimage.gaussian_filter(depth, blur, truncate=3)
    if within is not None:
        soft = (SOFT_EDGE_CM / scale.down_cm, SOFT_EDGE_CM / scale.across_cm)
        depth = depth * ndimage.gaussian_filter(within.astype(np.float32), soft)
    share = depth / max(float(depth.max()), 1e-6)
    return Depth(read_only(np.where(share < FAINTEST, 0, share).astype(np.float32)))


def _plane_around(scale: Scale, film_px: tuple[int, int], centre: tuple[int, int]) -> Plane:
    """Return the film's pixels in cm from the lesion's middle."""
    high, wide = film_px
    top, left = (-(place + 0.5) * step for place, step in zip(centre, _steps(scale), strict=True))
    field = (left, top, left + wide * scale.across_cm, top + high * scale.down_cm)
    return make_plane(field, high, wide)


def _steps(scale: Scale) -> tuple[float, float]:
    return scale.down_cm, scale.across_cm


def _ragged(plane: Plane, size: float, rng: np.random.Generator) -> tuple[FloatImage, FloatImage]:
    """Return the rays' places moved a little, as the phantom's lesions have them."""
    down, across = (smooth_noise(plane, 0.35 * size, rng) for _ in range(2))
    moved = np.float32(0.09 * size)
    return plane.x + moved * across, plane.y + moved * down


def _focus(plane: Plane, shape: LesionShape, rng: np.random.Generator) -> FloatImage:
    """Fill an ellipsoid, as the phantom fills a lobe."""
    size = shape.diameter_cm
    x, y = _ragged(plane, size, rng)
    radii = (0.5 * size * rng.uniform(0.85, 1.1), 0.5 * size * rng.uniform(0.8, 1.05), size / 2)
    solid = cross_ellipsoid(x, y, (0, 0, 0), radii, axes=tilt(rng.uniform(-30, 30)))
    share = solid.chord / np.float32(size)
    grainy = 1 + np.float32(0.07) * smooth_noise(plane, 0.7, rng)
    return np.asarray(share * ease(np.float32(2.1) * share) * grainy, np.float32)


def _patches(plane: Plane, shape: LesionShape, rng: np.random.Generator) -> FloatImage:
    """Scatter ill-defined patches that run together, as the phantom does over a lung."""
    size = shape.diameter_cm
    x, y = _ragged(plane, 0.7 * size, rng)
    fluid = np.zeros(plane.shape, np.float32)
    for _ in range(PATCHES):
        aside = 0.32 * size * np.sqrt(rng.random())
        angle = rng.uniform(0, 2 * np.pi)
        centre = (aside * np.cos(angle), aside * np.sin(angle), 0.0)
        radii = 0.25 * size * rng.uniform(0.75, 1.25, 3)
        share = cross_ellipsoid(x, y, centre, radii).chord / np.float32(2 * radii[2])
        fluid += np.float32(rng.uniform(0.4, 0.75)) * share * ease(share)
    grainy = 1 + np.float32(0.1) * smooth_noise(plane, 0.6, rng)
    return np.asarray(1 - np.exp(np.float32(-1.3) * fluid * grainy), np.float32)


def add_lesion(pixels: FloatImage, depth: Depth, opacity_cm: float) -> FloatImage:
    """Return a film with a lesion, without the mark: it must not leave the program so.

    Parameters
    ----------
    pixels : (H, W) float32 ndarray in [0, 1]
    opacity_cm : float
        What the lesion adds to the beam's path at its thickest, in cm of water; 0 adds nothing.
    """
    return lengthen_path(pixels, np.float32(opacity_cm) * depth.share)


def implant_levels(pixels: FloatImage, depth: Depth | None, opacity_cm: float) -> Levels:
    """Return a marked film's (H, W) levels of 255: those of `implant_png`, without the file."""
    ill = pixels if depth is None else add_lesion(pixels, depth, opacity_cm)
    return mark_levels(ill, SYNTHETIC_MARK)


def implant_png(pixels: FloatImage, depth: Depth | None, opacity_cm: float) -> bytes:
    """Return a film with a lesion as a PNG that says in pixels and file that it is synthetic.

    Parameters
    ----------
    depth : Depth or None
        None: the film is only marked.
    """
    ill = pixels if depth is None else add_lesion(pixels, depth, opacity_cm)
    return marked_png(ill, SYNTHETIC_MARK, NOTE)
