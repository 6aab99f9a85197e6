"""ROC and precision-recall curves, square, in the corner where the runs decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.comparison.curves import TICKS, Curves, Floats, find_window
from core.language.numbers import number
from core.language.words import msg, tr
from ui.charts.base import QUIET, frame, start_square
from ui.charts.runs import SQUARE_PX, TEXT, Style

LINE_PX, LETTER_PX, MARK_PX, PLOT_PX = 15, 6.5, 7, 290
"""A label's line and letter, half of a point's mark, and about how wide the square is."""
STEP_PX, DOT_PX, ABOVE_PX = 3, 3.0, 6
OF_DOT, OF_POINT, OF_LABEL = 10, 20, 40
"""What covering a dot of a curve costs, in px of way; a point and a label cost as many dots."""
ROC_WORDS = msg("false alarms {x}, sensitivity {y}", x="%{x:.3f}", y="%{y:.3f}")
PR_WORDS = msg("recall {x}, precision {y}", x="%{x:.3f}", y="%{y:.3f}")


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
    corner = tr("upper left corner; AUC beside the run")
    words = ("ROC", corner if side < 1.0 else tr("AUC beside the run"))
    axes = tr("false alarms among normals"), tr("pneumonias found")
    return _square(figure, words, axes, (0.0, side))


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
    corner = tr("upper right corner; AP beside the run")
    title = tr("Precision and recall"), corner if side < 1.0 else tr("AP beside the run")
    words = tr("pneumonias found (recall)"), tr("correct among called (precision)")
    return _square(figure, title, words, (1.0 - side, 1.0))


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
    place = tr("{run} at an operating point of {at}", run=style.run_id, at="%{customdata:.3f}")
    return f"{place}<br>{tr(words)}<extra></extra>"


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
    """Write each run's name and area beside its point, where they cover no curve."""
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
            text=f"{style.name} {number(area, '.3f')}",
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
    """Return where each point's label begins, its top and its side: near, and off the curves.

    Parameters
    ----------
    points : sequence of (float, float)
        In px to the right and down.
    letters : sequence of int
        Of each label.
    curves : sequence of ((K,) float64 ndarray, (K,) float64 ndarray)
        In px to the right and down.
    """
    drawn = np.concatenate([np.empty((0, 2)), *(_dots(*curve) for curve in curves)])
    taken: list[Box] = []
    spots: dict[int, tuple[float, float, str]] = {}
    for place in sorted(range(len(points)), key=lambda one: points[one][::-1]):
        x, y = points[place]
        wide = letters[place] * LETTER_PX
        best, least = (x, y + MARK_PX, "left"), float("inf")
        for away in range(0, PLOT_PX, STEP_PX):
            for anchor, start in (("left", x), ("right", x - wide)):
                for top in (y + MARK_PX + away, y - MARK_PX - LINE_PX - away):
                    box = Box(start, top, start + wide, top + LINE_PX)
                    inside = start >= 0.0 and box.right <= PLOT_PX + MARK_PX
                    if not inside or not 0.0 <= top <= PLOT_PX - LINE_PX:
                        continue
                    covers = box.counts(drawn) + OF_POINT * box.grown().counts(np.array(points))
                    covers += OF_LABEL * sum(map(box.meets, taken))
                    cost = covers * OF_DOT + away + (ABOVE_PX if top < y else 0)
                    if cost < least:
                        best, least = (x, top, anchor), cost
        left = best[0] - (wide if best[2] == "right" else 0.0)
        taken.append(Box(left, best[1], left + wide, best[1] + LINE_PX))
        spots[place] = best
    return [spots[place] for place in range(len(points))]


@dataclass(frozen=True, slots=True)
class Box:
    """The place of a label, in px to the right and down."""

    left: float
    top: float
    right: float
    bottom: float

    def counts(self, dots: Floats) -> int:
        """Return how many of (K, 2) dots it covers."""
        across, down = dots[:, 0], dots[:, 1]
        inside = (self.left < across) & (across < self.right)
        return int((inside & (self.top < down) & (down < self.bottom)).sum())

    def meets(self, other: Box) -> bool:
        """Return whether two labels overlap."""
        beside = self.right <= other.left or other.right <= self.left
        return not (beside or self.bottom <= other.top or other.bottom <= self.top)

    def grown(self) -> Box:
        """Return it with room for half of a point's mark on every side."""
        left, top = self.left - MARK_PX, self.top - MARK_PX + 1.0
        return Box(left, top, self.right + MARK_PX, self.bottom + MARK_PX - 1.0)


def _dots(across: Floats, down: Floats) -> Floats:
    """Return (K, 2) dots that stand closely along a curve, those outside of the plot left out."""
    step = np.hypot(np.diff(across), np.diff(down))
    along = np.append(0.0, np.cumsum(step))
    at = np.arange(0.0, along[-1] + DOT_PX, DOT_PX)
    dots = np.column_stack([np.interp(at, along, across), np.interp(at, along, down)])
    return dots[((dots >= 0.0) & (dots <= PLOT_PX)).all(axis=1)]


def _square(
    figure: go.Figure, title: tuple[str, str], words: tuple[str, str], across: tuple[float, float]
) -> go.Figure:
    """Return the square that begins or ends at 0 or 1 across, and ends at 1 upwards."""
    start, end = across
    side = end - start
    edge = 0.02 * side
    axis = {"dtick": TICKS[round(side, 1)], "constrain": "domain"}
    return frame(
        figure,
        SQUARE_PX,
        *title,
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
