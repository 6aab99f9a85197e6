"""The strongest point of an explanation, and a run's kept rates of how well its maps point.

References
----------
.. [1] J. Zhang et al., Int. J. Comput. Vis. 126 (2018) 1084-1102: the pointing game.
.. [2] H. Wang et al., CVPR Workshops 2020, arXiv:1910.01279: the energy inside the lesion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from pydantic import TypeAdapter
from scipy import ndimage

from core.domain.arrays import FloatImage
from core.domain.rate import Rate
from core.language.words import msg
from core.runs.artifacts import parse_record

EXPLANATIONS_FILE = "explanations.json"


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


@dataclass(frozen=True, slots=True)
class PointingRates:
    """One way of explaining, over all films of a set.

    Attributes
    ----------
    points_at_lesion : Rate
        Share of films whose strongest region has its deepest point on the lesion.
    energy_inside, auc, iou : Rate
        Means over the films, as in `core.explain.localisation.Location`.
    """

    points_at_lesion: Rate
    energy_inside: Rate
    auc: Rate
    iou: Rate


@dataclass(frozen=True, slots=True)
class AgreementRates:
    """How often the shown way points at the lesion, by whether another way points there too.

    Attributes
    ----------
    agree, differ : Rate or None
        Shares of films; None where there are no such films.
    lead : Rate or None
        The first less the second, with its bootstrap interval over films.
    """

    agree: Rate | None
    differ: Rate | None
    lead: Rate | None


@dataclass(frozen=True, slots=True)
class ExplanationQuality:
    """A run's explanations compared with lesions whose place is known.

    Attributes
    ----------
    export_sha256 : str
        Of the export that was explained; another one makes the record void.
    films : mapping of str to str
        Each set of films, and what they are.
    ways : mapping of str to str
        Each way of explaining, and what it is; the first is the one that is shown.
    rates : mapping of str to mapping of str to PointingRates
        Set of films to way of explaining.
    agreement : mapping of str to AgreementRates
        Set of films to what it says that LIME agrees, by `core.explain.trust.points_alike`.
    """

    run_id: str
    export_sha256: str
    films: Mapping[str, str]
    ways: Mapping[str, str]
    rates: Mapping[str, Mapping[str, PointingRates]]
    agreement: Mapping[str, AgreementRates] = field(default_factory=dict)

    @property
    def shown(self) -> dict[str, PointingRates]:
        """The rates of the way that is shown, by set of films."""
        way = next(iter(self.ways))
        return {films: of_films[way] for films, of_films in self.rates.items()}

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
        what = msg("{file} is not a record of explanations", file=EXPLANATIONS_FILE)
        remedy = msg("Restore it, or run `python -m bench localisation` again.")
        return parse_record(_QUALITY, content, what, remedy)


_QUALITY = TypeAdapter(ExplanationQuality)
