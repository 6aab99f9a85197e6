"""The plot of a reader's ROC curve beside the model's on the same films."""

from __future__ import annotations

import plotly.graph_objects as go

from core.ledger_roc import ReaderRoc, RocCurve
from ui.charts import QUIET, TEMPLATE

READER, MODEL = "#4a90d9", "#e8893a"
SQUARE_PX = 420
RATE_AXIS = {"range": [-0.02, 1.04], "dtick": 0.25, "constrain": "domain"}


def plot_reader_beside_model(curve: ReaderRoc) -> go.Figure:
    """Return both curves, square, each with its name, area and interval in the lower right."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": QUIET, "width": 1}, hoverinfo="skip"
    )
    drawn = ((curve.reader, curve.own, READER, 0.2), ("the model", curve.model, MODEL, 0.1))
    for name, one, colour, up in drawn:
        if one is not None:
            _add(figure, name, one, colour, up)
    return figure.update_layout(
        template=TEMPLATE,
        height=SQUARE_PX,
        title={"text": f"n = {curve.n_ill + curve.n_well} reads", "font": {"size": 14}},
        xaxis=RATE_AXIS | {"title": "false alarms among normals"},
        yaxis=RATE_AXIS | {"title": "pneumonias found", "scaleanchor": "x"},
    )


def _add(figure: go.Figure, name: str, curve: RocCurve, colour: str, up: float) -> None:
    of_reader = colour == READER
    figure.add_scatter(
        x=curve.false_alarms,
        y=curve.sensitivity,
        mode="lines+markers" if of_reader else "lines",
        marker={"color": colour, "size": 8},
        line={"color": colour, "width": 2, "dash": "solid" if of_reader else "dash"},
        hovertemplate=f"{name}: false alarms %{{x:.2f}}, found %{{y:.2f}}<extra></extra>",
    )
    area = curve.area
    figure.add_annotation(
        x=1.0,
        y=up,
        xanchor="right",
        showarrow=False,
        text=f"{name} {area.value:.2f} ({area.low:.2f} to {area.high:.2f})",
        font={"color": colour, "size": 13},
    )
