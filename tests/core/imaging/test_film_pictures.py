"""A film as a small picture: its size, its greys, and what is coloured on it."""

import io

import numpy as np
import pytest
from PIL import Image

from core.domain.arrays import read_only
from core.imaging.display import DisplayedFilm
from core.imaging.film_pictures import AGAINST, FOR, LONGER_SIDE_PX, ColouredRegions, film_picture

HALVES = np.array([[0, 1]], np.int32)
WHOLE = (0.0, 0.0, 1.0, 1.0)


def film(levels):
    return DisplayedFilm(read_only(levels), *levels.shape)


BLACK = film(np.zeros((100, 200), np.uint8))


def seen(content):
    picture = Image.open(io.BytesIO(content))
    assert picture.format == "JPEG"
    return np.asarray(picture, float)


def regions(*weights, box=WHOLE):
    return ColouredRegions(HALVES, np.array(weights), box, least=0.1, full=1.0)


def test_a_strength_runs_from_nothing_below_the_least_weight_to_all_from_the_full_one() -> None:
    strengths = regions(0.09, -0.1, 0.5, -1.0, 7.0).strengths
    np.testing.assert_allclose(strengths, [0.0, 0.1, 0.5, 1.0, 1.0])


@pytest.mark.parametrize(
    ("shape", "expected"), [((2000, 500), (1100, 275)), ((50, 100), (550, 1100)), ((1, 5000), None)]
)
def test_the_longer_side_is_the_same_for_every_film(shape, expected) -> None:
    found = seen(film_picture(film(np.zeros(shape, np.uint8)))).shape
    assert found == (expected or (1, LONGER_SIDE_PX))


def test_what_speaks_for_is_orange_and_against_is_blue_by_half_and_outlined_whole() -> None:
    picture = seen(film_picture(BLACK, regions(1.0, -1.0)))
    middle = picture.shape[0] // 2
    for inside, at_edge, colour in ((300, 549, FOR), (800, 550, AGAINST)):
        np.testing.assert_allclose(picture[middle, inside], np.array(colour) * 0.55, atol=4)
        np.testing.assert_allclose(picture[middle, at_edge], colour, atol=40)


def test_a_weak_region_and_what_lies_outside_of_the_grid_stay_grey() -> None:
    left_half = (0.0, 0.0, 1.0, 0.5)
    picture = seen(film_picture(BLACK, regions(0.05, 1.0, box=left_half)))
    middle = picture.shape[0] // 2
    assert picture[middle, 130].max() < 4  # weak
    assert picture[middle, 400][0] > 100
    assert picture[middle, 700].max() < 4  # outside


def test_a_regions_middle_is_told_on_the_film_and_not_on_the_grid() -> None:
    quarter = (0.5, 0.5, 1.0, 1.0)
    assert regions(1.0, 1.0, box=quarter).middle_of(1) == (0.75, 0.875)
