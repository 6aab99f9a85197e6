"""Where a lesion may be drawn: in a zone of the lungs, or in soft tissue beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.domain.arrays import FloatImage, read_only
from core.explain.zones import LUNG_PROBABILITY, zone_masks
from core.implants.lesion import Depth, LesionShape, Scale, shape_lesion

DEEP = 0.6
"""Of the depth of a zone's deepest point: a lesion's middle lies at least so deep inside."""

ROOM = 0.35
"""Of its diameter, how far a lesion's middle lies inside of soft tissue; it ends at the edge."""

BODY = 0.15
"""Grey of the stretched film that tissue has at least: what is darker is air or a margin."""

MARGIN_PX_SHARE = 0.02
"""Share of the film's height that stays free between a lesion in soft tissue and the lungs."""

CORNER = (0.92, 0.45)
"""From this row down and up to this column, as shares of the film, stands the mark."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class HostFilm:
    """A normal film that lesions are drawn into.

    Attributes
    ----------
    pixels : (H, W) float32 ndarray in [0, 1], read-only
    lungs : (H, W) float32 ndarray in [0, 1], read-only
        Probability of lung.
    zones : dict of str to (H, W) bool ndarray
        Of `core.explain.zones.zone_masks`; empty unless both lungs are found.
    """

    film_id: str
    pixels: FloatImage
    lungs: FloatImage
    zones: dict[str, Mask]

    @classmethod
    def of(cls, film_id: str, pixels: FloatImage, lungs: FloatImage) -> HostFilm:
        """Return a film with the zones of its lungs."""
        return cls(film_id, read_only(pixels), read_only(lungs), zone_masks(lungs))

    @property
    def scale(self) -> Scale:
        """The size of its pixels."""
        return Scale.of_lungs(self.lungs >= LUNG_PROBABILITY)


def lesion_in_zone(film: HostFilm, zone: str, shape: LesionShape) -> Depth:
    """Return a lesion whose middle lies deep in a zone; the seed of its shape chooses where."""
    inside = _depth_cm(film.zones[zone], film.scale)
    places = np.argwhere(inside >= DEEP * inside.max())
    within = film.lungs >= LUNG_PROBABILITY
    return _lesion_at(_choose(places, shape), film, shape, within)


def lesion_in_soft_tissue(film: HostFilm, shape: LesionShape) -> Depth | None:
    """Return the same lesion outside of the lungs; None where no place is large enough.

    Its middle lies in tissue, and it ends at the lungs, at the air around the body and at the mark.
    """
    tissue = _soft_tissue(film)
    places = np.argwhere(_depth_cm(tissue, film.scale) >= ROOM * shape.diameter_cm)
    return _lesion_at(_choose(places, shape), film, shape, tissue) if len(places) else None


def _choose(places: npt.NDArray[np.int64], shape: LesionShape) -> tuple[int, int]:
    row, column = places[np.random.default_rng([shape.seed, 71]).integers(len(places))]
    return int(row), int(column)


def _lesion_at(centre: tuple[int, int], film: HostFilm, shape: LesionShape, within: Mask) -> Depth:
    height, width = film.pixels.shape
    return shape_lesion(shape, film.scale, (height, width), centre, within)


def _depth_cm(mask: Mask, scale: Scale) -> npt.NDArray[np.float64]:
    """Return how deep each pixel lies inside of a mask; the film's edge is an edge."""
    steps = (scale.down_cm, scale.across_cm)
    depth: npt.NDArray[np.float64] = ndimage.distance_transform_edt(np.pad(mask, 1), steps)
    return depth[1:-1, 1:-1]


def _soft_tissue(film: HostFilm) -> Mask:
    low, high = np.percentile(film.pixels, [1, 99])
    dark = film.pixels < low + BODY * max(float(high - low), 1e-3)
    margin = max(1, round(MARGIN_PX_SHARE * film.pixels.shape[0]))
    lungs = ndimage.binary_dilation(film.lungs >= LUNG_PROBABILITY, iterations=margin)
    tissue: Mask = ~(ndimage.binary_opening(dark, iterations=2) | lungs)
    height, width = tissue.shape
    tissue[round(CORNER[0] * height) :, : round(CORNER[1] * width)] = False
    return tissue
