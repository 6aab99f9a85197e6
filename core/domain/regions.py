"""An explanation: regions of a film and what a score owes to each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.arrays import FloatVector, LabelImage
from core.domain.model import Geometry

REGIONS, LUNG_REGIONS = 60, 45
"""Of a whole film, and of the lungs."""


class Method(StrEnum):
    """How regions are found."""

    CAM = "cam"
    LIME = "lime"


class Fill(StrEnum):
    """What stands where LIME hides a region."""

    OWN_MEAN = "own mean"
    DARK = "dark"
    HEALTHY = "healthy"


@dataclass(frozen=True, slots=True)
class LimeSettings:
    """Everything that decides a LIME explanation; equal settings give an equal answer.

    Attributes
    ----------
    regions : int
        Superpixels asked for; SLIC may return a few more or fewer.
    samples : int
        Perturbed films, the unperturbed one included.
    kernel_width : float
        Of the exponential kernel on cosine distance, as in lime.
    """

    regions: int = REGIONS
    samples: int = 1000
    seed: int = 0
    kernel_width: float = 0.25
    fill: Fill = Fill.OWN_MEAN
    batch: int = 50

    @property
    def draws_healthy(self) -> bool:
        """Whether it takes the film as it would be without a lesion."""
        return self.fill is Fill.HEALTHY


@dataclass(frozen=True, slots=True)
class CamSettings:
    """Everything that decides an explanation by class activation mapping: nothing is random.

    Attributes
    ----------
    regions : int
        Superpixels asked for inside the lungs.
    unlike_healthy : bool
        Whether only what looks unlike healthy lung counts, where that can be drawn.
    """

    regions: int = LUNG_REGIONS
    unlike_healthy: bool = True

    @property
    def draws_healthy(self) -> bool:
        """Whether it takes the film as it would be without a lesion."""
        return self.unlike_healthy


ExplanationSettings = LimeSettings | CamSettings


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Which regions a score depends on.

    Attributes
    ----------
    segments : (h, w) int32 ndarray, read-only
        Labels 0..K-1 on the model's input grid.
    weights : (K,) float64 ndarray, read-only
        Above 0 speaks for pneumonia. By LIME: the surrogate's coefficient of each region, the
        change in the log odds of pneumonia when it is shown. By CAM: the region's own part of the
        log odds, as if it had the mean region's size: a large region does not come first by size.
    score : float
        What is explained: the log odds of pneumonia.
    parts : mapping of str to float
        What the score is the sum of, by what it comes from.
    surrogate_r2 : float or None
        Local fidelity of LIME's surrogate, not stability.
    zones : tuple of str
        Each region's place in the patient's body, from `core.explain.zones.name_zones`; empty where
        nobody looked for the lungs.
    """

    segments: LabelImage
    weights: FloatVector
    geometry: Geometry
    settings: ExplanationSettings
    score: float
    parts: Mapping[str, float] = field(default_factory=dict)
    surrogate_r2: float | None = None
    zones: tuple[str, ...] = ()

    @property
    def method(self) -> Method:
        """How the regions were found."""
        return Method.LIME if isinstance(self.settings, LimeSettings) else Method.CAM

    @property
    def samples(self) -> int:
        """Perturbed films that it is fitted to; 0 for one that is not fitted."""
        return self.settings.samples if isinstance(self.settings, LimeSettings) else 0


@dataclass(frozen=True, slots=True)
class RegionWeight:
    """One region of an explanation, as a person is told of it.

    Attributes
    ----------
    label : int
        The region's label in the explanation's segments.
    weight : float
        As in the explanation.
    rank : int
        1 for the largest absolute weight.
    share : float
        This region's part of the sum of all absolute weights, in [0, 1].
    centroid_px : (float, float)
        Row and column on the full-size film.
    bbox_px : (int, int, int, int)
        Top, left, bottom, right on the full-size film; bottom and right are one past the end.
    """

    label: int
    weight: float
    rank: int
    share: float
    centroid_px: tuple[float, float]
    bbox_px: tuple[int, int, int, int]
