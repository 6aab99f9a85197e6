"""A page with a viewer and a synthetic film, for the tests.

`?side=` sets the size in pixels, `?rows=` how many of its rows the film has, `?spacing=` row and
column spacing in mm, `?times=` what the weights are multiplied by. With `?mark` the film takes
marks and can be saved; with `?faint` it has 32 stripes of two close greys; with `?hide` a click
hides a region. With `?origin=` the first film's corner says that, and the second one's the usual.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from core.domain.arrays import FloatImage
from core.domain.film import Radiograph
from core.explain.region_words import region_name
from core.imaging.display import display_film
from ui.components.viewer.film_bytes import FilmView
from ui.components.viewer.viewer import (
    Marking,
    Picture,
    RegionOverlay,
    Switching,
    read_marks_event,
    show_film,
)

GRID = 8


BANDS = (40 / 255, 80 / 255, 120 / 255, 160 / 255)
FAINT = (100 / 255, 108 / 255)
BANDS_CLOSER_THAN_8_BIT = (0.396, 0.3975, 0.399, 0.4005)


def banded_film(side: int, greys: tuple[float, ...]) -> FloatImage:
    """Return vertical bands of equal width, one for each grey in [0, 1]."""
    bands = np.repeat(np.array(greys, np.float32), side // len(greys))
    return np.tile(bands, (side, 1))


def chest_like_film(side: int) -> FloatImage:
    """Return something with the greys of a chest film: two dark fields, ribs, a heart."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    film = 0.62 - 0.2 * np.abs(x - 0.5)
    for centre in (0.3, 0.7):
        film -= 0.42 * _soft_ellipse(x, y, (centre, 0.48), (0.16, 0.33))
    film += 0.32 * _soft_ellipse(x, y, (0.56, 0.62), (0.15, 0.17))
    ribs = np.clip(np.sin(52 * (y - 0.5 * (x - 0.5) ** 2)), 0, 1) ** 3
    film += 0.07 * ribs * np.clip(12 * np.abs(x - 0.5) - 0.8, 0, 1)
    film *= np.clip(6 * np.minimum(x, 1 - x) + 0.1, 0, 1)
    grain = np.random.default_rng(0).normal(0, 0.012, film.shape)
    return np.clip(film + grain, 0, 1).astype(np.float32)


def _soft_ellipse(
    x: FloatImage, y: FloatImage, middle: tuple[float, float], radii: tuple[float, float]
) -> FloatImage:
    distance = ((x - middle[0]) / radii[0]) ** 2 + ((y - middle[1]) / radii[1]) ** 2
    return (1 - np.tanh(5 * np.minimum(distance - 1, 4))) / 2


def quarters(box: tuple[float, float, float, float], times: float) -> RegionOverlay:
    """Return quarters weighing +1, -0.5 at the top and +0.005, -0.25 at the bottom."""
    rows, columns = np.indices((GRID, GRID))
    segments = 2 * (rows >= GRID // 2) + (columns >= GRID // 2)
    weights = times * np.array([1.0, -0.5, 0.005, -0.25])
    return RegionOverlay(segments.astype(np.int32), weights, box)


def scattered_regions() -> RegionOverlay:
    """Return about 60 regions of irregular shape on a 128 x 128 grid."""
    generator = np.random.default_rng(2)
    seeds = generator.uniform(0, 128, (60, 2))
    cells = np.stack(np.indices((128, 128)), axis=-1) + 0.5
    apart = ((cells[:, :, np.newaxis] - seeds) ** 2).sum(axis=-1)
    weights = generator.laplace(0.025, 0.15, 60)
    return RegionOverlay(apart.argmin(axis=-1).astype(np.int32), weights)


st.set_page_config(layout="wide")
side = int(st.query_params.get("side", "512"))
chest = "chest" in st.query_params
film_name = st.sidebar.radio("Film", ["first", "second"])
with_regions = st.sidebar.checkbox("Regions", value=True)
is_shown = st.sidebar.checkbox("Show the film", value=True)
st.sidebar.button("Rerun")
bands = BANDS_CLOSER_THAN_8_BIT if "deep" in st.query_params else BANDS
if "faint" in st.query_params:
    bands = FAINT * 16
pixels = chest_like_film(side) if chest else banded_film(side, bands)
if film_name == "second":
    pixels = pixels[::-1, ::-1]
pixels = pixels[: int(st.query_params.get("rows", side))]
box = (0.25, 0.25, 0.75, 0.75) if "box" in st.query_params else (0.0, 0.0, 1.0, 1.0)
times = float(st.query_params.get("times", "1"))
overlay = scattered_regions() if chest else quarters(box, times)
left, right = st.columns([7, 3]) if chest else (st.container(), st.sidebar)
if "list" in st.query_params:
    zones = ("right upper", "left upper", "right lower", "left lower")
    overlay = replace(overlay, zones=zones)
    rows = "".join(
        f'<tr tabindex="0" data-region="{label}"><td>Line {label}</td></tr>' for label in range(4)
    )
    other = rows.replace("Line", "Other")
    st.sidebar.html(
        f'<table data-regions="{overlay.regions_id}">{rows}</table>'
        f'<table data-regions="of another film">{other}</table>'
    )
film_id = f"{film_name} {chest} {bands} {pixels.shape}"
stated = [float(mm) for mm in st.query_params.get("spacing", "0.139 0.139").split()]
spacing = (stated[0], stated[1]) if stated else None
origin = st.query_params.get("origin", "")
shown = Radiograph(pixels, film_id, "PNG", pixel_spacing_mm=spacing, synthetic=bool(origin))
marking = Marking("read") if "mark" in st.query_params else None
click = None
if is_shown:
    with left:
        click = show_film(
            FilmView.of(film_id, display_film(shown), f"The {film_name} film"),
            regions=overlay if with_regions else None,
            key="film",
            height=int(st.query_params.get("height", "640")),
            marking=marking,
            switching=Switching("hidden") if "hide" in st.query_params else None,
            picture=Picture("film.png", ("A synthetic film",)) if marking else None,
            origin=origin if film_name == "first" else "",
        )
right.write(f"Chosen: {region_name(click.label) if click else 'none'}")
for edges in read_marks_event("film", "read") or ():
    right.write(f"Marked: {edges}")
st.session_state.runs = st.session_state.get("runs", 0) + 1
st.sidebar.write(f"Run {st.session_state.runs}")
