"""Occlusion, by networks whose true regions are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from core.domain.model import Geometry, ModelInput
from core.domain.regions import Fill, Method, OcclusionSettings
from core.errors import ExplanationError
from core.explain.lime import top_regions
from core.explain.occlusion import explain_by_occlusion
from core.explain.trust import Doubt, doubt_of, share_outside

PX = 64
LESION = (slice(22, 34), slice(14, 26))
SETTINGS = OcclusionSettings(regions=20)


def film() -> ModelInput:
    pixels = np.full((PX, PX), 0.3) + np.random.default_rng(1).normal(0, 0.02, (PX, PX))
    pixels[LESION] = 0.9
    lungs = np.zeros((PX, PX), np.float32)
    lungs[10:56, 6:28] = lungs[10:56, 36:58] = 1.0
    return ModelInput(pixels.astype(np.float32), Geometry(PX, PX, PX), lungs)


def network(look):
    return SimpleNamespace(
        log_odds=lambda batch: np.array([look(each[..., 0]) for each in batch], np.float32)
    )


RECTANGLE = network(lambda pixels: 10 * pixels[LESION].mean())
BORDER = network(lambda pixels: 10 * float(pixels[:3].mean()))


def test_the_region_that_counts_comes_first_and_loses_what_it_is_worth() -> None:
    explanation = explain_by_occlusion(film(), RECTANGLE, SETTINGS)
    first = top_regions(explanation, 1)[0]
    inside = np.bincount(explanation.segments[LESION].ravel(), minlength=len(explanation.weights))
    assert first.label == int(inside.argmax())
    assert first.weight > 1
    assert explanation.weights[inside == 0] == pytest.approx(0.0, abs=1e-5)
    assert explanation.score == pytest.approx(9.0, abs=0.01)
    assert explanation.zones[first.label].startswith("right")


def test_it_says_how_it_was_made() -> None:
    explanation = explain_by_occlusion(film(), RECTANGLE, SETTINGS)
    assert explanation.method is Method.OCCLUSION
    assert explanation.samples == len(explanation.weights) + 1
    assert (explanation.intervals, explanation.surrogate_r2) == (None, None)


def test_a_network_that_looks_at_the_border_loses_most_outside_of_the_lungs() -> None:
    border = explain_by_occlusion(film(), BORDER, SETTINGS)
    assert share_outside(border) > 0.95
    assert doubt_of(border, of_others=False) is Doubt.OUTSIDE
    assert share_outside(explain_by_occlusion(film(), RECTANGLE, SETTINGS)) < 0.05


def test_a_constant_network_gives_no_weight() -> None:
    explanation = explain_by_occlusion(film(), network(lambda _: 2.0), SETTINGS)
    assert not explanation.weights.any()
    assert share_outside(explanation) == 0.0


def test_the_healthy_fill_needs_the_drawing() -> None:
    settings = OcclusionSettings(regions=20, fill=Fill.HEALTHY)
    with pytest.raises(ExplanationError, match="cannot be drawn without a lesion"):
        explain_by_occlusion(film(), RECTANGLE, settings)
    healthy = np.full((PX, PX), 0.3, np.float32)
    explanation = explain_by_occlusion(film(), RECTANGLE, settings, healthy)
    assert explanation.weights.max() > 1
