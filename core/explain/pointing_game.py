"""How well an explanation points at a lesion whose place is known, and a run's kept rates of it.

Any explanation can be scored that is a map of weights on the film: what speaks for the finding is
above 0, what speaks against it below.

References
----------
.. [1] J. Zhang et al., Int. J. Comput. Vis. 126 (2018) 1084-1102: the pointing game.
.. [2] H. Wang et al., CVPR Workshops 2020, arXiv:1910.01279: the energy inside the lesion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter
from scipy import ndimage

from core.domain.arrays import FloatImage
from core.domain.rate import Rate
from core.errors import ExplanationError
from core.runs.artifacts import parse_record

Mask = npt.NDArray[np.bool_]

FAINT = 0.1
"""A weight below this share of the largest does not count as a positive region."""
EXPLANATIONS_FILE = "explanations.json"


@dataclass(frozen=True, slots=True)
class ExplanationScore:
    """One explanation compared with one lesion.

    Attributes
    ----------
    hit : bool
        The pointing game: the strongest point lies on the lesion.
    point_px : (int, int)
        Row and column of that point.
    energy_inside : float in [0, 1]
        The lesion's share of all positive weight; 0 if there is none.
    iou : float in [0, 1]
        Intersection over union of the positive regions with the lesion.
    lesion_share : float in (0, 1]
        The lesion's share of the film: the energy inside, and the chance of a hit, of a map that
        knows nothing.
    """

    hit: bool
    point_px: tuple[int, int]
    energy_inside: float
    iou: float
    lesion_share: float


def score_explanation(
    weights: FloatImage, lesion: Mask, *, tolerance_px: float = 0.0, faint: float = FAINT
) -> ExplanationScore:
    """Score a map of weights against a lesion's mask.

    Parameters
    ----------
    weights : (H, W) float ndarray
        Above 0 where the film speaks for the finding.
    lesion : (H, W) bool ndarray
        With at least one pixel.
    tolerance_px : float
        How far beside the lesion the strongest point may lie and still be a hit.
    faint : float
        Share of the largest weight below which a region does not count as positive.

    Raises
    ------
    ExplanationError
        If the shapes differ, the mask is empty or a weight is no number.
    """
    _check(weights, lesion)
    positive = np.clip(weights.astype(np.float64), 0.0, None)
    largest, total = float(positive.max()), float(positive.sum())
    share = float(lesion.mean())
    point = strongest_point(weights)
    if largest == 0.0:
        return ExplanationScore(False, point, 0.0, 0.0, share)
    away = float(ndimage.distance_transform_edt(~lesion)[point])
    marked = positive >= faint * largest if faint > 0 else positive > 0
    both, either = np.count_nonzero(marked & lesion), np.count_nonzero(marked | lesion)
    return ExplanationScore(
        hit=away <= tolerance_px,
        point_px=point,
        energy_inside=float(positive[lesion].sum()) / total,
        iou=both / either,
        lesion_share=share,
    )


def strongest_point(weights: FloatImage) -> tuple[int, int]:
    """Return row and column of the largest weight.

    Where a whole region has it, the point is the one farthest from the region's border: its
    centroid may lie outside of a bent region.

    Parameters
    ----------
    weights : (H, W) float ndarray
    """
    strongest = np.pad(weights == weights.max(), 1)
    depth = ndimage.distance_transform_edt(strongest)[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(depth)), weights.shape)
    return int(row), int(column)


def _check(weights: FloatImage, lesion: Mask) -> None:
    if weights.shape != lesion.shape or weights.ndim != 2:
        msg = (
            f"The explanation is of {weights.shape} pixels and the lesion of {lesion.shape}: bring "
            "both to the film's size."
        )
        raise ExplanationError(msg)
    if not lesion.any():
        msg = "The film has no lesion for an explanation to point at."
        raise ExplanationError(msg)
    if not np.isfinite(weights).all():
        msg = "A weight of the explanation is no number."
        raise ExplanationError(msg)


@dataclass(frozen=True, slots=True)
class PointingRates:
    """One way of explaining, over all films of a group.

    Attributes
    ----------
    points_at_lesion : Rate
        Share of films whose strongest point lies on the lesion.
    energy_inside, iou, lesion_share : Rate
        Means over the films, as in `core.explain.pointing_game`.
    """

    points_at_lesion: Rate
    energy_inside: Rate
    iou: Rate
    lesion_share: Rate


@dataclass(frozen=True, slots=True)
class ExplanationQuality:
    """A run's explanations compared with the lesions of synthetic films.

    Attributes
    ----------
    export_sha256 : str
        Of the export that was explained; another one makes the record void.
    films : str
        What the films are.
    ways : mapping of str to str
        Each way of explaining, and what it is.
    rates : mapping of str to mapping of str to PointingRates
        Group of films to way of explaining.
    """

    run_id: str
    export_sha256: str
    films: str
    ways: Mapping[str, str]
    rates: Mapping[str, Mapping[str, PointingRates]]

    def to_json(self) -> bytes:
        """Return the record as it is kept."""
        return _QUALITY.dump_json(self, indent=1) + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> ExplanationQuality:
        """Read what ``to_json`` wrote.

        Raises
        ------
        ModelIntegrity
            If the bytes are not such a record.
        """
        what = f"{EXPLANATIONS_FILE} is not a record of explanations"
        remedy = "Restore it, or run `python -m bench pointing` again."
        return parse_record(_QUALITY, content, what, remedy)


_QUALITY = TypeAdapter(ExplanationQuality)
