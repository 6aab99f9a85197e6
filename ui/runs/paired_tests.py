"""Runs against each other: curves, counts at the operating points, paired tests in words."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.comparison.paired_tests import PairComparison
from core.comparison.scored_films import OWN_THRESHOLDS, ScoredFilms
from core.comparison.tables import describe_pairs, describe_scored
from core.comparison.text import NOTE, difference_text, films_text, pair_texts
from core.evaluation.metrics import ConfusionMatrix, confusion_at
from core.language.words import tr
from ui.charts.base import draw_plot
from ui.charts.curves import Point, plot_precision_recall, plot_roc
from ui.charts.runs import Style, plot_calibration
from ui.components.figures import draw_figures
from ui.components.plain_text import plain
from ui.library.runs import own_validation
from ui.runs.data import ComparedKey, ListedRuns, get_areas, get_curves, get_pairs
from ui.runs.query import ADDRESS, METRIC_NAMES, RunsView

MAX_TABLE_PX = 250


def draw_films(scored: ScoredFilms, listed: ListedRuns) -> None:
    """Say which films are compared, at which operating points."""
    text = films_text(scored)
    st.markdown(plain(text[:1].upper() + text[1:]))
    own = [listed.runs[run_id].record.operating_point.threshold for run_id in scored.run_ids]
    if scored.chosen_at != OWN_THRESHOLDS and np.allclose(scored.threshold, own, atol=0.0005):
        st.caption(
            tr(
                "At this sensitivity the operating points are the same as each run's "
                "own, so nothing below changes."
            )
        )
    for run_id in scored.run_ids if scored.part == "validation" else ():
        validated = own_validation(listed.runs[run_id].record)
        if validated:
            st.warning(
                tr(
                    "The validation films of run {run} are {films}: its results "
                    "on them look too good. With several runs, only films that all of "
                    "them validated on are compared.",
                    run=run_id,
                    films=tr(validated),
                ),
                icon=":material/warning:",
            )


def draw_curves(
    key: ComparedKey, listed: ListedRuns, scored: ScoredFilms, styles: dict[str, Style]
) -> None:
    """Draw ROC, precision and recall, and calibration, side by side."""
    curves, calibrations = get_curves(key, listed)
    areas, precision = get_areas(key, listed)
    drawn = [styles[run_id] for run_id in scored.run_ids]
    label = scored.films.label
    points = [
        _point(confusion_at(probability, label, threshold), float(threshold))
        for probability, threshold in zip(scored.probability, scored.threshold, strict=True)
    ]
    share_ill = float(scored.ill.mean())
    figures = {
        "runs-roc": plot_roc(curves, points, drawn, areas),
        "runs-pr": plot_precision_recall(curves, points, drawn, precision, share_ill),
        "runs-calibration": plot_calibration(calibrations, drawn),
    }
    for side, (name, figure) in zip(st.columns(3, gap="medium"), figures.items(), strict=True):
        with side:
            draw_plot(figure, name)
    st.caption(
        tr(
            "A diamond marks a run's operating point. Hover over a curve to see other "
            "operating points. ROC and precision are drawn in the corner that holds "
            "these points. The grey line of calibration is perfect calibration; runs are "
            "moved a little to the side there, so that intervals at the same probability "
            "stay apart."
        )
    )


def _point(matrix: ConfusionMatrix, threshold: float) -> Point:
    called = matrix.true_positive + matrix.false_positive
    return Point(
        threshold=threshold,
        sensitivity=matrix.true_positive / (matrix.true_positive + matrix.false_negative),
        false_alarm_rate=matrix.false_positive / (matrix.false_positive + matrix.true_negative),
        ppv=matrix.true_positive / called if called else 1.0,
    )


def draw_tests(
    view: RunsView,
    key: ComparedKey,
    listed: ListedRuns,
    scored: ScoredFilms,
    styles: dict[str, Style],
) -> None:
    """Draw the counts at the operating points, one pair in words, and every pair in a table."""
    counts_side, words_side = st.columns([1.6, 1], gap="large")
    with counts_side:
        draw_figures(
            describe_scored(scored),
            colours={run_id: style.colour for run_id, style in styles.items()},
            height="content" if len(scored.run_ids) <= 7 else MAX_TABLE_PX,
            key="runs-scored",
            alt=tr("Counts and rates of the compared runs at their operating points"),
        )
        st.caption(
            tr(
                "On the films that all of them scored, at {chosen_at}.",
                chosen_at=tr(scored.chosen_at),
            )
        )
    if len(scored.run_ids) < 2:
        words_side.info(tr("Tick a second run in the table to test one against the other."))
        return
    pairs = get_pairs(key, listed)
    with words_side:
        metrics = {name: tr(words) for name, words in METRIC_NAMES.items()}
        run_side, other_side, metric_side = st.columns(3, gap="small")
        with run_side:
            ADDRESS.select(view, tr("Run"), "later", scored.run_ids)
        with other_side:
            ADDRESS.select(view, tr("compared with"), "earlier", scored.run_ids)
        with metric_side:
            ADDRESS.select(view, tr("Metric"), "metric", metrics)
        pair = find_pair(pairs, view.earlier, view.later)
        if pair is not None:
            name = METRIC_NAMES[view.metric]
            text = [*pair_texts(pair), difference_text(pair, view.metric, name)]
            st.markdown("\n".join(f"- {line}" for line in text))
    with st.expander(
        tr("All {n} pairs", n=len(pairs)) if len(pairs) > 1 else tr("The pair in a table")
    ):
        st.dataframe(
            describe_pairs(pairs, view.metric, METRIC_NAMES[view.metric]),
            hide_index=True,
            height="content" if len(pairs) <= 7 else MAX_TABLE_PX,
            key="runs-pairs",
            column_config={"Pair": st.column_config.TextColumn(pinned=True)},
            alt=tr("Paired tests of every pair of compared runs"),
        )
    st.caption(tr(NOTE))


def find_pair(pairs: list[PairComparison], earlier: str, later: str) -> PairComparison | None:
    """Return the pair of two runs, told from the earlier one, whichever the table has first."""
    for pair in pairs:
        if (pair.first, pair.second) == (earlier, later):
            return pair
        if (pair.second, pair.first) == (earlier, later):
            return pair.turned()
    return None
