"""Share of the weight for pneumonia that lies in the regions a reader marked.

A region's weight is spread evenly over its pixels on the model's grid; a pixel lies in a drawn box
if its centre does. Left out are weights below the least that is shown: of a region without colour
nobody can see where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.mark import Mark
from core.domain.model import Geometry
from core.domain.regions import Explanation

Inside = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DrawnOverlap:
    """How a reader's boxes and points overlap a model's regions.

    Attributes
    ----------
    share : float or None
        Of the weight for pneumonia, in [0, 1]; None without a box or without such weight.
    area : float
        Of what the model looks at, in [0, 1]: what chance alone would put into the boxes.
    points : tuple of (int or None)
        The label of the region that each point lies in; None outside what the model looks at.
    """

    boxes: int
    share: float | None
    area: float
    points: tuple[int | None, ...]


def weigh_drawn(explanation: Explanation, marks: Sequence[Mark], least: float) -> DrawnOverlap:
    """Compare a reader's marks with the regions of an explanation.

    Parameters
    ----------
    marks : sequence of Mark
        Boxes are taken together: where two overlap, a pixel counts once.
    least : float
        The smallest weight that is shown.
    """
    boxes = [mark for mark in marks if not mark.is_point]
    inside = inside_boxes(explanation.geometry, explanation.segments.shape, boxes)
    weights = np.where(explanation.weights >= least, explanation.weights, 0.0)
    n = len(weights)
    pixels = np.bincount(explanation.segments.ravel(), minlength=n)
    within = np.bincount(explanation.segments.ravel(), inside.ravel(), minlength=n)
    total = float(weights.sum())
    held = float(np.sum(weights * within / np.maximum(pixels, 1)))
    return DrawnOverlap(
        boxes=len(boxes),
        share=held / total if boxes and total > 0.0 else None,
        area=float(inside.mean()),
        points=tuple(_region_at(explanation, mark) for mark in marks if mark.is_point),
    )


def inside_boxes(geometry: Geometry, shape: tuple[int, ...], boxes: Sequence[Mark]) -> Inside:
    """Return which pixels of a grid over what the model sees have their centre in a box.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the grid.
    """
    seen, (height, width) = geometry.looked_at, shape
    down = (seen.top_px + (np.arange(height) + 0.5) / height * seen.height_px) / (
        geometry.film_height_px
    )
    across = (seen.left_px + (np.arange(width) + 0.5) / width * seen.width_px) / (
        geometry.film_width_px
    )
    inside = np.zeros((height, width), np.bool_)
    for box in boxes:
        rows = (box.top <= down) & (down < box.bottom)
        columns = (box.left <= across) & (across < box.right)
        inside |= rows[:, np.newaxis] & columns
    return inside


def _region_at(explanation: Explanation, point: Mark) -> int | None:
    geometry, (height, width) = explanation.geometry, explanation.segments.shape
    box = geometry.looked_at
    row = (point.top * geometry.film_height_px - box.top_px) / box.height_px * height
    column = (point.left * geometry.film_width_px - box.left_px) / box.width_px * width
    if not (0.0 <= row < height and 0.0 <= column < width):
        return None
    return int(explanation.segments[int(row), int(column)])


def keep_overlap(overlap: DrawnOverlap) -> dict[str, object]:
    """Return an overlap as it is kept with the regions that were shown."""
    return {
        "drawn_boxes": overlap.boxes,
        "share_inside_drawn": overlap.share,
        "area_drawn": overlap.area,
        "drawn_points_in": list(overlap.points),
    }
