"""What regions are called, where they lie, and how strong a weight is: the same wherever shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.domain.model import Geometry
from core.domain.regions import CamSettings, Explanation, Method
from core.explain.zones import MIDLINE, OUTSIDE
from core.language.words import msg, tr

DOUBLES = 0.7
"""A change of the log odds that doubles the odds, by which weights are explained."""


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
    msg("part of the log odds; {odds} doubles the odds", odds=DOUBLES),
    msg("No region looks unlike healthy lung and counts for or against pneumonia."),
)
WHOLE_LUNGS = replace(
    UNLIKE_HEALTHY, least=0.05, full=0.4, none=msg("No region of the lungs counts for or against.")
)
BY_LIME = Scale(
    0.1,
    1.0,
    msg("change in log odds; {odds} doubles the odds", odds=DOUBLES),
    msg("No single region changes the odds by a tenth."),
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
    return tr("Region {number}", number=label + 1)


def zone_words(zone: str) -> str:
    """Return a zone of `core.explain.zones` as a person reads it: a third of a lung is a zone."""
    return tr(_ZONES[zone])


_ZONES = {
    OUTSIDE: msg("Outside the lungs"),
    MIDLINE: msg("Midline"),
    "upper": msg("Upper zone"),
    "middle": msg("Middle zone"),
    "lower": msg("Lower zone"),
    "right upper": msg("Right upper zone"),
    "right middle": msg("Right middle zone"),
    "right lower": msg("Right lower zone"),
    "left upper": msg("Left upper zone"),
    "left middle": msg("Left middle zone"),
    "left lower": msg("Left lower zone"),
}
