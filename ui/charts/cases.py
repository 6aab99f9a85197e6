"""Plots of cases: each run's errors by film, and all runs' probabilities of one film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from core.comparison.case_matrix import CaseMatrix
from core.domain.film import printable
from core.domain.rate import probability_text
from core.language.words import tr, trn
from ui.charts.base import (
    GREY,
    ORANGE,
    QUIET,
    frame,
    frame_lanes,
    operating_point_text,
    probability_of_run_text,
)
from ui.charts.runs import TEXT, Style

WRONG, RIGHT = ORANGE, "rgba(128, 134, 142, 0.30)"
"""Loud against quiet: told apart without seeing colours too."""


def plot_cases(
    matrix: CaseMatrix, rows: Sequence[int], chosen: str, styles: Mapping[str, Style]
) -> go.Figure:
    """Return films (across) by runs (down), wrong ones standing out.

    Parameters
    ----------
    rows : sequence of int
        Films to draw, in this order, those with pneumonia first.
    chosen : str
        Id of the film that is open, or an empty text.
    styles : mapping of str to Style
        Of the runs.
    """
    figure = go.Figure()
    order = [int(run) for run in matrix.run_order]
    for lane, run in enumerate(order):
        right = matrix.right[rows, run]
        figure.add_bar(
            x=list(range(len(rows))),
            y=[0.84] * len(rows),
            base=lane - 0.42,
            width=0.9 if len(rows) <= 250 else 1.0,
            marker={"color": np.where(right, RIGHT, WRONG).tolist(), "line": {"width": 0}},
            customdata=[
                (
                    str(matrix.film_id[row]),  # what a click opens
                    printable(str(matrix.film_id[row]).rsplit("/", 1)[-1]),
                    probability_text(float(matrix.probability[row, run])),
                    "right" if ok else "wrong",
                    matrix.run_ids[run],
                )
                for row, ok in zip(rows, right, strict=True)
            ],
            hovertext=[
                _call_text(float(matrix.probability[row, run]), right=bool(ok))
                for row, ok in zip(rows, right, strict=True)
            ],
            hovertemplate=_hover(matrix.run_ids[run]),
            selected={"marker": {"opacity": 1.0}},
            unselected={"marker": {"opacity": 1.0}},
        )
    n_ill = int(sum(matrix.label[row] == 1 for row in rows))
    _name_classes(figure, n_ill, len(rows) - n_ill, len(order))
    ids = [str(matrix.film_id[row]) for row in rows]
    if chosen in ids:
        place = ids.index(chosen)
        figure.add_shape(
            type="rect", x0=place - 0.5, x1=place + 0.5, y0=-0.5, y1=len(order) - 0.5,
            line={"width": 2, "color": GREY},
        )  # fmt: skip
    return frame(
        figure,
        62 + 30 * len(order),
        margin={"l": 8, "r": 8, "t": 26, "b": 6},
        barmode="overlay",
        bargap=0,
        dragmode=False,
        hovermode="closest",
        xaxis={"range": [-0.6, len(rows) - 0.4], "visible": False, "fixedrange": True},
        yaxis={
            "tickvals": list(range(len(order))),
            "ticktext": [styles[matrix.run_ids[run]].name for run in order],
            "range": [len(order) - 0.4, -0.6],
            "showgrid": False,
            "fixedrange": True,
        },
    )


def _hover(run_id: str) -> str:
    return f"%{{customdata[1]}}<br>{run_id}: %{{hovertext}}<extra></extra>"


def _call_text(probability: float, *, right: bool) -> str:
    shown = probability_text(probability)
    if right:
        return tr("probability {probability}, right", probability=shown)
    return tr("probability {probability}, wrong", probability=shown)


def _name_classes(figure: go.Figure, n_ill: int, n_well: int, lanes: int) -> None:
    ends = (
        (-0.5, "left", n_ill, trn("pneumonia, {n} film", "pneumonia, {n} films", n_ill)),
        (
            n_ill + n_well - 0.5,
            "right",
            n_well,
            trn("normal, {n} film", "normal, {n} films", n_well),
        ),
    )
    for end, anchor, n, words in ends:  # at either end: one block may be narrower than its name
        if n:
            figure.add_annotation(
                x=end, y=1.0, yref="paper", yanchor="bottom", xanchor=anchor,
                text=words, font=TEXT, showarrow=False,
            )  # fmt: skip
    if n_ill and n_well:
        figure.add_shape(
            type="line", x0=n_ill - 0.5, x1=n_ill - 0.5, y0=-0.6, y1=lanes - 0.4,
            line={"color": QUIET, "width": 2},
        )  # fmt: skip


def plot_case(
    probability: Sequence[float], threshold: Sequence[float], styles: Sequence[Style]
) -> go.Figure:
    """Return every run's probability of one film on one axis, with each run's operating point."""
    names = [style.run_id for style in styles]
    figure = go.Figure()
    figure.add_scatter(
        x=list(threshold),
        y=names,
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 16, "color": QUIET, "line": {"width": 2}},
        hovertemplate=operating_point_text(),
    )
    figure.add_scatter(
        x=list(probability),
        y=names,
        mode="markers+text",
        marker={"size": 11, "color": [style.colour for style in styles]},
        text=[tr(probability_text(one)) for one in probability],
        textposition=["middle right" if one < 0.5 else "middle left" for one in probability],
        textfont=TEXT,
        hovertemplate=probability_of_run_text("%{text}"),
    )
    return frame_lanes(figure, 76 + 26 * len(names), showgrid=False)
