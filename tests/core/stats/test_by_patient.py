"""Intervals of films of which several are of one patient."""

import numpy as np
import pytest

from core.stats.bootstrap import draw_patients, roc_auc_by_patient, share_rate
from core.stats.by_patient import design_effect, roc_auc_of_patients, share_by_patient
from core.stats.intervals import roc_auc, wilson_rate

RNG = np.random.default_rng(3)
LABELS = np.arange(400) % 2
SCORES = LABELS + RNG.normal(0.0, 0.8, 400)
CALLED, ILL = SCORES >= 0.3, LABELS == 1
ALONE = np.arange(400)


def _width(rate):
    return rate.high - rate.low


def test_with_one_film_a_patient_they_are_the_former_ones():
    wilson = wilson_rate(int((CALLED & ILL).sum()), 200)
    assert share_by_patient(CALLED, ILL, ALONE) == wilson
    assert roc_auc_of_patients(SCORES, LABELS, ALONE) == roc_auc(SCORES, LABELS)


@pytest.mark.parametrize("films", [2, 4], ids=["two films", "four films"])
def test_copies_of_a_patients_film_say_nothing_more(films):
    called, ill, scores, labels, patients = (
        np.repeat(one, films) for one in (CALLED, ILL, SCORES, LABELS, ALONE)
    )
    share, area = (
        share_by_patient(called, ill, patients),
        roc_auc_of_patients(scores, labels, patients),
    )
    one_each = wilson_rate(int((CALLED & ILL).sum()), 200)
    assert (share.low, share.high) == pytest.approx((one_each.low, one_each.high))
    assert _width(area) == pytest.approx(_width(roc_auc(SCORES, LABELS)), rel=1e-6)
    by_film = wilson_rate(int((called & ill).sum()), 200 * films)
    assert _width(share) / _width(by_film) == pytest.approx(films**0.5, rel=0.02)
    assert _width(area) / _width(roc_auc(scores, labels)) == pytest.approx(films**0.5, rel=0.02)
    assert share.n == 200 * films


def test_they_are_near_the_bootstrap_over_patients():
    sizes = RNG.integers(1, 6, 150)  # patients of both classes, alike in their scores
    patients = np.repeat(np.arange(150), sizes)
    ill = RNG.random(len(patients)) < np.repeat(RNG.random(150), sizes)
    scores = ill + np.repeat(RNG.normal(0.0, 1.0, 150), sizes) + RNG.normal(0.0, 0.5, len(ill))
    draws = draw_patients(patients, draws=4000)
    called, labels = scores >= 0.5, ill.astype(np.int64)
    pairs = (
        (share_by_patient(called, ill, patients), share_rate(called, ill, draws)),
        (
            roc_auc_of_patients(scores, labels, patients),
            roc_auc_by_patient(scores, labels, draws),
        ),
    )
    for found, drawn in pairs:
        assert found.value == pytest.approx(drawn.value)
        assert (found.low, found.high) == pytest.approx((drawn.low, drawn.high), abs=0.02)


def test_where_nothing_is_wrong_there_is_still_a_width():
    patients, all_right = np.repeat(np.arange(50), 4), np.ones(200, bool)
    found, alone = share_by_patient(all_right, all_right, patients), wilson_rate(50, 50)
    assert (found.value, found.low) == pytest.approx((1.0, alone.low))
    labels = np.arange(200) // 4 % 2
    area = roc_auc_of_patients(labels.astype(float), labels, patients)
    assert area.value == 1.0
    assert 0.8 < area.low < 1.0


def test_films_that_vary_within_patients_are_never_worth_more_than_films_of_others():
    assert design_effect(np.arange(200) % 2 == 0, np.repeat(np.arange(100), 2)) == 1.0


def test_a_share_of_nothing_is_not_known():
    found = share_by_patient(CALLED, np.zeros(400, bool), np.repeat(np.arange(200), 2))
    assert np.isnan(found.value)
    assert (found.low, found.high, found.n) == (0.0, 1.0, 0)
