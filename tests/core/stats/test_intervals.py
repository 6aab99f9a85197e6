"""Proportions, ROC areas and paired differences, held to brute force and to other libraries."""

from itertools import combinations, product
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.proportion import proportion_confint

from core.errors import DatasetError
from core.stats.intervals import delong_difference, mcnemar, roc_auc, wilson_rate

# Four films with pneumonia and six normal ones.
PROBABILITIES = np.array([0.9, 0.8, 0.5, 0.2, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
LABELS = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])

COARSE_SCORES = st.integers(0, 5).map(lambda step: step / 5.0)
SCORES_OF_A_CLASS = st.lists(COARSE_SCORES, min_size=2, max_size=12)
PAIRS_OF_A_CLASS = st.lists(st.tuples(COARSE_SCORES, COARSE_SCORES), min_size=2, max_size=8)


def films_of(ill: list[float], well: list[float]):
    return np.array([*ill, *well]), np.array([1] * len(ill) + [0] * len(well))


# --- proportions ----------------------------------------------------------------------------------


@settings(deadline=None)  # a busy machine is no failure
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


@settings(deadline=None)  # a busy machine is no failure
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


@settings(deadline=None)  # a busy machine is no failure
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


# --- two runs on the same films -------------------------------------------------------------------


def kernel(x: float, y: float) -> float:
    return 1.0 if x > y else 0.5 if x == y else 0.0


def covariances_by_pairs(ill, well) -> tuple[np.ndarray, np.ndarray]:
    """Return areas and DeLong's covariance matrix of two runs, every pair of films counted."""
    m, n = len(ill), len(well)
    areas, of_ill, of_well = [], [], []
    for run in (0, 1):
        grid = [[kernel(x[run], y[run]) for y in well] for x in ill]
        areas.append(sum(map(sum, grid)) / (m * n))
        of_ill.append([sum(row) / n for row in grid])
        of_well.append([sum(row[j] for row in grid) / m for j in range(n)])
    matrix = np.zeros((2, 2))
    for r, s in product((0, 1), repeat=2):
        s10 = sum((of_ill[r][i] - areas[r]) * (of_ill[s][i] - areas[s]) for i in range(m)) / (m - 1)
        s01 = sum((of_well[r][j] - areas[r]) * (of_well[s][j] - areas[s]) for j in range(n))
        matrix[r, s] = s10 / m + s01 / (n - 1) / n
    return np.array(areas), matrix


@settings(deadline=None)  # a busy machine is no failure
@given(PAIRS_OF_A_CLASS, PAIRS_OF_A_CLASS)
def test_a_difference_of_areas_has_the_error_that_the_covariances_of_all_pairs_give(ill, well):
    areas, matrix = covariances_by_pairs(ill, well)
    variance = matrix[0, 0] + matrix[1, 1] - 2.0 * matrix[0, 1]
    half = NormalDist().inv_cdf(0.975) * max(variance, 0.0) ** 0.5
    films = np.array([*ill, *well])
    labels = np.array([1] * len(ill) + [0] * len(well))

    found = delong_difference(films[:, 0], films[:, 1], labels)

    assert found.value == pytest.approx(areas[0] - areas[1], abs=1e-12)
    # The root of a variance of rounding errors alone is about 1e-8.
    assert found.low == pytest.approx(found.value - half, abs=1e-7)
    assert found.high == pytest.approx(found.value + half, abs=1e-7)
    if variance > 1e-12:
        z = abs(found.value) / variance**0.5
        assert found.p_value == pytest.approx(2.0 * NormalDist().cdf(-z), abs=1e-9)
    assert found.n == len(films)


def test_delongs_variance_is_the_jackknifes_of_either_class():
    # Leaving out one ill film at a time gives pseudo-values that are DeLong's components.
    ill, well = [0.9, 0.7, 0.4, 0.6], [0.5, 0.3, 0.6]
    whole = roc_auc_score(*films_of(ill, well)[::-1])
    without_ill = [
        roc_auc_score(*films_of(list(left), well)[::-1]) for left in combinations(ill, len(ill) - 1)
    ]
    without_well = [
        roc_auc_score(*films_of(ill, list(left))[::-1])
        for left in combinations(well, len(well) - 1)
    ]
    variance = 0.0
    for left_out in (without_ill, without_well):
        n = len(left_out)
        pseudo = [n * whole - (n - 1) * value for value in left_out]
        variance += np.var(pseudo, ddof=1) / n

    rate = roc_auc(*films_of(ill, well))

    assert whole - rate.low == pytest.approx(NormalDist().inv_cdf(0.975) * variance**0.5)


def test_a_run_does_not_differ_from_itself():
    found = delong_difference(PROBABILITIES, PROBABILITIES, LABELS)

    assert (found.value, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_runs_that_are_always_right_and_always_wrong_differ_beyond_doubt():
    found = delong_difference(LABELS * 1.0, 1.0 - LABELS, LABELS)

    assert (found.value, found.p_value) == (1.0, 0.0)


def test_swapping_the_runs_turns_the_difference_round():
    other = PROBABILITIES[::-1] ** 2
    there = delong_difference(PROBABILITIES, other, LABELS)
    back = delong_difference(other, PROBABILITIES, LABELS)

    assert (back.value, back.low, back.high) == pytest.approx(
        (-there.value, -there.high, -there.low)
    )
    assert back.p_value == there.p_value


def test_a_difference_of_areas_needs_two_films_of_each_class():
    with pytest.raises(DatasetError, match="there are 1 with pneumonia and 1 normal"):
        delong_difference(np.array([0.5, 0.4]), np.array([0.5, 0.4]), np.array([1, 0]))


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
@settings(deadline=None)  # a busy machine is no failure
def test_mcnemars_exact_p_is_the_one_of_statsmodels(both, only_first, only_second, neither):
    counts = [both, only_first, only_second, neither]
    first = np.repeat([True, True, False, False], counts)
    second = np.repeat([True, False, True, False], counts)
    expected = statsmodels_mcnemar([[both, only_first], [only_second, neither]], exact=True)

    found = mcnemar(first, second)

    assert (found.only_first, found.only_second) == (only_first, only_second)
    assert found.n == both + only_first + only_second + neither
    assert found.p_value == pytest.approx(expected.pvalue if only_first + only_second else 1.0)


def test_mcnemars_exact_p_of_one_against_five_is_the_binomials_on_paper():
    # 2 * (C(6, 0) + C(6, 1)) / 2^6 = 14 / 64
    right = np.array([True, *[False] * 5])

    assert mcnemar(right, ~right).p_value == pytest.approx(14 / 64)
