"""Zones of regions, on lungs that are drawn by hand: 18 rows, 20 columns."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.arrays import FloatImage, LabelImage
from core.explain.zones import name_zones, zone_masks

ROWS, COLUMNS = 18, 20
RIGHT, LEFT = slice(2, 8), slice(12, 18)


def drawn(*lungs: tuple[slice, slice]) -> FloatImage:
    film = np.zeros((ROWS, COLUMNS), np.float32)
    for place in lungs:
        film[place] = 1.0
    return film


def regions_at(*places: tuple[slice, slice]) -> LabelImage:
    """Return labels 1, 2, ... at the places and 0 elsewhere."""
    segments = np.zeros((ROWS, COLUMNS), np.int32)
    for label, place in enumerate(places, start=1):
        segments[place] = label
    return segments


BOTH = drawn((slice(3, 15), RIGHT), (slice(3, 15), LEFT))
UPPER, MIDDLE, LOWER = slice(3, 7), slice(7, 11), slice(11, 15)


def test_the_patients_right_lung_lies_on_the_left_of_the_picture() -> None:
    segments = regions_at(
        (UPPER, RIGHT),
        (MIDDLE, RIGHT),
        (LOWER, RIGHT),
        (UPPER, LEFT),
        (MIDDLE, LEFT),
        (LOWER, LEFT),
    )

    assert name_zones(segments, BOTH)[1:] == (
        "right upper",
        "right middle",
        "right lower",
        "left upper",
        "left middle",
        "left lower",
    )


def test_each_lung_has_thirds_of_its_own_height() -> None:
    lungs = drawn((slice(0, 9), RIGHT), (slice(3, 18), LEFT))
    segments = regions_at((slice(6, 9), RIGHT), (slice(5, 8), LEFT))

    assert name_zones(segments, lungs)[1:] == ("right lower", "left upper")


def test_a_region_between_the_lungs_is_on_the_midline() -> None:
    segments = regions_at((slice(5, 12), slice(8, 12)), (slice(15, 18), slice(8, 12)))

    assert name_zones(segments, BOTH)[1:] == ("midline", "outside the lungs")


def test_a_region_with_little_lung_lies_outside() -> None:
    segments = regions_at((slice(0, 4), RIGHT), (slice(0, 5), LEFT))
    segments[0:4, RIGHT] = 1  # a quarter of it is lung
    segments[0, 0:2] = 1  # and now less

    assert name_zones(segments, BOTH) == ("right middle", "outside the lungs", "left upper")


def test_lungs_that_touch_are_two() -> None:
    lungs = BOTH.copy()
    lungs[8, 8:12] = 1.0
    segments = regions_at((LOWER, RIGHT), (LOWER, LEFT))

    assert name_zones(segments, lungs)[1:] == ("right lower", "left lower")


@pytest.mark.parametrize(("columns", "side"), [(RIGHT, "right"), (LEFT, "left")])
def test_one_lung_alone_has_the_side_of_its_half(columns: slice, side: str) -> None:
    lungs = drawn((slice(3, 15), columns))
    segments = regions_at((UPPER, columns), (slice(5, 12), slice(8, 12)))

    assert name_zones(segments, lungs)[1:] == (f"{side} upper", "outside the lungs")


def test_one_lung_across_the_middle_gets_no_side() -> None:
    columns = slice(6, 14)

    assert name_zones(regions_at((UPPER, columns)), drawn((slice(3, 15), columns)))[1] == "upper"


def test_a_stray_patch_is_no_lung() -> None:
    lungs = BOTH.copy()
    lungs[0, 19] = 1.0

    assert name_zones(regions_at((UPPER, LEFT)), lungs)[1] == "left upper"


def test_without_lungs_no_region_has_a_zone() -> None:
    segments = regions_at((UPPER, RIGHT))

    assert name_zones(segments, None) == ()
    assert set(name_zones(segments, drawn())) == {"outside the lungs"}


def test_the_masks_of_the_zones_are_the_thirds_of_each_lung() -> None:
    masks = zone_masks(BOTH)
    assert list(masks) == [
        f"{side} {third}" for side in ("right", "left") for third in ("upper", "middle", "lower")
    ]
    assert np.array_equal(np.sum(list(masks.values()), axis=0), BOTH)
    expected = drawn((slice(7, 11), LEFT))
    assert np.array_equal(masks["left middle"], expected > 0)


def test_one_lung_alone_has_no_masks() -> None:
    assert zone_masks(drawn((slice(3, 15), RIGHT))) == {}
