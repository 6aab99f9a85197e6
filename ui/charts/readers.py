"""Plots of a reader's own reads: learning curve, ROC from confidence, calibration of confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import plotly.graph_objects as go

from core.domain.rate import Rate, interval_text
from core.language.current import ENGLISH, current_language
from core.language.numbers import day_text, number
from core.language.words import msg, tr, trn
from core.reads.drift import Week
from core.reads.reader_roc import ReaderRoc, RocCurve
from core.teaching.outcomes import RocPoint
from ui.charts.base import BLUE, GREY, ORANGE, QUIET, frame, interval_bars, start_square

OWN = BLUE
HEIGHT_PX = 320
RATE_AXIS = {"range": [-0.02, 1.04], "dtick": 0.25}
FOUND = msg("false alarms {x}, found {y}", x="%{x:.2f}", y="%{y:.2f}")


def plot_learning(curve: Sequence[tuple[datetime, Rate]]) -> go.Figure:
    """Return the share of right blind reads by session, each with its 95 % interval."""
    rates = [rate for _, rate in curve]
    figure = go.Figure()
    figure.add_scatter(
        x=list(range(1, len(rates) + 1)),
        y=[rate.value for rate in rates],
        error_y=interval_bars(rates, color=QUIET, thickness=1.2),
        mode="lines+markers",
        marker={"color": OWN, "size": 9},
        line={"color": OWN, "width": 1.5},
        customdata=[[day_text(day), rate.n] for day, rate in curve],
        hovertemplate=_hover(
            tr(
                "{day}: {share} of {films} films",
                day="%{customdata[0]}",
                share="%{y:.2f}",
                films="%{customdata[1]}",
            )
        ),
    )
    framed = _framed(figure, tr("Correct blind reads"), tr("session"), tr("share correct"))
    step = max(1, len(rates) // 10)
    return framed.update_xaxes(range=[0.5, len(rates) + 0.5], dtick=step, tick0=1)


def plot_reader_roc(points: Sequence[RocPoint], area: Rate) -> go.Figure:
    """Return the ROC curve of the ten steps of confidence, square."""
    figure = start_square()
    figure.add_scatter(
        x=[0.0, *(point.false_alarms for point in points)],
        y=[0.0, *(point.sensitivity for point in points)],
        mode="lines+markers",
        marker={"color": OWN, "size": 8},
        line={"color": OWN, "width": 2},
        customdata=[tr("no pneumonia called"), *(_step_in_words(point.signed) for point in points)],
        hovertemplate=_hover(f"%{{customdata}}<br>{tr(FOUND)}"),
    )
    title = tr("ROC of your reads {area}", area=interval_text(area, 2))
    framed = _framed(figure, title, tr("false alarms"), tr("found"))
    return framed.update_xaxes(**RATE_AXIS, constrain="domain").update_yaxes(
        scaleanchor="x", constrain="domain"
    )


def plot_own_calibration(rates: Mapping[int, Rate]) -> go.Figure:
    """Return how often reads of each step of confidence were right; the line is a fair guess."""
    figure = go.Figure()
    figure.add_hline(0.5, line={"color": QUIET, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=list(rates),
        y=[rate.value for rate in rates.values()],
        error_y=interval_bars(list(rates.values()), color=QUIET, thickness=1.2),
        mode="markers",
        marker={"color": OWN, "size": 10},
        customdata=[rate.n for rate in rates.values()],
        hovertemplate=_hover(
            tr(
                "confidence {step}: {share} of {films} films",
                step="%{x}",
                share="%{y:.2f}",
                films="%{customdata}",
            )
        ),
    )
    framed = _framed(
        figure, tr("Correct by confidence"), tr("confidence (5: certain)"), tr("share correct")
    )
    return framed.update_xaxes(range=[0.5, 5.5], dtick=1)


def _step_in_words(signed: int) -> str:
    if signed == 0:
        return tr("at or above: no answer in time")
    if signed > 0:
        return tr("at or above: pneumonia, {step} of 5", step=signed)
    return tr("at or above: normal, {step} of 5", step=-signed)


def _hover(words: str) -> str:
    return f"{words}<extra></extra>"


def _framed(figure: go.Figure, title: str, across: str, up: str) -> go.Figure:
    yaxis = RATE_AXIS | {"title": up}
    return frame(figure, HEIGHT_PX, title, xaxis={"title": across}, yaxis=yaxis)


READER, MODEL = BLUE, ORANGE
SQUARE_PX = 420
LEDGER_RATE_AXIS = {"range": [-0.02, 1.04], "dtick": 0.25, "constrain": "domain"}


def plot_reader_beside_model(curve: ReaderRoc) -> go.Figure:
    """Return both curves, square, each with its name, area and interval in the lower right."""
    figure = start_square()
    drawn = ((tr(curve.reader), curve.own, READER, 0.2), (tr("the model"), curve.model, MODEL, 0.1))
    for name, one, colour, up in drawn:
        if one is not None:
            _add(figure, name, one, colour, up)
    return frame(
        figure,
        SQUARE_PX,
        trn("n = {n} read", "n = {n} reads", curve.n_ill + curve.n_well),
        xaxis=LEDGER_RATE_AXIS | {"title": tr("false alarms among normals")},
        yaxis=LEDGER_RATE_AXIS | {"title": tr("pneumonias found"), "scaleanchor": "x"},
    )


def _add(figure: go.Figure, name: str, curve: RocCurve, colour: str, up: float) -> None:
    of_reader = colour == READER
    figure.add_scatter(
        x=curve.false_alarms,
        y=curve.sensitivity,
        mode="lines+markers" if of_reader else "lines",
        marker={"color": colour, "size": 8},
        line={"color": colour, "width": 2, "dash": "solid" if of_reader else "dash"},
        hovertemplate=_hover(f"{name}: {tr(FOUND)}"),
    )
    area = curve.area
    figure.add_annotation(
        x=1.0,
        y=up,
        xanchor="right",
        showarrow=False,
        text=f"<span style='color:{colour}'>{name} {tr(interval_text(area, 2))}</span>",
        font={"size": 13},
    )


def plot_drift(weeks: Sequence[Week]) -> go.Figure:
    """Return each week's stability index with its own limit; a week with few films has neither.

    Parameters
    ----------
    weeks : sequence of Week
        Oldest first.
    """
    names = [f"{_begins(week)}<br>n = {week.n}" for week in weeks]
    measured = [
        (name, week) for name, week in zip(names, weeks, strict=True) if week.index is not None
    ]
    figure = go.Figure()
    figure.add_scatter(
        x=[name for name, _ in measured],
        y=[week.limit for _, week in measured],
        mode="markers",
        marker={"symbol": "line-ew-open", "size": 26, "color": GREY, "line": {"width": 2}},
        hovertemplate=_hover(tr("limit {limit}", limit="%{y:.2f}")),
    )
    figure.add_scatter(
        x=[name for name, _ in measured],
        y=[week.index for _, week in measured],
        mode="markers+text",
        text=[number(week.index or 0.0, ".2f") for _, week in measured],
        textposition="middle right",
        marker={
            "symbol": ["diamond" if week.alarm else "circle" for _, week in measured],
            "size": 12,
            "color": [ORANGE if week.alarm else BLUE for _, week in measured],
        },
        hovertemplate=_hover(tr("index {index}", index="%{y:.3f}")),
    )
    return frame(
        figure,
        HEIGHT_PX,
        tr("Stability index by week; — is the alarm limit"),
        xaxis={"type": "category", "categoryorder": "array", "categoryarray": names},
        yaxis={"rangemode": "tozero", "title": tr("index")},
    )


def _begins(week: Week) -> str:
    """Return a week's first day; English has its own way to write it on this plot."""
    english = current_language() == ENGLISH
    return f"{week.begins:%d %b %Y}" if english else day_text(week.begins)
