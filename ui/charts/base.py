"""Plots, all with one template: direct labels, rates from 0 to 1, no colour for right and wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.domain.rate import Rate, probability_text
from core.domain.review import ReviewRecord, Verdict, verdict_words
from core.language.current import current_language
from core.language.numbers import separators
from core.language.words import msg, tr
from core.reads.export import AGREE, DISAGREE, NOT_COMPARED, compare_with_model

LANES = (Verdict.NORMAL, Verdict.UNSURE, Verdict.PNEUMONIA)
LANE_STEPS = 5
MARKS = {
    AGREE: ("circle-open", msg("reader and model agree")),
    DISAGREE: ("diamond", msg("reader and model disagree")),
    NOT_COMPARED: ("circle-dot", msg("reader or model unsure")),
}
QUIET = "rgba(128, 134, 142, 0.55)"
ORANGE, BLUE, GREY = "#dd6600", "#3a86d0", "#7f858d"
"""Each has a contrast of 3 or more with the background of either theme."""
TEMPLATE = go.layout.Template(
    layout={
        "margin": {"l": 8, "r": 8, "t": 36, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": [ORANGE, BLUE],
        "showlegend": False,
        "hoverlabel": {"align": "left"},
        "xaxis": {"gridcolor": QUIET, "zeroline": False},
        "yaxis": {"gridcolor": QUIET, "zeroline": False},
    }
)


def start_square() -> go.Figure:
    """Return a figure with the quiet line of a guess, from corner to corner."""
    return go.Figure().add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": QUIET, "width": 1}, hoverinfo="skip"
    )


SUBTITLE_PX = 22


def frame(
    figure: go.Figure, height_px: int, title: str = "", subtitle: str = "", **layout: Any
) -> go.Figure:
    """Return a figure with the template, its height and its title, and quieter words below it.

    Its numbers have the signs of the current language.
    """
    titled: dict[str, Any] = {"title": {"text": title, "font": {"size": 14}}} if title else {}
    if subtitle:
        titled["title"]["subtitle"] = {"text": subtitle, "font": {"size": 12}}
        titled["title"] |= {"y": 1.0, "yref": "container", "yanchor": "top", "pad": {"t": 6}}
        titled["margin"] = {"t": TEMPLATE.layout.margin.t + SUBTITLE_PX}
        height_px += SUBTITLE_PX
    signs = "".join(separators(current_language()))
    return figure.update_layout(
        template=TEMPLATE, height=height_px, separators=signs, **titled, **layout
    )


def frame_lanes(figure: go.Figure, height_px: int, **yaxis: Any) -> go.Figure:
    """Return a figure of probabilities, one line a run, the first on top."""
    return frame(
        figure,
        height_px,
        margin={"l": 8, "r": 12, "t": 4, "b": 8},
        xaxis={
            "range": [-0.03, 1.03],
            "dtick": 0.25,
            "title": {
                "text": tr("probability; | is the run's operating point"),
                "font": {"size": 12},
            },
        },
        yaxis={"autorange": "reversed", "type": "category"} | yaxis,
    )


def interval_bars(rates: Sequence[Rate], **style: Any) -> dict[str, Any]:
    """Return the error bars that reach from the lower to the upper end of each interval."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [rate.high - rate.value for rate in rates],
        "arrayminus": [rate.value - rate.low for rate in rates],
    } | style


def draw_plot(figure: go.Figure, key: str, **shown: Any) -> None:
    """Draw a figure without the bar of tools."""
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, **shown)


def operating_point_text() -> str:
    """Return what stands beside an operating point that is pointed at, the run upwards."""
    words = tr("operating point of {run}: {at}", run="%{y}", at="%{x:.3f}")
    return f"{words}<extra></extra>"


def probability_of_run_text(probability: str) -> str:
    """Return what stands beside a probability that is pointed at, the run upwards."""
    words = tr("{run}: probability {probability}", run="%{y}", probability=probability)
    return f"{words}<extra></extra>"


def plot_probabilities(
    run_ids: Sequence[str], probability: Sequence[float], threshold: Sequence[float], chosen: str
) -> go.Figure:
    """Return every run's probability of one film on one axis, each with its own threshold.

    Parameters
    ----------
    run_ids : sequence of str
        Top to bottom.
    chosen : str
        The run that stands out.
    """
    called = [one >= at for one, at in zip(probability, threshold, strict=True)]
    figure = go.Figure()
    figure.add_scatter(
        x=list(threshold),
        y=list(run_ids),
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 14, "color": GREY, "line": {"width": 2}},
        hovertemplate=operating_point_text(),
    )
    figure.add_scatter(
        x=list(probability),
        y=list(run_ids),
        mode="markers",
        marker={
            "symbol": ["circle" if one else "circle-open" for one in called],
            "size": 11,
            "color": [BLUE if run_id == chosen else GREY for run_id in run_ids],
        },
        customdata=[tr(probability_text(one)) for one in probability],
        hovertemplate=probability_of_run_text("%{customdata}"),
    )
    return frame_lanes(figure, 72 + 26 * len(run_ids))


def plot_reads(records: Sequence[ReviewRecord]) -> go.Figure:
    """Return reads by the model's score (x axis) and the reader's verdict (lanes).

    Parameters
    ----------
    records : sequence of ReviewRecord
        Those without a probability are left out: refused films, and adults' whose score the
        reader did not ask for.
    """
    scored = [record for record in records if record.shown_prediction is not None]
    figure = go.Figure()
    for comparison, (symbol, words) in MARKS.items():
        chosen = [record for record in scored if compare_with_model(record) == comparison]
        figure.add_scatter(
            x=[record.prediction.probability for record in chosen if record.prediction],
            y=[_place(record, turn) for turn, record in enumerate(chosen)],
            mode="markers",
            marker={
                "symbol": symbol,
                "size": 10,
                "color": ORANGE if comparison == DISAGREE else GREY,
            },
            name=tr(words),
            showlegend=bool(chosen),
            text=[
                f"{record.film_name or tr('film')}<br>{record.reader}, {tr(words)}"
                for record in chosen
            ],
            hovertemplate=f"%{{text}}<br>{tr('score {score}', score='%{x:.2f}')}<extra></extra>",
        )
    _mark_operating_points(figure, scored)
    return frame(
        figure,
        460,
        tr("Reader against model"),
        showlegend=True,
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        margin={"l": 8, "r": 8, "t": 36, "b": 70},
        xaxis={"range": [-0.02, 1.02], "title": tr("model's score"), "dtick": 0.25},
        yaxis={
            "range": [-0.6, len(LANES) - 0.4],
            "tickvals": list(range(len(LANES))),
            "ticktext": [tr("reader: {verdict}", verdict=verdict_words(lane)) for lane in LANES],
            "showgrid": False,
        },
    )


def _place(record: ReviewRecord, turn: int) -> float:
    """Return the lane, with points of one lane apart from each other."""
    return LANES.index(record.read.verdict) + (turn % LANE_STEPS - LANE_STEPS // 2) * 0.12


def _mark_operating_points(figure: go.Figure, scored: Sequence[ReviewRecord]) -> None:
    thresholds = {r.prediction.operating_point.threshold for r in scored if r.prediction}
    for threshold in sorted(thresholds):
        figure.add_vline(threshold, line={"color": QUIET, "width": 2})
        figure.add_annotation(
            x=threshold,
            y=len(LANES) - 0.45,
            text=tr("threshold"),
            showarrow=False,
            xanchor="right",
            xshift=-4,
            font={"size": 11},
        )
