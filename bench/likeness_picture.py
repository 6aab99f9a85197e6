"""What synthetic and real films have in common, as a picture of statistics; no film is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from bench.likeness import Group
from core.domain.arrays import FloatVector
from core.settings import PROJECT_ROOT

PICTURE = PROJECT_ROOT / "docs" / "synthetic-likeness.png"
COLOURS = ("#c25e00", "#33648f", "#7ba6c9")
"""Synthetic films, and the two halves of the real ones."""

NAMES = ("synthetic", "real, one half", "real, other half")
INK, RULE = "#24303b", "#d9dee3"
TITLES = (
    "grey levels",
    "power spectrum",
    "share of the film that is lung",
    "distance from the training films' features",
)
GREY_EDGES = (np.arange(0, 257, 4) - 0.5) / 255
"""Each bin holds four of the 256 grey levels of a public film."""

CYCLES = (1, 2, 5, 10, 20, 50, 100)
SPREAD = 0.16
"""How far dots of one group are drawn apart, so that none hides another."""


def draw_likeness(synthetic: Group, halves: Sequence[Group], path: Path = PICTURE) -> None:
    """Write a picture of grey levels, power spectrum, share of lung and feature distance.

    Parameters
    ----------
    halves : sequence of two Group
        Of the real films: how far they lie apart is the yardstick.
    path : Path
        A PNG file.
    """
    groups = dict(zip(NAMES, (synthetic, *halves), strict=True))
    with matplotlib.rc_context({"font.family": "DejaVu Sans", "font.size": 9}):
        figure = Figure(figsize=(10, 6.4), facecolor="white", layout="constrained")
        greys, spectrum, shares, distances = figure.subplots(2, 2).ravel()
        _draw_greys(greys, groups)
        _draw_spectrum(spectrum, groups)
        _draw_dots(shares, {name: group.lung_shares for name, group in groups.items()})
        _draw_dots(distances, {name: group.distances for name, group in groups.items()})
        for axes, title in zip(figure.axes, TITLES, strict=True):
            axes.set_title(title, loc="left", color=INK, fontsize=10)
            axes.spines[["top", "right"]].set_visible(False)
            axes.set_axisbelow(True)
        figure.savefig(path, format="png", dpi=120)


def _draw_greys(axes: Any, groups: Mapping[str, Group]) -> None:
    for (name, group), colour in zip(groups.items(), COLOURS, strict=True):
        counts, edges = np.histogram(group.greys, GREY_EDGES)
        axes.stairs(100 * counts / counts.sum(), edges, color=colour, label=name, linewidth=1.5)
    axes.set_xlabel("grey, 0 black to 1 white")
    axes.set_ylabel("% of all pixels")
    axes.set_xlim(0, 1)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.legend(frameon=False)


def _draw_spectrum(axes: Any, groups: Mapping[str, Group]) -> None:
    """Draw how far each group lies above the real films' mean: the curves fall by five decades."""
    spectra = [group.spectrum for group in groups.values()]
    middle = (spectra[1] + spectra[2]) / 2
    cycles = np.arange(1, len(middle) + 1)
    apart = np.abs(spectra[1] - spectra[2]) / 2
    axes.fill_between(
        cycles, -apart, apart, color=COLOURS[2], alpha=0.5, linewidth=0, label="between real halves"
    )
    axes.plot(cycles, spectra[0] - middle, color=COLOURS[0], linewidth=1.5, label="synthetic")
    axes.set_xscale("log")
    axes.set_xticks(CYCLES, map(str, CYCLES))
    axes.minorticks_off()
    axes.set_ylim(-0.5, 0.5)
    axes.set_xlabel("cycles a film width")
    axes.set_ylabel("decimal logarithm of power over\nthat of the real films")
    axes.grid(color=RULE, linewidth=0.6)
    axes.legend(frameon=False)


def _draw_dots(axes: Any, values: Mapping[str, FloatVector]) -> None:
    rng = np.random.default_rng(0)
    for row, (of_group, colour) in enumerate(zip(values.values(), COLOURS, strict=True)):
        aside = rng.uniform(-SPREAD, SPREAD, len(of_group))
        axes.plot(of_group, row + aside, "o", color=colour, markersize=3.5, alpha=0.7)
        middle = np.median(of_group)
        axes.plot([middle, middle], [row - 0.35, row + 0.35], color=INK, linewidth=1.5)
    axes.set_yticks(range(len(values)), list(values), color=INK)
    axes.set_ylim(len(values) - 0.45, -0.55)
    axes.set_xlabel("a dot a film, a bar at the median")
    axes.grid(axis="x", color=RULE, linewidth=0.6)
