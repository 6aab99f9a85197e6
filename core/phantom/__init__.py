"""Synthetic chest radiographs of small children, with the exact truth about each.

A parametric chest in three dimensions is projected by the Beer-Lambert law. No film was traced;
proportions and tones were adjusted until statistics came near those of films of training. The hand
is what the quality gate must refuse.
"""

from core.phantom.film import PhantomFilm, draw_film, subtype_of
from core.phantom.hand import draw_hand
from core.phantom.lesions import LESION_LIMIT_CM
from core.phantom.settings import (
    DEVICES,
    FINDINGS,
    DeviceName,
    FindingName,
    MarkerName,
    PhantomSettings,
    SideName,
    draw_settings,
    without_lesion,
)

__all__ = [
    "DEVICES",
    "FINDINGS",
    "LESION_LIMIT_CM",
    "DeviceName",
    "FindingName",
    "MarkerName",
    "PhantomFilm",
    "PhantomSettings",
    "SideName",
    "draw_film",
    "draw_hand",
    "draw_settings",
    "subtype_of",
    "without_lesion",
]
