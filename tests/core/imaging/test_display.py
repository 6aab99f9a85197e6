"""Films brought to the levels and the size in which they are shown."""

import numpy as np
import pytest
from fixtures.gate_films import film_of

from core.imaging import display
from core.imaging.display import MAX_SIDE_PX, display_film, restore_proportions


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


def shown_values(pixels, monkeypatch, max_side_px):
    monkeypatch.setattr(display, "MAX_SIDE_PX", max_side_px)
    monkeypatch.setattr(display, "_ROWS_A_BLOCK", 4)  # so that a small film has several
    return display_film(film_of(pixels)).levels / 65535


def test_5_columns_on_2_give_the_middle_one_to_both_halves(monkeypatch):
    row = np.array([[0.0, 0.2, 1.0, 0.41, 0.6]] * 5, np.float32)
    expected = [(0.0 + 0.2 + 0.5) / 2.5, (0.5 + 0.41 + 0.6) / 2.5]
    np.testing.assert_allclose(shown_values(row, monkeypatch, 2), [expected] * 2, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(101, 67), (67, 101), (58, 29), (30, 30)])
def test_a_smaller_film_has_the_means_of_the_areas(height, width, monkeypatch):
    film = np.random.default_rng(0).random((height, width), np.float32)
    shown = shown_values(film, monkeypatch, 29)
    assert max(shown.shape) == 29
    # Each pixel split into as many as the shown film has along that axis: all areas are whole.
    fine = film.repeat(shown.shape[0], axis=0).repeat(shown.shape[1], axis=1)
    means = fine.reshape(shown.shape[0], height, shown.shape[1], width).mean(axis=(1, 3))
    np.testing.assert_allclose(shown, means, atol=2e-5)


def test_a_square_film_gets_its_proportions_back_and_loses_no_row_or_column():
    shown = display_film(film_of(np.tile(np.float32([0.0, 1.0]), (2, 1))))
    wide = restore_proportions(shown, 1000, 2000)
    assert wide.levels.tolist() == [[0, 64, 191, 255]] * 2
    assert (wide.height_px, wide.width_px, wide.levels.dtype) == (2, 4, np.uint8)
    assert restore_proportions(shown, 3000, 1000).levels.shape == (6, 2)


def test_a_film_over_the_limit_is_reduced_and_says_its_own_size():
    shown = display_film(film_of(np.zeros((2 * MAX_SIDE_PX, 40), np.float32)))
    assert shown.levels.shape == (MAX_SIDE_PX, 20)
    assert (shown.height_px, shown.width_px) == (2 * MAX_SIDE_PX, 40)
