"""Thirds of a property, cut and counted by hand."""

from __future__ import annotations

import numpy as np
from fixtures.film_tables import film_table

from core.runs.tertiles import UNKNOWN, cut_thirds, place_in_thirds, third_of


def test_thirds_are_those_of_the_known_values() -> None:
    thirds = third_of(np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan, 6.0]))
    assert thirds.tolist() == ["low", "low", "middle", "middle", "high", "", "high"]
    assert third_of(np.array([np.nan])).tolist() == [""]


def test_a_value_at_a_cut_is_in_the_third_above_it_and_an_unknown_one_in_none() -> None:
    values = np.array([0.9, 1.0, 1.9, 2.0, np.nan])
    assert place_in_thirds(values, (1.0, 2.0)).tolist() == [0, 1, 1, 2, UNKNOWN]


def test_only_properties_that_some_film_states_are_cut() -> None:
    films = film_table(5, contrast=[0.1, 0.2, 0.3, 0.4, np.nan], sharpness=np.full(5, np.nan))
    cuts = cut_thirds(films, {"c": lambda one: one.contrast, "s": lambda one: one.sharpness})
    assert cuts.keys() == {"c"}
    assert np.allclose(cuts["c"], (0.2, 0.3))
