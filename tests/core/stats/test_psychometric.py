"""The fitted curve recovers what was planted, with intervals that cover it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from core.stats.bootstrap import draw_patients
from core.stats.psychometric import Curve, find_threshold, fit_curve

STRENGTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)


def planted(rng, films: int, middle: float, slope: float, lapse: float, guess: float = 0.0):
    core = expit(slope * np.log2(np.array(STRENGTHS) / middle))
    share = guess + (1 - guess - lapse) * core
    return (rng.random((films, len(STRENGTHS))) < share).astype(float)


@pytest.mark.parametrize(
    ("middle", "slope", "lapse", "guess"),
    [
        pytest.param(1.7, 4.0, 0.0, 0.0, id="steep"),
        pytest.param(1.2, 2.0, 0.1, 0.0, id="flat, with lapses"),
        pytest.param(2.0, 5.0, 0.05, 0.2, id="with false alarms"),
    ],
)
def test_nineteen_of_twenty_intervals_hold_what_was_planted(middle, slope, lapse, guess) -> None:
    rng, truth = np.random.default_rng(8), Curve(middle, slope, guess, lapse).strength_at(0.5)
    values, covered = [], 0
    for seed in range(20):
        found = planted(rng, 60, middle, slope, lapse, guess)
        draws = draw_patients(np.arange(60), seed, 120)
        one = find_threshold(STRENGTHS, found, np.ones_like(found), 0.5, draws, guess)
        values.append(one.value)
        covered += one.low <= truth <= one.high
    assert np.mean(values) == pytest.approx(truth, rel=0.05)
    assert covered >= 17  # of 20; fewer have a chance of 1 in 60


def test_a_curve_gives_back_its_parameters_from_many_films() -> None:
    found = planted(np.random.default_rng(1), 4000, 1.6, 3.0, 0.1).sum(axis=0)
    curve = fit_curve(STRENGTHS, found, [4000] * 6)
    assert curve.middle == pytest.approx(1.6, rel=0.05)
    assert curve.lapse == pytest.approx(0.1, abs=0.03)
    assert curve.share(np.array([1.6]))[0] == pytest.approx(0.45, abs=0.03)


def test_the_strength_of_a_share_is_that_of_the_formula() -> None:
    curve = Curve(2.0, 3.0, 0.1, 0.2)
    at = curve.strength_at(0.5)
    assert curve.share(np.array([at]))[0] == pytest.approx(0.5)
    assert np.isinf(curve.strength_at(0.85))


def test_what_is_never_found_has_no_strength_and_what_always_is_the_weakest() -> None:
    draws = draw_patients(np.arange(20), 0, 50)
    shown = np.ones((20, 6))
    never = find_threshold(STRENGTHS, np.zeros((20, 6)), shown, 0.5, draws)
    assert np.isinf([never.value, never.low, never.high]).all()
    always = find_threshold(STRENGTHS, shown, shown, 0.5, draws)
    assert (always.value, always.high) == (0.5, 0.5)


def test_between_none_and_all_the_strength_lies_in_the_middle() -> None:
    found = np.tile([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], (30, 1))
    draws = draw_patients(np.arange(30), 0, 50)
    one = find_threshold(STRENGTHS, found, np.ones_like(found), 0.5, draws)
    assert 1.6 < one.value < 1.9
