"""Plots of runs side by side: each run has its colour, dash and label on every one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import plotly.graph_objects as go

from core.comparison.exhibit import ExhibitRun, draw_windows
from core.evaluation.metrics import CalibrationBin
from ui.charts.base import QUIET, frame, start_square

COLOURS = ("#e8893a", "#4a90d9", "#2a9d8f", "#b06fc4", "#c2a01e", "#8a929b", "#c8553d", "#3f7d5c")
"""Okabe and Ito's order of hues, in tones that stand on either theme."""
DASHES = ("solid", "dash", "dot", "dashdot")
CALIBRATION_PX = 430
LABEL_STEP = 0.075
TEXT = {"size": 12}
LOSS_AXIS = {"title": "loss in nats", "rangemode": "tozero"}


@dataclass(frozen=True, slots=True)
class Style:
    """How one run is drawn wherever it is drawn."""

    run_id: str
    colour: str
    dash: str

    @property
    def name(self) -> str:
        """The run's name with a stroke in its colour before it."""
        return f"<span style='color:{self.colour}'>●</span> {self.run_id}"


def style_runs(run_ids: Sequence[str]) -> dict[str, Style]:
    """Return a style for each run; the same run has the same among the same runs.

    Parameters
    ----------
    run_ids : sequence of str
        All that there are, not only those that are compared.
    """
    return {
        run_id: Style(run_id, COLOURS[n % len(COLOURS)], DASHES[n // len(COLOURS) % len(DASHES)])
        for n, run_id in enumerate(run_ids)
    }


LEAST_IN_BIN = 10
"""Films from which a bin's interval is drawn where several runs share the plot; all are said."""


def plot_calibration(
    curves: Sequence[Sequence[CalibrationBin]], styles: Sequence[Style]
) -> go.Figure:
    """Return how often films of each probability have pneumonia; below, how many films that is."""
    figure = start_square()
    most = max(one.frequency.n for bins in curves for one in bins)
    least = LEAST_IN_BIN if len(curves) > 1 else 1
    for bins, style in zip(curves, styles, strict=True):
        shares = [one.frequency for one in bins]
        shared = {
            "x": [one.mean_probability for one in bins],
            "customdata": [
                (one.low, one.high, one.frequency.n, one.frequency.low, one.frequency.high)
                for one in bins
            ],
            "line": {"color": style.colour, "dash": style.dash, "width": 1.5},
        }
        figure.add_scatter(
            **shared,
            y=[share.value for share in shares],
            mode="lines+markers",
            marker={
                "size": [4.0 + 10.0 * (share.n / most) ** 0.5 for share in shares],
                "color": style.colour,
            },
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [
                    share.high - share.value if share.n >= least else None for share in shares
                ],
                "arrayminus": [
                    share.value - share.low if share.n >= least else None for share in shares
                ],
                "thickness": 1,
                "width": 0,
                "color": style.colour,
            },
            hovertemplate=f"{style.run_id}: probability %{{customdata[0]:.2f}} to "
            "%{customdata[1]:.2f}<br>%{customdata[2]} films, with pneumonia %{y:.2f} "
            "(%{customdata[3]:.2f} to %{customdata[4]:.2f})<extra></extra>",
        )
        figure.add_scatter(
            **shared,
            y=[share.n for share in shares],
            yaxis="y2",
            mode="lines+markers",
            marker={"size": 4, "color": style.colour},
            hovertemplate=f"{style.run_id}: %{{y}} films<extra></extra>",
        )
    for row, style in enumerate(styles):
        figure.add_annotation(
            x=0.02,
            y=0.97 - LABEL_STEP * row,
            text=style.name,
            font=TEXT,
            showarrow=False,
            xanchor="left",
        )
    return frame(
        figure,
        CALIBRATION_PX,
        "Calibration <sup>(larger: more films; intervals of 95 %)</sup>",
        hovermode="closest",
        xaxis={"range": [-0.02, 1.02], "dtick": 0.25, "title": "probability", "anchor": "y2"},
        yaxis={
            "range": [-0.02, 1.02],
            "dtick": 0.25,
            "title": "share with pneumonia",
            "domain": [0.27, 1.0],
        },
        yaxis2={
            "type": "log",
            "title": "films",
            "domain": [0.0, 0.2],
            "dtick": 1,
            "gridcolor": QUIET,
        },
    )


def plot_histories(
    histories: Mapping[str, Sequence[float]], styles: Sequence[Style], title: str
) -> go.Figure:
    """Return each run's loss by epoch, its least one marked."""
    figure = go.Figure()
    for style in styles:
        losses = list(histories.get(style.run_id, ()))
        if not losses:
            continue
        best = int(np.argmin(losses))
        line = {"color": style.colour, "dash": style.dash, "width": 2}
        figure.add_scatter(
            x=list(range(1, len(losses) + 1)),
            y=losses,
            mode="lines",
            line=line,
            hovertemplate=f"{style.run_id}, epoch %{{x}}: %{{y:.3f}}<extra></extra>",
        )
        figure.add_scatter(
            x=[best + 1],
            y=[losses[best]],
            mode="markers",
            marker={"color": style.colour, "size": 9, "symbol": "diamond"},
            hovertemplate=f"{style.run_id}, least at epoch %{{x}}: %{{y:.3f}}<extra></extra>",
        )
        figure.add_annotation(
            x=len(losses), y=losses[-1], text=style.name, font=TEXT, showarrow=False,
            xanchor="left", xshift=6,
        )  # fmt: skip
    longest = max((len(losses) for losses in histories.values()), default=1)
    return frame(
        figure,
        320,
        f"{title} <sup>(least marked)</sup>",
        xaxis={"title": "epoch", "range": [0.5, longest * 1.12 + 0.5]},
        yaxis=LOSS_AXIS,
    )


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
    return frame(
        figure,
        330,
        style.name,
        xaxis={**axis, "constrain": "domain"},
        yaxis={**axis, "range": [1.25, -0.25], "scaleanchor": "x"},
    )


def plot_losses(runs: Sequence[ExhibitRun], styles: Sequence[Style], kind: str) -> go.Figure:
    """Return each run's loss by epoch, with that of a constant guess of 0.5.

    Parameters
    ----------
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
        text="constant guess of 0.5", font={"size": 11},
    )  # fmt: skip
    words = "Training loss" if kind == "train_loss" else "Validation loss"
    return frame(figure, 300, words, xaxis={"title": "epoch"}, yaxis=LOSS_AXIS)
