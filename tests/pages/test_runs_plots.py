"""What the plots of runs hold: thresholds on hover, squares, the cells of the case matrix."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from fixtures.film_tables import film_table, predictions_of

from core.comparison.case_matrix import arrange_cases
from core.comparison.curves import SIDE_STEP, calibration_of, trace_curves
from core.comparison.scored_films import ScoredFilms, align_runs
from core.evaluation.metrics import calibration_by_count
from core.library.film_codes import film_code
from core.runs.listing import ListedRun
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from ui.charts.cases import RIGHT, WRONG, plot_case, plot_cases
from ui.charts.curves import Point, place_labels, plot_precision_recall, plot_roc
from ui.charts.runs import COLOURS, plot_calibration, plot_histories, style_runs
from ui.runs.case_matrix import gallery_address, rows_drawn
from ui.runs.data import ListedRuns
from ui.runs.table import describe_role

LABEL = np.array([1, 1, 0, 0])
A, B = [0.9, 0.2, 0.6, 0.1], [0.8, 0.7, 0.3, 0.4]
STYLES = style_runs(["a", "b"])


@pytest.fixture
def scored() -> ScoredFilms:
    """At 0.5 run a misses film 1 and alarms on film 2; run b decides all four rightly."""
    films = film_table(4, label=LABEL, film_id=["w", "x", "y", "z"])
    said = {"a": predictions_of(films, A), "b": predictions_of(films, B)}
    return align_runs(said, {"a": 0.5, "b": 0.5}, "test")


def test_the_roc_is_square_from_0_to_1_with_the_threshold_of_each_point() -> None:
    points = [Point(0.5, 0.5, 0.5, 0.5)]
    curves = [trace_curves(np.array(A), LABEL)]
    figure = plot_roc(curves, points, [STYLES["a"]], [0.75])
    _, curve, marked = figure.data
    assert list(zip(curve.x, curve.y, curve.customdata, strict=True)) == [
        (0.0, 0.0, 1.0),
        (0.0, 0.5, 0.9),
        (0.5, 0.5, 0.6),
        (0.5, 1.0, 0.2),
        (1.0, 1.0, 0.1),
    ]
    assert (marked.x, marked.y, marked.customdata) == ((0.5,), (0.5,), (0.5,))
    assert figure.layout.yaxis.scaleanchor == "x"
    assert figure.layout.yaxis.constraintoward == "top"  # in line with its neighbours
    assert figure.layout.xaxis.range == figure.layout.yaxis.range == (-0.02, 1.02)
    (name,) = figure.layout.annotations
    assert name.text.endswith("a 0.750")
    assert not name.showarrow
    assert name.y < 0.5  # below the point and the curve there


def test_curves_are_drawn_in_the_smallest_round_corner_that_holds_the_points() -> None:
    points = [Point(0.5, 0.98, 0.12, 0.93), Point(0.5, 0.99, 0.24, 0.88)]
    curves = [trace_curves(np.array(A), LABEL)] * 2
    styles = list(STYLES.values())
    roc = plot_roc(curves, points, styles, [0.9, 0.8])
    assert roc.layout.xaxis.range == pytest.approx((-0.006, 0.306))
    assert roc.layout.yaxis.range == pytest.approx((0.694, 1.006))
    assert "upper left corner" in roc.layout.title.subtitle.text
    precision = plot_precision_recall(curves, points, styles, [0.9, 0.8], 0.6)
    assert precision.layout.xaxis.range == pytest.approx((0.796, 1.004))
    assert precision.layout.yaxis.range == pytest.approx((0.796, 1.004))
    assert "upper right corner" in precision.layout.title.subtitle.text
    for figure in (roc, precision):
        assert [text.showarrow for text in figure.layout.annotations] == [False, False]


def test_labels_of_points_that_are_close_stand_below_each_other_and_below_the_curves() -> None:
    curve = (np.array([0.0, 50.0, 290.0]), np.array([290.0, 30.0, 25.0]))
    close = place_labels([(40.0, 10.0), (45.0, 12.0), (250.0, 20.0)], [12, 12, 12], [curve])
    tops = [top for _, top, _ in close]
    assert tops[0] > 30.0  # the curve passes there
    assert tops[1] >= tops[0] + 15.0
    assert tops[2] < tops[1]
    assert [side for _, _, side in close] == ["left", "left", "right"]


def test_labels_among_crossing_curves_stand_beside_their_points_and_on_no_curve() -> None:
    steps = [
        (np.array([0.0, 48.0, 48.0, 290.0]), np.array([290.0, 290.0, 48.0, 48.0])),
        (np.array([0.0, 48.0, 48.0, 145.0, 145.0, 290.0]), np.array([220, 220, 97, 97, 48, 48.0])),
    ]
    points = [(97.0, 48.0), (97.0, 97.0)]
    spots = place_labels(points, [12, 12], steps)
    for (x, top, side), (_, y) in zip(spots, points, strict=True):
        assert abs(top - y) < 40.0
        left = x if side == "left" else x - 78.0
        for across, down in steps:
            for start, end in pairwise(zip(across, down, strict=True)):
                beside = max(start[0], end[0]) <= left or min(start[0], end[0]) >= left + 78.0
                apart = max(start[1], end[1]) <= top or min(start[1], end[1]) >= top + 15.0
                assert beside or apart


def test_several_runs_share_the_bins_of_a_calibration() -> None:
    films = film_table(120)
    probability = np.linspace(0.01, 0.99, 120)
    said = {name: predictions_of(films, probability) for name in "abcd"}
    for runs, bins in (("a", 15), ("abcd", 8)):
        chosen = {run: said[run] for run in runs}
        scored = align_runs(chosen, dict.fromkeys(runs, 0.5), "test")
        assert [len(one) for one in calibration_of(scored)] == [bins] * len(runs)


def test_precision_and_recall_begin_at_the_surest_film() -> None:
    figure = plot_precision_recall(
        [trace_curves(np.array(A), LABEL)], [Point(0.5, 0.5, 0.5, 0.5)], [STYLES["a"]], [0.8], 0.5
    )
    curve = figure.data[0]
    assert list(zip(curve.x, curve.y, strict=True)) == [
        (0.5, 1.0),
        (0.5, 0.5),
        (1.0, 0.6667),
        (1.0, 0.5),
    ]


def test_calibration_has_the_interval_of_each_bin_spaced_by_log_odds() -> None:
    bins = calibration_by_count(np.array([0.1, 0.1, 0.5, 0.9]), np.array([0, 1, 1, 1]), bins=2)
    ideal, shares = plot_calibration([bins], [STYLES["a"]]).data
    assert shares.y == (0.5, 1.0)
    assert shares.x == pytest.approx((np.log(1 / 9), np.log(0.7 / 0.3)))
    assert ideal.y == pytest.approx(1.0 / (1.0 + np.exp(-np.asarray(ideal.x))))
    assert shares.error_y.array[0] == pytest.approx(bins[0].frequency.high - 0.5)
    assert [tuple(one)[:3] for one in shares.customdata] == [
        ("0.10", "0.10", 2),
        ("0.50", "0.90", 2),
    ]
    _, first, second = plot_calibration([bins, bins], list(STYLES.values())).data
    apart = np.subtract(second.x, first.x)
    assert apart.tolist() == pytest.approx([SIDE_STEP] * 2)  # side by side
    assert np.add(first.x, second.x) / 2.0 == pytest.approx(shares.x)


def test_a_history_marks_its_least_loss() -> None:
    figure = plot_histories({"a": [0.5, 0.2, 0.3]}, [STYLES["a"]], "Training loss")
    line, least = figure.data
    assert figure.layout.title.text.startswith("Training loss")
    assert (line.x, line.y) == ((1, 2, 3), (0.5, 0.2, 0.3))
    assert (least.x, least.y) == ((2,), (0.2,))


def test_the_case_matrix_draws_films_that_some_run_gets_wrong(scored: ScoredFilms) -> None:
    matrix = arrange_cases(scored)
    rows = rows_drawn(matrix)
    assert [str(matrix.film_id[row]) for row in rows] == ["x", "y"]
    figure = plot_cases(matrix, rows, "y", STYLES)
    of_a, of_b = figure.data
    assert set(figure.layout.yaxis.ticktext) == {style.name for style in STYLES.values()}
    assert of_a.marker.color == (WRONG, WRONG)
    assert of_b.marker.color == (RIGHT, RIGHT)
    assert [tuple(cell) for cell in of_a.customdata] == [
        ("x", "x", "0.20", "wrong", "a"),
        ("y", "y", "0.60", "wrong", "a"),
    ]


def test_the_open_case_is_outlined_and_one_that_is_not_drawn_is_not(scored: ScoredFilms) -> None:
    matrix = arrange_cases(scored)
    rows = rows_drawn(matrix)
    boxes = [
        shape
        for shape in plot_cases(matrix, rows, "y", STYLES).layout.shapes
        if shape.type == "rect"
    ]
    assert [(box.x0, box.x1) for box in boxes] == [(0.5, 1.5)]
    assert not [s for s in plot_cases(matrix, rows, "w", STYLES).layout.shapes if s.type == "rect"]


def test_a_case_has_every_runs_probability_and_threshold() -> None:
    thresholds, said = plot_case([0.2, 0.7], [0.5, 0.6], list(STYLES.values())).data
    assert (thresholds.x, thresholds.y) == ((0.5, 0.6), ("a", "b"))
    assert (said.x, said.y, said.text) == ((0.2, 0.7), ("a", "b"), ("0.20", "0.70"))


def test_more_runs_than_colours_are_told_apart_by_their_dashes() -> None:
    styles = style_runs([f"r{n}" for n in range(20)])
    assert len({(style.colour, style.dash) for style in styles.values()}) == 20
    assert styles["r0"].colour == styles[f"r{len(COLOURS)}"].colour


def test_compared_runs_have_one_colour_each_and_keep_their_own_where_they_can() -> None:
    run_ids = [f"r{n}" for n in range(20)]
    alone = style_runs(run_ids, ["r1"])["r1"]
    both = style_runs(run_ids, ["r1", f"r{1 + len(COLOURS)}"])
    assert both["r1"] == alone
    assert len({style.colour for style in both.values()}) == 2


@pytest.mark.parametrize(("film", "run", "cell"), [("x", "a", "fn"), ("y", "a", "fp"),
                                                   ("x", "b", "tp"), ("y", "b", "tn")])  # fmt: skip
def test_the_link_to_the_gallery_names_the_cell_that_the_film_is_in(
    scored: ScoredFilms, film: str, run: str, cell: str
) -> None:
    place = scored.films.film_id.tolist().index(film)
    assert gallery_address(scored, place, run) == {
        "library": "public",
        "run": run,
        "split": "test",
        "threshold": "0.5",
        "cell": cell,
        "film": film_code(film),
    }


def test_the_table_labels_what_a_run_is_there_for() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    exhibit = ListedRun(run, "keeps the origin's mistakes", "")
    assert describe_role(exhibit, SERVED_RUN) == "active"
    assert describe_role(exhibit, "other") == "exhibit"
    assert describe_role(ListedRun(replace(run, foreign=True), "", ""), "other") == "imported"
    assert describe_role(ListedRun(run, "", ""), "other") == ""


def listed(**parents: str) -> ListedRuns:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    runs = {name: ListedRun(replace(run, run_id=name), "", of) for name, of in parents.items()}
    return ListedRuns(runs, [])


def test_the_active_run_is_compared_with_those_that_lead_the_table() -> None:
    areas = {"a": 0.91, "b": 0.97, "c": None, "d": 0.6, "e": 0.95, "f": 0.93, "x": 0.99}
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)

    def measured(name: str) -> ListedRun:
        rates = {"rates": {"roc_auc": {"value": areas[name]}}}
        record = replace(run, run_id=name, metrics={"test": rates})
        return ListedRun(record, "a mistake" if name == "x" else "", "")

    runs = ListedRuns({name: measured(name) for name in areas}, [])
    assert runs.usually_compared("d", "test") == ("b", "d", "e", "f")
    assert runs.usually_compared("gone", "test")[:1] == ("b",)
    assert runs.usually_compared("d", "nih")[:2] == ("a", "b")  # none is measured there


def test_the_pair_in_words_is_the_last_step_from_a_run_to_the_next() -> None:
    runs = listed(a="", b="a", c="", d="b")
    assert runs.pair_of(("a", "b", "c")) == ("a", "b")
    assert runs.pair_of(("a", "c", "d")) == ("c", "d")
    assert runs.pair_of(("a",)) == ("", "")
