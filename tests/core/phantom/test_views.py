"""Synthetic films of other views."""

import numpy as np
import pytest

from core.domain.quality import ShownView
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings
from core.phantom.views import VIEWS, draw_view

PX = 96


def test_every_view_is_one_that_the_gate_names():
    assert {ShownView(view) for view in VIEWS} < set(ShownView)


@pytest.mark.parametrize("view", VIEWS)
def test_a_seed_draws_the_same_film_again_and_greys_lie_between_0_and_1(view):
    first, second = (draw_view(5, view, height_px=PX) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.shape[0] == PX
    assert 0 <= first.min() < first.max() <= 1
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1


def test_a_frontal_film_is_the_one_that_is_drawn_everywhere():
    film = draw_film(draw_settings(5), height_px=PX).pixels
    assert np.array_equal(draw_view(5, "frontal", height_px=PX), film)


def test_a_lateral_film_is_narrower_than_the_frontal_one_of_the_same_child():
    def dark_sides(film):
        return (film.mean(axis=0) < 0.1).mean()

    assert dark_sides(draw_view(5, "lateral", height_px=PX)) > 0.2
    assert dark_sides(draw_view(5, "frontal", height_px=PX)) < 0.2
