"""The plots of the weekly check: a line a stream and course, shares of films, intervals."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from core.monitoring.shadow import compare
from core.monitoring.weekly import Stream, WeekChecked
from ui.charts.monitoring import HIGHEST, plot_comparison, plot_course, plot_scores

MONDAY = date(2026, 3, 2)


def checked(week: int, **powers: float) -> WeekChecked:
    found = {Stream(name): power for name, power in powers.items()}
    return WeekChecked(MONDAY + timedelta(weeks=week), 9, found)


def test_a_line_ends_where_a_course_began_anew_and_stays_in_the_plot() -> None:
    weeks = [checked(0, scores=0.5), checked(1, scores=40.0), checked(2, scores=0.1, refusals=0.2)]
    scores, refusals = plot_course(weeks, [weeks[1].begins]).data
    assert list(scores.y) == [0.5, HIGHEST, None, 0.1]
    assert list(refusals.y) == [None, None, None, 0.2]
    assert scores.name == "Scores"


def test_the_alarm_stands_where_three_hundred_is() -> None:
    figure = plot_course([checked(0, scores=0.0)], [])
    assert figure.layout.shapes[0].y0 == pytest.approx(np.log10(300.0))
    low, high = figure.layout.yaxis.range
    assert low < 0.0 < np.log10(300.0) < high


def test_bars_and_line_are_shares_of_their_own_films() -> None:
    bars, line = plot_scores(np.array([0.05, 0.15, 0.95, 0.96]), np.array([0.95, 0.05]), 0.7).data
    assert list(bars.y) == [0.5, *[0.0] * 8, 0.5]
    assert list(line.y)[::2] == [0.25, 0.25, *[0.0] * 7, 0.5]
    assert len(plot_scores(np.array([0.5]), np.empty(0), 0.7).data) == 1  # no films yet


def test_a_comparison_without_a_settled_film_draws_no_share() -> None:
    figure = plot_comparison(compare([], {}, 1), "f05", "f08")
    assert [line.mode for line in figure.data] == ["lines"] * 3
    assert {note.text for note in figure.layout.annotations} == {"f05 right", "f08 right"}
