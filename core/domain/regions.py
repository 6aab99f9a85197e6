"""An explanation: regions of a film and what a score owes to each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatVector, LabelImage
from core.domain.model import Geometry

REGIONS, LUNG_REGIONS = 60, 45
"""Of a whole film, and of the lungs."""


Intervals = npt.NDArray[np.float64]


class Method(StrEnum):
    """How regions are found."""

    CAM = "cam"
    LIME = "lime"
    OCCLUSION = "occlusion"


class Fill(StrEnum):
    """What stands where a region is hidden."""

    OWN_MEAN = "own mean"
    DARK = "dark"
    HEALTHY = "healthy"


class Design(StrEnum):
    """Which regions LIME hides together."""

    RANDOM = "random"
    ORTHOGONAL = "orthogonal"


class Way(StrEnum):
    """A method with the settings that it was measured with, by its name in the kept rates."""

    CAM = "CAM"
    WHOLE_LUNGS = "CAM, whole lungs"
    LIME = "LIME"
    OCCLUSION = "occlusion"


@dataclass(frozen=True, slots=True)
class LimeSettings:
    """Everything that decides a LIME explanation; equal settings give an equal answer.

    Attributes
    ----------
    regions : int
        Superpixels asked for; SLIC may return a few more or fewer.
    samples : int
        Perturbed films, the unperturbed one included; the most of them, if it may stop before.
    kernel_width : float
        Of the exponential kernel on cosine distance, as in lime.
    design : Design
        ``RANDOM`` as in lime; ``ORTHOGONAL`` takes about a third of the samples for equal weights.
    stop_when_stable : bool
        Whether it stops as soon as more samples would hardly change the five largest weights.
    """

    regions: int = REGIONS
    samples: int = 1000
    seed: int = 0
    kernel_width: float = 0.25
    fill: Fill = Fill.OWN_MEAN
    batch: int = 50
    design: Design = Design.RANDOM
    stop_when_stable: bool = False

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


@dataclass(frozen=True, slots=True)
class OcclusionSettings:
    """Everything that decides an explanation by occlusion: each region is hidden once, alone.

    Attributes
    ----------
    regions : int
        Superpixels asked for inside the lungs.
    """

    regions: int = LUNG_REGIONS
    fill: Fill = Fill.DARK

    @property
    def draws_healthy(self) -> bool:
        """Whether it takes the film as it would be without a lesion."""
        return self.fill is Fill.HEALTHY


ExplanationSettings = LimeSettings | CamSettings | OcclusionSettings

METHODS: Mapping[type, Method] = {
    LimeSettings: Method.LIME,
    CamSettings: Method.CAM,
    OcclusionSettings: Method.OCCLUSION,
}

SETTINGS: Mapping[Way, ExplanationSettings] = {
    Way.CAM: CamSettings(),
    Way.WHOLE_LUNGS: CamSettings(unlike_healthy=False),
    Way.LIME: LimeSettings(fill=Fill.DARK, design=Design.ORTHOGONAL, stop_when_stable=True),
    Way.OCCLUSION: OcclusionSettings(),
}
"""What `python -m bench localisation` measures, and the pages show unless told otherwise."""


def way_of(settings: ExplanationSettings) -> Way | None:
    """Return the way whose measured settings these are, whatever seed and samples; else None."""
    if isinstance(settings, LimeSettings):
        usual = SETTINGS[Way.LIME]
        assert isinstance(usual, LimeSettings)
        settings = replace(settings, seed=usual.seed, samples=usual.samples)
    return next((way for way, measured in SETTINGS.items() if measured == settings), None)


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
        By occlusion: the change in the log odds when the region alone is hidden.
    score : float
        What is explained: the log odds of pneumonia.
    parts : mapping of str to float
        What the score is the sum of, by what it comes from.
    surrogate_r2 : float or None
        Local fidelity of LIME's surrogate, not stability.
    samples : int
        Perturbed films that it is made of; 0 for one that perturbs nothing.
    intervals : (K, 2) float64 ndarray, read-only, or None
        Of each weight, lowest and highest. By LIME: 95 %, over other samples. By CAM: the weight
        by the film alone and by its mirrored film alone. None where nothing varies.
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
    samples: int = 0
    intervals: Intervals | None = None
    zones: tuple[str, ...] = ()

    @property
    def method(self) -> Method:
        """How the regions were found."""
        return METHODS[type(self.settings)]


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
