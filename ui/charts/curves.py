"""ROC and precision-recall curves, square, in the corner where the runs decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.comparison.curves import TICKS, Curves, Floats, find_window
from ui.charts.base import QUIET, frame, start_square
from ui.charts.runs import SQUARE_PX, TEXT, Style

LINE_PX, LETTER_PX, MARK_PX, PLOT_PX = 15, 6.5, 7, 290
"""A label's line and letter, half of a point's mark, and about how wide the square is."""
ROC_WORDS = "false alarms %{x:.3f}, sensitivity %{y:.3f}"
PR_WORDS = "recall %{x:.3f}, precision %{y:.3f}"


@dataclass(frozen=True, slots=True)
class Point:
    """Where a run decides: its operating point, and what it does there."""

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
    side = find_window([max(point.false_alarm_rate, 1.0 - point.sensitivity) for point in points])
    places = [(point.false_alarm_rate, point.sensitivity) for point in points]
    _mark_points(figure, places, points, styles, ROC_WORDS)
    lines = [(curve.false_alarm_rate, curve.sensitivity) for curve in curves]
    _name_points(figure, places, lines, styles, areas, (0.0, side))
    title = f"ROC <sup>({_corner_text('upper left', side)}AUC beside the run)</sup>"
    return _square(figure, title, ("false alarms among normals", "pneumonias found"), (0.0, side))


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
    side = find_window([1.0 - min(point.sensitivity, point.ppv) for point in points])
    places = [(point.sensitivity, point.ppv) for point in points]
    _mark_points(figure, places, points, styles, PR_WORDS)
    lines = [(curve.sensitivity, curve.ppv) for curve in curves]
    _name_points(figure, places, lines, styles, areas, (1.0 - side, 1.0))
    title = (
        f"Precision and recall <sup>({_corner_text('upper right', side)}AP beside the run)</sup>"
    )
    words = ("pneumonias found (recall)", "correct among called (precision)")
    return _square(figure, title, words, (1.0 - side, 1.0))


def _corner_text(corner: str, side: float) -> str:
    return f"{corner} corner; " if side < 1.0 else ""


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
    return f"{style.run_id} at an operating point of %{{customdata:.3f}}<br>{words}<extra></extra>"


def _mark_points(
    figure: go.Figure,
    places: Sequence[tuple[float, float]],
    points: Sequence[Point],
    styles: Sequence[Style],
    words: str,
) -> None:
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


def _name_points(
    figure: go.Figure,
    places: Sequence[tuple[float, float]],
    lines: Sequence[tuple[Floats, Floats]],
    styles: Sequence[Style],
    areas: Sequence[float],
    across: tuple[float, float],
) -> None:
    """Write each run's name and area right below its point and every curve there."""
    start, side = across[0], across[1] - across[0]
    scale = PLOT_PX / side
    drawn = [((x - start) * scale, (1.0 - y) * scale) for x, y in lines]
    points = [((x - start) * scale, (1.0 - y) * scale) for x, y in places]
    letters = [len(f"* {style.run_id} 0.000") for style in styles]
    spots = place_labels(points, letters, drawn)
    for (left, top, anchor), style, area in zip(spots, styles, areas, strict=True):
        figure.add_annotation(
            x=start + left / scale,
            y=1.0 - top / scale,
            text=f"{style.name} {area:.3f}",
            font=TEXT,
            xanchor=anchor,
            yanchor="top",
            showarrow=False,
        )


def place_labels(
    points: Sequence[tuple[float, float]],
    letters: Sequence[int],
    curves: Sequence[tuple[Floats, Floats]],
) -> list[tuple[float, float, str]]:
    """Return where each point's label begins, its top and its side: below points and curves.

    Parameters
    ----------
    points : sequence of (float, float)
        In px to the right and down.
    letters : sequence of int
        Of each label.
    curves : sequence of ((K,) float64 ndarray, (K,) float64 ndarray)
        In px to the right and down.
    """
    taken: list[tuple[float, float, float]] = []
    spots: dict[int, tuple[float, float, str]] = {}
    for place in sorted(range(len(points)), key=lambda one: points[one][::-1]):
        x, y = points[place]
        wide = letters[place] * LETTER_PX
        anchor = "left" if x + wide <= PLOT_PX else "right"
        start, end = (x, x + wide) if anchor == "left" else (x - wide, x)
        near = [down for right, down in points if start - MARK_PX < right < end + MARK_PX]
        for right, down in curves:
            near += down[(right >= start) & (right <= end)].tolist()
        limit = PLOT_PX - LINE_PX
        top = min(limit, max([down for down in (y, *near) if down <= limit], default=y) + MARK_PX)
        while any(
            start < other_end and other_start < end and abs(top - other_top) < LINE_PX
            for other_start, other_end, other_top in taken
        ):
            top += LINE_PX
        taken.append((start, end, top))
        spots[place] = (x, top, anchor)
    return [spots[place] for place in range(len(points))]


def _square(
    figure: go.Figure, title: str, words: tuple[str, str], across: tuple[float, float]
) -> go.Figure:
    """Return the square that begins or ends at 0 or 1 across, and ends at 1 upwards."""
    start, end = across
    side = end - start
    edge = 0.02 * side
    axis = {"dtick": TICKS[round(side, 1)], "constrain": "domain"}
    return frame(
        figure,
        SQUARE_PX,
        title,
        hovermode="closest",
        xaxis=axis | {"range": [start - edge, end + edge], "title": words[0]},
        yaxis=axis
        | {
            "range": [1.0 - side - edge, 1.0 + edge],
            "title": words[1],
            "scaleanchor": "x",
            "constraintoward": "top",  # where it is narrow, the tops of the plots stay in line
        },
    )
