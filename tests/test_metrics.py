"""Rates, areas and their intervals, held to hand counts, brute force and other libraries."""

from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from core.errors import DatasetError
from core.metrics import (
    ConfusionMatrix,
    Rate,
    confusion_at,
    evaluate_predictions,
    expected_calibration_error,
    f1_rate,
    log_losses,
    mean_rate,
    rates_of,
    roc_auc,
    wilson_rate,
)

# Four films with pneumonia and six normal ones; at 0.5 they give 3 + 1 and 4 + 2.
PROBABILITIES = np.array([0.9, 0.8, 0.5, 0.2, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
LABELS = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])

COARSE_SCORES = st.integers(0, 5).map(lambda step: step / 5.0)
SCORES_OF_A_CLASS = st.lists(COARSE_SCORES, min_size=2, max_size=12)


def films_of(ill: list[float], well: list[float]):
    return np.array([*ill, *well]), np.array([1] * len(ill) + [0] * len(well))


# --- proportions ----------------------------------------------------------------------------------


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_proportion_has_wilsons_interval(counts):
    count, n = counts
    low, high = proportion_confint(count, n, method="wilson")

    rate = wilson_rate(count, n)

    assert (rate.value, rate.n) == (count / n, n)
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=1e-12)


def test_wilsons_interval_of_3_out_of_4_is_what_a_calculator_gives():
    # (p + z2/2n -+ z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n) with p = 0.75, n = 4, z = 1.959964
    rate = wilson_rate(3, 4)

    assert (rate.low, rate.high) == pytest.approx((0.3006418, 0.9544127), abs=1e-6)


def test_a_proportion_of_no_films_is_nan_with_the_whole_range():
    rate = wilson_rate(0, 0)

    assert np.isnan(rate.value)
    assert (rate.low, rate.high, rate.n) == (0.0, 1.0, 0)


# --- counts and rates -----------------------------------------------------------------------------


def test_films_are_counted_by_reference_and_side_of_the_threshold():
    assert confusion_at(PROBABILITIES, LABELS, 0.5) == ConfusionMatrix(3, 1, 4, 2)


def test_a_film_exactly_at_the_threshold_is_called_pneumonia():
    at, above = np.array([0.5]), np.nextafter(0.5, 1.0)

    assert confusion_at(at, np.array([1]), 0.5).true_positive == 1
    assert confusion_at(at, np.array([1]), above).false_negative == 1
    assert confusion_at(at, np.array([0]), 0.5).false_positive == 1


def test_every_rate_has_its_own_denominator():
    rates = rates_of(ConfusionMatrix(3, 1, 4, 2))

    assert {name: (rate.value, rate.n) for name, rate in rates.items()} == {
        "sensitivity": (3 / 4, 4),
        "specificity": (4 / 6, 6),
        "ppv": (3 / 5, 5),
        "npv": (4 / 5, 5),
        "accuracy": (7 / 10, 10),
    }


def test_rates_of_films_of_one_class_are_nan_only_where_nothing_can_be_said():
    rates = rates_of(ConfusionMatrix(0, 0, 4, 0))

    assert rates["specificity"] == wilson_rate(4, 4)
    assert np.isnan(rates["sensitivity"].value)
    assert np.isnan(rates["ppv"].value)
    assert (rates["sensitivity"].low, rates["sensitivity"].high) == (0.0, 1.0)


# --- area under the curve -------------------------------------------------------------------------


def delong_by_pairs(ill: list[float], well: list[float]) -> tuple[float, float]:
    """Return area and variance from every pair of films, as DeLong's paper writes them."""
    kernel = {(i, j): 1.0 if x > y else 0.5 if x == y else 0.0
              for (i, x), (j, y) in product(enumerate(ill), enumerate(well))}  # fmt: skip
    m, n = len(ill), len(well)
    area = sum(kernel.values()) / (m * n)
    by_ill = [sum(kernel[i, j] for j in range(n)) / n for i in range(m)]
    by_well = [sum(kernel[i, j] for i in range(m)) / m for j in range(n)]
    s10 = sum((v - area) ** 2 for v in by_ill) / (m - 1)
    s01 = sum((v - area) ** 2 for v in by_well) / (n - 1)
    return area, s10 / m + s01 / n


@given(SCORES_OF_A_CLASS, SCORES_OF_A_CLASS)
def test_area_and_interval_are_those_of_every_pair_of_films(ill, well):
    area, variance = delong_by_pairs(ill, well)
    half = NormalDist().inv_cdf(0.975) * variance**0.5

    rate = roc_auc(*films_of(ill, well))

    assert rate.value == pytest.approx(area, abs=1e-12)
    # The root of a variance of rounding errors alone is about 1e-8.
    assert rate.low == pytest.approx(max(0.0, area - half), abs=1e-7)
    assert rate.high == pytest.approx(min(1.0, area + half), abs=1e-7)
    assert rate.n == len(ill) + len(well)


def test_the_interval_of_a_small_area_is_the_one_on_paper():
    # Shares of normal films below each ill one: 1, 1/2; of ill films above each normal one:
    # 1/2, 1. Area 3/4; each variance 1/8, over 2 films each: 1/16 + 1/16 = 1/8.
    rate = roc_auc(*films_of([0.8, 0.4], [0.6, 0.2]))

    assert rate.value == 0.75
    assert rate.low == pytest.approx(0.75 - 1.959964 * 0.125**0.5, abs=1e-6)
    assert rate.high == 1.0


@given(SCORES_OF_A_CLASS, SCORES_OF_A_CLASS)
def test_the_area_is_scikit_learns(ill, well):
    scores, labels = films_of(ill, well)

    assert roc_auc(scores, labels).value == pytest.approx(roc_auc_score(labels, scores))


def test_the_area_depends_on_the_order_of_the_scores_alone():
    stretched = np.exp(7.0 * PROBABILITIES)

    assert roc_auc(stretched, LABELS) == roc_auc(PROBABILITIES, LABELS)


@pytest.mark.parametrize(("ill", "well"), [([0.9, 0.8], []), ([], [0.1, 0.2]), ([0.9], [0.1, 0.2])])
def test_a_curve_needs_two_films_of_each_class(ill, well):
    sentence = f"there are {len(ill)} with pneumonia and {len(well)} normal"
    with pytest.raises(DatasetError, match=sentence):
        roc_auc(*films_of(ill, well))


# --- bootstrap ------------------------------------------------------------------------------------


def test_bootstrap_intervals_are_the_same_for_the_same_seed_and_others_for_another():
    values = np.random.default_rng(3).random(40)

    assert mean_rate(values, seed=5) == mean_rate(values, seed=5)
    assert mean_rate(values, seed=5).low != mean_rate(values, seed=6).low
    called, ill = values > 0.5, values > 0.4
    assert f1_rate(called, ill, seed=5) == f1_rate(called, ill, seed=5)
    assert f1_rate(called, ill, seed=5).low != f1_rate(called, ill, seed=6).low


def test_the_bootstrap_interval_of_a_mean_is_as_wide_as_theory_says():
    values = np.random.default_rng(4).normal(2.0, 3.0, 400)
    half = 1.959964 * values.std() / 20.0

    rate = mean_rate(values)

    assert rate.value == pytest.approx(values.mean())
    assert rate.value - rate.low == pytest.approx(half, rel=0.15)
    assert rate.high - rate.value == pytest.approx(half, rel=0.15)


def test_the_mean_of_one_and_the_same_value_has_no_width():
    assert mean_rate(np.full(8, 0.25)) == Rate(0.25, 0.25, 0.25, 8)


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


# --- calibration ----------------------------------------------------------------------------------


def test_the_calibration_error_is_the_mean_gap_weighted_by_films():
    # Lower half: three films, mean 0.2, one in three ill; upper half: one film, 0.9, ill.
    probabilities, labels = np.array([0.1, 0.2, 0.3, 0.9]), np.array([0, 1, 0, 1])

    error = expected_calibration_error(probabilities, labels, bins=2)

    assert error == pytest.approx(0.75 * (1 / 3 - 0.2) + 0.25 * 0.1)


def test_a_probability_of_one_is_counted_in_the_last_of_15_bins():
    # 14/15 = 0.933 begins the last bin, so these two films share it: |0.975 - 0.5|.
    error = expected_calibration_error(np.array([1.0, 0.95]), np.array([0, 1]))

    assert error == pytest.approx(0.475)


def test_probabilities_that_say_how_often_have_no_calibration_error():
    assert expected_calibration_error(np.full(4, 0.25), np.array([1, 0, 0, 0])) == 0.0


def test_a_certain_and_wrong_probability_costs_a_finite_loss():
    losses = log_losses(np.array([0.0, 1.0, 0.5]), np.array([1, 0, 1]))

    assert losses == pytest.approx([-np.log(1e-7), -np.log(1e-7), np.log(2.0)])


# --- the whole evaluation -------------------------------------------------------------------------


def test_an_evaluation_of_ten_films_is_the_one_counted_by_hand():
    measured = evaluate_predictions(PROBABILITIES, LABELS, 0.5, "ten films")

    assert (measured.split, measured.threshold) == ("ten films", 0.5)
    assert (measured.n, measured.n_positive) == (10, 4)
    assert measured.matrix == ConfusionMatrix(3, 1, 4, 2)
    values = {name: rate.value for name, rate in measured.rates.items()}
    likelihood = 0.9 * 0.8 * 0.5 * 0.2 * 0.3 * 0.4 * 0.6 * 0.7 * 0.8 * 0.9
    assert values == pytest.approx(
        {
            "sensitivity": 3 / 4,
            "specificity": 4 / 6,
            "ppv": 3 / 5,
            "npv": 4 / 5,
            "accuracy": 7 / 10,
            "f1_pneumonia": 2 * 3 / (5 + 4),
            "f1_normal": 2 * 4 / (5 + 6),
            "log_loss": -np.log(likelihood) / 10,
            "brier": (0.01 + 0.04 + 0.25 + 0.64 + 0.49 + 0.36 + 0.16 + 0.09 + 0.04 + 0.01) / 10,
            "roc_auc": (6 + 6 + 4 + 1.5) / 24,  # normal films below 0.9, 0.8, 0.5 and 0.2
        }
    )


def test_every_rate_of_an_evaluation_states_its_films_and_brackets_its_value():
    measured = evaluate_predictions(PROBABILITIES, LABELS, 0.5, "ten films")

    films = {"sensitivity": 4, "specificity": 6, "ppv": 5, "npv": 5}
    for name, rate in measured.rates.items():
        assert rate.n == films.get(name, 10), name
        assert rate.low < rate.value < rate.high, name


def test_the_calibration_error_of_an_evaluation_uses_15_bins():
    measured = evaluate_predictions(PROBABILITIES, LABELS, 0.5, "ten films")

    # Only the films at 0.2 (one ill of two, bin 3 of 15) share a bin; all others stand alone.
    gaps = [0.1, 0.2, 0.5, 0.7, 0.6, 0.4, 0.3, 0.1, 2 * 0.3]
    assert measured.expected_calibration_error == pytest.approx(sum(gaps) / 10)


@pytest.mark.parametrize("label", [0, 1])
def test_films_of_one_class_are_not_evaluated(label):
    with pytest.raises(DatasetError, match="an ROC curve needs two films of each class"):
        evaluate_predictions(PROBABILITIES, np.full(10, label), 0.5, "one class")
