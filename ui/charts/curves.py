"""ROC and precision-recall curves of runs, square, with the points where the runs decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from core.comparison.curves import Curves
from ui.charts.base import QUIET, frame, start_square
from ui.charts.runs import LABEL_STEP, TEXT, Style

SQUARE_PX = 430
LABELS_FROM = 0.42
"""Below the diagonal, where no curve runs."""
RATE_AXIS = {"range": [-0.01, 1.01], "dtick": 0.25, "constrain": "domain"}
ROC_WORDS = "false alarms %{x:.3f}, sensitivity %{y:.3f}"
PR_WORDS = "recall %{x:.3f}, precision %{y:.3f}"


@dataclass(frozen=True, slots=True)
class Point:
    """Where a run decides: its threshold, and what it does there."""

    threshold: float
    sensitivity: float
    false_alarm_rate: float
    ppv: float


def plot_roc(
    curves: Sequence[Curves],
    points: Sequence[Point],
    styles: Sequence[Style],
    areas: Sequence[float],
) -> go.Figure:
    """Return ROC curves, square, with each run's operating point and the threshold on hover."""
    figure = start_square()
    for curve, style in zip(curves, styles, strict=True):
        # The curve begins where nothing is called.
        _add_curve(
            figure,
            style,
            np.append(0.0, curve.false_alarm_rate),
            np.append(0.0, curve.sensitivity),
            np.append(1.0, curve.threshold),
            ROC_WORDS,
        )
    places = [(point.false_alarm_rate, point.sensitivity) for point in points]
    _mark_points(figure, places, points, styles, areas, ROC_WORDS, "left")
    return _square(figure, "ROC", "false alarms among normals", "pneumonias found", "AUC")


def plot_precision_recall(
    curves: Sequence[Curves],
    points: Sequence[Point],
    styles: Sequence[Style],
    areas: Sequence[float],
    share_ill: float,
) -> go.Figure:
    """Return precision against recall, square; the quiet line is a run that knows nothing."""
    figure = go.Figure()
    figure.add_hline(share_ill, line={"color": QUIET, "width": 1})
    for curve, style in zip(curves, styles, strict=True):
        _add_curve(figure, style, curve.sensitivity, curve.ppv, curve.threshold, PR_WORDS)
    places = [(point.sensitivity, point.ppv) for point in points]
    _mark_points(figure, places, points, styles, areas, PR_WORDS, "right")
    return _square(
        figure,
        "Precision and recall",
        "pneumonias found (recall)",
        "correct among called (precision)",
        "AP",
    )


def _add_curve(
    figure: go.Figure, style: Style, x: object, y: object, threshold: object, words: str
) -> None:
    figure.add_scatter(
        x=np.round(x, 4),
        y=np.round(y, 4),
        customdata=np.round(threshold, 4),
        mode="lines",
        line={"color": style.colour, "dash": style.dash, "width": 2},
        hovertemplate=_hover(style, words),
    )


def _hover(style: Style, words: str) -> str:
    return f"{style.run_id} at threshold %{{customdata:.3f}}<br>{words}<extra></extra>"


def _mark_points(
    figure: go.Figure,
    places: Sequence[tuple[float, float]],
    points: Sequence[Point],
    styles: Sequence[Style],
    areas: Sequence[float],
    words: str,
    side: Literal["left", "right"],
) -> None:
    """Mark the operating points, each with a line from its run's name at that side of it."""
    for (x, y), point, style in zip(places, points, styles, strict=True):
        figure.add_scatter(
            x=[x],
            y=[y],
            customdata=[point.threshold],
            mode="markers",
            marker={
                "color": style.colour,
                "size": 10,
                "symbol": "diamond",
                "line": {"width": 1.5, "color": "white"},
            },
            hovertemplate=_hover(style, words),
        )
    top = max(LABELS_FROM, 0.06 + LABEL_STEP * (len(styles) - 1))
    labels = zip(places, styles, areas, strict=True)
    # From the far end of the curve down, so that no two lines cross.
    ordered = sorted(labels, key=lambda one: one[0][1 if side == "right" else 0], reverse=True)
    for row, ((x, y), style, area) in enumerate(ordered):
        figure.add_annotation(
            x=x,
            y=y,
            ax=0.62,
            ay=top - row * LABEL_STEP,
            axref="x",
            ayref="y",
            text=f"{style.name} {area:.3f}",
            font=TEXT,
            xanchor=side,
            showarrow=True,
            arrowhead=0,
            arrowwidth=1,
            arrowcolor=style.colour,
            opacity=0.95,
            standoff=6,
        )


def _square(figure: go.Figure, title: str, across: str, up: str, area: str) -> go.Figure:
    return frame(
        figure,
        SQUARE_PX,
        f"{title} <sup>({area} beside the run)</sup>",
        hovermode="closest",
        xaxis=RATE_AXIS | {"title": across},
        yaxis=RATE_AXIS | {"title": up, "scaleanchor": "x"},
    )
