"""The plot of a reader study: each reader's ROC area by arm, and all readers' with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

import plotly.graph_objects as go

from core.domain.rate import Rate, interval_text
from core.language.words import tr
from core.reader_studies.design import ARM_NAMES, Arm
from ui.charts.base import BLUE, GREY, ORANGE, frame, interval_bars

COLOURS: Mapping[Arm, str] = {Arm.ALONE: GREY, Arm.SCORE: BLUE, Arm.REGIONS: ORANGE}
SYMBOLS: Mapping[Arm, str] = {Arm.ALONE: "circle", Arm.SCORE: "square", Arm.REGIONS: "diamond"}
LINE_PX, EDGES_PX, APART = 46, 96, 0.22
STEP = 0.1


def plot_areas(
    arms: Sequence[Arm], rows: Sequence[tuple[str, Sequence[Rate]]], all_readers: Sequence[Rate]
) -> go.Figure:
    """Return ROC areas with their intervals, a line a reader, all readers together at the foot.

    Parameters
    ----------
    rows : sequence of (str, sequence of Rate)
        Top to bottom: the reader, and the area in each arm.
    all_readers : sequence of Rate
        In each arm; the ends are nan where no interval can be given.
    """
    lines = [*rows, (tr("All readers"), all_readers)]
    figure = go.Figure()
    least = min(rate.value if isnan(rate.low) else rate.low for _, rates in lines for rate in rates)
    for turn, arm in enumerate(arms):
        rates = [_drawn(of[turn]) for _, of in lines]
        shift = (turn - (len(arms) - 1) / 2) * APART
        figure.add_scatter(
            x=[rate.value for rate in rates],
            y=[place + shift for place in range(len(lines))],
            error_x=interval_bars(rates, color=COLOURS[arm], thickness=1.5, width=0),
            mode="markers",
            cliponaxis=False,
            marker={
                "color": COLOURS[arm],
                "symbol": SYMBOLS[arm],
                "size": [9] * len(rows) + [13],
            },
            name=tr(ARM_NAMES[arm]),
            customdata=[
                tr("{reader}, {arm}: {area}", reader=name, arm=ARM_NAMES[arm], area=_said(of[turn]))
                for name, of in lines
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    return frame(
        figure,
        EDGES_PX + LINE_PX * len(lines),
        tr("ROC AUC by reader and arm"),
        showlegend=True,
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        margin={"l": 8, "r": 16, "t": 36, "b": 66},
        xaxis={"range": [max(0.0, least - STEP / 4), 1.01], "dtick": STEP, "title": tr("ROC AUC")},
        yaxis={
            "range": [len(lines) - 0.5, -0.5],
            "tickvals": list(range(len(lines))),
            "ticktext": [name for name, _ in lines],
            "showgrid": False,
        },
    )


def _drawn(rate: Rate) -> Rate:
    return Rate(rate.value, rate.value, rate.value, rate.n) if isnan(rate.low) else rate


def _said(rate: Rate) -> str:
    if isnan(rate.low):
        return tr("{value:.2f}, no interval", value=rate.value)
    return tr(interval_text(rate, 2))
