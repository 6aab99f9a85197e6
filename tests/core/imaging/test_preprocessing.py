"""From a film of any size to the model's input: resizing, exposure, the way back."""

import numpy as np
import pytest
from fixtures.gate_films import film_of
from hypothesis import given
from hypothesis import strategies as st

from core.domain.model import FilmBox, Geometry
from core.imaging.preprocessing import MIN_CONTRAST, prepare_input, resize_film, stretch_exposure


def grey(values):
    return np.array(values, np.float32)


# --- resizing ---------------------------------------------------------------------------------


def test_halving_weighs_neighbours_with_a_triangle_as_computed_by_hand():
    # Output centres lie at 1 and 3, the triangle reaches 2 to each side: pixel centres 0.5, 1.5 and
    # 2.5 weigh 3/4, 3/4 and 1/4 of it, which is 3/7, 3/7 and 1/7 of the sum.
    film = grey([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0.5]])
    halved = resize_film(film, 2, 2)
    assert halved == pytest.approx(grey([[9 / 49, 0], [0, 4.5 / 49]]), abs=1e-6)
    middle = grey([[0, 0, 1, 0]] * 4)
    assert resize_film(middle, 2, 2) == pytest.approx(grey([[1 / 7, 3 / 7]] * 2), abs=1e-6)


def test_doubling_interpolates_between_pixel_centres():
    assert resize_film(grey([[0, 1], [0, 1]]), 2, 4) == pytest.approx(
        grey([[0, 0.25, 0.75, 1]] * 2)
    )


def test_each_axis_is_scaled_by_itself():
    film = grey([[0.2, 0.2, 0.8, 0.8, 0.8, 0.8]])
    assert resize_film(film, 3, 6) == pytest.approx(np.repeat(film, 3, axis=0))


@pytest.mark.parametrize("cell_px", [1, 2])
def test_a_checkerboard_finer_than_the_target_becomes_middle_grey(cell_px):
    cells = np.indices((451, 389)).sum(axis=0) // cell_px % 2
    small = resize_film(cells.astype(np.float32), 64, 64)
    assert np.abs(small[2:-2, 2:-2] - 0.5).max() < 0.06


def test_a_film_of_the_target_size_keeps_every_value():
    film = np.random.default_rng(1).random((16, 16), np.float32)
    assert np.array_equal(resize_film(film, 16, 16), film)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(0, 65535))
def test_an_even_film_keeps_its_grey_at_any_size(height, width, target, level):
    even = np.full((height, width), level / 65535, np.float32)
    resized = resize_film(even, target, target + 1)
    assert (resized.shape, resized.dtype) == ((target, target + 1), np.float32)
    assert np.abs(resized - even[0, 0]).max() < 1e-6


def test_a_film_that_is_a_view_with_strides_is_resized_as_its_values():
    film = np.random.default_rng(2).random((40, 30), np.float32)
    turned = np.rot90(film)
    assert np.array_equal(resize_film(turned, 9, 9), resize_film(turned.copy(), 9, 9))


# --- exposure ---------------------------------------------------------------------------------


def test_the_1st_and_99th_percentile_become_black_and_white():
    # 101 levels in steps of 1/256: the percentiles are exactly the levels with index 1 and 99.
    levels = np.arange(101)
    film = ((levels + 50) / 256).astype(np.float32)[np.newaxis]
    expected = np.clip((levels - 1) / 98, 0, 1)[np.newaxis]
    stretched = stretch_exposure(film)
    assert stretched == pytest.approx(expected, abs=1e-6)
    assert stretched.dtype == np.float32
    assert stretched[0, [0, 1, 99, 100]].tolist() == [0, 0, 1, 1]


def test_a_few_extreme_pixels_do_not_set_the_exposure():
    film = np.tile(np.linspace(0.4, 0.6, 200, dtype=np.float32), (200, 1))
    marked = film.copy()
    marked[:10, :10] = 1.0
    assert stretch_exposure(marked)[50] == pytest.approx(stretch_exposure(film)[50], abs=0.02)


@given(st.floats(0.3, 1.0), st.floats(0.0, 0.2))
def test_brightness_and_contrast_of_the_film_do_not_matter(gain, offset):
    film = np.random.default_rng(5).random((20, 20), np.float32) * np.float32(0.8)
    other = (film * np.float32(gain) + np.float32(offset)).astype(np.float32)
    assert stretch_exposure(other) == pytest.approx(stretch_exposure(film), abs=1e-4)


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_an_even_film_is_left_as_it_is(level):
    film = np.full((8, 8), level, np.float32)
    assert np.array_equal(stretch_exposure(film), film)


@pytest.mark.parametrize(("share_of_limit", "stretched"), [(0.99, False), (1.01, True)])
def test_a_film_is_stretched_from_one_grey_level_on(share_of_limit, stretched):
    film = np.zeros((10, 10), np.float32)
    film[:, 5:] = MIN_CONTRAST * share_of_limit
    expected = (film > 0).astype(np.float32) if stretched else film
    assert np.array_equal(stretch_exposure(film), expected)


# --- the model's input ------------------------------------------------------------------------


def test_the_input_is_square_float32_in_zero_to_one_and_read_only():
    film = film_of(np.random.default_rng(6).random((70, 110), np.float32))
    tensor = prepare_input(film, 32).tensor
    assert (tensor.shape, tensor.dtype) == ((32, 32), np.float32)
    assert 0.0 <= tensor.min() < tensor.max() <= 1.0
    with pytest.raises(ValueError, match="read-only"):
        tensor[0, 0] = 0


def test_the_way_back_to_the_film_is_remembered():
    film = film_of(np.zeros((70, 110), np.float32))
    assert prepare_input(film, 32).geometry == Geometry(70, 110, 32)


def test_a_box_is_cut_out_and_stretched_by_itself():
    pixels = np.full((448, 896), 0.4, np.float32)
    pixels[:40], pixels[-40:] = 0.0, 1.0
    pixels[112:336, 224:672] = np.linspace(0.4, 0.6, 448, dtype=np.float32)
    box = FilmBox(112, 224, 336, 672)
    boxed = prepare_input(film_of(pixels), 32, box)
    assert boxed.geometry == Geometry(448, 896, 32, box)
    middle = boxed.tensor[16]
    assert middle[1:-1] == pytest.approx(np.linspace(0.0, 1.0, 32)[1:-1], abs=0.04)
    assert prepare_input(film_of(pixels), 32).tensor[0, 0] == 0.0


def test_a_box_around_the_whole_film_changes_nothing():
    film = film_of(np.random.default_rng(8).random((300, 260), np.float32))
    whole = prepare_input(film, 48, FilmBox(0, 0, 300, 260)).tensor
    assert np.abs(whole - prepare_input(film, 48).tensor).max() < 0.02


@pytest.mark.parametrize("shape", [(60, 90), (90, 60)])
def test_the_film_is_neither_turned_nor_mirrored(shape):
    rows, columns = (np.indices(shape).T / np.array(shape)).T >= 0.5
    quarters = np.choose(2 * rows + columns, [0.1, 0.35, 0.65, 0.9]).astype(np.float32)
    tensor = prepare_input(film_of(quarters), 20).tensor
    corners = tensor[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners == pytest.approx([0, 0.3125, 0.6875, 1], abs=1e-5)


@pytest.mark.parametrize("side_px", [32, 64])
def test_the_film_itself_is_not_changed(side_px):
    pixels = np.random.default_rng(7).random((64, 64), np.float32)
    film = film_of(pixels.copy())
    tensor = prepare_input(film, side_px).tensor
    assert np.array_equal(film.pixels, pixels)
    assert not np.shares_memory(tensor, film.pixels)


def test_an_even_film_of_the_input_size_is_still_a_copy():
    film = film_of(np.full((16, 16), 0.5))
    assert not np.shares_memory(prepare_input(film, 16).tensor, film.pixels)


@pytest.mark.parametrize("side_px", [64, 150])
def test_the_grey_levels_of_a_16_bit_film_are_not_folded_into_256(side_px):
    # 64 x 64 levels of a 16-bit film that 8 bits would fold into 17.
    levels = (30_000 + np.arange(side_px**2) * 4096 // side_px**2).reshape(side_px, side_px)
    tensor = prepare_input(film_of(levels / 65535), 64).tensor
    assert len(np.unique(tensor)) > 3000


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (2, 3)])
@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_even_films_of_odd_shapes_keep_their_grey(shape, level):
    tensor = prepare_input(film_of(np.full(shape, level)), 24).tensor
    assert tensor == pytest.approx(np.full((24, 24), level), abs=1e-6)


def test_the_same_film_at_twice_the_size_gives_nearly_the_same_input():
    film = np.random.default_rng(8).random((12, 12), np.float32)
    smooth = resize_film(film, 192, 192)
    large = resize_film(film, 384, 384)
    small_input, large_input = (prepare_input(film_of(p), 48).tensor for p in (smooth, large))
    assert np.abs(small_input - large_input).max() < 0.02
