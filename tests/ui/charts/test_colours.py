"""The colours of plots: legible on either theme, told apart by who is colour-blind too."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from ui.charts.base import BLUE, GREY, ORANGE
from ui.charts.runs import COLOURS
from ui.components.figures import DIM
from ui.runs import prevalence

STYLE = Path(prevalence.__file__).with_name("runs.css").read_text("utf-8")


@pytest.mark.parametrize("ground", ["#0e0f11", "#f4f4f2"], ids=["dark", "light"])
def test_every_colour_of_a_run_stands_out_from_the_ground_of_either_theme(ground: str) -> None:
    children = re.findall(r"^\.fr-(?:found|alarm|cleared)\b.*{ color: (#.{6});", STYLE, re.M)
    assert len(children) == 3  # none of a ward's children is faded
    for colour in (*COLOURS, *children, ORANGE, BLUE, GREY, DIM):
        darker, lighter = sorted(map(luminance, (colour, ground)))
        assert (lighter + 0.05) / (darker + 0.05) >= 3.0


def luminance(colour: str) -> float:
    """Return a colour's relative luminance (WCAG 2.2)."""
    return float(linear(colour) @ np.array([0.2126, 0.7152, 0.0722]))


def linear(colour: str) -> np.ndarray:
    shares = np.array([int(colour[place : place + 2], 16) / 255.0 for place in (1, 3, 5)])
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


SEEN_BY = {
    "deuteranope": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protanope": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "anyone": np.eye(3),
}
"""Machado et al., IEEE Trans. Vis. Comput. Graph. 15 (2009) 1291-1298, of full severity."""


@pytest.mark.parametrize("reader", list(SEEN_BY))
def test_the_colours_of_runs_are_told_apart_by_who_is_colour_blind_too(reader: str) -> None:
    seen = [lab(np.asarray(SEEN_BY[reader]) @ linear(colour)) for colour in COLOURS]
    assert min(np.linalg.norm(one - two) for one, two in combinations(seen, 2)) > 20.0


def test_no_run_has_the_colour_that_marks_errors_and_pneumonias() -> None:
    wrong = lab(linear(ORANGE))
    assert min(np.linalg.norm(lab(linear(colour)) - wrong) for colour in COLOURS) > 40.0


TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(light: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b* of linear sRGB, white at D65."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(light, 0.0, 1.0) / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16.0 / 116.0)
    return np.array([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)])
