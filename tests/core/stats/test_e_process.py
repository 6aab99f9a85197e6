"""Evidence at any time: bets that are fair, capital that grows where something changes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import integrate

from core.stats import e_process
from core.stats.e_process import conformal_p_values, log_capital, rank_bets, rate_log_e


def test_capital_of_one_bet_is_what_it_returned_where_all_of_it_bets_at_once() -> None:
    factors = np.array([[2.0], [0.5], [3.0]])
    assert np.exp(log_capital(factors, at_once=1.0)) == pytest.approx([2.0, 1.0, 3.0])


def test_cash_is_put_on_the_bets_film_by_film() -> None:
    # half at once; of the other half 1/2 x (1 - 2/3) is put in before film 1, 1/12 before film 2
    factors = np.array([[3.0], [3.0]])
    first = (0.5 + 0.5 / 3.0) * 3.0
    second = (first + 0.5 * (2.0 / 3.0 - 0.5)) * 3.0
    found = np.exp(log_capital(factors, at_once=0.5, patience=2.0))
    assert found == pytest.approx([first + 1.0 / 3.0, second + 0.25])


def test_cash_outlasts_bets_that_lose_everything() -> None:
    found = np.exp(log_capital(np.full((1000, 1), 1e-9), at_once=0.5, patience=1000.0))
    assert found[-1] == pytest.approx(0.25, rel=1e-6)


def test_p_values_are_ranks_among_the_reference_and_all_before() -> None:
    # 0.5 lies above one of {0.2, 0.8}: rank 2 of 3; 0.9 is the largest of 4; 0.2 ties with one
    found = conformal_p_values(
        np.array([0.5, 0.9, 0.2]), np.array([0.2, 0.8]), np.array([0.5, 0.5, 0.25])
    )
    assert found == pytest.approx([1.5 / 3.0, 0.5 / 4.0, 3.5 / 5.0])


def test_bets_on_ranks_are_fair() -> None:
    for bet in range(6):
        mean, _ = integrate.quad(lambda p, bet=bet: rank_bets(np.array([p]))[0, bet], 0.0, 1.0)
        assert mean == pytest.approx(1.0)
    assert rank_bets(np.linspace(0.0, 1.0, 101)).min() > 0.0


def log_best(order) -> float:
    share = np.mean(order)
    return sum(np.log(share if one else 1.0 - share) for one in order)


def test_the_e_value_of_a_rate_is_a_mixture_over_the_best_fit() -> None:
    # 3 of 4: no change is possible within 20 films but at the first, where no film is before it;
    # over all rates alike by Jeffreys, three of four have B(3.5, 1.5) / B(0.5, 0.5) = 5 / 128
    found = rate_log_e(np.array([True, True, False, True]), np.array([4]))
    assert np.exp(found[0]) == pytest.approx((5.0 / 128.0) / np.exp(log_best([1, 1, 0, 1])))


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5, 0.9])
def test_no_rate_can_expect_more_than_1_wherever_one_stops(rate, monkeypatch) -> None:
    """All orders of nine films, stopped at the first e-value above 1.2, weighed by their rate."""
    monkeypatch.setattr(e_process, "_STARTS_EVERY", 2)
    monkeypatch.setattr(e_process, "PATIENCE", 2.0)
    orders = np.array(list(product((False, True), repeat=9)))
    chance = np.prod(np.where(orders, rate, 1.0 - rate), axis=1)
    expected = 0.0
    for count, of_reference in ((1, rate), (0, 1.0 - rate)):  # one film that came before
        values = np.exp(rate_log_e(orders, np.arange(1, 10), count=count, n=1))
        above = values >= 1.2
        assert above.any()
        stop = np.where(above.any(axis=1), above.argmax(axis=1), 8)
        expected += of_reference * np.sum(chance * values[np.arange(len(orders)), stop])
    assert expected <= 1.0


def test_a_rate_that_changes_is_found() -> None:
    rng = np.random.default_rng(4)
    happened = np.concatenate([rng.random(1000) < 0.02, rng.random(500) < 0.1])
    found = rate_log_e(happened, np.array([1000, 1500]))
    assert found[0] < 0.0
    assert found[1] > np.log(300.0)
    assert rate_log_e(happened[1000:], np.array([300]), count=20, n=1000)[0] > np.log(300.0)


def test_capital_keeps_the_promise_of_ville_and_finds_a_change() -> None:
    rng = np.random.default_rng(3)
    alarms = {"quiet": 0, "moved": 0}
    for _ in range(150):
        reference = rng.normal(size=100)
        for name, shift in (("quiet", 0.0), ("moved", 0.7)):
            scores = rng.normal(size=400)
            scores[100:] += shift
            p_values = conformal_p_values(scores, reference, rng.random(400))
            alarms[name] += bool((log_capital(rank_bets(p_values)) >= np.log(20.0)).any())
    assert alarms["quiet"] <= 150 * 0.05 + 5  # 1 / 20, with 1.9 standard deviations
    assert alarms["moved"] >= 140
