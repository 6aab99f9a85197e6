"""Counts, rates, calibration and the whole evaluation, held to counts by hand."""

import numpy as np
import pytest

from core.errors import DatasetError
from core.evaluation.metrics import (
    ConfusionMatrix,
    calibration_by_count,
    calibration_curve,
    confusion_at,
    evaluate_predictions,
    expected_calibration_error,
    log_losses,
    rates_by_patient,
    rates_of,
)
from core.stats.bootstrap import draw_patients
from core.stats.intervals import wilson_rate

# Four films with pneumonia and six normal ones; at 0.5 they give 3 + 1 and 4 + 2.
PROBABILITIES = np.array([0.9, 0.8, 0.5, 0.2, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
LABELS = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])


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


def test_rates_by_patient_are_the_same_rates_with_another_interval():
    called, ill = PROBABILITIES >= 0.5, LABELS == 1
    by_film = rates_of(confusion_at(PROBABILITIES, LABELS, 0.5))

    by_patient = rates_by_patient(called, ill, draw_patients(np.arange(10) // 2))

    assert by_patient.keys() == by_film.keys()
    for name, rate in by_film.items():
        assert (by_patient[name].value, by_patient[name].n) == (rate.value, rate.n), name
        assert (by_patient[name].low, by_patient[name].high) != (rate.low, rate.high), name


# --- calibration ----------------------------------------------------------------------------------


def test_the_calibration_error_is_the_mean_gap_weighted_by_films():
    # Lower half: three films, mean 0.2, one in three ill; upper half: one film, 0.9, ill.
    probabilities, labels = np.array([0.1, 0.2, 0.3, 0.9]), np.array([0, 1, 0, 1])

    error = expected_calibration_error(probabilities, labels, bins=2)

    assert error.value == pytest.approx(0.75 * (1 / 3 - 0.2) + 0.25 * 0.1)
    assert error.n == 4


def test_a_probability_of_one_is_counted_in_the_last_of_15_bins():
    # 14/15 = 0.933 begins the last bin, so these two films share it: |0.975 - 0.5|.
    error = expected_calibration_error(np.array([1.0, 0.95]), np.array([0, 1]))

    assert error.value == pytest.approx(0.475)


def test_probabilities_that_say_how_often_have_no_calibration_error():
    error = expected_calibration_error(np.full(4, 0.25), np.array([1, 0, 0, 0]))

    assert (error.value, error.low) == (0.0, 0.0)


def test_the_calibration_errors_interval_is_that_of_drawing_patients_one_by_one():
    rng = np.random.default_rng(3)
    probabilities = rng.uniform(0, 1, 120)
    labels = (rng.uniform(0, 1, 120) < probabilities**2).astype(np.int64)
    draws = draw_patients(np.arange(120) // 2, draws=200)

    error = expected_calibration_error(probabilities, labels, draws)

    drawn = []
    for counts in draws.counts.astype(int):
        films = np.repeat(np.arange(120), counts[draws.patient_of_film])
        drawn.append(expected_calibration_error(probabilities[films], labels[films]).value)
    too_large = np.mean(drawn) - error.value
    assert too_large > 0
    low, high = np.percentile(drawn, [2.5, 97.5]) - too_large
    assert (error.low, error.high) == pytest.approx((low, high))
    assert error.low < error.value < error.high


def test_bins_of_equal_count_hold_as_many_films_each_and_keep_equal_scores_together():
    probabilities = np.array([0.9, 0.1, 0.2, 0.99, 0.3, 0.95])
    lower, upper = calibration_by_count(probabilities, np.array([1, 0, 0, 1, 1, 0]), bins=2)
    assert (lower.low, lower.high, lower.frequency.n) == (0.1, 0.3, 3)
    assert (upper.low, upper.high, upper.frequency.n) == (0.9, 0.99, 3)
    assert lower.mean_probability == pytest.approx(0.2)
    assert upper.frequency == wilson_rate(2, 3)
    (alike,) = calibration_by_count(np.full(4, 0.5), np.array([1, 0, 1, 0]), bins=3)
    assert alike.frequency.n == 4


def test_the_calibration_curve_counts_the_films_of_each_bin():
    probabilities, labels = np.array([0.1, 0.2, 0.3, 0.9]), np.array([0, 1, 0, 1])

    lower, upper = calibration_curve(probabilities, labels, bins=2)

    assert (lower.low, lower.high, upper.low, upper.high) == (0.0, 0.5, 0.5, 1.0)
    assert (lower.mean_probability, upper.mean_probability) == pytest.approx((0.2, 0.9))
    assert lower.frequency == wilson_rate(1, 3)
    assert upper.frequency == wilson_rate(1, 1)


def test_a_bin_without_films_is_not_in_the_curve():
    curve = calibration_curve(np.array([0.05, 0.95, 1.0]), np.array([0, 1, 1]), bins=10)

    assert [(place.low, place.frequency.n) for place in curve] == [(0.0, 1), (0.9, 2)]


def test_a_film_on_an_edge_belongs_to_the_bin_above_it():
    (place,) = calibration_curve(np.array([0.5]), np.array([1]), bins=4)

    assert (place.low, place.high) == (0.5, 0.75)


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
            # Precision where each film with pneumonia is met; 0.2 comes with a normal film.
            "pr_auc": (1 / 1 + 2 / 2 + 3 / 5 + 4 / 9) / 4,
            # As counted below, bin by bin.
            "expected_calibration_error": 0.35,
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
    error = measured.rates["expected_calibration_error"]
    assert error.value == pytest.approx(sum(gaps) / 10)


@pytest.mark.parametrize("label", [0, 1])
def test_films_of_one_class_are_not_evaluated(label):
    with pytest.raises(DatasetError, match="an ROC curve needs two films of each class"):
        evaluate_predictions(PROBABILITIES, np.full(10, label), 0.5, "one class")


def test_without_patients_every_film_is_a_patient_of_its_own():
    measured = evaluate_predictions(PROBABILITIES, LABELS, 0.5, "ten films")

    owners = np.array([f"p{number:02}" for number in range(10)])
    assert measured == evaluate_predictions(PROBABILITIES, LABELS, 0.5, "ten films", owners)
    assert measured.n_patients == 10


def test_films_of_one_patient_widen_the_bootstrapped_intervals_and_no_others():
    alone = evaluate_predictions(np.tile(PROBABILITIES, 8), np.tile(LABELS, 8), 0.5, "80 films")
    owners = np.tile(np.arange(10), 8)
    shared = evaluate_predictions(
        np.tile(PROBABILITIES, 8), np.tile(LABELS, 8), 0.5, "80 films", owners
    )

    assert shared.n_patients == 10
    for name in ("f1_pneumonia", "f1_normal", "log_loss", "brier", "pr_auc"):
        ours, theirs = shared.rates[name], alone.rates[name]
        assert ours.value == theirs.value
        assert ours.high - ours.low > 1.7 * (theirs.high - theirs.low), name
    for name in ("sensitivity", "specificity", "roc_auc"):
        assert shared.rates[name] == alone.rates[name]
        ours, theirs = shared.rates_by_patient[name], alone.rates_by_patient[name]
        assert ours.high - ours.low > 1.7 * (theirs.high - theirs.low), name


def test_the_curve_of_an_evaluation_is_the_one_its_calibration_error_comes_from():
    measured = evaluate_predictions(PROBABILITIES, LABELS, 0.5, "ten films")

    assert sum(place.frequency.n for place in measured.calibration_curve) == 10
    gap = sum(
        place.frequency.n * abs(place.frequency.value - place.mean_probability)
        for place in measured.calibration_curve
    )
    error = measured.rates["expected_calibration_error"]
    assert gap / 10 == pytest.approx(error.value)
