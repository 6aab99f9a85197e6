"""The plot of a run's rates on every part of the data, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.domain.rate import Rate, interval_text, rate_text
from core.reports.document import Intervals, MeasuredRow
from ui.charts.base import QUIET, frame, interval_bars

ROW_PX, EDGES_PX = 34, 44
COLOURS = {"Sensitivity": "#e8893a", "Specificity": "#4a90d9"}
OUT_OF_POPULATION = "#8a929b"
TEXT = {"size": 12}


def plot_intervals(block: Intervals) -> go.Figure:
    """Return rates from 0 to 1 below each other, names on the left and numbers on the right."""
    figure = go.Figure()
    lines = _lay_out(block)
    for place, row in lines:
        if isinstance(row, MeasuredRow):
            _draw_row(figure, place, row)
    return frame(
        figure,
        ROW_PX * len(lines) + EDGES_PX,
        margin={"l": 8, "r": 196, "t": 8, "b": 8},
        xaxis={"range": [-0.01, 1.02], "dtick": 0.25},
        yaxis={
            "tickvals": [place for place, _ in lines],
            "ticktext": [_name(row) for _, row in lines],
            "range": [len(lines) - 0.4, -0.6],
            "showgrid": False,
        },
    )


def _lay_out(block: Intervals) -> list[tuple[int, MeasuredRow | str]]:
    """Return what stands on each line: the measure's name, then its rates."""
    lines: list[MeasuredRow | str] = []
    measure = ""
    for row in block.rows:
        if row.measure != measure:
            measure = row.measure
            lines.append(measure)
        lines.append(row)
    return list(enumerate(lines))


def _name(row: MeasuredRow | str) -> str:
    if isinstance(row, str):
        return f"<b style='color:{COLOURS.get(row, OUT_OF_POPULATION)}'>{row}</b>"
    return row.part.replace(", ", ",<br>", 1)


def _draw_row(figure: go.Figure, place: int, row: MeasuredRow) -> None:
    rate = row.rate
    colour = OUT_OF_POPULATION if row.out_of_population else COLOURS[row.measure]
    text = rate_text(rate)
    figure.add_shape(
        type="line", x0=0, x1=1, y0=place, y1=place, line={"color": QUIET, "width": 1},
        layer="below",
    )  # fmt: skip
    figure.add_scatter(
        x=[rate.value],
        y=[place],
        mode="markers",
        marker={"color": colour, "size": 10},
        error_x=interval_bars([rate], color=colour, thickness=3, width=0),
        hovertemplate=f"{row.measure}, {row.part}: {text}<extra></extra>",
    )
    figure.add_annotation(
        x=1.0, y=place, text=text, font=TEXT, showarrow=False, xanchor="left", xshift=14
    )


INSIDE, OUTSIDE = "#e8893a", "#8a929b"


def plot_rates(rows: Sequence[tuple[str, Rate, bool]], title: str) -> go.Figure:
    """Return rates with their intervals, one a line.

    Parameters
    ----------
    rows : sequence of (str, Rate, bool)
        Top to bottom: what the films are, the rate, and whether it is the one that is looked at.
    title : str
        What the rate is.
    """
    figure = go.Figure()
    for words, rate, inside in rows:
        figure.add_scatter(
            x=[rate.value],
            y=[f"{words}, n {rate.n}"],
            error_x=interval_bars([rate], thickness=1.5, width=4),
            mode="markers",
            marker={
                "symbol": "circle" if inside else "circle-open",
                "size": 10,
                "color": INSIDE if inside else OUTSIDE,
            },
            hovertemplate=f"{words}: {interval_text(rate)}<extra></extra>",
        )
    return frame(
        figure,
        66 + 34 * len(rows),
        margin={"l": 8, "r": 12, "t": 4, "b": 8},
        xaxis={"range": [-0.02, 1.02], "dtick": 0.25, "title": {"text": title}},
        yaxis={"autorange": "reversed", "type": "category", "automargin": True},
    )
