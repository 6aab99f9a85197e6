"""The strongest point of a map, worked out by hand."""

from __future__ import annotations

import numpy as np

from core.explain.pointing_game import strongest_point


def test_the_strongest_point_of_a_bent_region_lies_in_it() -> None:
    bent = np.zeros((9, 9), np.float32)
    bent[:, :3] = bent[5:, :] = 1.0  # the centroid of this L lies outside of it

    row, column = strongest_point(bent)

    assert bent[row, column] == 1.0
    assert (row, column) == (6, 2)


def test_of_two_alike_regions_the_deeper_one_has_the_point() -> None:
    alike = np.zeros((7, 9), np.float32)
    alike[0, 0] = alike[2:5, 4:7] = 3.0
    assert strongest_point(alike) == (3, 5)


def test_a_map_that_reaches_the_films_edge_is_deepest_away_from_it() -> None:
    assert strongest_point(np.ones((5, 7), np.float32))[0] == 2
