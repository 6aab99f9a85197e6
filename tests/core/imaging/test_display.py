"""Films brought to the levels and the size in which they are shown."""

import numpy as np
import pytest
from fixtures.gate_films import film_of

from core.imaging.display import MAX_SIDE_PX, area_average, display_film


def test_an_8_bit_film_keeps_its_levels():
    levels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    shown = display_film(film_of((levels / 255).astype(np.float32))).levels
    assert shown.dtype == np.uint8
    np.testing.assert_array_equal(shown, levels)


def test_a_12_bit_film_keeps_every_grey_level():
    levels = np.arange(4096).reshape(64, 64)
    shown = display_film(film_of((levels / 4095).astype(np.float32))).levels
    assert shown.dtype == np.uint16
    np.testing.assert_array_equal(np.rint(shown / 65535 * 4095), levels)


def test_area_average_of_5_into_2_gives_the_middle_pixel_to_both_halves():
    row = np.array([[0.0, 0.2, 1.0, 0.4, 0.6]], np.float32)
    expected = [[(0.0 + 0.2 + 0.5) / 2.5, (0.5 + 0.4 + 0.6) / 2.5]]
    np.testing.assert_allclose(area_average(row, 2), expected, rtol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(101, 67), (401, 613)])
def test_area_average_keeps_the_mean_of_an_awkward_size(height, width):
    film = np.random.default_rng(0).random((height, width), np.float32)
    reduced = area_average(film, 29)
    assert max(reduced.shape) == 29
    assert reduced.mean() == pytest.approx(film.mean(), abs=1e-6)


def test_a_film_over_the_limit_is_reduced_and_says_its_own_size():
    shown = display_film(film_of(np.zeros((2 * MAX_SIDE_PX, 40), np.float32)))
    assert shown.levels.shape == (MAX_SIDE_PX, 20)
    assert (shown.height_px, shown.width_px) == (2 * MAX_SIDE_PX, 40)
