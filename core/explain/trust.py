"""Whether a film's regions are to be relied on, and whether two ways of explaining agree."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from core.domain.regions import CamSettings, Explanation
from core.explain.pointing_game import strongest_point
from core.explain.zones import MIDLINE, OUTSIDE

MOST_OUTSIDE = 0.5
"""Of what a score is made of: more outside of the lungs, and regions in the lungs are no reason for
it. ``python -m bench localisation`` says how much real pneumonias have there."""

TOP_REGIONS = 5
OUTSIDE_PART = "outside the lungs"
_PLACES = ("regions for", "regions against", "lungs that look healthy", OUTSIDE_PART)


class Doubt(StrEnum):
    """Why a film's regions are not to be relied on."""

    POPULATION = "population"
    OUTSIDE = "outside"


def doubt_of(explanation: Explanation, *, of_others: bool) -> Doubt | None:
    """Return why an explanation is not to be relied on; None if nothing speaks against it.

    Parameters
    ----------
    of_others : bool
        Whether the film is of another population than the measured one.
    """
    if of_others:
        return Doubt.POPULATION
    return Doubt.OUTSIDE if share_outside(explanation) > MOST_OUTSIDE else None


def share_outside(explanation: Explanation) -> float:
    """Return how much of what counts lies outside of the lungs, in [0, 1].

    By CAM it is the share of the parts that the score is the sum of, whatever their sign; by the
    others that of all weights. 0 where nobody looked for the lungs, or no place counts.
    """
    if isinstance(explanation.settings, CamSettings):
        parts = [abs(explanation.parts.get(name, 0.0)) for name in _PLACES]
        outside, total = abs(explanation.parts.get(OUTSIDE_PART, 0.0)), sum(parts)
    else:
        strength = np.abs(explanation.weights)
        beside = np.array([zone in (OUTSIDE, MIDLINE) for zone in explanation.zones], np.bool_)
        outside = float(strength[beside].sum()) if len(beside) else 0.0
        total = float(strength.sum())
    return outside / total if total else 0.0


def points_alike(one: Explanation, other: Explanation) -> bool:
    """Return whether the first's strongest region for pneumonia is among the other's strongest.

    Both are of one film. What counts is the deepest point of that region.
    """
    strongest = int(np.argmax(one.weights))
    point = strongest_point(np.where(one.segments == strongest, np.float32(1), np.float32(0)))
    order = np.argsort(-other.weights, kind="stable")[:TOP_REGIONS]
    return int(other.segments[point]) in order[other.weights[order] > 0]
