"""A site's calibration, its threshold, its tuning patients, and the share without labels."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from core.acceptance.partition import choose_tuning
from core.acceptance.site_calibration import STEPS_EDGE, fit_site_calibration
from core.acceptance.site_threshold import choose_site_threshold, quantile_of_all
from core.acceptance.unlabelled import estimate_prevalence
from core.errors import DatasetError

OFFSET, SLOPE = -2.0, 0.6


def site_films(n: int, seed: int = 3):
    """Return what a run says of films whose true log odds are stretched and moved from it."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(1.0, 3.0, n)
    labels = (rng.random(n) < expit(OFFSET + SLOPE * log_odds)).astype(np.int64)
    return expit(log_odds), labels, np.arange(n).astype(str)


def test_many_films_give_the_offset_and_the_slope_of_an_unpenalised_fit():
    p, labels, patients = site_films(20_000)
    found = fit_site_calibration(p, labels, patients, steps_share=0.0)
    plain = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000)
    plain.fit(logit(p)[:, np.newaxis], labels)
    assert found.offset == pytest.approx(plain.intercept_[0], abs=0.01)
    assert found.slope == pytest.approx(plain.coef_[0, 0], abs=0.01)
    assert (found.n, found.n_positive, found.n_patients) == (20_000, labels.sum(), 20_000)


def test_few_films_are_drawn_to_the_runs_own():
    p, labels, patients = site_films(12)
    found = fit_site_calibration(p, labels, patients, steps_share=0.0)
    plain = LogisticRegression(C=1e9, max_iter=10_000).fit(logit(p)[:, np.newaxis], labels)
    assert abs(found.slope - 1.0) < abs(plain.coef_[0, 0] - 1.0)
    assert abs(found.offset) < abs(plain.intercept_[0])


def test_the_line_is_the_mode_of_the_stated_density():
    p, labels, patients = site_films(60)
    found = fit_site_calibration(p, labels, patients, steps_share=0.0)

    def density(offset: float, slope: float) -> float:
        said = offset + slope * logit(p)
        fit = -np.logaddexp(0.0, np.where(labels == 1, -said, said)).sum()
        return fit - (offset / 2.0) ** 2 / 2.0 - ((slope - 1.0) / 0.5) ** 2 / 2.0

    best = density(found.offset, found.slope)
    for step in (-0.01, 0.01):
        assert density(found.offset + step, found.slope) < best
        assert density(found.offset, found.slope + step) < best


def test_site_probabilities_rise_with_the_runs_own_and_stay_inside():
    p, labels, patients = site_films(300)
    found = fit_site_calibration(p, labels, patients)
    said = found.apply(np.sort(p))
    assert (np.diff(said) >= 0.0).all()
    assert said.min() >= STEPS_EDGE * found.steps_share
    assert said.max() <= 1.0 - STEPS_EDGE * found.steps_share
    assert found.steps_share == 0.5
    half = 0.5 * fit_site_calibration(p, labels, patients, 0.0).apply(p)
    half += 0.5 * fit_site_calibration(p, labels, patients, 1.0).apply(p)
    np.testing.assert_allclose(found.apply(p), half, atol=1e-12)


def test_a_calibration_needs_both_classes():
    with pytest.raises(DatasetError, match="with pneumonia and without"):
        fit_site_calibration(np.array([0.2, 0.4]), np.array([1, 1]), np.array(["a", "b"]))


def test_the_quantile_of_all_is_that_of_the_values_where_there_are_many():
    values = np.sort(np.random.default_rng(0).normal(size=4001))
    assert quantile_of_all(values, 0.03) == pytest.approx(np.quantile(values, 0.03), abs=0.02)
    assert quantile_of_all(np.arange(5.0), 0.5) == pytest.approx(2.0)


@pytest.mark.parametrize("worth", [0.0, 60.0])
def test_the_threshold_is_drawn_to_the_runs_own_by_its_worth(worth):
    p, labels, _ = site_films(500)
    n = int(labels.sum())
    alone = choose_site_threshold(p, labels, 0.9, 0.7, own_worth=0.0, aimed_above=0.0)
    found = choose_site_threshold(p, labels, 0.9, 0.7, own_worth=worth, aimed_above=0.0)
    expected = (n * logit(alone) + worth * logit(0.7)) / (n + worth)
    assert logit(found) == pytest.approx(expected)


def test_aiming_above_lowers_the_threshold_and_calls_more():
    p, labels, _ = site_films(2000)
    plain, above = (
        choose_site_threshold(p, labels, 0.9, 0.7, own_worth=0.0, aimed_above=share)
        for share in (0.0, 0.5)
    )
    ill = p[labels == 1]
    assert above < plain
    assert (ill >= plain).mean() == pytest.approx(0.90, abs=0.01)
    assert (ill >= above).mean() == pytest.approx(0.95, abs=0.01)


def test_a_threshold_needs_films_with_pneumonia():
    with pytest.raises(DatasetError, match="films with pneumonia"):
        choose_site_threshold(np.array([0.2]), np.array([0]), 0.97, 0.5)


def test_tuning_takes_whole_patients_until_there_are_enough():
    patients = np.repeat([f"p{number}" for number in range(50)], 3)
    for seed in range(20):
        tuning = choose_tuning(patients, 40, np.random.default_rng(seed))
        assert 40 <= tuning.sum() < 43
        assert not set(patients[tuning]) & set(patients[~tuning])
    again = choose_tuning(patients, 40, np.random.default_rng(19))
    np.testing.assert_array_equal(tuning, again)
    assert not choose_tuning(patients, 0, np.random.default_rng(0)).any()


def test_tuning_leaves_a_patient_for_the_test():
    with pytest.raises(DatasetError, match=r"5 films of 5 patients\. Take fewer"):
        choose_tuning(np.arange(5), 5, np.random.default_rng(0))


def test_the_share_without_labels_is_found_where_scores_hold():
    rng = np.random.default_rng(5)
    labels = (rng.random(3000) < 0.2).astype(int)
    log_ratio = np.where(labels == 1, rng.normal(2.0, 2.0, 3000), rng.normal(-2.0, 2.0, 3000))
    at_half = expit(log_ratio)  # two normals 4 apart of variance 4: the log ratio is itself
    found = estimate_prevalence(at_half, 0.5)
    assert found.low < labels.mean() < found.high
    assert found.value == pytest.approx(0.2, abs=0.03)
    assert found.high - found.low < 0.06
    assumed_else = expit(log_ratio + logit(0.8))
    assert estimate_prevalence(assumed_else, 0.8).value == pytest.approx(found.value, abs=1e-4)
