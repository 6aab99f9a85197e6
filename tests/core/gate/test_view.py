"""Which view a film shows: the lungs' two pieces, the network's answer, and its record."""

import numpy as np
import pytest

from core.domain.quality import ShownView
from core.errors import ModelIntegrity
from core.gate.lungs import LungField
from core.gate.view import measure_view, read_view_test, second_lung

RECORD = {"views": ["frontal", "lateral"], "limits": {"least_frontal": 0.5}}


class FakeNetwork:
    """Answers with the first two features."""

    def run(self, batch):
        return {"views": batch[:, :2]}


def mask(*pieces):
    film = np.zeros((20, 20), np.float32)
    for rows, columns in pieces:
        film[rows, columns] = 0.9
    return film


RIGHT, LEFT = (slice(2, 12), slice(2, 8)), (slice(2, 12), slice(12, 15))


def test_the_second_lung_is_the_smaller_piece_over_the_larger():
    assert second_lung(mask(RIGHT, LEFT)) == 30 / 60


def test_a_third_piece_does_not_count():
    stray = (slice(17, 18), slice(0, 4))
    assert second_lung(mask(RIGHT, LEFT, stray)) == 30 / 60


@pytest.mark.parametrize("pieces", [(), (RIGHT,)])
def test_without_two_pieces_there_is_no_second_lung(pieces):
    assert second_lung(mask(*pieces)) == 0


def test_the_network_is_asked_with_the_segmenters_features():
    lungs = LungField(mask(RIGHT, LEFT), np.array([0.25, 0.75, 9.0], np.float32))
    evidence = measure_view(lungs, read_view_test(RECORD, FakeNetwork()))
    assert evidence.likeness == {ShownView.FRONTAL: 0.25, ShownView.LATERAL: 0.75}
    assert (evidence.frontal, evidence.seems) == (0.25, ShownView.LATERAL)
    assert evidence.least_frontal == 0.5


def test_without_a_network_a_film_counts_as_frontal():
    evidence = measure_view(LungField(mask(RIGHT, LEFT), np.zeros(3, np.float32)), None)
    assert (evidence.frontal, evidence.least_frontal, evidence.upright) == (1, 0, False)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {**RECORD, "views": ["frontal", "from above"]},
        {**RECORD, "limits": {}},
        {**RECORD, "limits": {"least_frontal": "high"}},
    ],
)
def test_a_record_that_lacks_a_part_is_refused(record):
    with pytest.raises(ModelIntegrity, match=r"view network's record lacks a part .* Restore it"):
        read_view_test(record, FakeNetwork())
