"""Plots, all with one template: direct labels, rates from 0 to 1, no colour for right and wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from core.domain.review import ReviewRecord, Verdict
from core.reads.export import AGREE, DISAGREE, NOT_COMPARED, compare_with_model

LANES = (Verdict.NORMAL, Verdict.UNSURE, Verdict.PNEUMONIA)
LANE_STEPS = 5
MARKS = {
    AGREE: ("circle-open", "reader and model agree"),
    DISAGREE: ("diamond", "reader and model disagree"),
    NOT_COMPARED: ("circle-dot", "reader or model unsure"),
}
QUIET = "rgba(128, 134, 142, 0.55)"
TEMPLATE = go.layout.Template(
    layout={
        "margin": {"l": 8, "r": 8, "t": 36, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": ["#e8893a", "#4a90d9"],
        "showlegend": False,
        "hoverlabel": {"align": "left"},
        "xaxis": {"gridcolor": QUIET, "zeroline": False},
        "yaxis": {"gridcolor": QUIET, "zeroline": False},
    }
)


@dataclass(frozen=True, slots=True)
class RunProbability:
    """One run's probability of a film, and its threshold."""

    run_id: str
    probability: float
    threshold: float


def plot_probabilities(said: Sequence[RunProbability], chosen: str) -> go.Figure:
    """Return every run's probability of one film on one axis, each with its own threshold.

    Parameters
    ----------
    said : sequence of RunProbability
        Top to bottom.
    chosen : str
        The run that stands out.
    """
    names = [one.run_id for one in said]
    figure = go.Figure()
    figure.add_scatter(
        x=[one.threshold for one in said],
        y=names,
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 14, "color": "#8a929b", "line": {"width": 2}},
        hovertemplate="threshold of %{y}: %{x:.3f}<extra></extra>",
    )
    figure.add_scatter(
        x=[one.probability for one in said],
        y=names,
        mode="markers",
        marker={
            "symbol": [
                "circle" if one.probability >= one.threshold else "circle-open" for one in said
            ],
            "size": 11,
            "color": ["#6fa8dc" if one.run_id == chosen else "#8a929b" for one in said],
        },
        hovertemplate="%{y}: probability %{x:.3f}<extra></extra>",
    )
    figure.update_layout(
        template=TEMPLATE,
        height=72 + 26 * len(said),
        margin={"l": 8, "r": 12, "t": 4, "b": 8},
        xaxis={
            "range": [-0.03, 1.03],
            "dtick": 0.25,
            "title": {"text": "probability; | is the run's threshold", "font": {"size": 12}},
        },
        yaxis={"autorange": "reversed", "type": "category"},
    )
    return figure


def _side(one: RunProbability) -> str:
    return "circle" if one.probability >= one.threshold else "circle-open"


def plot_reads(records: Sequence[ReviewRecord]) -> go.Figure:
    """Return reads by the model's probability (x axis) and the reader's verdict (lanes).

    Parameters
    ----------
    records : sequence of ReviewRecord
        Those of refused films have no probability and are left out.
    """
    scored = [record for record in records if record.prediction is not None]
    figure = go.Figure()
    for comparison, (symbol, words) in MARKS.items():
        chosen = [record for record in scored if compare_with_model(record) == comparison]
        figure.add_scatter(
            x=[record.prediction.probability for record in chosen if record.prediction],
            y=[_place(record, turn) for turn, record in enumerate(chosen)],
            mode="markers",
            marker={"symbol": symbol, "size": 10, "color": _colour(comparison)},
            text=[f"{record.film_name or 'film'}<br>{record.reader}, {words}" for record in chosen],
            hovertemplate="%{text}<br>probability %{x:.2f}<extra></extra>",
        )
    _mark_operating_points(figure, scored)
    figure.update_layout(
        template=TEMPLATE,
        height=460,
        title={"text": "Reader against model", "font": {"size": 14}},
        xaxis={"range": [-0.02, 1.02], "title": "model's probability", "dtick": 0.25},
        yaxis={
            "range": [-0.6, len(LANES) - 0.4],
            "tickvals": list(range(len(LANES))),
            "ticktext": [f"reader: {lane}" for lane in LANES],
            "showgrid": False,
        },
    )
    return figure


def _place(record: ReviewRecord, turn: int) -> float:
    """Return the lane, with points of one lane apart from each other."""
    return LANES.index(record.read.verdict) + (turn % LANE_STEPS - LANE_STEPS // 2) * 0.12


def _colour(comparison: str) -> str:
    return "#e8893a" if comparison == DISAGREE else "#8a929b"


def _mark_operating_points(figure: go.Figure, scored: Sequence[ReviewRecord]) -> None:
    thresholds = {r.prediction.operating_point.threshold for r in scored if r.prediction}
    for threshold in sorted(thresholds):
        figure.add_vline(threshold, line={"color": QUIET, "width": 2})
        figure.add_annotation(
            x=threshold,
            y=len(LANES) - 0.45,
            text="operating point",
            showarrow=False,
            xanchor="right",
            xshift=-4,
            font={"size": 11},
        )
