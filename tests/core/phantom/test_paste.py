"""Drawn lesions on other films: where they lie, and what of the film stays as it was."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain.arrays import read_only
from core.phantom.film import draw_film
from core.phantom.paste import DRAWN_PX, DrawnLesion, draw_lesion, mirror_lesion, paste_lesion
from core.phantom.settings import draw_settings, without_lesion

CORE = (slice(4, 8), slice(2, 6))


def drawn_lesion() -> DrawnLesion:
    """Return a lesion of 0.25 in the left of lungs that fill rows 2 to 17, columns 1 to 18."""
    change, core, lungs = np.zeros((20, 20), np.float32), *np.zeros((2, 20, 20), bool)
    change[CORE], core[CORE], lungs[2:18, 1:19] = 0.25, True, True
    return DrawnLesion(read_only(change), core, lungs, well=np.zeros_like(change))


def lungs_of(shape: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    lungs = np.zeros(shape, np.float32)
    lungs[rows, columns] = 1.0
    return lungs


def test_on_lungs_of_the_drawn_size_the_lesion_lies_where_it_was_drawn() -> None:
    film = np.full((20, 20), 0.5, np.float32)
    pasted = paste_lesion(film, lungs_of((20, 20), slice(2, 18), slice(1, 19)), drawn_lesion())
    assert pasted is not None
    assert np.array_equal(pasted.core, drawn_lesion().core)
    assert pasted.pixels[CORE] == pytest.approx(0.75, abs=1e-3)
    outside = np.ones_like(pasted.core)
    outside[CORE] = False
    assert (pasted.pixels[outside] == film[outside]).all()


def test_the_lesion_is_stretched_with_the_lungs() -> None:
    film = np.zeros((80, 60), np.float32)
    lungs = lungs_of((80, 60), slice(30, 78), slice(3, 57))  # three times as large, further down
    pasted = paste_lesion(film, lungs, drawn_lesion())
    assert pasted is not None
    rows, columns = np.nonzero(pasted.core)
    middle = (rows.mean(), columns.mean())
    scale = (47 / 15, 53 / 17)
    assert middle == pytest.approx((30 + 3.5 * scale[0], 3 + 2.5 * scale[1]), abs=0.6)
    assert pasted.core.sum() == pytest.approx(16 * scale[0] * scale[1], rel=0.15)


def test_the_lesion_fades_out_at_the_lungs_edge() -> None:
    film = np.full((200, 200), 0.3, np.float32)
    lesion = DrawnLesion(
        np.full((20, 20), 0.25, np.float32),
        np.pad(np.ones((16, 18), bool), ((2, 2), (1, 1))),
        np.pad(np.ones((16, 18), bool), ((2, 2), (1, 1))),
        np.zeros((20, 20), np.float32),
    )
    lungs = lungs_of((200, 200), slice(50, 150), slice(50, 150))
    pasted = paste_lesion(film, lungs, lesion)
    assert pasted is not None
    assert pasted.pixels[100, 100] == pytest.approx(0.55)
    assert pasted.pixels[100, 50] == pytest.approx(0.3 + 0.25 / 2, abs=0.03)
    beside = np.ones((200, 200), bool)
    beside[40:160, 40:160] = False
    assert (pasted.pixels[beside] == film[beside]).all()
    assert not (pasted.core & (lungs < 0.5)).any()


def test_a_mirrored_lesion_on_mirrored_lungs_is_the_mirrored_film() -> None:
    lesion = drawn_lesion()
    flipped = mirror_lesion(lesion)
    film = np.random.default_rng(0).uniform(0.2, 0.7, (40, 50)).astype(np.float32)
    lungs = lungs_of((40, 50), slice(5, 35), slice(8, 45))
    one = paste_lesion(film, lungs, lesion)
    other = paste_lesion(film[:, ::-1], lungs[:, ::-1], flipped)
    assert one is not None
    assert other is not None
    assert other.pixels[:, ::-1] == pytest.approx(one.pixels, abs=1e-6)
    assert np.array_equal(other.core[:, ::-1], one.core)


def test_greys_stay_between_0_and_1() -> None:
    film = np.full((20, 20), 0.9, np.float32)
    pasted = paste_lesion(film, lungs_of((20, 20), slice(2, 18), slice(1, 19)), drawn_lesion())
    assert pasted is not None
    assert pasted.pixels.max() == 1.0
    assert not pasted.pixels.flags.writeable


def test_on_a_film_without_lungs_there_is_no_lesion() -> None:
    film = np.full((20, 20), 0.5, np.float32)
    assert paste_lesion(film, np.full((20, 20), 0.49, np.float32), drawn_lesion()) is None


def test_a_lesion_whose_larger_part_falls_beside_the_lungs_is_not_laid() -> None:
    film = np.full((20, 20), 0.5, np.float32)
    lungs = lungs_of((20, 20), slice(2, 18), slice(1, 19))
    lungs[:, :4] = 0.0
    lungs[2, 1] = lungs[17, 1] = 1.0  # so that they still span the same columns
    assert paste_lesion(film, lungs, drawn_lesion()) is not None  # half of it is left
    lungs[:, 4] = 0.0
    assert paste_lesion(film, lungs, drawn_lesion()) is None


def test_a_drawn_lesion_is_all_that_the_child_with_it_has_more() -> None:
    settings = draw_settings(2101, "lobar")
    lesion = draw_lesion(settings)
    assert lesion.change.shape[0] == DRAWN_PX
    well = draw_film(without_lesion(settings), height_px=DRAWN_PX)
    ill = draw_film(settings, height_px=DRAWN_PX)
    assert well.pixels + lesion.change == pytest.approx(ill.pixels, abs=1e-6)
    assert np.array_equal(lesion.core, ill.core_mask)
    assert lesion.change[lesion.core].mean() > 0.05
    assert np.abs(lesion.change[~lesion.lungs]).mean() < 0.02


def test_strength_and_size_change_the_lesion() -> None:
    film = np.full((20, 20), 0.2, np.float32)
    lungs = lungs_of((20, 20), slice(2, 18), slice(1, 19))
    weak = paste_lesion(film, lungs, drawn_lesion(), strength=0.5)
    large = paste_lesion(film, lungs, drawn_lesion(), size=1.5)
    assert weak is not None
    assert large is not None
    assert weak.pixels[CORE] == pytest.approx(0.325, abs=1e-3)
    assert large.core.sum() > 1.5 * drawn_lesion().core.sum()
