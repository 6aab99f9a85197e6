"""What a score would be without parts of a film, by networks whose true regions are known."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.domain.mark import Mark
from core.domain.model import FilmBox, Geometry, ModelInput
from core.domain.regions import Fill
from core.errors import ExplanationError
from core.explain.what_if import POINT_SIDE, boxes_of, hide_marked, hide_parts

PX = 64
BRIGHT = (slice(16, 32), slice(8, 24))
"""Rows and columns of what the network looks at; a lesion in the left of two lungs."""

MARK = Mark(8 / PX, 16 / PX, 24 / PX, 32 / PX)
BESIDE = Mark(44 / PX, 40 / PX, 56 / PX, 56 / PX)
SEGMENTS = (np.arange(4).repeat(16)[:, np.newaxis] * 4 + np.arange(4).repeat(16)).astype(np.int32)
"""Sixteen squares of 16 pixels."""


def film(*, lungs: bool = True) -> ModelInput:
    pixels = np.full((PX, PX), 0.3, np.float32)
    pixels += np.random.default_rng(0).normal(0, 0.01, pixels.shape).astype(np.float32)
    pixels[BRIGHT] = 0.9
    field = np.zeros((PX, PX), np.float32)
    field[8:60, 4:28] = field[8:60, 36:60] = 1.0
    return ModelInput(pixels, Geometry(2 * PX, PX, PX), field if lungs else None)


def network(look):
    return SimpleNamespace(
        log_odds=lambda batch: np.array([look(each[..., 0]) for each in batch], np.float32)
    )


LESION = network(lambda pixels: 20 * (pixels[BRIGHT].mean() - 0.5))
CONSTANT = network(lambda _: 1.5)


def border_mean(pixels):
    return 4 * float(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).mean())


def test_nothing_hidden_changes_nothing() -> None:
    shown, hidden = hide_parts(film(), LESION, SEGMENTS, (), (), Fill.DARK)
    assert shown == hidden == pytest.approx(8.0, abs=0.01)


def test_the_score_falls_when_the_place_that_counts_is_hidden_and_nowhere_else() -> None:
    inside = [5 - 1, 5]  # the squares of rows 16 to 31 that the lesion lies in
    _, hidden = hide_parts(film(), LESION, SEGMENTS, inside, (), Fill.DARK)
    assert hidden < -3
    _, other = hide_parts(film(), LESION, SEGMENTS, (10, 11, 14, 15), (), Fill.DARK)
    assert other == pytest.approx(8.0, abs=0.01)


def test_boxes_are_hidden_as_regions_are_and_both_together() -> None:
    _, boxed = hide_parts(film(), LESION, SEGMENTS, (), (MARK,), Fill.DARK)
    assert boxed < -3
    half = Mark(MARK.left, MARK.top, MARK.right, 24 / PX)
    _, some = hide_parts(film(), LESION, SEGMENTS, (), (half,), Fill.DARK)
    _, more = hide_parts(film(), LESION, SEGMENTS, (4,), (half,), Fill.DARK)
    assert boxed < more < some < 8


def test_a_hidden_box_takes_its_own_mean_whatever_the_regions_are() -> None:
    whole = np.zeros_like(SEGMENTS)
    for segments in (SEGMENTS, whole):
        _, hidden = hide_parts(film(), LESION, segments, (), (MARK,), Fill.OWN_MEAN)
        assert hidden == pytest.approx(8.0, abs=0.01)  # the lesion's own grey


def test_a_point_is_hidden_as_the_box_around_it() -> None:
    middle = Mark(16 / PX, 24 / PX, 16 / PX, 24 / PX)
    _, hidden = hide_parts(film(), LESION, SEGMENTS, (), (middle,), Fill.DARK)
    assert hidden < 8.0 - 1.0


def test_a_box_that_the_model_does_not_see_is_said_not_to_be_seen() -> None:
    cropped = replace(film(), geometry=Geometry(200, 200, PX, FilmBox(100, 100, 200, 200)))
    with pytest.raises(ExplanationError, match="A hidden box lies outside of the area"):
        hide_parts(cropped, LESION, SEGMENTS, (), (Mark(0.1, 0.1, 0.3, 0.3),), Fill.DARK)


def test_the_healthy_fill_puts_the_drawing_there() -> None:
    healthy = np.full((PX, PX), 0.4, np.float32)
    _, hidden = hide_parts(film(), LESION, SEGMENTS, (), (MARK,), Fill.HEALTHY, healthy)
    assert hidden == pytest.approx(-2.0, abs=0.01)
    with pytest.raises(ExplanationError, match="cannot be drawn without a lesion"):
        hide_parts(film(), LESION, SEGMENTS, (), (MARK,), Fill.HEALTHY)


def test_hiding_the_marked_lesion_lowers_the_score_and_hiding_other_places_does_not() -> None:
    found = hide_marked(film(), LESION, (MARK,))
    assert found.shown == pytest.approx(8.0, abs=0.01)
    assert found.elsewhere is not None
    assert found.in_lungs
    assert found.hidden.ways == found.elsewhere.ways == 16
    assert found.hidden.low <= found.hidden.median <= found.hidden.high
    assert found.hidden.median < 0
    assert found.elsewhere.low > 7


def test_with_a_healthy_drawing_there_are_twenty_ways() -> None:
    healthy = np.full((PX, PX), 0.3, np.float32)
    assert hide_marked(film(), LESION, (MARK,), healthy).hidden.ways == 20


def test_a_mark_beside_the_lesion_does_nothing() -> None:
    found = hide_marked(film(), LESION, (BESIDE,))
    assert found.hidden.low == pytest.approx(8.0, abs=0.01)


@pytest.mark.parametrize("classifier", [CONSTANT, network(border_mean)], ids=["constant", "border"])
def test_a_network_that_does_not_look_at_the_lungs_loses_nothing(classifier) -> None:
    found = hide_marked(film(), classifier, (MARK,))
    assert found.elsewhere is not None
    for spread in (found.hidden, found.elsewhere):
        assert (spread.low, spread.high) == pytest.approx((found.shown, found.shown), abs=0.02)


def test_the_same_marks_give_the_same_answer() -> None:
    assert hide_marked(film(), LESION, (MARK,)) == hide_marked(film(), LESION, (MARK,))


def test_a_mark_that_fills_the_lungs_has_no_place_to_compare_with() -> None:
    whole = Mark(0.0, 0.1, 1.0, 0.95)
    assert hide_marked(film(), LESION, (whole,)).elsewhere is None


def test_a_mark_between_the_lungs_is_not_said_to_lie_in_them() -> None:
    assert not hide_marked(film(), LESION, (Mark(28 / PX, 0.4, 36 / PX, 0.6),)).in_lungs


def test_marks_outside_of_what_the_model_sees_are_said_to_be() -> None:
    cropped = replace(film(), geometry=Geometry(200, 200, PX, FilmBox(100, 100, 200, 200)))
    with pytest.raises(ExplanationError, match="outside of the area that the model sees"):
        hide_marked(cropped, LESION, (Mark(0.1, 0.1, 0.3, 0.3),))


def test_without_lungs_the_whole_film_is_where_others_lie() -> None:
    found = hide_marked(film(lungs=False), LESION, (MARK,))
    assert found.elsewhere is not None
    assert found.hidden.median < found.elsewhere.median


def test_a_point_is_taken_as_a_box_around_it_within_the_film() -> None:
    middle, corner = boxes_of((Mark(0.5, 0.5, 0.5, 0.5), Mark(0.0, 1.0, 0.0, 1.0)))
    half = POINT_SIDE / 2
    assert middle.edges == pytest.approx((0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half))
    assert corner.edges == pytest.approx((0.0, 1.0 - half, half, 1.0))
    assert boxes_of((MARK,)) == (MARK,)
