"""The record of weight randomisation: its correlation, worked by hand, and what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.domain.rate import Rate
from core.errors import ModelIntegrity
from core.explain.weight_randomisation import (
    RESEMBLES_FROM,
    RandomisedStage,
    SanityCheck,
    correlate_ranks,
    sanity_text,
)

NONE, LITTLE = Rate(0.0, -0.1, 0.1, 32), Rate(0.2, 0.1, 0.3, 32)
MUCH = Rate(0.7, 0.6, 0.8, 32)
CHECK = SanityCheck(
    "f08",
    "0" * 64,
    "32 films",
    "last",
    20,
    (RandomisedStage("last layer", NONE, LITTLE), RandomisedStage("all", LITTLE, NONE)),
)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ([[1, 2], [3, 400]], 1.0),
        ([[0, -1], [-2, -3]], -1.0),
        ([[10, 30], [20, 40]], 0.8),  # 1 - 6 x (1 + 1) / (4 x 15)
        ([[5, 5], [5, 5]], 0.0),
    ],
)
def test_ranks_are_correlated_whatever_the_scale(second: list, expected: float) -> None:
    first = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert correlate_ranks(first, np.array(second, np.float32)) == pytest.approx(expected)


def test_maps_that_change_with_the_weights_depend_on_what_was_learned() -> None:
    text = sanity_text(CHECK)
    assert "is 0.20 (0.10 to 0.30), of absolute values 0.00 (-0.10 to 0.10)." in text
    assert "no longer resembles it, so the map depends on what was learned" in text
    assert "in the last layer alone it is 0.00 (-0.10 to 0.10), of absolute values 0.20" in text


@pytest.mark.parametrize("signed", [MUCH, Rate(-0.4, -RESEMBLES_FROM, -0.3, 32)])
def test_maps_that_may_stay_the_same_are_not_to_be_relied_on(signed: Rate) -> None:
    for stage in (RandomisedStage("all", signed, NONE), RandomisedStage("all", NONE, signed)):
        text = sanity_text(replace(CHECK, stages=(CHECK.stages[0], stage)))
        assert "may still resemble it" in text
        assert "Do not rely on it." in text


def test_the_record_is_read_as_it_was_written() -> None:
    assert SanityCheck.from_json(CHECK.to_json()) == CHECK


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(ModelIntegrity, match="not a record of weight randomisation"):
        SanityCheck.from_json(b"{}")
