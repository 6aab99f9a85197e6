"""Several readers and cases: the worked example of Van Dyke's study, and what must hold of any.

C. W. Van Dyke et al. let five readers look for a dissection of the aorta on two kinds of magnetic
resonance images of 114 patients. The Medical Image Perception Laboratory of Iowa publishes its
analysis (OR-DBM MRMC 2.51, trapezoidal areas, jackknife): what stands here as published.
"""

import numpy as np
import pytest
from scipy import stats

from core.errors import DatasetError
from core.stats.intervals import delong_difference
from core.stats.mrmc import (
    Covariances,
    analyse_means,
    analyse_readers,
    cases_for_power,
    compare_arms,
    jackknife_covariance,
    mean_covariances,
    power_of,
    reader_areas,
)

AREAS = np.array(
    [
        [0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066],
        [0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169],
    ]
)
COVARIANCES = Covariances(error=0.00080229, cov1=0.00034661, cov2=0.00034407, cov3=0.00023903)
COV2_OF_ARMS = [0.00048396, 0.00020419]

# The first reader's ratings, 69 cases without a dissection and 45 with one.
RATINGS = (
    (
        "122151111111411111111131311214111113121211233131133111111221111332111"
        "555545554555434245555555154454553555115554451"
    ),
    (
        "333222223213122222211111421312214323123122233111333113412421241442111"
        "535555554555544335555555355355554455535555551"
    ),
)
LABELS = np.repeat([0, 1], [69, 45])


def published(areas=AREAS):
    return compare_arms(areas, COVARIANCES, COV2_OF_ARMS)


def test_the_published_test_of_both_arms_comes_out():
    found = published()
    assert found.f_value == pytest.approx(4.46, abs=0.005)
    assert found.freedom == pytest.approx(15.26, abs=0.005)
    assert found.p_value == pytest.approx(0.0517, abs=0.00005)


def test_the_published_difference_comes_out_with_its_interval():
    found = published().differences[0, 1]
    assert found.value == pytest.approx(-0.04380, abs=0.000005)
    assert found.error == pytest.approx(0.02075, abs=0.000005)
    assert (found.low, found.high) == pytest.approx((-0.08796, 0.00036), abs=0.00001)
    assert found.p_value == pytest.approx(0.0517, abs=0.00005)


def test_the_published_areas_of_each_arm_come_out_with_their_intervals():
    first, second = published().arms
    assert (first.error, second.error) == pytest.approx((0.03317360, 0.02156637), abs=1e-6)
    assert (first.freedom, second.freedom) == pytest.approx((12.74, 12.71), abs=0.005)
    assert (first.low, first.high) == pytest.approx((0.82522360, 0.96885048), abs=1e-5)
    assert (second.low, second.high) == pytest.approx((0.89413783, 0.98753689), abs=1e-5)


def test_the_published_variances_between_readers_come_out():
    found = published()
    assert found.reader_variance == pytest.approx(0.00153500, abs=1e-8)
    assert found.arm_reader_variance == pytest.approx(0.00020040, abs=1e-8)


def test_the_first_readers_ratings_give_the_published_areas_and_covariances():
    ratings = np.array([[[float(one) for one in arm]] for arm in RATINGS])
    areas, without = reader_areas(ratings, LABELS)
    assert areas[:, 0] == pytest.approx([0.91964573, 0.94782609], abs=1e-8)
    found = jackknife_covariance(without)
    assert np.diag(found).mean() == pytest.approx(0.00069890, abs=1e-8)
    assert found[0, 1] == pytest.approx(0.00037347, abs=1e-8)
    error = np.sqrt(2.0 * (np.diag(found).mean() - found[0, 1]))
    assert error == pytest.approx(0.02551, abs=0.000005)


def drawn_ratings(arms: int = 2, readers: int = 4, cases: int = 80, seed: int = 0):
    rng = np.random.default_rng(seed)
    labels = (np.arange(cases) % 2).astype(np.int64)
    case, skill = rng.normal(0, 1, cases), rng.normal(0, 0.3, (1, readers, 1))
    noise = rng.normal(0, 1, (arms, readers, cases))
    shift = np.linspace(1.0, 1.6, arms)[:, None, None] + skill
    return np.round(case + noise + shift * labels, 1), labels


def test_a_case_left_out_is_as_if_it_had_not_been_read():
    ratings, labels = drawn_ratings(cases=12)
    _, without = reader_areas(ratings, labels)
    for case in range(12):
        others = np.arange(12) != case
        areas, _ = reader_areas(ratings[:, :, others], labels[others])
        np.testing.assert_allclose(without[:, :, case], areas, atol=1e-12)


def test_one_reader_alone_varies_as_delong_says():
    ratings, labels = drawn_ratings(cases=400)
    found = analyse_readers(ratings, labels)
    _, without = reader_areas(ratings[:, :1], labels)
    covariance = jackknife_covariance(without)
    spread = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1])
    delong = delong_difference(ratings[0, 0], ratings[1, 0], labels)
    assert spread == pytest.approx((delong.high - delong.low) / 2.0 / 1.959964, rel=0.01)
    assert found.areas.shape == (2, 4)


def test_covariances_are_means_over_pairs_of_each_kind():
    rng = np.random.default_rng(2)
    full = rng.normal(size=(6, 6))
    full = full @ full.T
    found = mean_covariances(full, 2, 3)
    kinds = {"error": [], "cov1": [], "cov2": [], "cov3": []}
    for one in range(6):
        for two in range(6):
            same_arm, same_reader = one // 3 == two // 3, one % 3 == two % 3
            kind = {(1, 1): "error", (0, 1): "cov1", (1, 0): "cov2", (0, 0): "cov3"}
            kinds[kind[same_arm, same_reader]].append(full[one, two])
    for kind, values in kinds.items():
        assert getattr(found, kind) == pytest.approx(np.mean(values))


def test_arms_without_a_difference_are_rarely_told_apart():
    rng = np.random.default_rng(4)
    found = 0
    for _ in range(200):
        labels = (np.arange(60) % 2).astype(np.int64)
        case = rng.normal(0, 1, 60)
        ratings = case + rng.normal(0, 1, (2, 4, 60)) + 1.2 * labels
        found += analyse_readers(ratings, labels).p_value < 0.05
    assert stats.binomtest(found, 200, 0.05).pvalue > 0.001


def test_more_cases_and_more_readers_have_more_power():
    ratings, labels = drawn_ratings()
    pilot = analyse_readers(ratings, labels)
    few = power_of(0.05, 4, 80, pilot, 80)
    assert few < power_of(0.05, 4, 200, pilot, 80)
    assert few < power_of(0.05, 8, 80, pilot, 80)
    assert power_of(0.0, 4, 80, pilot, 80) == pytest.approx(0.05)


def test_so_many_cases_reach_the_power_and_one_less_does_not():
    ratings, labels = drawn_ratings()
    pilot = analyse_readers(ratings, labels)
    n = cases_for_power(0.1, 6, pilot, 80)
    assert power_of(0.1, 6, n, pilot, 80) >= 0.8
    assert power_of(0.1, 6, n - 1, pilot, 80) < 0.8


def test_too_few_readers_are_said():
    pilot = compare_arms(AREAS, COVARIANCES, COV2_OF_ARMS)
    with pytest.raises(DatasetError, match="Take more readers"):
        cases_for_power(0.005, 2, pilot, 114)


@pytest.mark.parametrize("shape", [(1, 3, 20), (2, 1, 20)], ids=["one arm", "one reader"])
def test_a_study_needs_two_arms_and_two_readers(shape):
    labels = (np.arange(20) % 2).astype(np.int64)
    with pytest.raises(DatasetError, match="two arms and two readers"):
        analyse_readers(np.zeros(shape), labels)


def test_means_vary_as_means_do():
    """Of means the jackknife gives the covariance of the cases over their number."""
    values = np.random.default_rng(1).normal(size=(2, 3, 25))
    found = analyse_means(values)
    expected = np.cov(values.reshape(6, 25)) / 25
    np.testing.assert_allclose(found.areas, values.mean(axis=2))
    assert found.covariances.error == pytest.approx(np.diag(expected).mean())
    both_arms = [expected[reader, reader + 3] for reader in range(3)]
    assert found.covariances.cov1 == pytest.approx(np.mean(both_arms))


def test_the_mean_difference_of_one_kind_of_case_is_that_of_sensitivities():
    right = np.zeros((2, 2, 4))
    right[0, :, :2], right[1, :, :3] = 1.0, 1.0
    found = analyse_means(right)
    assert found.differences[0, 1].value == -0.25
    assert [arm.value for arm in found.arms] == [0.5, 0.75]


@pytest.mark.parametrize("shape", [(1, 3, 5), (2, 1, 5), (2, 3, 1)], ids=str)
def test_means_of_too_few_are_refused(shape):
    with pytest.raises(DatasetError, match="fewer than two arms, two readers or two cases"):
        analyse_means(np.ones(shape))


def test_two_arms_that_are_alike_are_found_to_differ_in_about_a_twentieth_of_studies():
    """Reads are right by chance, by reader and by case; 300 studies of 5 readers and 40 cases."""
    rng, n = np.random.default_rng(4), 300
    found = 0
    for _ in range(n):
        reader = rng.normal(0.0, 0.5, (1, 5, 1)) + rng.normal(0.0, 0.2, (2, 5, 1))
        case = rng.normal(0.0, 1.0, (1, 1, 40)) + rng.normal(0.0, 0.3, (2, 1, 40))
        right = rng.normal(0.8 + reader + case, 1.0) > 0.0
        found += analyse_means(right.astype(float)).p_value < 0.05
    low, high = stats.binom.ppf([0.001, 0.999], n, 0.05)
    assert low <= found <= high
