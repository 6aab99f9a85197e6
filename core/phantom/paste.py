"""Lays a drawn lesion on a real normal film: a real child with a lesion whose place is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.domain.arrays import FloatImage, read_only
from core.phantom.film import draw_film
from core.phantom.settings import PhantomSettings, without_lesion

DRAWN_PX = 336
"""Height of the drawn pair: half as much again as that of the public films."""

SOFT_EDGE = 0.01
"""Width over which the lesion fades out at the real lungs' edge, as a share of the film."""

LEAST_KEPT = 0.5
"""Share of a lesion's core that must fall on the real lungs for it to be the same lesion."""

LUNG = 0.5

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnLesion:
    """What a lesion changes on a synthetic film, in grey levels, and where.

    Attributes
    ----------
    change : (H, W) float32 ndarray, read-only
        The film with the lesion less the same child without it.
    core : (H, W) bool ndarray, read-only
    lungs : (H, W) bool ndarray, read-only
        Every ray that meets lung.
    well : (H, W) float32 ndarray in [0, 1], read-only
        The child without the lesion.
    """

    change: FloatImage
    core: Mask
    lungs: Mask
    well: FloatImage


@dataclass(frozen=True, slots=True, eq=False)
class PastedFilm:
    """A real film with a drawn lesion.

    Attributes
    ----------
    pixels : (H, W) float32 ndarray in [0, 1], read-only
    core : (H, W) bool ndarray, read-only
    """

    pixels: FloatImage
    core: Mask


def draw_lesion(settings: PhantomSettings) -> DrawnLesion:
    """Draw a child twice, with the lesion and without it: the same noise, the same exposure."""
    ill = draw_film(settings, height_px=DRAWN_PX)
    well = draw_film(without_lesion(settings), height_px=DRAWN_PX)
    change = read_only(ill.pixels - well.pixels)
    return DrawnLesion(change, ill.core_mask, ill.volume_mask, well.pixels)


def mirror_lesion(lesion: DrawnLesion) -> DrawnLesion:
    """Return the lesion on the other side."""
    return DrawnLesion(
        lesion.change[:, ::-1], lesion.core[:, ::-1], lesion.lungs[:, ::-1], lesion.well[:, ::-1]
    )


def paste_lesion(
    pixels: FloatImage,
    lungs: FloatImage,
    lesion: DrawnLesion,
    *,
    strength: float = 1.0,
    size: float = 1.0,
) -> PastedFilm | None:
    """Lay a lesion on a film, stretched as the drawn lungs must be to fill the real ones.

    Parameters
    ----------
    pixels : (H, W) float32 ndarray in [0, 1]
        A normal film.
    lungs : (H, W) float32 ndarray in [0, 1]
        Probability of lung on it.
    strength : float
        Of what the lesion changes, 1 as drawn.
    size : float
        Of the lesion about the lungs' corner, 1 as drawn.

    Returns
    -------
    PastedFilm or None
        None if the film has no lungs, or less than half of the core falls on them.
    """
    real = lungs >= LUNG
    if not real.any() or not lesion.lungs.any():
        return None
    rows, columns = _where(real, lesion.lungs, size)
    points = np.meshgrid(rows, columns, indexing="ij")
    change = ndimage.map_coordinates(lesion.change, points, order=1, mode="constant")
    core = ndimage.map_coordinates(lesion.core.astype(np.float32), points, order=1) >= 0.5
    kept = core & real
    if not kept.any() or kept.sum() < LEAST_KEPT * core.sum():
        return None
    edge = SOFT_EDGE * max(pixels.shape)
    soft = ndimage.gaussian_filter(real.astype(np.float32), edge)
    pasted = np.clip(pixels + strength * soft * change, 0.0, 1.0).astype(np.float32)
    return PastedFilm(read_only(pasted), read_only(kept))


def _where(real: Mask, drawn: Mask, size: float) -> list[npt.NDArray[np.floating]]:
    """Return for each row and column of the real film that of the synthetic film which it shows."""
    places = []
    for axis in (0, 1):
        (first, last), (low, high) = (_span(mask, axis) for mask in (real, drawn))
        scale = (high - low) / max(1, last - first) / size
        places.append(low + (np.arange(real.shape[axis]) - first) * scale)
    return places


def _span(mask: Mask, axis: int) -> tuple[int, int]:
    filled = np.flatnonzero(mask.any(axis=1 - axis))
    return int(filled[0]), int(filled[-1])
