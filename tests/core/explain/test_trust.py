"""Which regions are not to be relied on, and when two ways agree."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.model import Geometry
from core.domain.regions import CamSettings, Explanation, LimeSettings
from core.explain.trust import Doubt, doubt_of, points_alike, share_outside

QUARTERS = np.repeat(np.repeat(np.array([[0, 1], [2, 3]], np.int32), 4, axis=0), 4, axis=1)
HALVES = np.repeat(np.array([[0, 1]], np.int32), 8, axis=0).repeat(4, axis=1)
ZONES = ("right upper", "left upper", "midline", "outside the lungs")


def by_cam(**parts: float) -> Explanation:
    named = {name.replace("_", " "): part for name, part in parts.items()}
    weights = np.array([1.0, 0.0, 0.0, 0.0])
    return Explanation(QUARTERS, weights, Geometry(8, 8, 8), CamSettings(), 1.0, named)


def by_lime(*weights: float, segments=QUARTERS, zones=ZONES) -> Explanation:
    return Explanation(
        segments, np.array(weights), Geometry(8, 8, 8), LimeSettings(), 1.0, zones=zones
    )


def test_a_score_from_outside_of_the_lungs_is_no_reason_to_look_at_regions() -> None:
    border = by_cam(regions_for=0.2, lungs_that_look_healthy=0.3, outside_the_lungs=-2.0)
    assert share_outside(border) == pytest.approx(0.8)
    assert doubt_of(border, of_others=False) is Doubt.OUTSIDE


def test_a_score_from_the_lungs_is_not_doubted() -> None:
    lungs = by_cam(regions_for=0.2, lungs_that_look_healthy=3.0, outside_the_lungs=1.5)
    assert doubt_of(lungs, of_others=False) is None
    assert doubt_of(lungs, of_others=True) is Doubt.POPULATION


def test_what_is_the_same_for_every_film_is_of_no_place() -> None:
    assert share_outside(by_cam(regions_for=1.0, every_film=-9.0, outside_the_lungs=1.0)) == 0.5


def test_by_lime_regions_beside_the_lungs_count_by_their_weight_of_either_sign() -> None:
    assert share_outside(by_lime(1.0, -1.0, -1.0, 5.0)) == pytest.approx(6 / 8)
    assert doubt_of(by_lime(1.0, -1.0, -1.0, 5.0), of_others=False) is Doubt.OUTSIDE
    assert doubt_of(by_lime(4.0, -1.0, -1.0, 1.0), of_others=False) is None


def test_where_nobody_looked_for_the_lungs_or_nothing_counts_there_is_no_doubt() -> None:
    assert share_outside(by_lime(1.0, 0.0, 0.0, 5.0, zones=())) == 0.0
    assert share_outside(by_lime(0.0, 0.0, 0.0, 0.0)) == 0.0
    assert share_outside(by_cam()) == 0.0


def test_two_ways_agree_where_the_strongest_region_is_among_the_others_strongest() -> None:
    cam = by_cam(regions_for=1.0)  # the upper left quarter
    left, right = (by_lime(*each, segments=HALVES, zones=()) for each in ((1.0, -1.0), (0.0, 1.0)))
    assert points_alike(cam, left)
    assert not points_alike(cam, right)
    assert not points_alike(cam, by_lime(-1.0, 1.0, segments=HALVES, zones=()))
