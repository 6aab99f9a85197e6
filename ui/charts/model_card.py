"""The plot of a run's rates on every part of the data, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.domain.rate import Rate, axis_start, interval_text, rate_text
from core.language.words import tr
from core.reports.document import Intervals, MeasuredRow
from ui.charts.base import BLUE, GREY, ORANGE, QUIET, frame, interval_bars

PART_PX, EDGES_PX = 62, 76
COLOURS = {"Sensitivity": ORANGE, "Specificity": BLUE}
TEXT = {"size": 12}
APART = 0.32
"""Of a part's height: how far its rates are below its name, and below each other."""
NUMBERS_PX = 190


def plot_intervals(block: Intervals) -> go.Figure:
    """Return the rates of each part of the data below its name, their numbers on the right."""
    figure = go.Figure()
    parts = block.by_part()
    for place, rows in enumerate(parts.values()):
        figure.add_shape(
            type="line", x0=block.start, x1=1, y0=place + APART / 2, y1=place + APART / 2,
            line={"color": QUIET, "width": 1}, layer="below",
        )  # fmt: skip
        for turn, row in enumerate(rows):
            _draw_row(figure, place + APART * turn, row)
        figure.add_annotation(
            x=0, xref="paper", y=place - APART, text=tr(rows[0].part), font=TEXT, showarrow=False,
            xanchor="left",
        )  # fmt: skip
    names = "   ".join(
        f"<span style='color:{COLOURS[measure]}'>●</span> {tr(measure)}"
        for measure in block.measures
    )
    figure.add_annotation(
        x=0, xref="paper", y=1, yref="paper", yshift=24, xanchor="left", text=names, font=TEXT,
        showarrow=False,
    )  # fmt: skip
    return frame(
        figure,
        PART_PX * len(parts) + EDGES_PX,
        margin={"l": 8, "r": NUMBERS_PX, "t": 30, "b": 46},
        xaxis=axis_from(block.start),
        yaxis={
            "range": [len(parts) - 0.5, -0.5],
            "visible": False,
        },
    )


def axis_from(start: float, title: str = "") -> dict[str, object]:
    """Return an axis of rates up to 1, which says where it begins."""
    named = tr("{measure}, axis from {start:g} to 1", measure=title, start=start)
    return {
        "range": [start - 0.01 * (1.0 - start), 1.0 + 0.02 * (1.0 - start)],
        "dtick": 0.05 if start >= 0.8 else 0.1 if start >= 0.5 else 0.25,
        "tick0": 0,
        "title": {
            "text": named if title else tr("axis from {start:g} to 1", start=start),
            "font": TEXT,
        },
    }


def _draw_row(figure: go.Figure, place: float, row: MeasuredRow) -> None:
    rate = row.rate
    colour = COLOURS[row.measure]
    text = tr(rate_text(rate))
    figure.add_scatter(
        x=[rate.value],
        y=[place],
        mode="markers",
        marker={
            "color": colour,
            "size": 9,
            "symbol": "circle-open" if row.out_of_population else "circle",
        },
        error_x=interval_bars([rate], color=colour, thickness=2.5, width=0),
        hovertemplate=f"{tr(row.measure)}, {tr(row.part)}: {text}<extra></extra>",
    )
    figure.add_annotation(
        x=1.0, y=place, text=text, font=TEXT, showarrow=False, xanchor="left", xshift=12
    )


INSIDE, OUTSIDE = ORANGE, GREY
LEAST_HEIGHT = 124


def plot_rates(rows: Sequence[tuple[str, Rate, bool]], title: str) -> go.Figure:
    """Return rates with their intervals, one a line, on the smallest axis that holds them.

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
            y=[f"{tr(words)}, n {rate.n}"],
            error_x=interval_bars([rate], thickness=1.5, width=4),
            mode="markers",
            cliponaxis=False,
            marker={
                "symbol": "circle" if inside else "circle-open",
                "size": 10,
                "color": INSIDE if inside else OUTSIDE,
            },
            hovertemplate=f"{tr(words)}: {tr(interval_text(rate))}<extra></extra>",
        )
    return frame(
        figure,
        max(66 + 34 * len(rows), LEAST_HEIGHT),  # below it the title lies on the numbers
        margin={"l": 8, "r": 16, "t": 4, "b": 8},
        xaxis=axis_from(axis_start(rate for _, rate, _ in rows), title),
        yaxis={"autorange": "reversed", "type": "category", "automargin": True},
    )
