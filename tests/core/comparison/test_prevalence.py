"""What to expect among children of another prevalence: by hand, and held to repeated sampling."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.comparison.prevalence import expect_among
from core.domain.rate import Rate
from core.errors import ComparisonError
from core.stats.intervals import wilson_rate


def test_a_hundred_children_are_counted_as_on_paper():
    # 20 ill: 90 % found, 2 missed. 80 well: 75 % cleared, 20 alarmed. 18 of 38, and 60 of 62.
    ward = expect_among(100, 0.2, Rate(0.9, 0.8, 0.95, 100), Rate(0.75, 0.65, 0.85, 80))

    assert ward.ill == pytest.approx(20.0)
    missed, alarms = ward.missed, ward.false_alarms
    assert (missed.value, missed.low, missed.high) == pytest.approx((2.0, 1.0, 4.0))
    assert (alarms.value, alarms.low, alarms.high) == pytest.approx((20.0, 12.0, 28.0))
    assert ward.ppv.value == pytest.approx(18 / 38)
    assert ward.npv.value == pytest.approx(60 / 62)


def test_the_predictive_interval_is_mercaldos_adjusted_logit():
    # By his formulas with z = 1.959964: 90 of 100 found and 60 of 80 cleared, each with z^2/2
    # successes and failures added, are 0.885203 and 0.738545; with a prevalence of 0.2 the logit is
    # -0.166738, its variance 0.0012489 + 0.0336916.
    ward = expect_among(100, 0.2, wilson_rate(90, 100), wilson_rate(60, 80))

    assert (ward.ppv.low, ward.ppv.high) == pytest.approx((0.369794, 0.549741), abs=1e-6)


def test_the_interval_holds_the_true_value_in_95_of_100_samples():
    rng = np.random.default_rng(4)
    prevalence, sensitivity, specificity = 0.1, 0.97, 0.86
    rightly = prevalence * sensitivity
    truth = rightly / (rightly + (1 - prevalence) * (1 - specificity))
    held = 0
    for _ in range(1500):
        found, cleared = rng.binomial(390, sensitivity), rng.binomial(234, specificity)
        ppv = expect_among(1, prevalence, wilson_rate(found, 390), wilson_rate(cleared, 234)).ppv
        held += ppv.low <= truth <= ppv.high
    assert held / 1500 == pytest.approx(0.95, abs=0.02)


COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, COUNTS, st.floats(0.0, 1.0))
@example((1, 1), (0, 1), 5e-324)
def test_every_interval_holds_its_value_and_stays_within_the_children(found, cleared, prevalence):
    ward = expect_among(1000, prevalence, wilson_rate(*found), wilson_rate(*cleared))

    for expected, most in ((ward.missed, 1000.0), (ward.false_alarms, 1000.0), (ward.ppv, 1.0),
                           (ward.npv, 1.0)):  # fmt: skip
        assert -1e-9 <= expected.low <= expected.high <= most + 1e-9
        inside = expected.low - 1e-9 <= expected.value <= expected.high + 1e-9
        assert inside or np.isnan(expected.value)


def test_where_nobody_is_ill_every_alarm_is_false():
    ward = expect_among(100, 0.0, wilson_rate(9, 10), wilson_rate(8, 10))

    assert (ward.missed.value, ward.false_alarms.value) == pytest.approx((0.0, 20.0))
    assert (ward.ppv.value, ward.npv.value) == (0.0, 1.0)


def test_a_run_that_calls_nobody_ill_has_no_positive_predictive_value():
    ward = expect_among(100, 0.3, wilson_rate(0, 10), wilson_rate(10, 10))

    assert np.isnan(ward.ppv.value)
    assert (ward.ppv.low, ward.ppv.high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("children", "prevalence", "n", "sentence"),
    [
        (0, 0.1, 10, "there are 0 children"),
        (10, 1.5, 10, "a prevalence of 1.5 is not between 0 and 1"),
        (10, float("nan"), 10, "a prevalence of nan is not between 0 and 1"),
        (10, 0.1, 0, "was measured on no film"),
    ],
)
def test_what_cannot_be_expected_is_refused(children, prevalence, n, sentence):
    with pytest.raises(ComparisonError, match=sentence):
        expect_among(children, prevalence, wilson_rate(n, n), wilson_rate(5, 10))
