"""Plots of rates with intervals: the smallest round axis that holds them, and it says so."""

from __future__ import annotations

import pytest

from core.domain.rate import Rate, axis_start
from core.reports.document import Intervals, MeasuredRow
from ui.charts.model_card import plot_intervals, plot_rates

HIGH, LOW = Rate(0.97, 0.95, 0.98, 400), Rate(0.89, 0.84, 0.92, 234)


@pytest.mark.parametrize(
    ("lows", "start"),
    [((0.95, 0.84), 0.8), ((0.95, 0.79), 0.7), ((0.7,), 0.7), ((0.04,), 0.0), ((), 0.8)],
    ids=["usual", "below 0.8", "on a tenth", "nearly 0", "no rate"],
)
def test_an_axis_begins_at_the_tenth_below_every_interval(lows, start) -> None:
    assert axis_start(Rate(0.97, low, 0.98, 100) for low in lows) == start


def test_sensitivity_and_specificity_of_a_part_are_beside_each_other() -> None:
    rows = [
        MeasuredRow(measure, part, rate, out_of_population=part == "adults")
        for part in ("test", "adults")
        for measure, rate in (("Sensitivity", HIGH), ("Specificity", LOW))
    ]
    figure = plot_intervals(Intervals(tuple(rows)))
    assert [round(float(one.y[0])) for one in figure.data] == [0, 0, 1, 1]
    assert [one.marker.symbol for one in figure.data] == ["circle"] * 2 + ["circle-open"] * 2
    assert figure.layout.xaxis.title.text == "axis from 0.8 to 1"
    assert figure.layout.xaxis.range == pytest.approx((0.798, 1.004))
    texts = [text.text for text in figure.layout.annotations]
    names = {text.text: round(text.y) for text in figure.layout.annotations if text.xref == "paper"}
    assert (names["test"], names["adults"]) == (0, 1)
    assert "0.890 (0.840 to 0.920), n = 234" in texts
    assert "Sensitivity" in texts[-1]
    assert "Specificity" in texts[-1]


def test_a_wide_interval_widens_the_axis_of_rates() -> None:
    figure = plot_rates([("films", Rate(0.5, 0.31, 0.7, 9), True)], "sensitivity")
    assert figure.layout.xaxis.title.text == "sensitivity, axis from 0.3 to 1"
    assert figure.layout.xaxis.range[0] < 0.3
