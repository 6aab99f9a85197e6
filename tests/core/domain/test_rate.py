"""A rate with its interval as text."""

from __future__ import annotations

from core.domain.rate import Rate, interval_text, of_few_text, rate_text


def test_a_rate_is_said_with_its_interval_to_the_digits_asked_for() -> None:
    rate = Rate(0.8751, 0.7, 0.95449, 40)
    assert interval_text(rate) == "0.875 (0.700 to 0.954)"
    assert interval_text(rate, 2) == "0.88 (0.70 to 0.95)"
    assert rate_text(rate) == "0.875 (0.700 to 0.954), n = 40"
    assert of_few_text(rate) == "0.88 (0.70 to 0.95, n = 40)"
