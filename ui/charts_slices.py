"""A rate inside a slice and outside it, on the searched films and on those held against it."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.statistics import Rate
from ui.charts import TEMPLATE

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
            error_x={
                "array": [rate.high - rate.value],
                "arrayminus": [rate.value - rate.low],
                "thickness": 1.5,
                "width": 4,
            },
            mode="markers",
            marker={
                "symbol": "circle" if inside else "circle-open",
                "size": 10,
                "color": INSIDE if inside else OUTSIDE,
            },
            hovertemplate=f"{words}: {rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"
            "<extra></extra>",
        )
    figure.update_layout(
        template=TEMPLATE,
        height=66 + 34 * len(rows),
        margin={"l": 8, "r": 12, "t": 4, "b": 8},
        xaxis={"range": [-0.02, 1.02], "dtick": 0.25, "title": {"text": title}},
        yaxis={"autorange": "reversed", "type": "category", "automargin": True},
    )
    return figure
