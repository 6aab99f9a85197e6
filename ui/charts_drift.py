"""The plot of drift over weeks."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.ledger_drift import Week
from ui.charts import TEMPLATE


def plot_drift(weeks: Sequence[Week]) -> go.Figure:
    """Return each week's stability index with its own limit; a week with few films has neither.

    Parameters
    ----------
    weeks : sequence of Week
        Oldest first.
    """
    names = [f"{week.begins:%d %b %Y}<br>n = {week.n}" for week in weeks]
    measured = [
        (name, week) for name, week in zip(names, weeks, strict=True) if week.index is not None
    ]
    figure = go.Figure()
    figure.add_scatter(
        x=[name for name, _ in measured],
        y=[week.limit for _, week in measured],
        mode="markers",
        marker={"symbol": "line-ew-open", "size": 26, "color": "#8a929b", "line": {"width": 2}},
        hovertemplate="limit %{y:.2f}<extra></extra>",
    )
    figure.add_scatter(
        x=[name for name, _ in measured],
        y=[week.index for _, week in measured],
        mode="markers+text",
        text=[f"{week.index:.2f}" for _, week in measured],
        textposition="middle right",
        marker={
            "symbol": ["diamond" if week.alarm else "circle" for _, week in measured],
            "size": 12,
            "color": ["#e8893a" if week.alarm else "#6fa8dc" for _, week in measured],
        },
        hovertemplate="index %{y:.3f}<extra></extra>",
    )
    figure.update_layout(
        template=TEMPLATE,
        height=320,
        title={"text": "Stability index by week; — is the alarm's limit", "font": {"size": 14}},
        xaxis={"type": "category", "categoryorder": "array", "categoryarray": names},
        yaxis={"rangemode": "tozero", "title": "index"},
    )
    return figure
