"""A film with a missing part, and one with a box over the chest, from synthetic films."""

import io

import numpy as np
import pytest
from PIL import Image

from core.domain.model import FilmBox
from core.gate.completeness import find_bands, measure_gaps
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings

GREYS = (0.0, 0.25, 0.5, 1.0)


@pytest.fixture(scope="module", params=[3, 8])
def film(request):
    drawn = draw_film(draw_settings(request.param, "normal"), height_px=360)
    return np.round(drawn.pixels * 255).astype(np.float32) / np.float32(255)


def chest_of(film):
    height, width = film.shape
    return FilmBox(height // 6, width // 8, height * 5 // 6, width * 7 // 8)


def with_rows(film, start, share, grey):
    cut = film.copy()
    height = len(film)
    cut[round(start * height) : round((start + share) * height)] = grey
    return cut


def test_a_whole_film_has_no_gap(film):
    gaps = measure_gaps(film, chest_of(film))
    assert (gaps.rows, gaps.columns, gaps.boxed) == (0, 0, 0)


@pytest.mark.parametrize("grey", GREYS)
@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
@pytest.mark.parametrize("where", ["inside", "end"])
def test_missing_rows_are_found_whatever_their_grey(film, where, share, grey):
    start = 0.3 if where == "inside" else 1 - share
    found = measure_gaps(with_rows(film, start, share, grey), chest_of(film)).rows
    assert found == pytest.approx(share, abs=0.02)


def test_a_last_row_that_is_repeated_is_a_gap(film):
    cut = film.copy()
    cut[-60:] = film[-61]
    assert measure_gaps(cut, chest_of(film)).rows == pytest.approx(1 / 6, abs=0.02)


def test_missing_columns_are_found_inside_the_film(film):
    cut = film.copy()
    width = film.shape[1]
    cut[:, round(0.4 * width) : round(0.55 * width)] = 0.5
    assert measure_gaps(cut, chest_of(film)).columns == pytest.approx(0.15, abs=0.02)


@pytest.mark.parametrize("grey", [0.0, 1.0])
def test_a_border_on_both_sides_is_no_gap(film, grey):
    framed = np.pad(film, ((50, 50), (50, 50)), constant_values=grey)
    gaps = measure_gaps(framed, None)
    assert (gaps.rows, gaps.columns) == (0, 0)


def test_dark_air_beside_the_patient_is_no_gap(film):
    aside = np.pad(film, ((0, 0), (0, 90)))
    assert measure_gaps(aside, None).columns == 0


@pytest.mark.parametrize("grey", GREYS)
def test_a_box_over_the_chest_is_found(film, grey):
    boxed = film.copy()
    height, width = film.shape
    rows, columns = slice(height // 3, height // 2), slice(width // 4, width // 2)
    boxed[rows, columns] = grey
    found = measure_gaps(boxed, chest_of(film))
    assert found.boxed == pytest.approx(1 / 24, abs=0.008)
    assert (found.rows, found.columns) == (0, 0)


def test_letters_in_a_box_do_not_hide_it(film):
    boxed = film.copy()
    height, width = film.shape
    boxed[height // 3 : height // 2, width // 4 : width // 2] = 1.0
    boxed[height // 3 + 20 : height // 3 + 30, width // 4 + 20 : width // 4 + 60 : 4] = 0.0
    assert measure_gaps(boxed, chest_of(film)).boxed > 0.03


def test_a_box_outside_the_chest_is_a_label(film):
    labelled = film.copy()
    labelled[:40, :60] = 1.0
    assert measure_gaps(labelled, chest_of(film)).boxed == 0


def test_bands_are_those_counted_by_hand():
    # Rows 2 to 4 are alike, row 5 is not like row 4: one band of three of eight rows.
    rows = np.array([0, 1, 2, 2, 2, 3, 4, 5], np.float32)[:, np.newaxis] * np.ones((1, 4), "f4")
    (band,) = find_bands(rows, np.abs(np.diff(rows, axis=0)) < 0.5)
    assert (band.start, band.share, band.grey) == (2 / 8, 3 / 8, 2)


def test_a_film_of_two_pixels_has_no_gap():
    assert measure_gaps(np.zeros((2, 2), np.float32), None).rows == 0


@pytest.mark.parametrize("quality", [60, 90])
@pytest.mark.parametrize("grey", GREYS)
def test_a_box_is_found_after_compression(film, grey, quality):
    boxed = film.copy()
    height, width = film.shape
    boxed[height // 3 : height // 2, width // 4 : width // 2] = grey
    buffer = io.BytesIO()
    Image.fromarray(np.rint(boxed * 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    stored = np.asarray(Image.open(buffer), np.float32) / np.float32(255)
    assert measure_gaps(stored, chest_of(film)).boxed == pytest.approx(1 / 24, abs=0.012)
