"""Plots of an acceptance test: by the run's own calibration and threshold, and by the site's."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.acceptance.measured import Acceptance
from core.comparison.curves import ODDS_ENDS, ODDS_TICKS, TICKS, find_window, log_odds
from core.domain.site import ScoreBand
from core.evaluation.film_number import two_digits
from core.evaluation.likelihood_ratio import ratio_of_band
from core.evaluation.metrics import CalibrationBin, Evaluation
from core.language.numbers import number
from core.language.words import tr
from ui.charts.base import BLUE, GREY, ORANGE, QUIET, frame, interval_bars, start_square

SQUARE_PX = 360
LEAST_SIDE = 0.3
"""Of the corner that is drawn: a test of few films moves in large steps."""
OWN, SITE = ORANGE, BLUE
TEXT = {"size": 12}
BAND_PX, BANDS_EDGE_PX = 46, 86
WORDS_PX, LINE_PX, LINE_END = 17, 7, 0.45
"""Of a band of the likelihood ratio: how far above its mark the words stand, how far up the line at
1 goes, and how far down as a share of the band."""
RATIO_TICKS = (0.01, 0.1, 1.0, 10.0, 100.0)


def plot_site_roc(found: Acceptance) -> go.Figure:
    """Return the ROC curve of the test films, with the run's own threshold and the site's."""
    figure = start_square()
    figure.add_scatter(
        x=[alarms for alarms, _ in found.roc],
        y=[sensitivity for _, sensitivity in found.roc],
        mode="lines",
        line={"color": GREY, "width": 2},
        hoverinfo="skip",
    )
    marks = (
        (tr("the run's own threshold"), found.own, OWN, "diamond-open"),
        (tr("the site's threshold"), found.site, SITE, "diamond"),
    )
    for name, measured, colour, symbol in marks:
        alarms, sensitivity = _place(measured)
        words = tr(
            "{name}: sensitivity {y}, false alarms {x}", name=name, y="%{y:.3f}", x="%{x:.3f}"
        )
        figure.add_scatter(
            x=[alarms],
            y=[sensitivity],
            mode="markers",
            marker={"color": colour, "size": 12, "symbol": symbol, "line": {"width": 2}},
            cliponaxis=False,  # no false alarm lies on the edge
            hovertemplate=f"{words}<extra></extra>",
        )
    places = map(_place, (found.own, found.site))
    side = max(LEAST_SIDE, find_window([max(x, 1.0 - y) for x, y in places]))
    area = number(found.site.rates["roc_auc"].value, ".3f")
    axis = {"dtick": TICKS[round(side, 1)], "constrain": "domain"}
    edge = 0.02 * side
    return frame(
        figure,
        SQUARE_PX,
        tr("ROC, area {area}", area=area),
        legend_text(),
        xaxis=axis | {"range": [-edge, side + edge], "title": tr("false alarms among normals")},
        yaxis=axis
        | {
            "range": [1.0 - side - edge, 1.0 + edge],
            "title": tr("pneumonias found"),
            "scaleanchor": "x",
            "constraintoward": "top",
        },
    )


def _place(measured: Evaluation) -> tuple[float, float]:
    rates = measured.rates
    return 1.0 - rates["specificity"].value, rates["sensitivity"].value


def legend_text() -> str:
    """Return which sign is whose."""
    own, site = tr("the run's own"), tr("the site's")
    return f"<span style='color:{OWN}'>◇</span> {own}   <span style='color:{SITE}'>◆</span> {site}"


def plot_site_calibration(found: Acceptance) -> go.Figure:
    """Return how often films of a probability were ill, before and after; the line is ideal."""
    start, end = log_odds(ODDS_ENDS)
    ideal = np.linspace(start, end, 80)
    figure = go.Figure()
    figure.add_scatter(
        x=ideal,
        y=1.0 / (1.0 + np.exp(-ideal)),
        mode="lines",
        line={"color": QUIET, "width": 1},
        hoverinfo="skip",
    )
    _add_calibration(figure, found.own_curve, OWN, "diamond-open", "dash")
    _add_calibration(figure, found.site_curve, SITE, "diamond", "solid")
    errors = [one.rates["expected_calibration_error"].value for one in (found.own, found.site)]
    before, after = (number(error, ".3f") for error in errors)
    return frame(
        figure,
        SQUARE_PX,
        tr("Calibration error {before} → {after}", before=before, after=after),
        legend_text(),
        xaxis={
            "range": [start - 0.3, end + 0.3],
            "tickvals": log_odds(ODDS_TICKS),
            "ticktext": [number(tick, "g") for tick in ODDS_TICKS],
            "title": tr("probability, spaced by log odds"),
        },
        yaxis={"range": [-0.02, 1.02], "dtick": 0.25, "title": tr("share with pneumonia")},
    )


def _add_calibration(
    figure: go.Figure, bins: Sequence[CalibrationBin], colour: str, symbol: str, dash: str
) -> None:
    rates = [one.frequency for one in bins]
    words = tr(
        "probability {stated}: {share} of {n} films",
        stated="%{customdata[0]:.3f}",
        share="%{y:.2f}",
        n="%{customdata[1]}",
    )
    figure.add_scatter(
        x=log_odds([one.mean_probability for one in bins]),
        y=[rate.value for rate in rates],
        error_y=interval_bars(rates, color=colour, thickness=1, width=3),
        customdata=[[one.mean_probability, one.frequency.n] for one in bins],
        mode="lines+markers",
        line={"color": colour, "width": 1.5, "dash": dash},
        marker={"color": colour, "size": 9, "symbol": symbol},
        hovertemplate=f"{words}<extra></extra>",
    )


def plot_bands(bands: Sequence[ScoreBand]) -> go.Figure:
    """Return the likelihood ratio of each band of the site's probability, the lowest on top."""
    figure = go.Figure()
    for place, band in enumerate(bands):
        figure.add_shape(  # the line at 1, in pieces that leave the words above each mark free
            type="line", x0=0.0, x1=0.0, y0=place - LINE_PX / BAND_PX, y1=place + LINE_END,
            line={"color": QUIET, "width": 1},
        )  # fmt: skip
        ratio = ratio_of_band(band)
        value, low, high = (
            one / math.log(10.0) for one in (ratio.log_value, ratio.log_low, ratio.log_high)
        )
        figure.add_scatter(
            x=[value],
            y=[place],
            mode="markers",
            marker={"color": SITE, "size": 10},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - value],
                "arrayminus": [value - low],
                "thickness": 2,
                "width": 0,
                "color": SITE,
            },
            hovertemplate=f"{_ratio_text(band)}<extra></extra>",
        )
        figure.add_annotation(
            x=0, xref="paper", y=place, yshift=WORDS_PX, xanchor="left", showarrow=False, font=TEXT,
            text=f"{_band_name(band)}: {_ratio_text(band)}",
        )  # fmt: skip
    return frame(
        figure,
        BAND_PX * len(bands) + BANDS_EDGE_PX,
        tr("Likelihood ratio by probability"),
        xaxis={
            "range": [-3.2, 3.2],
            "tickvals": [math.log10(tick) for tick in RATIO_TICKS],
            "ticktext": [number(tick, "g") for tick in RATIO_TICKS],
        },
        yaxis={"range": [len(bands) - 0.5, -0.9], "visible": False},
    )


def _band_name(band: ScoreBand) -> str:
    return tr("{low:.2f} to {high:.2f}", low=band.low, high=band.high)


def _ratio_text(band: ScoreBand) -> str:
    ratio = ratio_of_band(band)
    value, low, high = (math.exp(one) for one in (ratio.log_value, ratio.log_low, ratio.log_high))
    said = tr(
        "{ratio} ({low} to {high})",
        ratio=two_digits(value),
        low=two_digits(low),
        high=two_digits(high),
    )
    return tr(
        "{ratio}; {ill} with pneumonia, {well} without", ratio=said, ill=band.ill, well=band.well
    )
