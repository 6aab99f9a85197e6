"""Explanations held against lesions whose place is known, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import ExplanationError
from core.explain.pointing_game import score_explanation, strongest_point

LESION = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]], bool)


def weights(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32)


MIXED = weights([0, 0, 0, 2], [0, 4, 1, 0], [-9, 1, 0, 0], [0, 0, 0, 0.3])


def test_a_4x4_case_worked_out_by_hand() -> None:
    score = score_explanation(MIXED, LESION)

    assert score.hit
    assert score.point_px == (1, 1)
    assert score.energy_inside == pytest.approx(6 / 8.3)
    assert score.iou == pytest.approx(3 / 5)  # 0.3 is below a tenth of 4
    assert score.lesion_share == 4 / 16


def test_faint_weights_count_where_that_is_asked_for() -> None:
    assert score_explanation(MIXED, LESION, faint=0.0).iou == pytest.approx(3 / 6)
    assert score_explanation(MIXED, LESION, faint=0.6).iou == pytest.approx(1 / 4)


def test_a_map_that_is_the_lesion_scores_best() -> None:
    score = score_explanation(LESION.astype(np.float32), LESION)

    assert (score.hit, score.energy_inside, score.iou) == (True, 1.0, 1.0)


def test_a_map_of_everything_but_the_lesion_scores_worst() -> None:
    score = score_explanation((~LESION).astype(np.float32), LESION)

    assert (score.hit, score.energy_inside, score.iou) == (False, 0.0, 0.0)


def test_an_even_map_has_the_lesions_share_of_the_energy() -> None:
    score = score_explanation(np.ones((4, 4), np.float32), LESION)

    assert score.energy_inside == score.iou == score.lesion_share == 0.25


def test_what_only_speaks_against_the_finding_points_nowhere() -> None:
    score = score_explanation(-np.ones((4, 4), np.float32), LESION)

    assert (score.hit, score.energy_inside, score.iou) == (False, 0.0, 0.0)


def test_a_near_miss_is_a_hit_within_the_tolerance() -> None:
    corner = weights([5, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0])

    assert not score_explanation(corner, LESION, tolerance_px=1.4).hit
    assert score_explanation(corner, LESION, tolerance_px=1.5).hit  # the square root of 2


def test_the_strongest_point_of_a_bent_region_lies_in_it() -> None:
    bent = np.zeros((9, 9), np.float32)
    bent[:, :3] = bent[5:, :] = 1.0  # the centroid of this L lies outside of it

    row, column = strongest_point(bent)

    assert bent[row, column] == 1.0
    assert (row, column) == (6, 2)


@given(
    arrays(np.float32, (5, 6), elements=st.floats(-4, 4, width=32)),
    arrays(np.bool_, (5, 6)).filter(np.any),
)
def test_every_share_lies_between_0_and_1_and_scale_does_not_matter(values, lesion) -> None:
    score = score_explanation(values, lesion)

    assert 0.0 <= score.iou <= 1.0
    assert -1e-9 <= score.energy_inside <= 1.0 + 1e-9
    twice = score_explanation(values * 2, lesion)
    assert (twice.hit, twice.iou) == (score.hit, score.iou)
    assert twice.energy_inside == pytest.approx(score.energy_inside, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "lesion", "sentence"),
    [
        (np.ones((4, 5)), LESION, r"is of \(4, 5\) pixels and the lesion of \(4, 4\)"),
        (np.ones((4, 4)), np.zeros((4, 4), bool), "no lesion"),
        (np.full((4, 4), np.nan), LESION, "no number"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_a_sentence(values, lesion, sentence) -> None:
    with pytest.raises(ExplanationError, match=sentence):
        score_explanation(values, lesion)
