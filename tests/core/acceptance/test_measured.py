"""The acceptance test of one site: apart by patient, judged by what was declared."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from core.acceptance import measured
from core.acceptance.criteria import USUAL_CRITERIA, Criterion, Declaration, Measure
from core.acceptance.cross_fitting import calibration_error, cross_fit
from core.acceptance.measured import FEWEST_IN_GROUP, SiteFilms, accept
from core.domain.rate import Rate
from core.errors import DatasetError
from core.evaluation.metrics import expected_calibration_error
from core.runs.listing import list_runs
from core.runs.predictions import Predictions, read_predictions
from core.settings import get_settings
from core.stats.intervals import wilson_rate

DECLARED = Declaration(
    USUAL_CRITERIA, 0.97, 200, 0, "Dr. Lindqvist", datetime(2026, 3, 2, tzinfo=UTC)
)


@pytest.fixture(scope="module")
def run():
    return next(one for one in list_runs(get_settings().models) if one.run_id == "f08")


@pytest.fixture(scope="module")
def site(run) -> SiteFilms:
    """Return the validation films as a site's, read by two made-up readers."""
    scored = read_predictions(run).of_split("validation")
    labels = scored.films.label
    rng = np.random.default_rng(1)
    wrong = rng.random(len(labels)) < 0.1
    readers = {
        "first": np.where(wrong, 1 - labels, labels),
        "second": np.where(np.arange(len(labels)) % 2 == 0, labels, -1),
    }
    halves = np.where(np.arange(len(labels)) % 2 == 0, "odd", "even")
    halves[: FEWEST_IN_GROUP // 2] = "rare"
    return SiteFilms(scored, readers, {"half": halves}, {"lateral": 30})


@pytest.fixture(scope="module")
def found(site, run):
    return accept(site, run, DECLARED)


def test_patients_tune_or_are_measured_and_never_both(found, site):
    assert found.films == len(site.scored)
    assert 200 <= found.tuning < 260
    assert found.calibration.n == found.tuning
    assert found.own.n == found.site.n == found.films - found.tuning
    again = accept(site, list_runs(get_settings().models)[0], DECLARED)
    assert again.tuning == found.tuning  # whatever the run, the same patients


def test_the_sites_threshold_calls_the_same_films_on_both_scales(found, site):
    called_on_own = (site.scored.probability >= found.own_threshold).sum()
    on_site = found.calibration.apply(site.scored.probability) >= found.point.threshold
    assert called_on_own == on_site.sum()


def test_every_criterion_is_judged_by_the_test_films(found):
    rates = {one.criterion.measure: one.rate for one in found.judged}
    assert rates[Measure.SENSITIVITY] == found.site.rates["sensitivity"]
    assert rates[Measure.SPECIFICITY] == found.site.rates["specificity"]
    assert rates[Measure.REFUSED].value == pytest.approx(30 / (30 + found.films))
    assert found.go is all(one.met for one in found.judged)


def test_one_criterion_that_is_not_met_is_a_no_go(site, run):
    strict = (*USUAL_CRITERIA, Criterion(Measure.REFUSED, 0.01))
    found = accept(site, run, replace(DECLARED, criteria=strict))
    assert [one.met for one in found.judged][-1] is False
    assert not found.go


@pytest.mark.parametrize(
    ("criterion", "met"),
    [
        (Criterion(Measure.SENSITIVITY, 0.90), True),
        (Criterion(Measure.SENSITIVITY, 0.90, whole_interval=True), False),
        (Criterion(Measure.REFUSED, 0.92), True),
        (Criterion(Measure.REFUSED, 0.92, whole_interval=True), False),
    ],
    ids=["value", "interval", "at most", "interval at most"],
)
def test_a_criterion_is_about_the_value_or_all_of_its_interval(criterion, met):
    assert criterion.met_by(Rate(0.91, 0.88, 0.94, 100)) is met


def test_what_is_not_known_meets_nothing():
    assert not Criterion(Measure.SENSITIVITY, 0.5).met_by(Rate(float("nan"), 0.0, 1.0, 0))


@pytest.fixture(scope="module")
def alone_and_fourfold(site, run):
    """Return a test of one film a patient, and of the same with four copies of each film."""
    table = site.scored.films
    names = np.array([f"patient {place:04d}" for place in range(len(table))])
    once = Predictions(replace(table, patient=names), site.scored.logit, site.scored.probability)
    four = once.where(np.repeat(np.arange(len(once)), 4))
    tested = [
        accept(SiteFilms(films, {}, {}, {}), run, replace(DECLARED, tuning_films=tuning))
        for films, tuning in ((once, 200), (four, 800))
    ]
    assert [one.by_patient for one in tested] == [False, True]
    assert tested[1].site.n == 4 * tested[0].site.n  # the same patients
    return tested


@pytest.mark.parametrize("name", ["sensitivity", "specificity", "accuracy", "roc_auc"])
def test_copies_of_a_film_do_not_narrow_an_interval(alone_and_fourfold, name):
    once, four = (one.own.rates[name] for one in alone_and_fourfold)
    assert (four.value, four.low, four.high) == pytest.approx(
        (once.value, once.low, once.high), abs=1e-6
    )


def test_copies_of_a_film_do_not_narrow_error_and_likelihood_ratios(alone_and_fourfold):
    once, four = (one.own.rates["expected_calibration_error"] for one in alone_and_fourfold)
    assert four.high - four.low == pytest.approx(once.high - once.low, rel=1e-6)
    for (_, _, first), (_, _, second) in zip(
        *(one.bands for one in alone_and_fourfold), strict=True
    ):
        told, by_film = second.ratio, replace(second, ill_effect=1.0, well_effect=1.0).ratio
        wider = np.log(told.high / told.low) / np.log(by_film.high / by_film.low)
        assert wider == pytest.approx(2.0, rel=0.01)  # the root of four
        assert second.all_ill == 4 * first.all_ill


def test_with_one_film_a_patient_the_intervals_are_those_by_film(alone_and_fourfold):
    once, _ = alone_and_fourfold
    matrix = once.site.matrix
    assert once.site.rates["sensitivity"] == wilson_rate(
        matrix.true_positive, matrix.true_positive + matrix.false_negative
    )
    assert {(band.ill_effect, band.well_effect) for band in once.score_bands} == {(1.0, 1.0)}


def test_bands_hold_every_test_film_once(found):
    assert sum(band.ill + band.well for _, _, band in found.bands) == found.site.n
    ends = [(low, high) for low, high, _ in found.bands]
    assert ends[0][0] == 0.0
    assert ends[-1][1] == 1.0
    assert all(first[1] <= second[0] for first, second in pairwise(ends))


def test_one_film_of_each_patient_is_kept_for_the_weekly_check(found, site, monkeypatch, run):
    kept = (*found.ill_scores, *found.well_scores)
    assert len(kept) == found.patients < found.films
    on_site = found.calibration.apply(site.scored.probability).round(6)
    ill = site.scored.films.label == 1
    assert set(found.ill_scores) <= set(on_site[ill])
    assert set(found.well_scores) <= set(on_site[~ill])
    monkeypatch.setattr(measured, "MOST_SCORES", 70)
    few = accept(site, run, DECLARED)
    assert len(few.ill_scores) + len(few.well_scores) == 70


def test_small_groups_are_not_told_apart(found):
    names = {one.name for one in found.subgroups}
    assert names == {"odd", "even"}
    assert all(one.n >= FEWEST_IN_GROUP for one in found.subgroups)


def test_each_reader_is_compared_on_the_films_they_read(found):
    first, second = found.readers
    assert first.n == found.site.n
    assert second.n < first.n
    assert second.sensitivity.value == second.specificity.value == 1.0
    assert second.against.only_first == 0  # a reader who is always right


def test_a_site_states_what_it_demands(site, run):
    with pytest.raises(DatasetError, match="at least one criterion"):
        accept(site, run, replace(DECLARED, criteria=()))


def test_a_part_of_one_class_is_refused(site, run):
    ill = site.scored.films.label == 1
    only = SiteFilms(site.scored.where(ill), {}, {}, {})
    with pytest.raises(DatasetError, match="two films with pneumonia and two without"):
        accept(only, run, DECLARED)


def test_repeats_never_measure_what_they_tuned_on(site, run):
    found = cross_fit(site.scored, run, 200, 0.97, repeats=5, seed=1)
    again = cross_fit(site.scored, run, 200, 0.97, repeats=5, seed=1)
    np.testing.assert_array_equal(found.sensitivity, again.sensitivity)
    assert len(found.error) == 5
    assert (found.sensitivity > 0.9).all()
    p, labels = site.scored.probability, site.scored.films.label
    assert calibration_error(p, labels) == pytest.approx(
        expected_calibration_error(p, labels).value
    )
