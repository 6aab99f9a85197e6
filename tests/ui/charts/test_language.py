"""Plots say their words and write their numbers in the language of whoever looks at them."""

import json
import re
from datetime import UTC, date, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from fixtures.review_records import record
from fixtures.spoken_pages import Bracketed, _of_value, outside_brackets

from core.comparison.curves import trace_curves
from core.domain.rate import Rate
from core.evaluation.evaluate import PARTS
from core.evaluation.metrics import calibration_by_count
from core.evaluation.tables import COLUMNS
from core.language import words
from core.language.current import using
from core.reads.drift import Week
from core.reads.reader_roc import ReaderRoc, RocCurve
from core.reports.document import Intervals, MeasuredRow
from core.teaching.outcomes import RocPoint
from ui.charts.base import plot_probabilities, plot_reads
from ui.charts.cases import plot_case
from ui.charts.curves import Point, plot_precision_recall, plot_roc
from ui.charts.model_card import plot_intervals, plot_rates
from ui.charts.readers import (
    plot_drift,
    plot_learning,
    plot_own_calibration,
    plot_reader_beside_model,
    plot_reader_roc,
)
from ui.charts.runs import plot_calibration, plot_histories, plot_losses, style_runs


@pytest.mark.parametrize(
    ("language", "signs", "axis"),
    [
        ("en", ".,", "probability; | is the run's operating point"),
        ("es", ",.", "probabilidad; |: punto de operación de la versión"),
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


RATE, EPOCHS = Rate(0.8, 0.7, 0.9, 40), ({"train_loss": 0.6}, {"train_loss": 0.4})
CURVE = RocCurve((0.0, 0.5, 1.0), (0.0, 0.9, 1.0), RATE)
EXHIBIT = [SimpleNamespace(history=EPOCHS)]
STYLE = list(style_runs(["f01"]).values())
SCORES, LABELS = np.array([0.9, 0.6, 0.2, 0.1]), np.array([1, 0, 1, 0])
POINT = [Point(0.5, 0.5, 0.5, 0.5)]
SAID_IN_PLOTS = {"text", "hovertemplate", "hovertext", "name", "ticktext", "categoryarray"}
PLOTS = {
    "probabilities": lambda: plot_probabilities(["f01"], [0.2], [0.7], chosen="f01"),
    "case": lambda: plot_case([0.2], [0.7], STYLE),
    "reads": lambda: plot_reads([record(film_name="", reader="R1")]),
    "roc": lambda: plot_roc([trace_curves(SCORES, LABELS)], POINT, STYLE, [0.9]),
    "precision": lambda: plot_precision_recall(
        [trace_curves(SCORES, LABELS)], POINT, STYLE, [0.9], 0.5
    ),
    "intervals": lambda: plot_intervals(
        Intervals((MeasuredRow(COLUMNS["sensitivity"], PARTS["test"].name, RATE),))
    ),
    "rates": lambda: plot_rates([("f01", RATE, True)], "f01"),
    "learning": lambda: plot_learning([(datetime(2026, 11, 2, tzinfo=UTC), RATE)]),
    "reader": lambda: plot_reader_roc([RocPoint(-3, 0.5, 0.9), RocPoint(4, 0.1, 0.5)], RATE),
    "own": lambda: plot_own_calibration({4: RATE}),
    "beside": lambda: plot_reader_beside_model(ReaderRoc("R1", 20, 20, CURVE, CURVE)),
    "drift": lambda: plot_drift([Week(date(2026, 11, 2), 40, 0.12, 0.2)]),
    "calibration": lambda: plot_calibration([calibration_by_count(SCORES, LABELS, 2)], STYLE),
    "histories": lambda: plot_histories({"f01": [0.5, 0.2]}, STYLE, "f01"),
    "losses": lambda: plot_losses(EXHIBIT, STYLE, "train_loss"),
}


@pytest.mark.parametrize("name", PLOTS)
def test_every_word_of_a_plot_is_in_the_catalogue(name, monkeypatch) -> None:
    monkeypatch.setattr(words, "translations", lambda _language: Bracketed())
    with using("es"):
        figure = PLOTS[name]()
    said = list(_of_value(json.loads(figure.to_json()), SAID_IN_PLOTS, ""))

    assert len(said) >= 2
    data = re.compile(r"\bf\d\d\b|\bnov\b|ROC|%\{\w+\}")
    assert [text for text in said if outside_brackets(data.sub(" ", text))] == []
