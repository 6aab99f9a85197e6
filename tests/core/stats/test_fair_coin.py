"""The coin that two runs throw where they differ."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from core.stats.fair_coin import coin_e_value, films_to_go, share_interval


@pytest.mark.parametrize(
    ("right", "n", "expected"),
    [
        # the mean of p^k (1 - p)^(n - k) over all p is 1 / ((n + 1) (n over k)); times 2^n
        (0, 0, 1.0),
        (7, 7, 2.0**7 / 8.0),
        (8, 10, 2.0**10 / (11.0 * comb(10, 8))),
    ],
    ids=["no film", "seven of seven", "eight of ten"],
)
def test_the_e_value_is_the_mean_likelihood_over_that_of_a_fair_coin(right, n, expected) -> None:
    assert coin_e_value(right, n) == pytest.approx(expected)


def test_the_e_value_is_expected_to_be_1_for_a_fair_coin() -> None:
    mean = sum(comb(12, k) / 2.0**12 * coin_e_value(k, 12) for k in range(13))
    assert mean == pytest.approx(1.0)


def test_the_interval_of_no_success_is_where_its_likelihood_is_a_twentieth_of_the_mean() -> None:
    # (1 - q)^n (n + 1) = 1 / 20
    found = share_interval(0, 10)
    assert found.high == pytest.approx(1.0 - (1.0 / (20.0 * 11.0)) ** 0.1)
    assert (found.low, found.n) == (0.0, 10)


def test_the_interval_and_the_e_value_exclude_a_fair_coin_together() -> None:
    for right, n in ((14, 20), (15, 20), (16, 20), (17, 20), (5, 20)):
        found = share_interval(right, n)
        assert (not found.low < 0.5 < found.high) == (coin_e_value(right, n) >= 20.0)


def test_the_interval_holds_at_all_times_together() -> None:
    rng, missed = np.random.default_rng(5), 0
    for _ in range(200):
        right = np.cumsum(rng.random(120) < 0.7)
        missed += any(
            not (found := share_interval(int(right[n - 1]), n)).low <= 0.7 <= found.high
            for n in range(5, 121, 5)
        )
    assert missed <= 200 * 0.05 + 6  # two standard deviations


def test_no_film_tells_nothing() -> None:
    found = share_interval(0, 0)
    assert np.isnan(found.value)
    assert (found.low, found.high) == (0.0, 1.0)


def test_films_to_go_are_those_that_bring_the_evidence_if_all_goes_on() -> None:
    assert films_to_go(17, 20) == 0
    more = films_to_go(8, 10)
    share = 8.5 / 11.0
    assert more is not None
    assert coin_e_value(round(8 + share * more), 10 + more) > 10.0  # near 20, but for rounding
    assert films_to_go(10, 20) is None
