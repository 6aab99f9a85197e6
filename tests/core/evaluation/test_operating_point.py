"""From logits to probabilities, and the operating point."""

from math import ceil, exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from core.domain.model import Calibration, OperatingPoint
from core.errors import DatasetError
from core.evaluation.operating_point import (
    MAX_TEMPERATURE,
    calibrate,
    choose_operating_point,
    fit_temperature,
)

FILMS = st.lists(
    st.tuples(st.integers(0, 20).map(lambda step: step / 20.0), st.integers(0, 1)),
    min_size=1,
    max_size=40,
).filter(lambda films: any(label for _, label in films))


def mean_log_loss(logits, labels, temperature: float, offset: float) -> float:
    probabilities = expit(logits / temperature + offset)
    return -np.log(np.where(labels == 1, probabilities, 1.0 - probabilities)).mean()


@pytest.fixture(scope="module")
def overconfident():
    """Return 2,000 logits that are three times too large and shifted, with their labels."""
    rng = np.random.default_rng(7)
    true_logits = rng.normal(0.5, 1.5, 2000)
    labels = (rng.random(2000) < expit(true_logits)).astype(np.int64)
    return 3.0 * (true_logits - 1.0), labels


# --- calibration ----------------------------------------------------------------------------------


def test_logits_that_say_the_opposite_get_the_highest_temperature_and_no_higher(overconfident):
    logits, labels = overconfident

    fitted = fit_temperature(-logits, labels)

    assert fitted.temperature == pytest.approx(MAX_TEMPERATURE)
    offsets = np.linspace(fitted.offset - 1, fitted.offset + 1, 201)
    losses = [mean_log_loss(-logits, labels, MAX_TEMPERATURE, offset) for offset in offsets]
    assert np.argmin(losses) == pytest.approx(100, abs=1)


def test_a_probability_is_the_sigmoid_of_the_scaled_logit():
    probabilities = calibrate(np.array([2.0, 0.0, 6.0]), Calibration(2.0, -1.0))

    assert probabilities == pytest.approx([0.5, 1 / (1 + exp(1)), 1 / (1 + exp(-2))], abs=1e-12)


def test_logits_that_are_too_large_and_shifted_are_brought_back(overconfident):
    fitted = fit_temperature(*overconfident)

    assert fitted.temperature == pytest.approx(3.0, rel=0.1)
    assert fitted.offset == pytest.approx(1.0, abs=0.2)


def test_the_fit_is_the_logistic_regression_of_the_labels_on_the_logits(overconfident):
    logits, labels = overconfident
    regression = LogisticRegression(C=1e9).fit(logits[:, None], labels)

    fitted = fit_temperature(logits, labels)

    assert 1.0 / fitted.temperature == pytest.approx(regression.coef_[0, 0], rel=2e-2)
    assert fitted.offset == pytest.approx(regression.intercept_[0], abs=2e-2)


def test_no_neighbouring_calibration_has_a_lower_loss(overconfident):
    logits, labels = overconfident
    fitted = fit_temperature(logits, labels)

    best = mean_log_loss(logits, labels, fitted.temperature, fitted.offset)

    for factor, shift in ((0.9, 0.0), (1.1, 0.0), (1.0, 0.1), (1.0, -0.1)):
        changed = (fitted.temperature * factor, fitted.offset + shift)
        assert mean_log_loss(logits, labels, *changed) > best


def test_probabilities_of_calibrated_films_are_as_frequent_as_they_say(overconfident):
    logits, labels = overconfident

    probabilities = calibrate(logits, fit_temperature(logits, labels))

    assert probabilities.mean() == pytest.approx(labels.mean(), abs=5e-3)


@pytest.mark.parametrize("label", [0, 1])
def test_calibration_on_films_of_one_class_is_refused(label):
    with pytest.raises(DatasetError, match="calibration needs validation films of both classes"):
        fit_temperature(np.array([0.1, 0.2]), np.full(2, label))


# --- operating point ------------------------------------------------------------------------------


def test_the_operating_point_of_seven_films_is_the_one_on_paper():
    # Four ill films: three must be found, the third has 0.6; the next lower film has 0.5.
    probabilities = np.array([0.9, 0.8, 0.6, 0.2, 0.7, 0.5, 0.1])
    labels = np.array([1, 1, 1, 1, 0, 0, 0])

    chosen = choose_operating_point(probabilities, labels, 0.75, "seven films")

    assert chosen.threshold == pytest.approx(0.55)
    assert chosen == OperatingPoint(chosen.threshold, 3 / 4, 2 / 3, 7, 4, "seven films")


def test_without_a_lower_film_the_last_found_one_is_the_threshold():
    chosen = choose_operating_point(np.array([0.9, 0.4]), np.array([0, 1]), 0.97, "two films")

    assert (chosen.threshold, chosen.sensitivity, chosen.specificity) == (0.4, 1.0, 0.0)


@given(FILMS, st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.97, 0.99, 1.0]))
def test_the_wanted_sensitivity_is_reached_and_by_no_higher_film(films, wanted):
    probabilities, labels = np.array(films).T

    chosen = choose_operating_point(probabilities, labels.astype(int), wanted, "films")

    ill = probabilities[labels == 1]
    assert chosen.sensitivity == (ill >= chosen.threshold).mean()
    assert chosen.sensitivity >= wanted
    next_higher = probabilities[probabilities > chosen.threshold]
    last_found = min(next_higher, default=chosen.threshold)
    assert (ill > last_found).sum() < ceil(wanted * len(ill))


@given(FILMS)
def test_a_difference_of_an_ulp_changes_no_decision(films):
    probabilities, labels = np.array(films).T
    threshold = choose_operating_point(probabilities, labels.astype(int), 0.97, "films").threshold
    if not (probabilities < threshold).any():
        return  # nothing stands below, so there is no middle to place it in

    for towards in (-np.inf, np.inf):
        moved = np.nextafter(probabilities, towards)
        np.testing.assert_array_equal(moved >= threshold, probabilities >= threshold)


def test_normal_films_alone_give_no_operating_point():
    with pytest.raises(DatasetError, match=r"an operating point needs .* films with pneumonia"):
        choose_operating_point(np.array([0.5, 0.1]), np.array([0, 0]), 0.97, "normal films")
