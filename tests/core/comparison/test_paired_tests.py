"""Runs against each other: held to statsmodels, to DeLong's test, to brute force and to paper."""

import gc
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import combinations
from statistics import NormalDist

import numpy as np
import pytest
from fixtures.film_tables import film_table, predictions_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    roc_auc_score,
)
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from core.comparison.paired_tests import COUNTED, METRICS, compare_pairs, draw_metrics
from core.comparison.scored_films import ScoredFilms, align_runs, thresholds_at_sensitivity
from core.errors import ComparisonError
from core.evaluation.operating_point import choose_operating_point
from core.stats.bootstrap import draw_patients
from core.stats.intervals import delong_difference, holm


@pytest.fixture(scope="module", autouse=True)
def little_garbage() -> Iterator[None]:
    """Keep what other tests loaded out of the garbage that statsmodels collects in each call."""
    gc.freeze()
    yield
    gc.unfreeze()


def scored_by(*probabilities, threshold: float = 0.5, **columns) -> ScoredFilms:
    """Return films of the official test, as runs a, b, ... scored them."""
    films = film_table(len(probabilities[0]), **columns)
    said = {
        name: predictions_of(films, np.clip(of_run, 1e-6, 1 - 1e-6))
        for name, of_run in zip("abcdefgh", probabilities, strict=False)
    }
    return align_runs(said, dict.fromkeys(said, threshold), "test")


def random_runs(n: int, runs: int, seed: int = 3, **columns) -> ScoredFilms:
    rng = np.random.default_rng(seed)
    labels = np.asarray(columns.get("label", np.arange(n) % 2))
    return scored_by(*(np.round(0.25 * labels + 0.75 * rng.random((runs, n)), 2)), **columns)


# --- the films that are compared ------------------------------------------------------------------


def test_only_films_that_every_run_scored_are_compared_whatever_their_order():
    films = film_table(6)
    whole = predictions_of(films, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    backwards = np.array([5, 3, 1, 0])
    part = predictions_of(films.where(backwards), [0.66, 0.44, 0.22, 0.11])

    scored = align_runs({"a": whole, "b": part}, {"a": 0.5, "b": 0.4}, "test")

    assert scored.films.film_id.tolist() == films.film_id[[0, 1, 3, 5]].tolist()
    assert scored.probability.tolist() == [[0.1, 0.2, 0.4, 0.6], [0.11, 0.22, 0.44, 0.66]]
    assert scored.left_out == 2
    assert scored.called.tolist() == [[False, False, False, True], [False, False, True, True]]
    assert scored.right.tolist() == [[True, False, False, True], [True, False, True, True]]


def test_films_of_other_parts_are_no_part_of_it():
    films = film_table(4, split=["test", "validation", "test", "test"])
    said = predictions_of(films, [0.1, 0.9, 0.2, 0.8])

    scored = align_runs({"a": said, "b": said}, {"a": 0.5, "b": 0.5}, "validation")

    assert scored.films.film_id.tolist() == [films.film_id[1]]


def test_a_part_that_is_not_known_is_refused():
    said = predictions_of(film_table(2), [0.1, 0.2])
    with pytest.raises(ComparisonError, match="there is no part 'tset'; there are validation, te"):
        align_runs({"a": said}, {"a": 0.5}, "tset")


def test_no_run_at_all_is_refused():
    with pytest.raises(ComparisonError, match="there is no run to compare"):
        align_runs({}, {}, "test")


def test_runs_without_a_film_in_common_are_refused():
    films = film_table(4)
    first, second = (
        predictions_of(films.where(films.label == label), [0.3, 0.4]) for label in (0, 1)
    )
    with pytest.raises(
        ComparisonError,
        match=r"The runs a, b have no film of the official test split in common: choose",
    ):
        align_runs({"a": first, "b": second}, {"a": 0.5, "b": 0.5}, "test")


def test_runs_that_were_measured_against_different_labels_are_refused():
    first = predictions_of(film_table(3), [0.3, 0.4, 0.5])
    second = predictions_of(film_table(3, label=np.array([0, 1, 1])), [0.3, 0.4, 0.5])
    with pytest.raises(ComparisonError, match="b was measured against another reference label of"):
        align_runs({"a": first, "b": second}, {"a": 0.5, "b": 0.5}, "test")


# --- thresholds set together ----------------------------------------------------------------------


def test_thresholds_at_equal_sensitivity_are_those_of_the_validation_films_in_common():
    rng = np.random.default_rng(1)
    films = film_table(60, split=["validation"] * 40 + ["test"] * 20)
    said = {name: predictions_of(films, rng.uniform(0.01, 0.99, 60)) for name in "ab"}
    said["c"] = predictions_of(films.where(np.arange(60) % 3 > 0), rng.uniform(0.01, 0.99, 40))
    common = (films.split == "validation") & (np.arange(60) % 3 > 0)

    found = thresholds_at_sensitivity(said, 0.9)

    for name in "ab":
        expected = choose_operating_point(
            said[name].probability[common], films.label[common], 0.9, "validation patients"
        )
        assert found[name] == expected.threshold
        ill = common & (films.label == 1)
        assert (said[name].probability[ill] >= found[name]).mean() >= 0.9
    assert set(found) == {"a", "b", "c"}


def test_a_run_without_validation_films_cannot_have_its_threshold_set():
    said = predictions_of(film_table(4), [0.1, 0.2, 0.3, 0.4])
    with pytest.raises(ComparisonError, match=r"a has no validation films .*: leave it out"):
        thresholds_at_sensitivity({"a": said}, 0.97)
    with pytest.raises(ComparisonError, match=r"a, b have no validation films .*: leave them out"):
        thresholds_at_sensitivity({"a": said, "b": said}, 0.97)


@pytest.mark.parametrize("sensitivity", [0.0, -0.1, 1.01, float("nan")])
def test_a_sensitivity_that_is_none_is_refused(sensitivity):
    with pytest.raises(
        ComparisonError, match=f"is {sensitivity}; it must be above 0 and at most 1"
    ):
        thresholds_at_sensitivity({}, sensitivity)


# --- pairs ----------------------------------------------------------------------------------------


def test_missed_films_and_false_alarms_of_six_films_are_those_on_paper():
    # Ill: a misses the 1st and 2nd, b the 2nd. Normal: a alarms on none, b on the 5th and 6th.
    # b only right once, a only right never: p = 1. Alarms 0 to 2: p = 2 * (1/2)^2 = 1/2.
    label = np.array([1, 1, 1, 0, 0, 0])
    a = [0.1, 0.1, 0.9, 0.2, 0.2, 0.2]
    b = [0.8, 0.3, 0.9, 0.2, 0.7, 0.7]

    (pair,) = compare_pairs(scored_by(a, b, label=label))

    missed, alarms = pair.missed, pair.false_alarms
    assert (missed.first, missed.second, missed.change, missed.n) == (2, 1, -1, 3)
    assert (missed.only_first, missed.only_second, missed.p_value) == (1, 0, 1.0)
    assert (alarms.first, alarms.second, alarms.change, alarms.n) == (0, 2, 2, 3)
    assert (alarms.only_first, alarms.only_second, alarms.p_value) == (0, 2, 0.5)
    # One film apart, Clopper-Pearson 0.025 to 1: -1 to 0.95. Two apart, 0.158 to 1: -1.37 to 2.
    assert (missed.low, missed.high) == pytest.approx((-1.0, 1.0 - 2.0 * 0.025))
    assert (alarms.low, alarms.high) == pytest.approx((2.0 * (2.0 * 0.025**0.5 - 1.0), 2.0))
    assert (missed.shown_ends, alarms.shown_ends) == ((-1.0, 1.0), (-1.4, 2.0))


def test_p_values_are_statsmodels_mcnemar_and_delongs():
    scored = random_runs(240, 3)
    pairs = compare_pairs(scored)

    for pair, (one, two) in zip(pairs, combinations(range(3), 2), strict=True):
        for errors, films in ((pair.missed, scored.ill), (pair.false_alarms, ~scored.ill)):
            right = scored.right[:, films]
            table = [
                [((right[one] == x) & (right[two] == y)).sum() for y in (True, False)]
                for x in (True, False)
            ]
            expected = statsmodels_mcnemar(table, exact=True).pvalue
            assert errors.p_value == pytest.approx(expected, abs=1e-12)
            assert errors.n == films.sum()
        area = delong_difference(
            scored.probability[two], scored.probability[one], scored.films.label
        )
        assert pair.roc_auc == area
        assert pair.roc_auc.value == pytest.approx(
            roc_auc_score(scored.films.label, scored.probability[two])
            - roc_auc_score(scored.films.label, scored.probability[one])
        )


def test_a_turned_pair_is_that_of_the_runs_in_the_other_order():
    scored = random_runs(240, 2)
    swapped = replace(
        scored,
        run_ids=scored.run_ids[::-1],
        probability=scored.probability[::-1],
        threshold=scored.threshold[::-1],
    )
    (pair,), (other,) = compare_pairs(scored), compare_pairs(swapped)
    turned = pair.turned()
    assert (turned.first, turned.second) == (other.first, other.second)
    for name in ("missed", "false_alarms", "roc_auc"):
        assert asdict(getattr(turned, name)) == pytest.approx(asdict(getattr(other, name)))
    for name, difference in turned.differences.items():
        expected = asdict(other.differences[name])
        assert asdict(difference) == pytest.approx(expected, nan_ok=True)
    assert turned.turned() == pair


@settings(max_examples=20)  # statsmodels collects garbage in each
@given(st.lists(st.floats(0.0, 1.0), max_size=30))
def test_holms_adjustment_is_statsmodels(p_values):
    expected = multipletests(p_values, method="holm")[1] if p_values else []

    assert holm(p_values) == pytest.approx(tuple(expected), abs=1e-12)


def test_holm_multiplies_the_smallest_of_three_by_three_and_keeps_the_order():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx((0.06, 0.03, 0.06))


def test_every_question_is_adjusted_over_the_pairs_by_itself():
    pairs = compare_pairs(random_runs(200, 4), ["log_loss", "roc_auc"])

    assert len(pairs) == 6
    tested = {
        "missed": [pair.missed.p_value for pair in pairs],
        "false_alarms": [pair.false_alarms.p_value for pair in pairs],
        "delong": [pair.roc_auc.p_value for pair in pairs],
        "log_loss": [pair.differences["log_loss"].p_value for pair in pairs],
        "roc_auc": [pair.differences["roc_auc"].p_value for pair in pairs],
    }
    for question, p_values in tested.items():
        expected = multipletests(p_values, method="holm")[1]
        assert [pair.holm[question] for pair in pairs] == pytest.approx(expected.tolist())
    assert all(pair.holm.keys() == tested.keys() for pair in pairs)


def test_a_run_does_not_differ_from_its_copy():
    said = np.random.default_rng(2).random(40)

    (pair,) = compare_pairs(scored_by(said, said))

    for errors in (pair.missed, pair.false_alarms):
        assert (errors.change, errors.low, errors.high, errors.p_value) == (0, 0.0, 0.0, 1.0)
    for difference in pair.differences.values():
        found = (difference.value, difference.low, difference.high, difference.p_value)
        assert found == (0.0, 0.0, 0.0, 1.0)


def test_one_run_alone_is_refused():
    with pytest.raises(ComparisonError, match="one run alone has nothing to be compared with"):
        compare_pairs(scored_by([0.1, 0.9, 0.2, 0.8]))


def test_a_metric_that_is_not_known_is_refused():
    with pytest.raises(ComparisonError, match="no metric kappa to compare; there are sensitivity"):
        compare_pairs(random_runs(20, 2), ["kappa"])


# --- the bootstrap --------------------------------------------------------------------------------

OF_DECISIONS = {
    "ppv": lambda labels, called: labels[called].mean(),
    "npv": lambda labels, called: 1.0 - labels[~called].mean(),
    "f1_pneumonia": f1_score,
    "f1_normal": lambda labels, called: f1_score(1 - labels, ~called),
}
OF_PROBABILITIES = {
    "log_loss": log_loss,
    "brier": brier_score_loss,
    "roc_auc": roc_auc_score,
    "pr_auc": average_precision_score,
}


@pytest.mark.parametrize("metric", sorted({*OF_DECISIONS, *OF_PROBABILITIES} - set(COUNTED)))
def test_a_difference_has_the_interval_of_films_gathered_draw_by_draw(metric):
    patients = np.arange(60) // 3
    scored = random_runs(60, 2, patient=[f"p{number:02d}" for number in patients])
    labels = scored.films.label
    said = scored.called if metric in OF_DECISIONS else scored.probability
    measure = (OF_DECISIONS | OF_PROBABILITIES)[metric]
    by_hand = []
    for counts in draw_patients(patients, draws=150).counts.astype(int):
        films = np.repeat(np.arange(60), counts[patients])
        one, two = (measure(labels[films], of_run[films]) for of_run in said)
        by_hand.append(two - one)

    (pair,) = compare_pairs(scored, [metric], draws=150)

    found = pair.differences[metric]
    measured = [measure(labels, of_run) for of_run in said]
    assert found.value == pytest.approx(measured[1] - measured[0])
    half = NormalDist().inv_cdf(0.975) * np.std(by_hand, ddof=1)
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half))
    z = abs(found.value) / np.std(by_hand, ddof=1)
    assert found.p_value == pytest.approx(2.0 * NormalDist().cdf(-z), abs=1e-9)


def test_a_patients_films_stay_together_which_widens_the_interval():
    alone = random_runs(400, 2, label=np.repeat(np.arange(40) % 2, 10))
    # The same ten films of each patient again and again: ten times less is known.
    chosen = np.repeat(np.arange(0, 400, 10), 10)
    said = {
        name: predictions_of(
            film_table(400, label=alone.films.label, patient=np.arange(400) // block), row[chosen]
        )
        for block in (1, 10)
        for name, row in zip((f"a{block}", f"b{block}"), alone.probability, strict=True)
    }
    widths = []
    for block in (1, 10):
        names = [f"a{block}", f"b{block}"]
        scored = align_runs({n: said[n] for n in names}, dict.fromkeys(names, 0.5), "test")
        found = compare_pairs(scored, ["log_loss"])[0].differences["log_loss"]
        widths.append(found.high - found.low)

    assert widths[1] / widths[0] == pytest.approx(10.0**0.5, rel=0.2)


def test_errors_in_films_are_the_difference_of_the_rate_times_the_films():
    scored = random_runs(200, 2)

    (pair,) = compare_pairs(scored, COUNTED)

    for errors, rate in ((pair.missed, "sensitivity"), (pair.false_alarms, "specificity")):
        share = pair.differences[rate]
        assert errors.change == pytest.approx(-share.value * errors.n)
        assert (errors.low, errors.high) == pytest.approx(
            (-share.high * errors.n, -share.low * errors.n)
        )
        assert errors.p_value == share.p_value
    change = pair.missed.change + pair.false_alarms.change
    assert pair.differences["accuracy"].value == pytest.approx(-change / 200)


@pytest.mark.parametrize("only_second", range(8))
def test_an_interval_of_errors_excludes_0_where_its_p_is_below_5_percent(only_second):
    # Of 30 pneumonias the first run finds 7 that the second misses, beside those the other way.
    first = [0.9] * 7 + [0.1] * only_second + [0.9] * (23 - only_second) + [0.1, 0.1]
    second = [0.1] * 7 + [0.9] * only_second + [0.9] * (23 - only_second) + [0.1, 0.1]

    (pair,) = compare_pairs(scored_by(first, second, label=np.array([1] * 30 + [0, 0])))

    low, high = pair.missed.shown_ends
    assert low <= pair.missed.low + 1e-8  # rounded outward
    assert pair.missed.high <= high + 1e-8
    assert (low > 0) == (pair.missed.p_value < 0.05) == (only_second == 0)
    assert low <= pair.missed.change == 7 - only_second <= high
    for difference in pair.differences.values():
        excludes = difference.low > 0.0 or difference.high < 0.0
        assert np.isnan(difference.value) or excludes == (difference.p_value < 0.05)


def test_an_end_that_would_round_to_0_keeps_its_side_of_it():
    (pair,) = compare_pairs(random_runs(200, 2), COUNTED)

    barely = replace(pair.missed, low=0.0345, high=4.02)

    assert barely.shown_ends == (0.03, 4.1)
    assert barely.turned().shown_ends == (-4.1, -0.03)


def test_a_metric_that_no_film_defines_differs_by_nan_and_proves_nothing():
    # Neither run calls a film pneumonia: there is no positive predictive value.
    drawn = draw_metrics(
        np.full((2, 6), 0.2),
        np.zeros((2, 6), np.bool_),
        np.arange(6) % 2,
        np.array([str(n) for n in range(6)]),
        ["ppv", "npv"],
    )

    nothing, known = (drawn[name].difference(0, 1, 6) for name in ("ppv", "npv"))
    assert np.isnan(nothing.value)
    assert (nothing.low, nothing.high, nothing.p_value) == (-1.0, 1.0, 1.0)
    assert known.value == 0.0


def test_same_films_same_answer():
    scored = random_runs(80, 3)

    assert compare_pairs(scored) == compare_pairs(scored)
    assert set(compare_pairs(scored)[0].differences) == set(METRICS)
