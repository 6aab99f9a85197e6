"""Plots of the weekly check, and of the run that reads along beside the served run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from core.language.current import ENGLISH, current_language
from core.language.numbers import number
from core.language.words import Message, msg, tr
from core.monitoring.shadow import Comparison, Part
from core.monitoring.weekly import ALARM_AT, Stream, WeekChecked
from ui.charts.base import BLUE, GREY, ORANGE, QUIET, frame

STREAMS: Mapping[Stream, Message] = {
    Stream.SCORES: msg("Scores"),
    Stream.REFUSALS: msg("Refusals"),
    Stream.DISAGREEMENT: msg("Disagreement"),
}
_STYLES = {
    Stream.SCORES: (BLUE, "solid", "circle"),
    Stream.REFUSALS: (ORANGE, "solid", "diamond"),
    Stream.DISAGREEMENT: (GREY, "dot", "square"),
}
COURSE_PX, SCORES_PX, LANE_PX = 340, 340, 40
LOWEST, HIGHEST = -3.0, 8.0
"""Powers of ten between which evidence is drawn; what lies outside stands at the edge."""
CLASSES = 10
_LINE_APART = 0.35


def plot_course(weeks: Sequence[WeekChecked], begun: Sequence[date]) -> go.Figure:
    """Return each stream's evidence by week, with the line at which an alarm is raised.

    Parameters
    ----------
    weeks : sequence of WeekChecked
        Oldest first.
    begun : sequence of date
        Weeks after which a course began again.
    """
    figure, ends = go.Figure(), dict[Stream, float]()
    for stream, (colour, dash, symbol) in _STYLES.items():
        days, powers = list[date | None](), list[float | None]()
        for week in weeks:
            power = week.log10_e.get(stream)
            days.append(week.begins)
            powers.append(None if power is None else min(max(power, LOWEST), HIGHEST))
            if week.begins in begun:  # the line ends here
                days.append(week.begins)
                powers.append(None)
        if any(power is not None for power in powers):
            figure.add_scatter(
                x=days,
                y=powers,
                mode="lines+markers",
                name=tr(STREAMS[stream]),
                line={"color": colour, "dash": dash, "width": 2},
                marker={"color": colour, "symbol": symbol, "size": 7},
                hovertemplate=f"{tr(STREAMS[stream])}, %{{x|{_day_format()}}}: "
                "10<sup>%{y:.1f}</sup><extra></extra>",
            )
            ends[stream] = next(power for power in reversed(powers) if power is not None)
    limit = float(np.log10(ALARM_AT))
    figure.add_hline(limit, line={"color": QUIET, "width": 2, "dash": "dash"})
    figure.add_annotation(
        x=0.0,
        xref="paper",
        xanchor="left",
        y=limit,
        yanchor="bottom",
        text=tr("alarm"),
        showarrow=False,
        font={"size": 12},
    )
    for day in begun:
        figure.add_vline(day.isoformat(), line={"color": QUIET, "width": 1})
    _name_ends(figure, ends)
    top = max([limit + 0.6, *(end + 0.4 for end in _all_powers(figure))])
    bottom = min([-1.2, *(end - 0.3 for end in _all_powers(figure))])
    ticks = [power for power in range(int(LOWEST), int(HIGHEST) + 1) if bottom <= power <= top]
    return frame(
        figure,
        COURSE_PX,
        tr("Evidence of a change, by week"),
        margin={"l": 8, "r": 104, "t": 36, "b": 8},
        xaxis={"type": "date", "tickformat": _day_format(), "nticks": 6},
        yaxis={
            "range": [bottom, top],
            "tickvals": ticks,
            "ticktext": [_power_text(power) for power in ticks],
            "title": {"text": tr("e-value"), "font": {"size": 12}},
        },
    )


def _power_text(power: int) -> str:
    return number(10.0**power, "g") if abs(power) <= 3 else f"10<sup>{power}</sup>"


def _day_format() -> str:
    return "%Y-%m-%d" if current_language() == ENGLISH else "%d/%m/%Y"


def _all_powers(figure: go.Figure) -> list[float]:
    return [power for line in figure.data for power in line.y if power is not None]


def _name_ends(figure: go.Figure, ends: Mapping[Stream, float]) -> None:
    """Name each line at its end, apart from the others."""
    at = -np.inf
    for stream, power in sorted(ends.items(), key=lambda one: one[1]):
        at = max(power, at + _LINE_APART)
        figure.add_annotation(
            x=1.0,
            xref="paper",
            xanchor="left",
            xshift=8,
            y=at,
            text=f"<span style='color:{_STYLES[stream][0]}'>{tr(STREAMS[stream])}</span>",
            showarrow=False,
            font={"size": 13},
        )


def plot_scores(
    reference: npt.NDArray[np.float64], recent: npt.NDArray[np.float64], threshold: float
) -> go.Figure:
    """Return the shares of films by probability: the reference as a line, recent films as bars.

    Parameters
    ----------
    reference, recent : (N,), (M,) float64 ndarray in [0, 1]
    threshold : float
        The run's operating point.
    """
    edges = np.linspace(0.0, 1.0, CLASSES + 1)
    figure, tallest = go.Figure(), 0.0
    if len(recent):
        shares = np.histogram(recent, edges)[0] / len(recent)
        tallest = float(shares.max())
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2.0,
            y=shares,
            width=0.92 / CLASSES,
            marker={"color": BLUE, "opacity": 0.75},
            hovertemplate=tr("last weeks: {share} of films", share="%{y:.0%}") + "<extra></extra>",
        )
    usual = np.histogram(reference, edges)[0] / max(len(reference), 1)
    tallest = max(tallest, float(usual.max()))
    figure.add_scatter(
        x=np.repeat(edges, 2)[1:-1],
        y=np.repeat(usual, 2),
        mode="lines",
        line={"color": GREY, "width": 2},
        hovertemplate=tr("reference: {share} of films", share="%{y:.0%}") + "<extra></extra>",
    )
    figure.add_vline(threshold, line={"color": QUIET, "width": 2, "dash": "dash"})
    words = [
        (GREY, tr("line: reference, n = {n}", n=len(reference))),
        (BLUE, tr("bars: last weeks, n = {n}", n=len(recent))),
    ]
    for place, (colour, said) in enumerate(words):
        figure.add_annotation(
            x=0.5,
            y=1.0 - 0.09 * place,
            xref="paper",
            yref="paper",
            text=f"<span style='color:{colour}'>{said}</span>",
            showarrow=False,
            font={"size": 13},
        )
    return frame(
        figure,
        SCORES_PX,
        tr("Films by score"),
        bargap=0.0,
        xaxis={
            "range": [-0.02, 1.02],
            "dtick": 0.25,
            "title": {"text": tr("probability; - - is the operating point"), "font": {"size": 12}},
        },
        yaxis={"tickformat": ".0%", "range": [0.0, tallest * 1.08 + 0.01]},
    )


def plot_comparison(comparison: Comparison, shadow: str, served: str) -> go.Figure:
    """Return how often the shadow run is right where the runs differ, with intervals.

    Parameters
    ----------
    shadow, served : str
        Names of the runs.
    """
    parts: list[tuple[str, Part]] = [
        (tr("All"), comparison.overall),
        (tr("Ill"), comparison.ill),
        (tr("Well"), comparison.well),
    ]
    names = [f"{name}, n = {part.share.n}" for name, part in parts]
    figure = go.Figure()
    for name, (_, part) in zip(names, parts, strict=True):
        share = part.share
        figure.add_scatter(
            x=[share.low, share.high],
            y=[name, name],
            mode="lines",
            line={"color": GREY, "width": 3},
            hoverinfo="skip",
        )
        if share.n:
            said = tr("{right} of {n} right", right=part.right, n=share.n)
            figure.add_scatter(
                x=[share.value],
                y=[name],
                mode="markers",
                marker={"color": BLUE, "size": 12},
                hovertemplate=f"{said}<extra></extra>",
            )
    figure.add_vline(0.5, line={"color": QUIET, "width": 2, "dash": "dash"})
    for x, anchor, words in (
        (0.0, "left", tr("{run} right", run=served)),
        (1.0, "right", tr("{run} right", run=shadow)),
    ):
        figure.add_annotation(
            x=x, xanchor=anchor, y=1.0, yref="paper", yanchor="bottom",
            text=words, showarrow=False, font={"size": 12},
        )  # fmt: skip
    return frame(
        figure,
        96 + LANE_PX * len(parts),
        margin={"l": 8, "r": 12, "t": 26, "b": 8},
        xaxis={"range": [-0.02, 1.02], "dtick": 0.25, "tickformat": ".0%"},
        yaxis={"autorange": "reversed", "type": "category", "showgrid": False},
    )
