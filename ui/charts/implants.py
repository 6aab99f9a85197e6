"""Plots of the implant test: two lungs by zone, and what is found at each opacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from core.domain.findings import ZONES
from core.domain.rate import Rate
from core.implants.diagram import zone_middle, zone_outline
from core.implants.measure import ImplantResult
from core.implants.report import zone_name
from core.language.numbers import number
from core.language.words import tr
from ui.charts.base import BLUE, GREY, ORANGE, QUIET, frame, interval_bars

LUNGS_PX, CURVES_PX = 400, 360
PALEST, DARKEST = 0.10, 0.62
TEXT = {"size": 13}


def plot_lungs(
    opacity_cm: Mapping[str, float],
    words: Mapping[str, str],
    ends_cm: tuple[float, float],
    title: str,
) -> go.Figure:
    """Return two lungs, each zone with its opacity: the fainter the lesion, the stronger the blue.

    Parameters
    ----------
    opacity_cm : mapping of str to float
        By zone; infinite where none was found. Zones that are left out were not measured.
    words : mapping of str to str
        What stands in each zone.
    ends_cm : (float, float)
        Faintest and densest opacity that was shown.
    """
    figure = go.Figure()
    for zone in ZONES:
        outline = zone_outline(zone)
        value = opacity_cm.get(zone)
        shade = 0.0 if value is None else _shade(value, ends_cm)
        figure.add_scatter(
            x=outline[:, 0],
            y=outline[:, 1],
            mode="lines",
            fill="toself",
            fillcolor=f"rgba(58, 134, 208, {shade:.2f})",
            line={"color": GREY, "width": 1.5},
            hoverinfo="text",
            text=f"{tr(zone_name(zone))}: {words.get(zone, '')}",
        )
        across, down = zone_middle(zone)
        figure.add_annotation(
            x=across,
            y=down,
            text=words.get(zone, ""),
            showarrow=False,
            font=TEXT,
        )
    for at, side in ((0.22, tr("patient's right")), (0.78, tr("patient's left"))):
        figure.add_annotation(x=at, y=1.06, text=side, showarrow=False, font={"size": 12})
    return frame(
        figure,
        LUNGS_PX,
        title,
        xaxis={"range": [-0.02, 1.02], "visible": False, "fixedrange": True},
        yaxis={"range": [1.1, -0.03], "visible": False, "fixedrange": True, "scaleanchor": "x"},
        dragmode=False,
    )


def _shade(opacity_cm: float, ends_cm: tuple[float, float]) -> float:
    shown = min(opacity_cm, ends_cm[1])
    return float(np.interp(np.log(shown), np.log(ends_cm), (DARKEST, PALEST)))


def plot_found(result: ImplantResult) -> go.Figure:
    """Return the share of lesions that the score notices and the run calls, by opacity."""
    every, figure = result.everywhere, go.Figure()
    curves: Sequence[tuple[str, Sequence[Rate], str, str]] = (
        (tr("noticed"), every.noticed.shares, BLUE, "solid"),
        (tr("noticed, in soft tissue"), result.beside_noticed, BLUE, "dot"),
        (tr("suspicious"), every.suspicious.shares, ORANGE, "solid"),
        (tr("suspicious, in soft tissue"), result.beside_suspicious, ORANGE, "dot"),
    )
    opacities = result.plan.opacities_cm
    for place, (name, rates, colour, dash) in enumerate(curves):
        figure.add_scatter(
            x=[opacity * (1 + 0.012 * (place - 1.5)) for opacity in opacities],
            y=[rate.value for rate in rates],
            error_y=interval_bars(rates, thickness=1, width=0),
            mode="lines+markers",
            name=name,
            line={"color": colour, "dash": dash, "width": 2},
            hovertemplate=f"{name}: %{{y:.2f}}<extra></extra>",
        )
    return frame(
        figure,
        CURVES_PX,
        tr("Found, by opacity, in all zones"),
        showlegend=True,
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        margin={"l": 8, "r": 8, "t": 36, "b": 92},
        xaxis={
            "type": "log",
            "tickvals": list(opacities),
            "ticktext": [number(one, "g") for one in opacities],
            "title": {"text": tr("opacity, cm of water"), "font": {"size": 12}},
            "gridcolor": QUIET,
        },
        yaxis={"range": [-0.03, 1.03], "dtick": 0.25},
    )
