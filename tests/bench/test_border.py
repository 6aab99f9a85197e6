"""What is measured of a film's border."""

import numpy as np
import pytest

from bench.border import measure_border, tabulate


def test_only_the_outer_eighth_is_measured():
    films = np.full((2, 64, 64), 100, np.uint8)
    films[:, 8:-8, 8:-8] = 255
    films[1, :8] = 0  # the upper of four strips

    measured = measure_border(films)

    ring = 64 * 64 - 48 * 48
    assert measured["mean grey"].tolist() == [100.0, pytest.approx(100 * (1 - 8 * 64 / ring))]
    assert measured["share of black"].tolist() == [0.0, 8 * 64 / ring]
    assert measured["share of white"].tolist() == [0.0, 0.0]
    assert measured["contrast (deviation)"][0] == 0.0


def test_the_table_says_how_a_statistic_tells_the_classes_and_follows_the_score():
    labels, score = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.4])
    lines = tabulate({"test": (labels, score, {"mean grey": np.array([4.0, 3.0, 2.0, 1.0])})})

    assert lines[2].startswith("| the run's score | 1.000 (")
    assert lines[3].startswith("| mean grey | 0.000 (")
    assert lines[3].endswith("| -1.00 |")
