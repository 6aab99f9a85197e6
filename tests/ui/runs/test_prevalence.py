"""A hundred children: as many of each kind as sensitivity, specificity and prevalence give."""

from __future__ import annotations

import pytest

from core.comparison.prevalence import WardOutcome, expect_among
from core.stats.intervals import wilson_rate
from ui.runs.prevalence import count_children


def ward(prevalence: float, sensitivity: int, specificity: int) -> WardOutcome:
    return expect_among(
        100, prevalence, wilson_rate(sensitivity, 100), wilson_rate(specificity, 100)
    )


@pytest.mark.parametrize(
    ("of_100", "counts"),
    [
        (ward(0.1, 80, 90), (2, 8, 9, 81)),
        (ward(0.0, 80, 90), (0, 0, 10, 90)),
        (ward(1.0, 80, 90), (20, 80, 0, 0)),
        (ward(0.03, 99, 99), (0, 3, 1, 96)),
    ],
    ids=["a tenth ill", "none ill", "all ill", "few ill"],
)
def test_a_hundred_children_are_drawn_to_the_nearest_child(
    of_100: WardOutcome, counts: tuple[int, ...]
) -> None:
    assert tuple(count_children(of_100).values()) == counts
