"""The list of regions: what moves the score, or a sentence that nothing does."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest


def list_of(weights: list[float]) -> str:
    def script(weights: list[float]) -> None:
        from core.domain.regions import RegionWeight
        from ui.components.panels import draw_regions

        regions = tuple(
            RegionWeight(label, weight, label + 1, 0.2, (0.0, 0.0), (0, 0, 1, 1))
            for label, weight in enumerate(weights)
        )
        draw_regions(regions, boxed=False)

    page = AppTest.from_function(script, kwargs={"weights": weights}).run()
    assert not page.exception
    return page.get("html")[0].proto.body


def test_only_regions_whose_weight_can_be_seen_are_listed() -> None:
    said = list_of([1.12, -0.15, 0.099])

    assert re.findall(r"([+-]\d\.\d\d)</td><td>(\w+)", said) == [
        ("+1.12", "for"),
        ("-0.15", "against"),
    ]
    assert "No single region" not in said


@pytest.mark.parametrize("weights", [[], [0.099, -0.08]], ids=["no weights", "tiny weights"])
def test_where_no_region_matters_one_sentence_says_so(weights: list[float]) -> None:
    said = list_of(weights)

    assert "No single region changes the odds by a tenth." in said
    assert "<td>" not in said
