"""Plots of runs side by side: each run has its colour, dash and label on every one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import plotly.graph_objects as go

from core.comparison.curves import ODDS_ENDS, ODDS_TICKS, SIDE_STEP, log_odds
from core.comparison.exhibit import ExhibitRun, draw_windows
from core.domain.rate import probability_text
from core.evaluation.metrics import CalibrationBin
from core.language.numbers import number
from core.language.words import msg, tr
from ui.charts.base import QUIET, frame, interval_bars

COLOURS = ("#7711ff", "#0088ff", "#3399aa", "#ff4455", "#885566", "#227722", "#9933aa")
"""Told apart by who is colour-blind too, and with a contrast of 3 or more on either theme.

None is like the orange that marks errors and pneumonias.
"""
DASHES = ("solid", "dash", "dot", "dashdot")
SQUARE_PX = 430
LABEL_STEP = 0.075
TEXT = {"size": 12}
LOSS_NAME = msg("log loss (natural logarithm)")
CALIBRATION_HOVER = msg(
    "probability {low} to {high}<br>{films} films, with pneumonia {share} ({least} to {most})",
    low="%{customdata[0]}",
    high="%{customdata[1]}",
    films="%{customdata[2]}",
    share="%{y:.2f}",
    least="%{customdata[3]:.2f}",
    most="%{customdata[4]:.2f}",
)


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


def style_runs(run_ids: Sequence[str], compared: Sequence[str] = ()) -> dict[str, Style]:
    """Return a style for each run that is drawn; no two of them look the same.

    Parameters
    ----------
    run_ids : sequence of str
        All that there are: a run's place among them decides its colour, unless one that is
        compared with it has that colour.
    compared : sequence of str
        Those that are drawn; without it, all.
    """
    taken: dict[tuple[str, str], Style] = {}
    for run_id in compared or run_ids:
        place = list(run_ids).index(run_id)
        looks = [
            (COLOURS[(place + turn) % len(COLOURS)], dash)
            for dash in DASHES
            for turn in range(len(COLOURS))
        ]
        look = next((one for one in looks if one not in taken), looks[0])
        taken[look] = Style(run_id, *look)
    return {style.run_id: style for style in taken.values()}


def plot_calibration(
    curves: Sequence[Sequence[CalibrationBin]], styles: Sequence[Style]
) -> go.Figure:
    """Return how often films of each probability have pneumonia, with each bin's interval.

    Probabilities are spaced by their log odds, for most films lie near 0 and 1.
    """
    figure = go.Figure()
    ideal = np.linspace(*log_odds(ODDS_ENDS), 60)
    figure.add_scatter(
        x=ideal, y=1.0 / (1.0 + np.exp(-ideal)), mode="lines", hoverinfo="skip",
        line={"color": QUIET, "width": 1},
    )  # fmt: skip
    middle = (len(styles) - 1) / 2.0
    for row, (bins, style) in enumerate(zip(curves, styles, strict=True)):
        shares = [one.frequency for one in bins]
        aside = SIDE_STEP * (row - middle)
        figure.add_scatter(
            x=[at + aside for at in log_odds([one.mean_probability for one in bins])],
            y=[share.value for share in shares],
            customdata=[
                (
                    *(tr(probability_text(end)) for end in (one.low, one.high)),
                    *(one.frequency.n, one.frequency.low, one.frequency.high),
                )
                for one in bins
            ],
            mode="lines+markers",
            marker={"size": 7, "color": style.colour},
            line={"color": style.colour, "dash": style.dash, "width": 1.5},
            error_y=interval_bars(shares, thickness=1, width=0, color=style.colour),
            hovertemplate=f"{style.run_id}: {tr(CALIBRATION_HOVER)}<extra></extra>",
        )
    for row, style in enumerate(styles):
        figure.add_annotation(
            x=0.03,
            xref="paper",
            y=0.97 - LABEL_STEP * row,
            text=style.name,
            font=TEXT,
            showarrow=False,
            xanchor="left",
        )
    start, end = log_odds(ODDS_ENDS)
    return frame(
        figure,
        SQUARE_PX,
        tr("Calibration"),
        tr("bins of equal count; 95 % intervals"),
        hovermode="closest",
        xaxis={
            "range": [start - 0.3, end + 0.3],
            "tickvals": log_odds(ODDS_TICKS),
            "ticktext": [number(tick, "g") for tick in ODDS_TICKS],
            "title": tr("probability, spaced by log odds"),
        },
        yaxis={"range": [-0.02, 1.02], "dtick": 0.25, "title": tr("share with pneumonia")},
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
            hovertemplate=_loss_hover(style),
        )
        figure.add_scatter(
            x=[best + 1],
            y=[losses[best]],
            mode="markers",
            marker={"color": style.colour, "size": 9, "symbol": "diamond"},
            hovertemplate=_least_hover(style),
        )
    drawn = [style for style in styles if histories.get(style.run_id)]
    _name_ends(figure, [(style, histories[style.run_id]) for style in drawn])
    longest = max((len(losses) for losses in histories.values()), default=1)
    return frame(
        figure,
        LOSS_PX,
        title,
        tr("minimum marked"),
        xaxis={"title": tr("epoch"), "range": [0.5, longest * 1.12 + 0.5]},
        yaxis=_loss_axis(),
    )


LOSS_PX, LOSS_PLOT_PX, LINE_PX = 320, 230, 15
"""Of a plot of losses: its height, about that of its axes, and of a label."""


def _loss_axis() -> dict[str, str]:
    return {"title": tr(LOSS_NAME), "rangemode": "tozero"}


def _loss_hover(style: Style) -> str:
    words = tr("{run}, epoch {epoch}: {loss}", run=style.run_id, epoch="%{x}", loss="%{y:.3f}")
    return f"{words}<extra></extra>"


def _least_hover(style: Style) -> str:
    words = tr(
        "{run}, least at epoch {epoch}: {loss}", run=style.run_id, epoch="%{x}", loss="%{y:.3f}"
    )
    return f"{words}<extra></extra>"


def _name_ends(figure: go.Figure, losses: Sequence[tuple[Style, Sequence[float]]]) -> None:
    """Write each run's name at the end of its line; names that would overlap move up."""
    known = [(style, of_run) for style, of_run in losses if of_run]
    most = max((max(of_run) for _, of_run in known), default=1.0)
    taken: list[tuple[int, float]] = []
    for style, of_run in sorted(known, key=lambda one: one[1][-1]):
        end = len(of_run)
        own = LOSS_PLOT_PX * of_run[-1] / most
        near = [height for at, height in taken if abs(at - end) <= max(2, end // 5)]
        height = max([own, *(height + LINE_PX for height in near)])
        taken.append((end, height))
        figure.add_annotation(
            x=end, y=of_run[-1], text=style.name, font=TEXT, showarrow=False,
            xanchor="left", xshift=6, yshift=height - own,
        )  # fmt: skip


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
            hovertemplate=_loss_hover(style),
        )
    _name_ends(
        figure,
        [
            (style, [epoch[kind] for epoch in run.history])
            for run, style in zip(runs, styles, strict=True)
        ],
    )
    figure.add_hline(y=CHANCE_NATS, line={"color": QUIET, "dash": "dash", "width": 1})
    figure.add_annotation(
        x=0, xref="paper", y=CHANCE_NATS, yshift=9, xanchor="left", showarrow=False,
        text=tr("constant guess of {guess}", guess=0.5), font={"size": 11},
    )  # fmt: skip
    words = tr("Training loss") if kind == "train_loss" else tr("Validation loss")
    longest = max((len(run.history) for run in runs), default=1)
    across = {"title": tr("epoch"), "range": [0.5, longest * 1.25 + 0.5]}
    return frame(figure, LOSS_PX, words, xaxis=across, yaxis=_loss_axis())
