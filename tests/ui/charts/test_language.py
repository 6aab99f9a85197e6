"""Plots say their words and write their numbers in the language of whoever looks at them."""

from datetime import date

import numpy as np
import pytest

from core.comparison.curves import trace_curves
from core.language.current import using
from core.reads.drift import Week
from ui.charts.base import plot_probabilities
from ui.charts.curves import Point, plot_roc
from ui.charts.readers import plot_drift
from ui.charts.runs import style_runs


@pytest.mark.parametrize(
    ("language", "signs", "axis"),
    [
        ("en", ".,", "probability; | is the run's operating point"),
        ("es", ",.", "probabilidad; | es el punto de operación de la versión"),
    ],
)
def test_a_plot_has_the_words_and_the_signs_of_the_language(language, signs, axis) -> None:
    with using(language):
        figure = plot_probabilities(["f01"], [0.2], [0.7], chosen="f01")

    assert figure.layout.separators == signs
    assert figure.layout.xaxis.title.text == axis
    assert figure.data[1].customdata == ("0,20" if language == "es" else "0.20",)


def test_what_is_pointed_at_is_said_in_the_language_and_its_numbers_are_plotlys_to_fill() -> None:
    curve = trace_curves(np.array([0.9, 0.6, 0.2, 0.1]), np.array([1, 0, 1, 0]))
    styles = list(style_runs(["f01"]).values())
    with using("es"):
        figure = plot_roc([curve], [Point(0.5, 0.5, 0.5, 0.5)], styles, [0.912])

    assert figure.data[-1].hovertemplate == (
        "f01 con un punto de operación de %{customdata:.3f}<br>"
        "falsos positivos %{x:.3f}, sensibilidad %{y:.3f}<extra></extra>"
    )
    assert figure.layout.annotations[0].text.endswith("f01 0,912")
    assert figure.layout.xaxis.title.text == "falsos positivos entre las normales"


@pytest.mark.parametrize(("language", "day"), [("en", "02 Nov 2026"), ("es", "2 nov 2026")])
def test_a_week_begins_on_a_day_as_the_language_writes_it(language, day) -> None:
    with using(language):
        figure = plot_drift([Week(date(2026, 11, 2), 40, 0.12, 0.2)])
    assert figure.layout.xaxis.categoryarray == (f"{day}<br>n = 40",)
