"""Marks against a mask and boxes that are counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.mark import Mark
from core.errors import MarkError
from core.teaching.mark_scoring import (
    BOX_HIT_IOU,
    LesionTruth,
    MarkScore,
    box_iou,
    boxes_of,
    point_hits,
    score_marks,
    share_inside,
)

MASK = np.zeros((4, 8), np.bool_)
MASK[1:3, 2:4] = True  # left 0.25 to 0.5, top 0.25 to 0.75
TWO_PARTS = MASK.copy()
TWO_PARTS[3, 7] = True


def point(x: float, y: float) -> Mark:
    return Mark(x, y, x, y)


@pytest.mark.parametrize(
    ("x", "y", "hit"),
    [
        (0.25, 0.25, True),
        (0.499, 0.749, True),
        (0.5, 0.5, False),
        (0.24, 0.5, False),
        (0.3, 0.76, False),
        (1.0, 1.0, False),
    ],
)
def test_a_point_hits_only_the_pixels_of_the_mask(x: float, y: float, hit: bool) -> None:
    assert point_hits(point(x, y), LesionTruth(MASK)) is hit


def test_the_last_pixel_is_hit_at_the_edge_of_the_film() -> None:
    assert point_hits(point(1.0, 1.0), LesionTruth(TWO_PARTS))


def test_a_point_in_a_radiologists_box_hits_without_a_mask() -> None:
    truth = LesionTruth(boxes=(Mark(0.1, 0.1, 0.3, 0.2),))
    assert point_hits(point(0.2, 0.15), truth)
    assert not point_hits(point(0.2, 0.25), truth)


def test_overlap_is_intersection_over_union() -> None:
    one, other = Mark(0.0, 0.0, 0.2, 0.2), Mark(0.1, 0.0, 0.3, 0.2)
    assert box_iou(one, other) == pytest.approx(1 / 3)
    assert box_iou(one, one) == pytest.approx(1.0)
    assert box_iou(one, Mark(0.5, 0.5, 0.6, 0.6)) == 0.0
    assert box_iou(point(0.1, 0.1), point(0.1, 0.1)) == 0.0


def test_every_connected_part_has_a_box_and_corners_connect() -> None:
    assert [box.edges for box in boxes_of(TWO_PARTS)] == [
        (0.25, 0.25, 0.5, 0.75),
        (0.875, 0.75, 1.0, 1.0),
    ]
    diagonal = np.eye(4, dtype=np.bool_)
    assert [box.edges for box in boxes_of(diagonal)] == [(0.0, 0.0, 1.0, 1.0)]


def test_a_centred_box_of_twice_the_width_and_height_just_hits() -> None:
    double = Mark(0.125, 0.0, 0.625, 1.0)
    score = score_marks([double], LesionTruth(MASK), ill=True)
    assert score.iou == pytest.approx(BOX_HIT_IOU)
    assert score.found is True
    wider = score_marks([Mark(0.0, 0.0, 0.7, 1.0)], LesionTruth(MASK), ill=True)
    assert wider.found is False
    assert wider.iou is not None
    assert wider.iou < BOX_HIT_IOU


def test_a_small_box_inside_a_large_lesion_hits_and_one_that_is_mostly_outside_does_not() -> None:
    mask = np.zeros((10, 10), np.bool_)
    mask[:, 2:] = True
    inside, outside = Mark(0.1, 0.1, 0.3, 0.2), Mark(0.0, 0.1, 0.3, 0.2)
    assert share_inside(inside, LesionTruth(mask)) == 0.5
    assert share_inside(outside, LesionTruth(mask)) == pytest.approx(1 / 3)
    assert score_marks([inside, outside], LesionTruth(mask), ill=True).hits == 1
    box = LesionTruth(boxes=(Mark(0.2, 0.0, 1.0, 1.0),))
    assert share_inside(inside, box) == pytest.approx(0.5)
    assert score_marks([Mark(0.3, 0.3, 0.4, 0.4)], box, ill=True).found is True


def test_hits_and_misses_are_counted_apart() -> None:
    marks = [point(0.3, 0.5), point(0.9, 0.1), Mark(0.25, 0.25, 0.5, 0.75)]
    assert score_marks(marks, LesionTruth(MASK), ill=True) == MarkScore(True, True, 2, 1, 1.0, 1, 1)


def test_each_focus_is_found_by_itself_and_fragments_are_no_foci() -> None:
    mask = np.zeros((20, 20), np.bool_)
    mask[2:6, 2:6] = mask[12:16, 12:16] = True  # 16 pixels each
    mask[19, 0] = True  # one pixel: less than a tenth
    one = score_marks([point(0.2, 0.2)], LesionTruth(mask), ill=True)
    assert (one.foci, one.foci_found, one.hits, one.found) == (2, 1, 1, False)
    twice = score_marks([point(0.2, 0.2), point(0.22, 0.22)], LesionTruth(mask), ill=True)
    assert (twice.foci_found, twice.hits) == (1, 2)
    both = score_marks([point(0.2, 0.2), Mark(0.6, 0.6, 0.8, 0.8)], LesionTruth(mask), ill=True)
    assert (both.foci_found, both.found, both.counted_foci) == (2, True, (2, 2))
    boxes = LesionTruth(boxes=(Mark(0.1, 0.1, 0.3, 0.3), Mark(0.6, 0.6, 0.9, 0.9)))
    assert score_marks([point(0.7, 0.7)], boxes, ill=True).counted_foci == (1, 2)
    assert MarkScore(True, True, 1).counted_foci == (1, 1)  # a read of an earlier version
    assert MarkScore(True, False, 0, 1).counted_foci == (0, 0)


def test_no_mark_on_an_outlined_lesion_is_not_found() -> None:
    assert score_marks([], LesionTruth(MASK), ill=True).found is False


def test_every_mark_on_a_normal_film_is_a_miss_and_nothing_is_to_be_found() -> None:
    score = score_marks([point(0.3, 0.5)], LesionTruth(np.zeros((4, 8), np.bool_)), ill=False)
    assert score == MarkScore(known=True, ill=False, misses=1)
    assert score.found is None


@pytest.mark.parametrize("truth", [LesionTruth(), LesionTruth(np.zeros((4, 8), np.bool_))])
def test_nothing_is_scored_where_nobody_outlined_the_lesion(truth: LesionTruth) -> None:
    score = score_marks([point(0.3, 0.5)], truth, ill=True)
    assert score == MarkScore(known=False, ill=True)
    assert score.found is None


@pytest.mark.parametrize("edges", [(-0.1, 0, 0, 0), (0, 0, 1.1, 1), (0.5, 0, 0.4, 1)])
def test_a_mark_outside_the_film_is_refused(edges) -> None:
    with pytest.raises(MarkError, match="lies outside the film"):
        Mark(*edges)
