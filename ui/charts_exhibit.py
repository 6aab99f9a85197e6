"""Plots of the exhibit: what training showed of a film, and the losses it led to."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import plotly.graph_objects as go

from core.exhibit import ExhibitRun, draw_windows
from ui.charts import QUIET, TEMPLATE
from ui.charts_runs import Style

WINDOWS, SEED = 12, 5
CHANCE_NATS = log(2.0)
LUNGS = ((0.16, 0.14, 0.44, 0.8), (0.56, 0.14, 0.84, 0.8))
"""Left, top, right, bottom of two ovals that stand for the lungs, as shares of the film."""


def plot_windows(run: ExhibitRun, style: Style) -> go.Figure:
    """Return a sketch of a film with some of the parts of it that the run was trained on."""
    figure = go.Figure()
    quiet = {"color": QUIET, "width": 1}
    figure.add_shape(type="rect", x0=0, y0=0, x1=1, y1=1, line=quiet)
    for left, top, right, bottom in LUNGS:
        figure.add_shape(
            type="circle", x0=left, y0=top, x1=right, y1=bottom, line=quiet, fillcolor=QUIET
        )
    for left, top, right, bottom in draw_windows(run, WINDOWS, SEED):
        line = {"color": style.colour, "width": 1.5}
        figure.add_shape(type="rect", x0=left, y0=top, x1=right, y1=bottom, line=line)
    axis = {"visible": False, "range": [-0.25, 1.25], "fixedrange": True}
    figure.update_layout(
        template=TEMPLATE,
        height=330,
        title={"text": style.name, "font": {"size": 14}},
        xaxis={**axis, "constrain": "domain"},
        yaxis={**axis, "range": [1.25, -0.25], "scaleanchor": "x"},
    )
    return figure


def plot_losses(runs: Sequence[ExhibitRun], styles: Sequence[Style], kind: str) -> go.Figure:
    """Return each run's loss by epoch, beside that of a model which always says one half.

    Parameters
    ----------
    runs, styles : sequences of the same length
    kind : str
        ``train_loss`` or ``validation_loss``.
    """
    figure = go.Figure()
    for run, style in zip(runs, styles, strict=True):
        losses = [epoch[kind] for epoch in run.history]
        figure.add_scatter(
            x=list(range(1, len(losses) + 1)),
            y=losses,
            mode="lines+markers",
            marker={"size": 5, "color": style.colour},
            line={"color": style.colour, "dash": style.dash, "width": 2},
            hovertemplate=f"{style.run_id}, epoch %{{x}}: %{{y:.3f}}<extra></extra>",
        )
    figure.add_hline(y=CHANCE_NATS, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.add_annotation(
        x=1, xref="paper", y=CHANCE_NATS, yshift=9, xanchor="right", showarrow=False,
        text="always one half", font={"size": 11},
    )  # fmt: skip
    words = "Training loss" if kind == "train_loss" else "Validation loss"
    figure.update_layout(
        template=TEMPLATE,
        height=300,
        title={"text": words, "font": {"size": 14}},
        xaxis={"title": "epoch"},
        yaxis={"title": "loss in nats", "rangemode": "tozero"},
    )
    return figure
