"""Causes of a drop, on films whose mixture is the cause and on films whose mixture is not."""

import numpy as np
import pytest
from fixtures.film_tables import film_table, predictions_of

from core.domain.rate import Rate
from core.error_analysis.generalisation_gap import find_doubted, suspect_causes, tabulate_causes
from core.stats.intervals import wilson_rate

CUTS = {"contrast": (0.3, 0.6)}
DULL, PLAIN, SHARP = 0.1, 0.5, 0.9


def films(parts: list[tuple[str, int, float, bool, int, int]]):
    """Return predictions of (split, label, contrast, known patient, how many right, wrong)."""
    rows = [
        (split, label, contrast, known, right)
        for split, label, contrast, known, n_right, n_wrong in parts
        for right in [True] * n_right + [False] * n_wrong
    ]
    table = film_table(
        len(rows),
        split=[row[0] for row in rows],
        label=[row[1] for row in rows],
        contrast=[row[2] for row in rows],
        patient_in_train=[row[3] for row in rows],
    )
    ill = np.array([row[1] == 1 for row in rows])
    right = np.array([row[4] for row in rows])
    return predictions_of(table, np.where(ill == right, 0.9, 0.2))


ILL = [("validation", 1, PLAIN, False, 4, 1), ("test", 1, PLAIN, False, 4, 0)]


def test_a_drop_that_lies_in_the_mixture_goes_away_with_it() -> None:
    """Dull normals are hard in both parts, and the test has many of them."""
    predictions = films(
        [
            *ILL,
            ("validation", 0, SHARP, False, 16, 0),
            ("validation", 0, DULL, False, 2, 2),
            ("test", 0, SHARP, False, 5, 0),
            ("test", 0, DULL, False, 8, 7),
        ]
    )
    as_is, test, mixed, fresh, _ = suspect_causes(predictions, 0.5, CUTS, {})
    assert (as_is.specificity.value, as_is.specificity.n) == (0.9, 20)
    assert test.specificity == wilson_rate(13, 20)
    assert mixed.specificity.value == pytest.approx(0.25 * 1.0 + 0.75 * 0.5)
    assert mixed.specificity.low < mixed.specificity.value < mixed.specificity.high
    assert (mixed.specificity.n, mixed.sensitivity.value) == (20, pytest.approx(0.8))
    assert fresh.specificity == test.specificity


def test_films_of_known_patients_are_left_out_and_the_audits_rates_stand_as_they_are() -> None:
    predictions = films(
        [
            *ILL,
            ("validation", 0, SHARP, False, 4, 0),
            ("test", 0, SHARP, False, 3, 1),
            ("test", 1, SHARP, True, 0, 6),
        ]
    )
    rates = Rate(0.7, 0.6, 0.8, 10), Rate(0.3, 0.2, 0.4, 10)
    *_, cropped, fresh, _ = suspect_causes(predictions, 0.5, {}, {"validation": rates})
    assert (cropped.sensitivity, cropped.specificity) == rates
    assert fresh.sensitivity == wilson_rate(4, 4)
    assert "| crop: all films cropped alike | validation | 0.700 (0.600 to 0.800) | 10 |" in (
        tabulate_causes([cropped])
    )


def test_a_third_that_validation_lacks_weighs_nothing() -> None:
    predictions = films(
        [
            *ILL,
            ("validation", 0, SHARP, False, 3, 1),
            ("test", 0, DULL, False, 2, 2),
        ]
    )
    *_, mixed, _, _ = suspect_causes(predictions, 0.5, CUTS, {})
    assert np.isnan(mixed.specificity.value)
    assert (mixed.specificity.low, mixed.specificity.high) == (0.0, 1.0)


def scored(probabilities: list[tuple[str, int, float]]):
    """Return predictions of (split, label, probability), the films numbered in this order."""
    table = film_table(
        len(probabilities),
        split=[split for split, _, _ in probabilities],
        label=[label for _, label, _ in probabilities],
    )
    return predictions_of(table, np.array([value for _, _, value in probabilities]))


VALIDATION = [("validation", 1, p) for p in (0.1, 0.2, 0.6, 0.8)] + [("validation", 0, 0.05)]
TEST = [("test", 1, p) for p in (0.3, 0.7, 0.8, 0.9)]
TEST += [("test", 0, p) for p in (0.1, 0.65, 0.75)]


def test_a_point_that_is_displaced_is_told_from_a_worse_curve() -> None:
    """Validation finds 2 of 4 at 0.5; the test 3, and 2 with both false alarms gone."""
    *_, point = suspect_causes(scored(VALIDATION + TEST), 0.5, {}, {})
    assert point.sensitivity == wilson_rate(2, 4)
    assert point.specificity == wilson_rate(3, 3)
    assert "with the test's labels" in point.what


def test_pneumonias_that_most_other_runs_call_normal_do_not_move_the_point() -> None:
    """At 0.55 two of four are found; without the films at 0.1 and 0.2 the point rises to 0.8."""
    predictions = scored(VALIDATION + TEST)
    doubted = find_doubted({"a": (predictions, 0.25), "b": (predictions, 0.25)})
    assert doubted == {str(film_id) for film_id in predictions.films.film_id[:2]}
    *_, hard, _ = suspect_causes(predictions, 0.55, {}, {}, doubted)
    assert hard.what == (
        "hard films: point chosen without 2 pneumonias that most other runs call normal"
    )
    assert (hard.sensitivity, hard.specificity) == (wilson_rate(3, 4), wilson_rate(2, 3))
    everything = suspect_causes(predictions, 0.55, {}, {})
    assert not [row for row in everything if row.what.startswith("hard films")]
    on_the_test_alone = [str(predictions.films.film_id[len(VALIDATION)])]
    rows = suspect_causes(predictions, 0.55, {}, {}, on_the_test_alone)
    assert not [row for row in rows if row.what.startswith("hard films")]


def test_half_of_the_runs_are_not_most_of_them_and_normals_are_never_doubted() -> None:
    predictions = scored(VALIDATION)
    assert not find_doubted({"a": (predictions, 0.15), "b": (predictions, 0.01)})
    assert len(find_doubted({"a": (predictions, 0.9), "b": (predictions, 0.9)})) == 4
    assert find_doubted({}) == frozenset()
