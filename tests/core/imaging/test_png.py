"""Small pictures of films."""

import io

import numpy as np
import pytest
from fixtures.gate_films import film_of
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.domain.film import SYNTHETIC_KEY
from core.imaging.decoding import decode_radiograph
from core.imaging.display import display_film
from core.imaging.png import (
    THUMBNAIL_PX,
    is_whole_png,
    levels_png,
    map_png,
    marked_png,
    thumbnail_png,
)


def opened(content):
    picture = Image.open(io.BytesIO(content), formats=("PNG",))
    picture.load()
    return picture


def greys(film, **options):
    return np.asarray(opened(thumbnail_png(film, **options)))


def test_a_thumbnail_is_an_8_bit_grey_png_without_any_text():
    picture = opened(thumbnail_png(film_of(np.full((200, 300), 0.5))))
    assert (picture.format, picture.mode, picture.info) == ("PNG", "L", {})


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [(300, 300, (96, 96)), (300, 600, (96, 48)), (600, 300, (48, 96)), (48, 24, (48, 96))],
)
def test_the_longer_side_is_met_and_the_aspect_ratio_kept(height, width, size):
    assert opened(thumbnail_png(film_of(np.zeros((height, width))))).size == size


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 64))
def test_no_thumbnail_is_larger_than_asked_or_without_pixels(height, width, side_px):
    size = opened(thumbnail_png(film_of(np.zeros((height, width))), side_px)).size
    assert max(size) == side_px
    assert min(size) == max(1, round(min(height, width) * side_px / max(height, width)))


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1)])
def test_a_line_of_a_film_still_has_a_thumbnail(shape):
    assert max(opened(thumbnail_png(film_of(np.ones(shape)))).size) == THUMBNAIL_PX


@pytest.mark.parametrize(("level", "byte"), [(0.0, 0), (0.2, 51), (0.5, 128), (1.0, 255)])
def test_an_even_film_keeps_its_grey_level(level, byte):
    assert np.unique(greys(film_of(np.full((120, 120), level)))).tolist() == [byte]


@pytest.mark.parametrize("side_px", [40, 4000])
def test_greys_keep_their_order_and_place(side_px):
    ramp = np.tile(np.linspace(0, 1, side_px, dtype=np.float32), (side_px, 1))
    row = greys(film_of(ramp))[48].astype(int)
    assert (np.diff(row) >= 0).all()
    assert row[0] < 5
    assert row[-1] > 250
    column = greys(film_of(np.ascontiguousarray(ramp.T)))[:, 48].astype(int)
    assert column == pytest.approx(row, abs=1)


def test_a_film_is_neither_turned_nor_mirrored():
    corner = np.zeros((200, 200), np.float32)
    corner[:50, 150:] = 1.0
    thumbnail = greys(film_of(corner))
    assert thumbnail[5, 90] == 255
    assert thumbnail[5, 5] == thumbnail[90, 5] == thumbnail[90, 90] == 0


def test_a_fine_pattern_becomes_grey_rather_than_noise():
    cells = np.indices((401, 401)).sum(axis=0) % 2
    thumbnail = greys(film_of(cells))[3:-3, 3:-3].astype(int)
    assert np.abs(thumbnail - 128).max() < 30


def test_the_film_is_not_changed_and_gives_the_same_bytes_again():
    pixels = np.random.default_rng(9).random((300, 200), np.float32)
    film = film_of(pixels.copy())
    assert thumbnail_png(film) == thumbnail_png(film)
    assert np.array_equal(film.pixels, pixels)


def test_a_map_is_drawn_from_black_to_its_colour_in_whole_squares():
    png = map_png(np.array([[0.0, 0.5], [1.0, 2.0]]), (200, 100, 0), side_px=5)
    pixels = np.asarray(opened(png))
    assert pixels.shape == (6, 6, 3)
    corners = pixels[[0, 0, 5, 5], [0, 5, 0, 5]].tolist()
    assert corners == [[0, 0, 0], [100, 50, 0], [200, 100, 0], [200, 100, 0]]
    assert (pixels[:3, 3:] == pixels[0, 5]).all()


@pytest.mark.parametrize(("kind", "top"), [("u1", 255), ("<u2", 65535)])
@pytest.mark.parametrize("synthetic", [True, False])
def test_levels_come_back_from_their_png_which_states_nothing_else(kind, top, synthetic):
    levels = np.linspace(0, top, 40 * 30).reshape(40, 30).astype(kind)
    png = levels_png(levels, synthetic=synthetic)
    assert opened(png).info == ({"Synthetic": "yes"} if synthetic else {})
    film = decode_radiograph(png, file_name="own-1")
    assert film.synthetic is synthetic
    assert np.array_equal(display_film(film).levels, levels)


def test_a_marked_film_keeps_every_grey_level_above_its_mark_and_is_a_whole_png() -> None:
    levels = np.random.default_rng(1).integers(0, 256, (64, 80)).astype(np.uint8)
    content = marked_png((levels / 255).astype(np.float32), "SYNTHETIC", "A note.")
    assert is_whole_png(content)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.info[SYNTHETIC_KEY] == "A note."
        assert (np.asarray(picture)[:40] == levels[:40]).all()
