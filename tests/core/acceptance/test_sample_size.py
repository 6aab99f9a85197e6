"""How many films an interval of a wished width needs."""

import pytest

from core.acceptance.sample_size import films_for_width, plan_sample
from core.errors import DatasetError
from core.stats.intervals import wilson_rate


@pytest.mark.parametrize(("rate", "width"), [(0.97, 0.05), (0.9, 0.1), (0.5, 0.2)])
def test_so_many_films_are_enough_and_half_as_many_are_not(rate, width):
    n = films_for_width(rate, width)

    def width_with(films: int) -> float:
        found = wilson_rate(round(rate * films), films)
        return found.high - found.low

    assert width_with(n) <= width
    assert width_with(n // 2) > width


def test_the_rarer_class_decides():
    few = plan_sample(0.97, 0.90, 0.10, 0.5)
    rare = plan_sample(0.97, 0.90, 0.10, 0.1)
    assert (few.ill, few.well) == (rare.ill, rare.well)
    assert few.films == 2 * max(few.ill, few.well)
    assert rare.films == 10 * rare.ill


def test_films_of_a_patient_that_are_alike_say_less():
    alone = plan_sample(0.97, 0.90, 0.10, 0.5)
    pairs = plan_sample(0.97, 0.90, 0.10, 0.5, films_of_a_patient=2.0, alike=1.0)
    apart = plan_sample(0.97, 0.90, 0.10, 0.5, films_of_a_patient=2.0, alike=0.0)
    assert pairs.well == 2 * alone.well
    assert apart == alone


@pytest.mark.parametrize(
    "asked",
    [(0.0, 0.9, 0.1, 0.5), (0.9, 0.9, 1.0, 0.5), (0.9, 0.9, 0.1, 1.0), (0.9, 0.9, 1e-5, 0.5)],
    ids=["rate", "width", "prevalence", "too narrow"],
)
def test_what_cannot_be_planned_is_said(asked):
    with pytest.raises(DatasetError, match=r"State|million"):
        plan_sample(*asked)
