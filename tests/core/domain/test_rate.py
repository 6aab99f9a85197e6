"""A rate with its interval as text."""

from __future__ import annotations

from core.domain.rate import Rate, say_interval, say_of_few, say_rate


def test_a_rate_is_said_with_its_interval_to_the_digits_asked_for() -> None:
    rate = Rate(0.8751, 0.7, 0.95449, 40)
    assert say_interval(rate) == "0.875 (0.700 to 0.954)"
    assert say_interval(rate, 2) == "0.88 (0.70 to 0.95)"
    assert say_rate(rate) == "0.875 (0.700 to 0.954), n = 40"
    assert say_of_few(rate) == "0.88 (0.70 to 0.95, n = 40)"
