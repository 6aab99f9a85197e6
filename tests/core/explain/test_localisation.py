"""Maps held against lesions whose place is known, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.explain.localisation import area_under_curve, depth_in, locate, region_means

QUARTERS = np.repeat(np.repeat(np.array([[0, 1], [2, 3]], np.int32), 2, axis=0), 2, axis=1)
"""Four regions of four pixels each on a 4 x 4 grid."""

LESION = np.zeros((4, 4), bool)
LESION[:2, :3] = True  # all of region 0 and half of region 1
LEFT = np.zeros((4, 4), np.float32)
LEFT[:, :2] = 0.5  # a probability of one half is lung


def test_a_4x4_case_worked_out_by_hand() -> None:
    found = locate(np.array([3.0, 1.0, 2.0, -9.0]), QUARTERS, LESION, LEFT)
    assert found.hit
    assert found.energy_inside == pytest.approx((4 * 3 + 2 * 1) / (4 * (3 + 1 + 2)))
    # Inside weigh 3, 3, 3, 3, 1, 1; of the lungs beside it four weigh 2: 16 of 24 pairs
    assert found.auc == pytest.approx(16 / 24)
    assert found.iou == pytest.approx(6 / 12)  # three regions are for pneumonia
    assert found.in_lungs == pytest.approx((4 * 3 + 4 * 2) / 24)


def test_a_strongest_region_beside_the_lesion_is_no_hit() -> None:
    assert not locate(np.array([1.0, 0.0, 3.0, 0.0]), QUARTERS, LESION, LEFT).hit


def test_of_equally_strong_regions_the_first_is_taken() -> None:
    alike = locate(np.array([2.0, 2.0, 2.0, 2.0]), QUARTERS, LESION, LEFT)
    assert (alike.hit, alike.auc) == (True, 0.5)
    assert alike.energy_inside == alike.iou == pytest.approx(6 / 16)
    later = locate(np.array([0.0, 0.0, 2.0, 2.0]), QUARTERS, LESION, LEFT)
    assert not later.hit


def test_without_weight_for_pneumonia_nothing_is_inside() -> None:
    found = locate(np.array([-1.0, -2.0, -3.0, 0.0]), QUARTERS, LESION, LEFT)
    assert (found.energy_inside, found.iou, found.in_lungs) == (0.0, 0.0, 0.0)
    assert found.auc == 1.0  # what speaks least against comes first


def test_only_the_five_strongest_regions_are_compared() -> None:
    rows = np.repeat(np.arange(8, dtype=np.int32), 2).reshape(8, 2)
    lesion = rows < 6
    lungs = np.ones((8, 2), np.float32)
    found = locate(np.array([8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]), rows, lesion, lungs)
    assert found.iou == pytest.approx(5 / 6)


def test_a_lesion_outside_the_lungs_is_compared_with_the_lungs() -> None:
    lesion = QUARTERS == 1
    found = locate(np.array([1.0, 2.0, 3.0, 9.0]), QUARTERS, lesion, LEFT)
    assert found.auc == pytest.approx(0.5)  # above region 0, below region 2; 3 is no lung


def test_a_lesion_that_is_all_of_the_lungs_has_nothing_to_be_compared_with() -> None:
    everything = np.ones((4, 4), bool)
    assert locate(np.array([1.0, 2.0, 3.0, 4.0]), QUARTERS, everything, LEFT).auc == 0.5


def test_the_area_counts_ties_half() -> None:
    assert area_under_curve(np.array([1.0, 3.0]), np.array([1.0, 2.0])) == pytest.approx(2.5 / 4)
    assert area_under_curve(np.array([]), np.array([1.0])) == 0.5


@given(
    arrays(np.float64, 6, elements=st.integers(-3, 3)),
    arrays(np.float64, 4, elements=st.integers(-3, 3)),
)
def test_the_area_is_the_share_of_pairs(inside, outside) -> None:
    pairs = inside[:, np.newaxis] - outside
    expected = ((pairs > 0) + (pairs == 0) / 2).mean()
    assert area_under_curve(inside, outside) == pytest.approx(expected)


def test_a_regions_mean_is_that_of_its_pixels() -> None:
    film = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert region_means(film, QUARTERS).tolist() == [2.5, 4.5, 10.5, 12.5]


def test_the_middle_of_a_mask_lies_deepest() -> None:
    mask = np.zeros((7, 7), bool)
    mask[1:6, 1:6] = True
    depth = depth_in(mask)
    assert depth[3, 3] == depth.max() == 3
    assert (depth[~mask] == 0).all()
