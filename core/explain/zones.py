"""Name the zones that regions of a frontal film lie in, as a radiologist does: by side and third.

Sides are the patient's: on a frontal film the right lung lies on the left of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage, LabelImage
from core.domain.findings import THIRDS

OUTSIDE = "outside the lungs"
MIDLINE = "midline"
RIGHT, LEFT = "right ", "left "

LUNG_PROBABILITY = 0.5
LEAST_LUNG = 0.25
"""A region with a smaller mean probability of lung lies outside the lungs, or between them."""

LEAST_PIECE = 0.1
"""A piece of the lungs' map below this share of its largest piece is no lung."""

SPLIT = 0.5
"""One piece holds both lungs if a column of its middle third has less lung than this share of its
fullest column."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Lung:
    """One lung: its side, its pixels, and the rows from its apex to its base."""

    side: str
    mask: Mask
    top: int
    bottom: int

    def third_of(self, region: Mask) -> str:
        """Name the third of this lung's height in which the region's lung pixels lie."""
        row = float(np.nonzero(region & self.mask)[0].mean()) + 0.5
        third = int(3 * (row - self.top) / (self.bottom - self.top))
        return self.side + THIRDS[min(third, 2)]


def name_zones(segments: LabelImage, lungs: FloatImage | None) -> tuple[str, ...]:
    """Name the zone of each region.

    Where one lung alone is found and its side cannot be told, the third stands without a side.

    Parameters
    ----------
    segments : (h, w) int32 ndarray
        Labels 0..K-1.
    lungs : (h, w) float32 ndarray in [0, 1], or None
        Probability of lung on the same grid, from `ModelInput.lungs`.

    Returns
    -------
    tuple of str
        "right upper", "right middle", "right lower", the same of the left, "midline" or "outside
        the lungs", one for each label; empty without lungs.
    """
    if lungs is None:
        return ()
    found = _find_lungs(lungs >= LUNG_PROBABILITY)
    between = _between(found)
    return tuple(
        _name_zone(segments == label, lungs, found, between)
        for label in range(int(segments.max()) + 1)
    )


def zone_masks(lungs: FloatImage) -> dict[str, Mask]:
    """Return where each zone lies, by its name: the thirds of each lung's height.

    Parameters
    ----------
    lungs : (h, w) float32 ndarray in [0, 1]
        Probability of lung.

    Returns
    -------
    dict of str to (h, w) bool ndarray
        The six zones, right ones first; empty unless both lungs are found.
    """
    found = _find_lungs(lungs >= LUNG_PROBABILITY)
    if len(found) < 2:
        return {}
    masks = {}
    for lung in found:
        rows = np.arange(lungs.shape[0])[:, np.newaxis]
        third = np.clip(3 * (rows - lung.top) // (lung.bottom - lung.top), 0, 2)
        for place, name in enumerate(THIRDS):
            masks[lung.side + name] = lung.mask & (third == place)
    return masks


def _name_zone(
    region: Mask, lungs: FloatImage, found: tuple[_Lung, ...], between: Mask | None
) -> str:
    held = [np.count_nonzero(region & lung.mask) for lung in found]
    if max(held, default=0) and float(lungs[region].mean()) >= LEAST_LUNG:
        return found[int(np.argmax(held))].third_of(region)
    if between is not None and between[region].mean() >= LUNG_PROBABILITY:
        return MIDLINE
    return OUTSIDE


def _find_lungs(lung: Mask) -> tuple[_Lung, ...]:
    """Return the patient's right lung and then the left one, as far as they are found."""
    from scipy import ndimage  # noqa: PLC0415 (pages name regions that others have found)

    pieces, _ = ndimage.label(lung)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    if not sizes.any():
        return ()
    whole = np.isin(pieces, np.flatnonzero(sizes >= LEAST_PIECE * sizes.max()))
    column = _dividing_column(whole.sum(axis=0))
    if column is None:
        return (_lung(_only_side(whole), whole),)
    columns = np.arange(whole.shape[1]) < column
    return _lung(RIGHT, whole & columns), _lung(LEFT, whole & ~columns)


def _dividing_column(filled: npt.NDArray[np.int_]) -> int | None:
    """Return the column between two lungs; None if there is one lung."""
    inside = np.flatnonzero(filled)
    first, end = int(inside[0]), int(inside[-1]) + 1
    third = (end - first) // 3
    middle = filled[first + third : end - third]
    lowest = np.flatnonzero(middle == middle.min())
    column = first + third + int(lowest[len(lowest) // 2])
    fullest = min(int(filled[first:column].max(initial=0)), int(filled[column:end].max()))
    return column if middle.min() < SPLIT * fullest else None


def _only_side(lung: Mask) -> str:
    columns = np.flatnonzero(lung.any(axis=0))
    middle = lung.shape[1] / 2
    if columns[-1] < middle:
        return RIGHT
    return LEFT if columns[0] >= middle else ""


def _lung(side: str, mask: Mask) -> _Lung:
    rows = np.flatnonzero(mask.any(axis=1))
    return _Lung(side, mask, int(rows[0]), int(rows[-1]) + 1)


def _between(found: tuple[_Lung, ...]) -> Mask | None:
    """Return what lies between two lungs' inner edges; None unless both are found.

    An edge is its median over the rows, so that what lies under a diaphragm's dome is not between.
    """
    if len(found) < 2:
        return None
    right, left = found
    columns = right.mask.shape[1]
    ends = columns - np.argmax(right.mask[:, ::-1], axis=1)
    first = int(np.median(ends[right.mask.any(axis=1)]))
    past = int(np.median(np.argmax(left.mask, axis=1)[left.mask.any(axis=1)]))
    between = np.zeros(right.mask.shape, np.bool_)
    between[min(right.top, left.top) : max(right.bottom, left.bottom), first:past] = True
    return between
