"""The radiograph viewer, a Streamlit component."""

from ui.viewer.film_bytes import FilmView
from ui.viewer.viewer import RegionClick, RegionOverlay, region_name, show_film

__all__ = ["FilmView", "RegionClick", "RegionOverlay", "region_name", "show_film"]
