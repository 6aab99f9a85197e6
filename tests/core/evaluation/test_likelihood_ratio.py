"""The interval of a score's likelihood ratio, held to Bayes on paper and to the kept record."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.model import OperatingPoint
from core.domain.ward import ScoreRatio
from core.errors import DatasetError, ModelIntegrity
from core.evaluation.likelihood_ratio import (
    RATIOS_FILE,
    CountedBand,
    MeasuredRatios,
    assumed_prevalence,
    counted_for,
    measure_ratios,
    ratio_of_score,
    read_ratios,
)
from core.runs.predictions import read_predictions
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.stats.bayes import probability_at

RUN = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
KEPT = read_ratios(RUN)
THREE_OF_FOUR = replace(RUN, operating_point=OperatingPoint(0.5, 0.9, 0.9, 400, 300, "validation"))
MEASURED = MeasuredRatios(
    "r", "e", "validation patients", 400, 300, 200, 0.75, 10, (-1.0, 1.0, 3.0),
    (-3.0, -1.0, 1.0), (-2.0, 0.5, 2.5),
    (
        CountedBand("official test split", None, 0.12, 0, 39, 3, 19),
        CountedBand("official test split", 0.12, 6.7, 9, 39, 9, 19),
        CountedBand("official test split", 6.7, None, 30, 39, 7, 19),
    ),
)  # fmt: skip


def test_the_share_that_a_run_assumes_is_that_of_the_films_it_was_calibrated_on():
    films = read_predictions(RUN).of_split("validation")
    assert assumed_prevalence(RUN) == films.films.label.mean()
    assert films.probability.mean() == pytest.approx(assumed_prevalence(RUN), abs=1e-5)
    assert assumed_prevalence(replace(RUN, foreign=True)) is None


def test_a_score_becomes_a_ratio_with_its_interval_as_on_paper():
    # At log odds 2, half-way between 1 and 3: 2 - log 3, and the interval half-way too.
    ratio = ratio_of_score(2.0, THREE_OF_FOUR, MEASURED)
    assert ratio.log_value == pytest.approx(2.0 - math.log(3.0))
    assert (ratio.log_low, ratio.log_high, ratio.beyond) == (0.0, 1.5, None)


@pytest.mark.parametrize(
    ("log_odds", "held", "beyond"),
    [(-1.0, -1.0, None), (-1.1, -1.0, "below"), (-math.inf, -1.0, "below"), (3.0, 3.0, None),
     (3.1, 3.0, "above"), (math.inf, 3.0, "above")],
)  # fmt: skip
def test_beyond_what_was_measured_the_ratio_is_that_at_the_limit(log_odds, held, beyond):
    ratio = ratio_of_score(log_odds, THREE_OF_FOUR, MEASURED)
    assert ratio.log_value == pytest.approx(held - math.log(3.0))
    assert ratio.beyond == beyond


def test_without_a_record_there_is_no_interval_and_without_a_share_no_ratio():
    assert ratio_of_score(9.0, THREE_OF_FOUR, None) == ScoreRatio(9.0 - math.log(3.0))
    assert ratio_of_score(9.0, replace(RUN, foreign=True), MEASURED) is None


@given(st.floats(-8.0, 8.0))
def test_the_share_that_the_run_assumes_gives_its_probability_back(log_odds):
    measured = KEPT
    held = min(max(log_odds, measured.log_odds[0]), measured.log_odds[-1])
    ratio = ratio_of_score(log_odds, RUN, measured)
    found = probability_at(ratio.log_value, assumed_prevalence(RUN))
    assert found == pytest.approx(1.0 / (1.0 + math.exp(-held)))
    assert ratio.log_low <= ratio.log_value <= ratio.log_high


@given(st.floats(-8.0, 8.0), st.floats(-8.0, 8.0))
def test_a_higher_score_never_has_a_smaller_ratio(one, other):
    low, high = (ratio_of_score(each, RUN, KEPT) for each in sorted((one, other)))
    assert low.log_value <= high.log_value
    assert low.log_low <= high.log_low
    assert low.log_high <= high.log_high


def test_the_kept_record_is_the_one_that_measuring_gives_again():
    again = measure_ratios(RUN, read_predictions(RUN))
    assert (again.n, again.n_positive, again.n_patients) == (KEPT.n, KEPT.n_positive, 426)
    assert again.counted == KEPT.counted
    for name in ("log_odds", "low", "high"):
        assert getattr(again, name) == pytest.approx(getattr(KEPT, name), abs=2e-3)


def test_the_interval_is_of_the_validation_patients_alone():
    predictions = read_predictions(RUN)
    validation = predictions.films.split == "validation"
    turned = replace(predictions, logit=np.where(validation, predictions.logit, 0.0))
    few = measure_ratios(RUN, predictions, draws=4)
    assert measure_ratios(RUN, turned, draws=4).high == few.high
    assert few.high != KEPT.high


def test_the_limits_are_the_last_scores_that_films_of_both_classes_reach():
    films = read_predictions(RUN).of_split("validation")
    odds = films.logit / RUN.calibration.temperature + RUN.calibration.offset
    assert KEPT.log_odds[0] == pytest.approx(odds[films.films.label == 1].min(), abs=1e-4)
    assert KEPT.log_odds[-1] == pytest.approx(odds[films.films.label == 0].max(), abs=1e-4)
    outermost = [band for band in KEPT.counted if "validation" in band.films]
    assert (outermost[0].ill, outermost[-1].well) == (0, 0)


def test_every_film_is_counted_once():
    for films in ("validation patients", "official test split"):
        bands = [band for band in KEPT.counted if band.films == films]
        assert sum(band.ill for band in bands) == bands[0].all_ill
        assert sum(band.well for band in bands) == bands[0].all_well


def test_a_ratio_by_counting_is_that_on_paper():
    # (9.5 / 39.5) / (9.5 / 19.5); the log's variance is 2 / 9.5 - 1 / 39.5 - 1 / 19.5.
    rate = MEASURED.counted[1].ratio
    spread = math.exp(1.96 * math.sqrt(2 / 9.5 - 1 / 39.5 - 1 / 19.5))
    assert rate.value == pytest.approx(19.5 / 39.5)
    assert (rate.low, rate.high) == pytest.approx((rate.value / spread, rate.value * spread))
    assert rate.n == 18


def test_the_evaluation_says_what_the_ratio_gains_in_a_ward_of_15_percent():
    test = read_predictions(RUN).of_split("test")
    ill, share = test.films.label, 0.15
    weights = np.where(ill == 1, share / ill.mean(), (1.0 - share) / (1.0 - ill.mean()))
    odds = test.logit / RUN.calibration.temperature + RUN.calibration.offset
    ratios = [ratio_of_score(float(one), RUN, KEPT) for one in odds]
    there = np.array([probability_at(ratio.log_value, share) for ratio in ratios])
    means, briers = (
        [np.average(values, weights=weights) for values in pair]
        for pair in (
            (there, test.probability),
            ((there - ill) ** 2, (test.probability - ill) ** 2),
        )
    )
    words = " ".join((PROJECT_ROOT / "docs/evaluation.md").read_text("utf-8").split())
    assert f"mean of {means[0]:.3f}, and the set's have one of {means[1]:.3f}." in words
    assert f"The Brier scores are {briers[0]:.3f} and {briers[1]:.3f}." in words
    beyond = sum(ratio.beyond is not None for ratio in ratios)
    assert f"Of the {len(test)} films, {beyond} lie beyond the limits." in words


@pytest.mark.parametrize(("log_odds", "ill"), [(-2.0, 0), (2.0, 9), (4.0, 30)])
def test_a_score_is_held_against_the_films_of_its_own_band(log_odds, ill):
    counted = counted_for(ratio_of_score(log_odds, THREE_OF_FOUR, MEASURED), MEASURED)
    assert counted.ill == ill


def test_no_band_is_named_where_no_film_was_counted():
    empty = replace(MEASURED, counted=())
    assert counted_for(ScoreRatio(0.0), empty) is None


def test_a_run_that_was_not_calibrated_here_has_no_ratio():
    with pytest.raises(DatasetError, match=r"run f08 was not calibrated on films of both classes"):
        measure_ratios(replace(RUN, foreign=True), read_predictions(RUN))


def test_a_record_comes_back_as_it_was_kept():
    assert MeasuredRatios.from_json(KEPT.to_json()) == KEPT
    assert read_ratios(replace(RUN, files={})) is None
    with pytest.raises(ModelIntegrity, match=f"{RATIOS_FILE} is not a record"):
        MeasuredRatios.from_json(b"{}")
