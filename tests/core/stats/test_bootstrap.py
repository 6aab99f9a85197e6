"""Intervals over patients: what a draw holds, what statistics are, and how wide they come out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from core.domain.rate import Rate
from core.errors import DatasetError
from core.stats.bootstrap import (
    draw_patients,
    f1_rate,
    mean_rate,
    pr_auc,
    roc_auc_by_patient,
    share_rate,
)

COARSE_SCORES = st.integers(0, 5).map(lambda step: step / 5.0)
FILMS = st.lists(st.tuples(COARSE_SCORES, st.integers(0, 1)), min_size=2, max_size=30)


def width(rate: Rate) -> float:
    return rate.high - rate.low


# --- draws ----------------------------------------------------------------------------------------


def test_a_draw_takes_as_many_patients_as_there_are_each_with_all_of_its_films():
    draws = draw_patients(np.array(["b", "a", "b", "c", "b"]), draws=50)

    assert draws.counts.shape == (50, 3)
    assert (draws.counts.sum(axis=1) == 3).all()
    films = draws.film_counts(np.arange(5))
    np.testing.assert_array_equal(films[:, 0], films[:, 2])
    np.testing.assert_array_equal(films[:, 0], films[:, 4])
    np.testing.assert_array_equal(films[:, 1], draws.counts[:, 0])


def test_totals_are_sums_over_the_films_of_each_draw():
    draws = draw_patients(np.array([0, 0, 1, 2]), draws=20)
    values = np.array([1.0, 10.0, 100.0, 1000.0])

    totals, films = draws.totals(values, np.ones(4))

    expected = draws.film_counts(np.arange(4))
    assert totals == pytest.approx(expected @ values)
    assert films == pytest.approx(expected.sum(axis=1))


def test_with_one_film_a_patient_it_is_the_ordinary_bootstrap():
    # The ordinary one, drawn film by film from a generator of its own: same distribution.
    values = np.random.default_rng(7).gamma(2.0, 1.0, 60)
    rng = np.random.default_rng(8)
    ordinary = [rng.choice(values, 60).mean() for _ in range(20_000)]

    totals, n = draw_patients(np.arange(60), draws=20_000).totals(values, np.ones(60))

    levels = [0.025, 0.25, 0.5, 0.75, 0.975]
    theirs = np.quantile(ordinary, levels)
    assert np.quantile(totals / n, levels) == pytest.approx(theirs, abs=0.02 * values.std())


def test_the_films_of_a_patient_do_not_count_as_films_of_many():
    # Each film four times: the same information, so the interval of one film a patient.
    values = np.random.default_rng(9).random(50)
    fourfold, owners = np.repeat(values, 4), np.repeat(np.arange(50), 4)

    alone, kept, taken_apart = (
        width(mean_rate(values)),
        width(mean_rate(fourfold, draw_patients(owners))),
        width(mean_rate(fourfold)),
    )

    assert kept == pytest.approx(alone, rel=1e-9)
    assert kept == pytest.approx(2.0 * taken_apart, rel=0.15)


# --- means and shares -----------------------------------------------------------------------------


def test_bootstrap_intervals_are_the_same_for_the_same_seed_and_others_for_another():
    values = np.random.default_rng(3).random(40)
    once, again, other = (draw_patients(np.arange(40), seed) for seed in (5, 5, 6))

    assert mean_rate(values, once) == mean_rate(values, again)
    assert mean_rate(values, once).low != mean_rate(values, other).low


def test_the_bootstrap_interval_of_a_mean_is_as_wide_as_theory_says():
    values = np.random.default_rng(4).normal(2.0, 3.0, 400)
    half = 1.959964 * values.std() / 20.0

    rate = mean_rate(values)

    assert rate.value == pytest.approx(values.mean())
    assert rate.value - rate.low == pytest.approx(half, rel=0.15)
    assert rate.high - rate.value == pytest.approx(half, rel=0.15)


def test_the_mean_of_one_and_the_same_value_has_no_width():
    assert mean_rate(np.full(8, 0.25)) == Rate(0.25, 0.25, 0.25, 8)


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40))
def test_f1_is_scikit_learns_and_lies_in_its_interval(films):
    called, ill = np.array(films).T

    rate = f1_rate(called, ill)

    assert rate.value == pytest.approx(f1_score(ill, called, zero_division=0.0))
    assert 0.0 <= rate.low <= rate.high <= 1.0
    assert rate.n == len(films)


def test_the_f1_interval_brackets_the_value_and_narrows_with_more_films():
    rng = np.random.default_rng(5)
    widths = []
    for n in (50, 5000):
        ill = rng.random(n) < 0.6
        called = ill ^ (rng.random(n) < 0.1)
        rate = f1_rate(called, ill)
        assert rate.low < rate.value < rate.high
        widths.append(rate.high - rate.low)
    assert widths[0] == pytest.approx(10.0 * widths[1], rel=0.4)


def test_a_share_has_the_bootstrap_interval_of_its_ratio():
    ill = np.array([True] * 30 + [False] * 10)
    called = np.array([True] * 24 + [False] * 16)
    draws = draw_patients(np.arange(40) // 2)

    rate = share_rate(called, ill, draws)

    counts = draws.film_counts(np.arange(40))
    drawn = counts[:, :24].sum(axis=1) / counts[:, :30].sum(axis=1)
    assert (rate.value, rate.n) == (24 / 30, 30)
    assert (rate.low, rate.high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])))


def test_a_share_of_nothing_is_nan_with_the_whole_range():
    nothing = np.zeros(4, np.bool_)

    rate = share_rate(~nothing, nothing, draw_patients(np.arange(4)))

    assert np.isnan(rate.value)
    assert (rate.low, rate.high, rate.n) == (0.0, 1.0, 0)


# --- areas ----------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(FILMS.filter(lambda films: any(label for _, label in films)))
def test_the_pr_area_is_scikit_learns_average_precision(films):
    scores, labels = (np.array(column) for column in zip(*films, strict=True))

    rate = pr_auc(scores, labels)

    assert rate.value == pytest.approx(average_precision_score(labels, scores))
    assert 0.0 <= rate.low <= rate.high <= 1.0
    assert rate.n == len(films)


def test_the_pr_area_of_four_films_is_the_one_on_paper():
    # Ill at rank 1 and 3: (1/1 + 2/3) / 2.
    rate = pr_auc(np.array([0.9, 0.8, 0.7, 0.6]), np.array([1, 0, 1, 0]))

    assert rate.value == pytest.approx(5 / 6)


def test_areas_of_every_draw_are_scikit_learns_of_the_films_in_it():
    rng = np.random.default_rng(11)
    labels, patients = rng.integers(0, 2, 40), rng.integers(0, 25, 40)
    scores = np.round(0.3 * labels + rng.random(40), 1)  # with ties
    draws = draw_patients(patients, draws=60)
    counts = draws.film_counts(np.arange(40))
    for ours, reference in (
        (pr_auc(scores, labels, draws), average_precision_score),
        (roc_auc_by_patient(scores, labels, draws), roc_auc_score),
    ):
        drawn = [reference(labels, scores, sample_weight=row) for row in counts]
        assert (ours.low, ours.high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])))
        assert ours.value == pytest.approx(reference(labels, scores))


def test_without_pneumonia_there_is_no_pr_area():
    rate = pr_auc(np.array([0.1, 0.2]), np.array([0, 0]))

    assert np.isnan(rate.value)
    assert (rate.low, rate.high) == (0.0, 1.0)


def test_an_roc_area_over_patients_needs_two_films_of_each_class():
    with pytest.raises(DatasetError, match="there are 1 with pneumonia and 1 normal"):
        roc_auc_by_patient(np.array([0.5, 0.4]), np.array([1, 0]), draw_patients(np.arange(2)))
