"""Changed films, on small drawn arrays whose answers are known."""

import numpy as np
import pytest

from core.shortcuts.perturbations import (
    CHANGES,
    UNCHANGED,
    cover_side_marks,
    crop_alike,
    expose,
    fill_from_around,
    hide_lungs,
    keep_border,
    keep_border_without_lungs,
    keep_lungs,
    recompress,
    rotate,
    squeeze,
    warp_about_centre,
    widen,
)
from core.shortcuts.side_markers import between_lungs, find_side_marks

PX = 224
GREY = 150


def textured_films(count: int = 2) -> np.ndarray:
    return np.random.default_rng(3).integers(1, 140, (count, PX, PX)).astype(np.uint8)


def lung_masks(count: int = 2) -> np.ndarray:
    """Return two upright lungs in every mask."""
    masks = np.zeros((count, PX, PX), np.uint8)
    masks[:, 60:170, 40:95] = 255
    masks[:, 60:170, 130:185] = 255
    return masks


def body() -> np.ndarray:
    """Return a smooth grey film with a darker rim, as a film without any letter."""
    rows, columns = np.mgrid[-1 : 1 : PX * 1j, -1 : 1 : PX * 1j]
    return np.rint(40 + 120 * np.exp(-2.0 * (rows**2 + columns**2))).astype(np.uint8)


def draw_letter(film: np.ndarray, top: int, left: int, level: int = 250) -> np.ndarray:
    """Draw an F, 12 px high and 7 px wide, with strokes of 2 px."""
    lettered = film.copy()
    lettered[top : top + 12, left : left + 2] = level
    lettered[top : top + 2, left : left + 7] = level
    lettered[top + 5 : top + 7, left : left + 6] = level
    return lettered


# --- what is taken away ---------------------------------------------------------------------------


def test_the_border_is_exactly_the_outer_eighth_and_nothing_else_is_left():
    films = np.arange(16 * 16, dtype=np.uint8).reshape(1, 16, 16)

    framed = keep_border(films, GREY)

    assert (framed[0, 2:14, 2:14] == GREY).all()
    outside = np.ones((16, 16), bool)
    outside[2:14, 2:14] = False
    assert np.array_equal(framed[0][outside], films[0][outside])
    assert films.max() == 255  # the input is not written to


def test_lungs_that_reach_into_the_border_do_not_show_in_the_border_without_lungs():
    films, masks = textured_films(), lung_masks()
    masks[:, 0:40, 40:95] = 255
    darkened = np.where(masks == 255, 0, films).astype(np.uint8)

    kept = keep_border_without_lungs(films, masks, GREY)

    assert np.array_equal(kept, keep_border_without_lungs(darkened, masks, GREY))
    assert not np.array_equal(keep_border(films, GREY), keep_border(darkened, GREY))
    away = np.ones((PX, PX), bool)
    away[28 : PX - 28, 28 : PX - 28] = False  # which is one grey in both
    away[:60, 30:105] = False  # where lungs were, with their margin
    assert np.array_equal(kept[:, away], films[:, away])


def test_lungs_only_leaves_lung_pixels_and_four_around_them_and_makes_all_else_one_grey():
    films, masks = textured_films(), lung_masks()

    kept = keep_lungs(films, masks, GREY)

    near = np.zeros_like(masks, bool)
    near[:, 56:174, 36:99] = True
    near[:, 56:174, 126:189] = True
    assert np.array_equal(kept[near], films[near])
    assert (kept[~near] == GREY).all()


def test_what_may_be_lung_is_hidden_but_not_shown_as_lung():
    films, masks = textured_films(1), lung_masks(1)
    masks[:, 100:110, 105:120] = 127

    assert (keep_lungs(films, masks, GREY)[:, 104, 112] == GREY).all()
    assert not np.array_equal(
        hide_lungs(films, masks)[:, 100:110, 105:120], films[:, 100:110, 105:120]
    )


def test_hidden_lungs_do_not_depend_on_what_is_in_them():
    films, masks = textured_films(), lung_masks()
    other = films.copy()
    other[masks == 255] = 255

    assert np.array_equal(hide_lungs(films, masks), hide_lungs(other, masks))
    outside = ~widen(masks > 0, 4)
    assert np.array_equal(hide_lungs(films, masks)[outside], films[outside])


def test_a_mask_is_widened_by_its_margin_to_every_side():
    mask = np.zeros((1, 7, 7), bool)
    mask[0, 3, 3] = True

    assert np.argwhere(widen(mask, 2)[0]).min(axis=0).tolist() == [1, 1]
    assert widen(mask, 2).sum() == 25


# --- filling --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(224, 224), (15, 21)], ids=str)
def test_a_hole_in_an_even_film_is_filled_evenly(shape):
    films = np.full((1, *shape), 77, np.uint8)
    hidden = np.zeros(films.shape, bool)
    hidden[0, 3:12, 4:13] = True
    films[hidden] = 255

    assert (fill_from_around(films, hidden) == 77).all()


def test_a_hole_in_a_ramp_continues_it_without_leaving_its_range():
    ramp = np.broadcast_to(np.arange(224, dtype=np.uint8), (1, 224, 224)).copy()
    hidden = np.zeros(ramp.shape, bool)
    hidden[0, 80:112, 80:112] = True

    filled = fill_from_around(np.where(hidden, 0, ramp).astype(np.uint8), hidden)

    assert np.array_equal(filled[~hidden], ramp[~hidden])
    assert np.abs(filled[hidden].astype(int) - ramp[hidden]).max() <= 12


def test_a_film_that_is_hidden_altogether_is_black():
    films = np.full((1, 8, 8), 200, np.uint8)

    assert (fill_from_around(films, np.ones(films.shape, bool)) == 0).all()


# --- side markers ---------------------------------------------------------------------------------


def test_a_letter_outside_the_lungs_is_covered_and_all_else_stays():
    clean = body()
    film, masks = draw_letter(clean, 20, 12), lung_masks(1)

    covered = cover_side_marks(film[np.newaxis], masks)[0]

    assert np.abs(covered.astype(int) - clean).max() <= 6
    away = np.ones(film.shape, bool)
    away[16:36, 8:23] = False
    assert np.array_equal(covered[away], film[away])


def test_a_letter_in_the_lungs_or_between_them_is_left_alone():
    film = draw_letter(draw_letter(body(), 100, 60), 100, 108)

    assert not find_side_marks(film, lung_masks(1)[0] == 255).any()


def test_a_film_without_letters_is_not_altered():
    film = body()[np.newaxis]

    assert np.array_equal(cover_side_marks(film, lung_masks(1)), film)


@pytest.mark.parametrize(
    ("height", "width"), [(60, 3), (3, 60), (14, 14)], ids=["upright wire", "wire", "blot"]
)
def test_wires_and_blots_are_no_letters(height, width):
    film = body()
    film[10 : 10 + height, 10 : 10 + width] = 250

    assert not find_side_marks(film, np.zeros(film.shape, bool)).any()


def test_a_letter_at_the_very_edge_is_found():
    film = draw_letter(body(), 0, 0)

    assert find_side_marks(film, np.zeros(film.shape, bool))[:12, :7].all()


def test_what_lies_between_the_lungs_is_found_row_by_row():
    lungs = np.array([[0, 1, 0, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]], bool)

    expected = [[0, 1, 1, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert between_lungs(lungs).astype(int).tolist() == expected


# --- geometry -------------------------------------------------------------------------------------


def apply(key: str, films: np.ndarray) -> np.ndarray:
    (change,) = (change for change in CHANGES if change.key == key)
    return change.apply(films, np.zeros_like(films), GREY)


def test_mirrored_twice_is_the_film():
    films = textured_films()

    assert np.array_equal(apply("mirrored", apply("mirrored", films)), films)
    assert np.array_equal(apply("mirrored", films)[:, :, 0], films[:, :, -1])


def test_a_quarter_turn_is_the_one_of_numpy():
    films = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)

    assert np.array_equal(rotate(films, 90.0)[0], np.rot90(films[0]))


def test_a_round_film_stays_as_it_is_when_turned():
    film = body()[np.newaxis]

    for key in ("rotated_left", "rotated_right"):
        middle = (slice(None), slice(20, 204), slice(20, 204))
        assert np.abs(apply(key, film)[middle].astype(int) - film[middle]).max() <= 1


def test_five_degrees_move_a_point_by_the_sine():
    film = np.zeros((1, PX, PX), np.uint8)
    film[0, 110:113, 191:194] = 255  # 80.5 px to the right of the centre, half a pixel above it

    row, column = np.argwhere(apply("rotated_left", film)[0] > 200).mean(axis=0)

    assert row == pytest.approx(111.5 - 80.5 * np.sin(np.deg2rad(5.0)) - 0.5, abs=0.6)
    assert column == pytest.approx(111.5 + 80.5 * np.cos(np.deg2rad(5.0)), abs=0.6)


def test_a_film_ten_percent_narrower_has_its_edges_nearer_to_the_middle():
    film = np.zeros((1, PX, PX), np.uint8)
    film[:, :, 12:212] = 200  # 100 px to each side of the middle

    wide = (apply("narrower", film)[0, 100] > 100).sum()

    assert wide == pytest.approx(180, abs=1)
    assert (apply("lower", film)[0] == film[0]).all()  # all rows are the same


def test_squeezing_scales_each_axis_by_its_own_factor():
    film = np.zeros((1, PX, PX), np.uint8)
    film[:, 62:162, 62:162] = 200

    squeezed = squeeze(film, height=0.9, width=0.5)[0] > 100

    assert squeezed.any(axis=1).sum() == pytest.approx(90, abs=1)
    assert squeezed.any(axis=0).sum() == pytest.approx(50, abs=1)


def test_the_map_that_changes_nothing_returns_the_film():
    films = textured_films()

    assert np.array_equal(warp_about_centre(films, np.eye(2)), films)


# --- exposure and compression ---------------------------------------------------------------------


def test_exposure_follows_its_curve():
    levels = np.array([[[0, 64, 128, 255]]], np.uint8)

    assert expose(levels, gamma=0.7).ravel().tolist() == [0, 97, 157, 255]
    assert expose(levels, gamma=1.4).ravel().tolist() == [0, 37, 97, 255]
    levels = np.array([[[1, 64, 128, 249]]], np.uint8)  # 127.5 + 0.8 * (level - 127.5)
    assert expose(levels, contrast=0.8).ravel().tolist() == [26, 77, 128, 225]


def test_a_recompressed_film_differs_but_little():
    film = body()[np.newaxis]

    again = recompress(film, 40)

    difference = np.abs(again.astype(int) - film)
    assert 0 < difference.max() <= 12
    assert difference.mean() < 2.0


# --- all of them ----------------------------------------------------------------------------------


def test_the_first_change_is_none_and_every_key_is_its_own():
    assert CHANGES[0] is UNCHANGED
    assert len({change.key for change in CHANGES}) == len(CHANGES)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.key)
def test_a_change_keeps_shape_and_type_and_does_not_write_to_its_input(change):
    films, masks = np.stack([draw_letter(body(), 20, 12)] * 2), lung_masks()
    before = films.copy()

    after = change.apply(films, masks, GREY)

    assert (after.shape, after.dtype) == (films.shape, np.uint8)
    assert np.array_equal(films, before)
    assert np.array_equal(after, before) == (change is UNCHANGED)
    assert np.array_equal(after[0], after[1])


def test_cropping_alike_leaves_a_margin_between_its_two_ends_and_the_same_for_the_same_film():
    film = np.random.default_rng(0).integers(0, 100, (1, PX, PX), np.uint8)
    mask = np.zeros((1, PX, PX), np.uint8)
    mask[:, 90:134, 80:144] = 255
    shares = []
    for seed in range(8):
        film[0, :80] = seed
        film[mask == 255] = 250
        cropped = crop_alike(film, mask)
        np.testing.assert_array_equal(cropped, crop_alike(film, mask))
        shares.append((cropped[0, PX // 2] > 200).mean())
    assert 1 / 1.7 - 0.02 < min(shares) < max(shares) < 1 / 1.04 + 0.02
    assert max(shares) - min(shares) > 0.05


def test_a_film_without_lungs_is_not_cropped():
    film = np.random.default_rng(0).integers(0, 100, (1, PX, PX), np.uint8)
    np.testing.assert_array_equal(crop_alike(film, np.zeros_like(film)), film)
