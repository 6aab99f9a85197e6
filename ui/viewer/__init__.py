"""The radiograph viewer, a Streamlit component."""

from ui.viewer.film_bytes import FilmView
from ui.viewer.viewer import (
    NO_REGION,
    SMALLEST_SHOWN,
    Marking,
    RegionClick,
    RegionOverlay,
    TruthOutline,
    hear_marks,
    region_name,
    show_film,
)

__all__ = [
    "NO_REGION",
    "SMALLEST_SHOWN",
    "FilmView",
    "Marking",
    "RegionClick",
    "RegionOverlay",
    "TruthOutline",
    "hear_marks",
    "region_name",
    "show_film",
]
