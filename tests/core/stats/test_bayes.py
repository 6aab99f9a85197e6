"""Bayes in odds, held to sums on paper."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.stats.bayes import log_ratio_of, probability_at

PREVALENCES = st.floats(1e-6, 1.0 - 1e-6)
LOG_RATIOS = st.floats(-12.0, 12.0)


def log_odds(probability: float) -> float:
    return math.log(probability / (1.0 - probability))


def test_a_probability_becomes_a_ratio_as_on_paper():
    # 0.9 is odds of 9; where three of four are ill, odds of 3 were there before: 9 / 3 = 3.
    assert math.exp(log_ratio_of(log_odds(0.9), 0.75)) == pytest.approx(3.0)
    # 0.5 is odds of 1, and 1 / 3 is a third.
    assert math.exp(log_ratio_of(log_odds(0.5), 0.75)) == pytest.approx(1 / 3)


def test_a_ratio_becomes_a_probability_as_on_paper():
    # Of 1,000 children 100 are ill. The finding is in 45 % of them, and in 5 % of the 900 others:
    # 45 ill and 45 well have it, one of two.
    assert probability_at(math.log(0.45 / 0.05), 0.1) == pytest.approx(0.5)
    # Of 1,000 children 20 are ill. 90 % of them have it, and 3 % of the others: 18 and 29.4.
    assert probability_at(math.log(30.0), 0.02) == pytest.approx(18 / 47.4)


def test_a_probability_of_the_set_shrinks_in_a_ward_as_on_paper():
    # 0.98 is odds of 49, at 3 before; at 15 % the odds before are 15 / 85: 49 / 3 * 15 / 85.
    odds = 49 / 3 * 15 / 85
    found = probability_at(log_ratio_of(log_odds(0.98), 0.75), 0.15)
    assert found == pytest.approx(odds / (1 + odds))
    assert found == pytest.approx(0.7424, abs=1e-4)


@given(LOG_RATIOS)
def test_where_half_are_ill_it_is_the_ratio_over_one_more(log_ratio):
    ratio = math.exp(log_ratio)
    assert probability_at(log_ratio, 0.5) == pytest.approx(ratio / (1.0 + ratio), rel=1e-9)


@given(st.floats(1e-6, 1.0 - 1e-6), PREVALENCES)
def test_the_prevalence_that_it_assumed_gives_the_probability_back(probability, prevalence):
    again = probability_at(log_ratio_of(log_odds(probability), prevalence), prevalence)
    assert again == pytest.approx(probability, rel=1e-9)


@given(LOG_RATIOS, LOG_RATIOS, PREVALENCES, PREVALENCES)
def test_more_of_either_is_never_less_probable(one, other, rarer, commoner):
    low, high = sorted((one, other))
    assert probability_at(low, rarer) <= probability_at(high, rarer)
    rarer, commoner = sorted((rarer, commoner))
    assert probability_at(one, rarer) <= probability_at(one, commoner)


def test_where_nobody_or_everybody_is_ill_a_finding_changes_nothing():
    assert (probability_at(3.0, 0.0), probability_at(-3.0, 1.0)) == (0.0, 1.0)
    assert (probability_at(math.inf, 0.2), probability_at(-math.inf, 0.2)) == (1.0, 0.0)
    assert math.isnan(probability_at(math.inf, 0.0))
