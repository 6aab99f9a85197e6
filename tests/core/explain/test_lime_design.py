"""LIME with orthogonal masks, the intervals of its weights, and when it stops."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from core.domain.model import Geometry, ModelInput
from core.domain.regions import SETTINGS, Design, Fill, LimeSettings, Way, way_of
from core.explain.lime import (
    STABLE_CHECKS,
    STABLE_EVERY,
    STABLE_FROM,
    ExplanationSteps,
    explain_prediction,
    fit_surrogate,
    weight_intervals,
)
from core.explain.superpixels import segment_superpixels
from core.explain.trust import Doubt, doubt_of

PX = 64
ORTHOGONAL = LimeSettings(
    regions=20, samples=400, fill=Fill.DARK, design=Design.ORTHOGONAL, stop_when_stable=False
)


def film() -> ModelInput:
    pixels = 0.5 + np.random.default_rng(2).normal(0, 0.1, (PX, PX))
    return ModelInput(np.clip(pixels, 0, 1).astype(np.float32), Geometry(PX, PX, PX))


def masks_of(settings: LimeSettings):
    steps = ExplanationSteps(film(), SimpleNamespace(), settings)
    return steps._masks


def by_regions(effects):
    """Return a network whose score adds up what each region that is shown is worth."""
    segments = segment_superpixels(film().tensor, ORTHOGONAL.regions)
    shown_film = film().tensor
    places = [np.flatnonzero((segments == label).ravel())[0] for label in range(segments.max() + 1)]

    def predict(batch):
        pixels = batch.reshape(len(batch), -1)[:, places]
        shown = pixels == shown_film.ravel()[places]
        return np.array([effects(each) for each in shown], np.float32)

    return SimpleNamespace(predict=predict), len(places)


def test_orthogonal_masks_hide_all_pairs_equally_often() -> None:
    masks = masks_of(ORTHOGONAL)
    assert masks[0].all()
    block = 2 * masks[1 : 1 + 64].astype(int) - 1  # 32 rows of the design and their complements
    assert np.array_equal(block.T @ block, 64 * np.eye(masks.shape[1], dtype=int))


def test_each_orthogonal_mask_is_followed_by_its_complement() -> None:
    masks = masks_of(ORTHOGONAL)
    pairs = (len(masks) - 1) // 2
    assert (masks[1 : 1 + 2 * pairs : 2] ^ masks[2 : 2 + 2 * pairs : 2]).all()


def test_a_seed_gives_one_order_of_masks_however_many_there_are() -> None:
    assert np.array_equal(masks_of(ORTHOGONAL)[:150], masks_of(replace(ORTHOGONAL, samples=150)))
    assert not np.array_equal(masks_of(ORTHOGONAL), masks_of(replace(ORTHOGONAL, seed=1)))


def test_what_two_regions_do_only_together_enters_the_weights_less() -> None:
    classifier, _ = by_regions(lambda shown: 2.0 * shown[3] + 4.0 * (shown[5] == shown[7]))

    def mistaken(design: Design) -> float:
        settings = [replace(ORTHOGONAL, design=design, seed=seed) for seed in range(4)]
        weights = [explain_prediction(film(), classifier, each).weights for each in settings]
        return float(np.abs(np.delete(weights, 3, axis=1)).mean())

    assert mistaken(Design.ORTHOGONAL) < 0.8 * mistaken(Design.RANDOM)


# --- intervals ------------------------------------------------------------------------------------


def test_nineteen_of_twenty_intervals_hold_the_true_weight() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 1, 12)
    held = []
    for _ in range(60):
        masks = rng.random((400, 12)) < 0.5
        scores = masks @ truth + rng.normal(0, 2, 400)
        weights, intercept, _, _ = fit_surrogate(masks, scores, 0.25)
        low, high = weight_intervals(masks, scores, weights, intercept, 0.25).T
        held.append((low <= truth) & (truth <= high))
    assert 0.91 < np.mean(held) < 0.98


def test_an_interval_shrinks_with_the_samples_and_holds_its_weight() -> None:
    classifier, _ = by_regions(lambda shown: 2.0 * shown[3] * shown[4] + shown[1])
    few, many = (
        explain_prediction(film(), classifier, replace(ORTHOGONAL, samples=n)) for n in (100, 400)
    )
    widths = [np.diff(each.intervals, axis=1) for each in (few, many)]
    assert widths[1].mean() < 0.7 * widths[0].mean()
    for each in (few, many):
        assert (each.intervals[:, 0] <= each.weights).all()
        assert (each.weights <= each.intervals[:, 1]).all()


def test_a_score_that_never_changes_has_weights_and_intervals_of_nothing() -> None:
    classifier, _ = by_regions(lambda _: 0.5)
    explanation = explain_prediction(film(), classifier, ORTHOGONAL)
    assert not explanation.weights.any()
    assert not explanation.intervals.any()


# --- stopping -------------------------------------------------------------------------------------


def test_it_stops_as_soon_as_the_strongest_regions_stay_the_same() -> None:
    classifier, _ = by_regions(lambda shown: 3 * shown[:5] @ np.arange(1, 6))
    settings = replace(ORTHOGONAL, samples=2000, stop_when_stable=True)
    explanation = explain_prediction(film(), classifier, settings)
    assert explanation.samples == STABLE_FROM + (STABLE_CHECKS - 1) * STABLE_EVERY
    assert explanation.samples == explanation.settings.samples
    assert sorted(np.argsort(-explanation.weights)[:5].tolist()) == [0, 1, 2, 3, 4]


def test_it_never_takes_more_than_it_may() -> None:
    rng = np.random.default_rng(1)
    classifier, _ = by_regions(lambda _: rng.normal())  # nothing is ever stable
    settings = replace(ORTHOGONAL, samples=450, stop_when_stable=True)
    steps = ExplanationSteps(film(), classifier, settings)
    while not steps.finished:
        assert steps.share < 1
        steps.advance()
    assert steps.samples <= 450
    assert steps.share == 1.0


def test_what_it_stopped_at_is_made_again_with_as_many_samples() -> None:
    classifier, _ = by_regions(lambda shown: 3 * shown[:5] @ np.arange(1, 6))
    settings = replace(ORTHOGONAL, samples=2000, stop_when_stable=True)
    stopped = explain_prediction(film(), classifier, settings)
    again = explain_prediction(film(), classifier, stopped.settings)
    assert np.array_equal(stopped.weights, again.weights)


# --- trust ----------------------------------------------------------------------------------------


def test_a_network_that_looks_at_the_border_is_doubted() -> None:
    lungs = np.zeros((PX, PX), np.float32)
    lungs[16:48, 8:28] = lungs[16:48, 36:56] = 1.0
    edge = (slice(None), [0, -1])
    border = SimpleNamespace(predict=lambda batch: 9 * batch[edge].mean(axis=(1, 2, 3)))
    seen = replace(film(), lungs=lungs)
    explanation = explain_prediction(seen, border, replace(ORTHOGONAL, regions=40))
    assert doubt_of(explanation, of_others=False) is Doubt.OUTSIDE


# --- ways -----------------------------------------------------------------------------------------


def test_a_way_is_known_by_its_settings_whatever_seed_and_samples() -> None:
    for way, settings in SETTINGS.items():
        assert way_of(settings) is way
    lime = SETTINGS[Way.LIME]
    assert isinstance(lime, LimeSettings)
    assert way_of(replace(lime, seed=3, samples=250)) is Way.LIME
    assert way_of(replace(lime, fill=Fill.OWN_MEAN)) is None
    assert way_of(replace(lime, regions=30)) is None
