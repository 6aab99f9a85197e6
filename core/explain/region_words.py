"""What regions are called, where they lie, and how strong a weight is: the same wherever shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.domain.model import Geometry
from core.domain.regions import CamSettings, Explanation, Method


@dataclass(frozen=True, slots=True)
class Scale:
    """How weights of one kind are shown.

    Attributes
    ----------
    least : float
        A region with a smaller weight is neither coloured nor listed.
    full : float
        A weight from which a region has its full colour, the same on every film.
    unit : str
        What a weight is, in few words.
    none : str
        What is said where no region is shown.
    outlined : bool
        Whether what speaks for and what speaks against has a line around it.
    """

    least: float
    full: float
    unit: str
    none: str
    outlined: bool = True


UNLIKE_HEALTHY = Scale(
    0.02,
    0.15,
    "part of the log odds; 0.7 doubles the odds",
    "No region looks unlike healthy lung and counts for or against pneumonia.",
)
WHOLE_LUNGS = replace(
    UNLIKE_HEALTHY, least=0.05, full=0.4, none="No region of the lungs counts for or against."
)
BY_LIME = Scale(
    0.1,
    1.0,
    "change in log odds; 0.7 doubles the odds",
    "No single region changes the odds by a tenth.",
)
BY_OCCLUSION = replace(BY_LIME, full=2.0)
"""``python -m bench localisation`` prints how large the weights of real pneumonias are."""


def scale_of(explanation: Explanation) -> Scale:
    """Return how an explanation's weights are shown."""
    if isinstance(explanation.settings, CamSettings):
        return UNLIKE_HEALTHY if explanation.settings.unlike_healthy else WHOLE_LUNGS
    return BY_OCCLUSION if explanation.method is Method.OCCLUSION else BY_LIME


def box_shares(geometry: Geometry) -> tuple[float, float, float, float]:
    """Return top, left, bottom, right of what the model looks at, as shares of the film's sides."""
    box, height, width = geometry.looked_at, geometry.film_height_px, geometry.film_width_px
    return (
        box.top_px / height,
        box.left_px / width,
        box.bottom_px / height,
        box.right_px / width,
    )


def region_name(label: int) -> str:
    """Return what a person reads for a label: labels count from 0, regions from 1."""
    return f"Region {label + 1}"


def zone_words(zone: str) -> str:
    """Return a zone of `core.explain.zones` as a person reads it: a third of a lung is a zone."""
    of_lung = zone.endswith(("upper", "middle", "lower"))
    return zone.capitalize() + (" zone" if of_lung else "")
