"""Where a trainee says the lesion is, and whether that is so.

A point hits if it lies in the lesion's mask or in a radiologist's box. A box hits if it overlaps a
box, or the box around one connected part of the mask, with an intersection over union of at least
0.25: that of a centred box with twice the lesion's width and height. A smaller box inside a large
lesion points like a point does: it hits if at least half of it lies in the mask or in a box.

A pneumonia may have several foci: connected parts of the mask, or boxes. A focus is found if a mark
hits it. Parts smaller than a tenth of the largest are fragments of an outline, and no foci.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.domain.mark import Mark

BOX_HIT_IOU = 0.25
BOX_HIT_INSIDE = 0.5
LEAST_FOCUS = 0.1
"""Of the largest part's pixels: the smallest part that counts as a focus."""

Mask = npt.NDArray[np.bool_]
_SIDE_BY_SIDE = np.ones((3, 3))
"""Pixels that touch with a corner belong together."""


@dataclass(frozen=True, slots=True)
class MarkScore:
    """What became of a read's marks.

    Attributes
    ----------
    known : bool
        False for a film with pneumonia whose lesion nobody has outlined: nothing is scored then.
    ill : bool
        Whether there is a lesion to find.
    hits, misses : int
        Marks; each mark on a normal film is a miss.
    iou : float or None
        The best overlap of a box; None without a box or a lesion.
    foci, foci_found : int
        Parts of the lesion, and those that a mark hits; 0 parts in reads of earlier versions.
    """

    known: bool
    ill: bool
    hits: int = 0
    misses: int = 0
    iou: float | None = None
    foci: int = 0
    foci_found: int = 0

    @property
    def found(self) -> bool | None:
        """Whether every focus was marked; None where there is none, or none that is known."""
        if not (self.known and self.ill):
            return None
        return self.foci_found == self.foci if self.foci else self.hits > 0

    @property
    def counted_foci(self) -> tuple[int, int]:
        """How many foci were marked, of how many: of an earlier read the lesion as a whole."""
        if self.found is None:
            return 0, 0
        return (self.foci_found, self.foci) if self.foci else (int(self.found), 1)


@dataclass(frozen=True, slots=True, eq=False)
class LesionTruth:
    """Where the lesion is: a (H, W) mask, or radiologists' boxes; neither where it is not known."""

    mask: Mask | None = None
    boxes: tuple[Mark, ...] = ()

    @property
    def known(self) -> bool:
        """True if somebody has said where the lesion is."""
        return bool(self.boxes) or (self.mask is not None and bool(self.mask.any()))


def score_marks(marks: Sequence[Mark], truth: LesionTruth, *, ill: bool) -> MarkScore:
    """Count which marks hit the lesion.

    Parameters
    ----------
    ill : bool
        By the reference standard; on a normal film every mark is a miss.
    """
    if not ill:
        return MarkScore(known=True, ill=False, misses=len(marks))
    if not truth.known:
        return MarkScore(known=False, ill=True)
    boxes = (*truth.boxes, *(() if truth.mask is None else boxes_of(truth.mask)))
    drawn = [mark for mark in marks if not mark.is_point]
    overlaps = [max(box_iou(mark, box) for box in boxes) for mark in drawn]
    hits = sum(_hits(mark, truth, boxes) for mark in marks)
    foci = foci_of(truth)
    found = foci_found(marks, foci)
    best = max(overlaps, default=None)
    return MarkScore(True, True, hits, len(marks) - hits, best, len(foci), found)


def _hits(mark: Mark, truth: LesionTruth, boxes: Sequence[Mark]) -> bool:
    if mark.is_point:
        return point_hits(mark, truth)
    overlap = max(box_iou(mark, box) for box in boxes)
    return overlap >= BOX_HIT_IOU or share_inside(mark, truth) >= BOX_HIT_INSIDE


Foci = tuple[tuple[LesionTruth, Mark], ...]


def foci_found(marks: Sequence[Mark], foci: Foci) -> int:
    """Return how many parts of a lesion, as `foci_of` gives them, a mark hits."""
    return sum(any(_hits(mark, focus, (box,)) for mark in marks) for focus, box in foci)


def foci_of(truth: LesionTruth) -> Foci:
    """Return each part of a lesion as a truth of its own, with the box around it."""
    foci = [(LesionTruth(boxes=(box,)), box) for box in truth.boxes]
    if truth.mask is not None and truth.mask.any():
        parts, counted = _counted_parts(truth.mask)
        boxes = boxes_of(truth.mask)
        foci += [(LesionTruth(parts == part), boxes[part - 1]) for part in counted]
    return tuple(foci)


def without_fragments(mask: Mask) -> Mask:
    """Return a (H, W) mask without the parts that are too small to be foci."""
    if not mask.any():
        return mask
    parts, counted = _counted_parts(mask)
    return np.isin(parts, counted)


def _counted_parts(mask: Mask) -> tuple[npt.NDArray[np.int32], list[int]]:
    """Return the number of each pixel's part, from 1, and the numbers of the foci."""
    parts, number = ndimage.label(mask, structure=_SIDE_BY_SIDE)
    pixels = np.bincount(parts.ravel(), minlength=number + 1)[1:]
    return parts, (1 + np.flatnonzero(pixels >= LEAST_FOCUS * pixels.max())).tolist()


def share_inside(mark: Mark, truth: LesionTruth) -> float:
    """Return how much of a box lies in the mask, by pixels, or in one of the boxes, by area."""
    shares = [_shared_area(mark, box) / _area(mark) for box in truth.boxes]
    if truth.mask is not None:
        height, width = truth.mask.shape
        rows = slice(int(mark.top * height), math.ceil(mark.bottom * height))
        columns = slice(int(mark.left * width), math.ceil(mark.right * width))
        shares.append(float(truth.mask[rows, columns].mean()))
    return max(shares, default=0.0)


def point_hits(point: Mark, truth: LesionTruth) -> bool:
    """Return whether a point lies in the mask or in a box."""
    x, y = point.left, point.top
    if any(box.left <= x <= box.right and box.top <= y <= box.bottom for box in truth.boxes):
        return True
    if truth.mask is None:
        return False
    height, width = truth.mask.shape
    return bool(truth.mask[min(int(y * height), height - 1), min(int(x * width), width - 1)])


def box_iou(one: Mark, other: Mark) -> float:
    """Return the intersection of two boxes over their union; 0 if neither has an area."""
    shared = _shared_area(one, other)
    union = _area(one) + _area(other) - shared
    return shared / union if union > 0.0 else 0.0


def _shared_area(one: Mark, other: Mark) -> float:
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0.0, across) * max(0.0, down)


def _area(box: Mark) -> float:
    return (box.right - box.left) * (box.bottom - box.top)


def boxes_of(mask: Mask) -> tuple[Mark, ...]:
    """Return the box around each connected part of a (H, W) mask."""
    height, width = mask.shape
    parts, _ = ndimage.label(mask, structure=_SIDE_BY_SIDE)
    return tuple(
        Mark(columns.start / width, rows.start / height, columns.stop / width, rows.stop / height)
        for rows, columns in ndimage.find_objects(parts)
    )
