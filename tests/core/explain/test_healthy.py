"""A film drawn without its lesion: by a network whose answer is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from core.domain.arrays import FloatImage
from core.domain.model import FilmBox, Geometry, ModelInput
from core.explain.healthy import FULL_CHANGE, draw_healthy, unlike_healthy

SIDE = 32
BOX = FilmBox(10, 20, 90, 110)


class Darkens:
    """Draws the left half of every film darker by a tenth, on whatever side the patient's is."""

    def __init__(self) -> None:
        self.seen: list[FloatImage] = []

    def run(self, batch: FloatImage) -> dict[str, npt.NDArray[np.float32]]:
        self.seen.append(batch)
        drawn = batch.copy()
        drawn[:, :, : batch.shape[2] // 2] -= np.float32(0.1)
        return {"healthy": drawn}


def film_of(box: FilmBox | None, side: int = SIDE, grey: float = 0.5) -> ModelInput:
    tensor = np.full((side, side), grey, np.float32)
    return ModelInput(tensor, Geometry(100, 120, side, box))


def test_the_drawing_is_the_mean_of_both_sides() -> None:
    healthy = draw_healthy(film_of(BOX), Darkens(), SIDE)
    assert healthy is not None
    np.testing.assert_allclose(healthy, 0.45, atol=1e-6)
    assert not healthy.flags.writeable


def test_the_network_sees_its_own_size_and_the_film_keeps_its_own() -> None:
    network = Darkens()
    healthy = draw_healthy(film_of(BOX, side=64), network, SIDE)
    assert healthy is not None
    assert healthy.shape == (64, 64)
    assert [batch.shape for batch in network.seen] == [(1, SIDE, SIDE, 1)] * 2


def test_detail_that_the_network_does_not_see_is_kept() -> None:
    film = film_of(BOX, side=64)
    fine = film.tensor + np.indices((64, 64)).sum(axis=0) % 2 * np.float32(0.2)
    healthy = draw_healthy(ModelInput(fine, film.geometry), Darkens(), SIDE)
    assert healthy is not None
    assert np.ptp(np.diff(healthy[:, 20])) == pytest.approx(0.4, abs=0.02)


def test_no_grey_value_leaves_the_scale() -> None:
    healthy = draw_healthy(film_of(BOX, grey=0.02), Darkens(), SIDE)
    assert healthy is not None
    assert healthy.min() == 0.0


def test_a_film_that_is_not_cropped_to_the_lungs_is_not_drawn() -> None:
    assert draw_healthy(film_of(None), Darkens(), SIDE) is None


def test_only_what_is_brighter_than_healthy_counts() -> None:
    healthy = np.full((1, 4), 0.5, np.float32)
    film = healthy + np.array([[-0.3, 0.0, FULL_CHANGE / 2, 2 * FULL_CHANGE]], np.float32)
    np.testing.assert_allclose(unlike_healthy(film, healthy), [[0, 0, 0.5, 1]], atol=1e-6)
