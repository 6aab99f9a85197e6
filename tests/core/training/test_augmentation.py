"""Random changes to training films."""

from dataclasses import replace

import numpy as np
import pytest
from fixtures.tiny_films import grey_inputs, smooth_films

from core.training.augmentation import PLAIN, Augmentation, augment_films, expose, warp

PX = 32


@pytest.fixture(scope="module")
def films() -> np.ndarray:
    return grey_inputs(smooth_films(24, PX, seed=1))


@pytest.fixture(autouse=True)
def seeded():
    import tensorflow as tf

    tf.random.set_seed(3)


def masks_of(films: np.ndarray) -> np.ndarray:
    """Return masks with a lung in the left third, and ignored pixels in the lowest row."""
    masks = np.zeros(films.shape, np.float32)
    masks[:, 8:24, 4:12] = 1.0
    masks[:, -1] = -1.0
    return masks


def augment(films: np.ndarray, out_px: int = PX, masks=None, **changes):
    moved = augment_films(
        films, masks_of(films) if masks is None else masks, out_px, replace(PLAIN, **changes)
    )
    return tuple(np.asarray(part) for part in moved)


def test_with_everything_switched_off_films_and_masks_are_unchanged(films):
    changed, masks = augment(films)

    np.testing.assert_allclose(changed, films, atol=1e-6)
    np.testing.assert_array_equal(masks, masks_of(films))


def test_a_smaller_output_covers_the_whole_film():
    ramp = np.tile(np.linspace(0.0, 1.0, PX, dtype=np.float32), (1, PX, 1))[..., None]

    smaller, _ = augment(ramp, out_px=PX // 2)

    assert smaller.shape == (1, PX // 2, PX // 2, 1)
    # Each output pixel is the middle of two: (2k + 0.5) / 31.
    expected = (2 * np.arange(PX // 2) + 0.5) / (PX - 1)
    np.testing.assert_allclose(smaller[0, 5, 1:-1, 0], expected[1:-1], atol=1e-5)


def test_a_zoom_of_a_half_shows_the_middle_half_of_the_film():
    ramp = np.tile(np.linspace(0.0, 1.0, PX, dtype=np.float32), (1, PX, 1))[..., None]

    changed, _ = augment(ramp, zoom=(0.5, 0.5))

    assert changed[0, 16, 0, 0] == pytest.approx(0.25, abs=0.02)
    assert changed[0, 16, -1, 0] == pytest.approx(0.75, abs=0.02)


def test_the_axes_are_zoomed_apart(films):
    import tensorflow as tf

    tf.random.set_seed(5)
    ramp = np.linspace(0.0, 1.0, PX, dtype=np.float32)
    both = (ramp[:, None] + ramp[None, :])[None, ..., None] / 2.0

    changed, _ = augment(both, zoom=(0.2, 0.9))

    across, down = np.ptp(changed[0, 16, :, 0]), np.ptp(changed[0, :, 16, 0])
    assert abs(across - down) > 0.02


def test_a_certain_flip_mirrors_film_and_mask_together(films):
    changed, masks = augment(films, flip=1.0)

    np.testing.assert_allclose(changed, films[:, :, ::-1], atol=1e-6)
    np.testing.assert_array_equal(masks, masks_of(films)[:, :, ::-1])


def test_half_of_the_films_are_flipped_at_one_half():
    ramp = np.tile(np.linspace(0.0, 1.0, PX, dtype=np.float32), (400, PX, 1))[..., None]

    changed, _ = augment(ramp, flip=0.5)

    assert 0.4 < (changed[:, 0, 0, 0] > 0.5).mean() < 0.6


def test_a_film_and_its_mask_move_by_the_same_geometry():
    truth = masks_of(np.zeros((40, PX, PX, 1)))
    settings = Augmentation(flip=0.5)

    film, mask = (np.asarray(part) for part in warp(np.maximum(truth, 0.0), truth, PX, settings))

    # The film shows the lung itself: where it is clearly white or black the mask must agree.
    assert ((mask == 1.0)[film > 0.8]).all()
    assert ((mask <= 0.0)[film < 0.2]).all()
    assert not np.array_equal(mask, truth)


def test_a_shift_moves_a_film_by_no_more_than_its_share():
    film = np.zeros((200, PX, PX, 1), np.float32)
    film[:, 16, 16] = 1.0

    moved, _ = augment(film, shift=0.125)

    weight = moved.sum(axis=(1, 2, 3))
    rows = (moved.sum(axis=(2, 3)) * np.arange(PX)).sum(axis=1) / weight
    assert np.abs(rows - 16.0).max() <= 4.0 + 1e-3
    assert np.abs(rows - 16.0).max() > 3.0


def test_brightness_moves_every_pixel_of_a_film_by_one_amount():
    grey = np.full((100, PX, PX, 1), 0.5, np.float32)

    changed, _ = augment(grey, brightness=0.2)

    offsets = changed[:, 0, 0, 0] - 0.5
    np.testing.assert_allclose(changed, np.broadcast_to(changed[:, :1, :1], changed.shape))
    assert offsets.min() < -0.15
    assert offsets.max() > 0.15
    assert np.abs(offsets).max() <= 0.2 + 1e-6


def test_contrast_turns_about_middle_grey():
    halves = np.full((100, PX, PX, 1), 0.5, np.float32)
    halves[:, :16] = 0.75

    changed, _ = augment(halves, log_contrast=0.3)

    np.testing.assert_allclose(changed[:, -1], 0.5, atol=1e-6)
    ratios = (changed[:, 0, 0, 0] - 0.5) / 0.25
    assert np.log(ratios).max() <= 0.3 + 1e-5
    assert np.log(ratios).max() > 0.2
    assert np.log(ratios).min() < -0.2


def test_gamma_leaves_black_and_white_where_they_are():
    thirds = np.zeros((60, PX, PX, 1), np.float32)
    thirds[:, 10:], thirds[:, 20:] = 0.25, 1.0

    changed, _ = augment(thirds, log_gamma=0.45)

    np.testing.assert_array_equal(changed[:, :10], 0.0)
    np.testing.assert_array_equal(changed[:, 20:], 1.0)
    exponents = np.log(changed[:, 15, 0, 0]) / np.log(0.25)
    assert np.abs(np.log(exponents)).max() <= 0.45 + 1e-4
    assert np.abs(np.log(exponents)).max() > 0.3


def test_an_erased_rectangle_has_one_grey_level_and_at_most_a_quarter_of_each_side(films):
    changed, _ = augment(films, erase=1.0)

    for before, after in zip(films[..., 0], changed[..., 0], strict=True):
        rows, columns = np.nonzero(np.abs(before - after) > 1e-6)
        assert np.ptp(rows) + 1 <= PX // 4 + 1
        assert np.ptp(columns) + 1 <= PX // 4 + 1
        assert np.ptp(after[rows, columns]) < 1e-6


def with_changed_surroundings(**changes: float) -> tuple[np.ndarray, np.ndarray]:
    """Return films before and after a change that leaves the lung, on their left, alone."""
    films = grey_inputs(smooth_films(4, 64, seed=2))
    masks = np.zeros(films.shape, np.float32)
    masks[:, 16:48, 8:24] = 1.0
    changed, _ = augment(films, out_px=64, masks=masks, **changes)
    np.testing.assert_allclose(changed[:, 16:48, 8:24], films[:, 16:48, 8:24], atol=1e-6)
    return films, changed


def test_what_is_far_from_lung_becomes_one_grey_level():
    _, changed = with_changed_surroundings(lungs_only=1.0)

    far = changed[:, :, 40:, 0].reshape(4, -1)
    np.testing.assert_array_equal(far, np.broadcast_to(far[:, :1], far.shape))
    assert len(set(far[:, 0].tolist())) == 4


def test_what_is_far_from_lung_comes_from_the_film_before():
    films, changed = with_changed_surroundings(other_surroundings=1.0)

    np.testing.assert_allclose(changed[:, :, 40:], np.roll(films, 1, axis=0)[:, :, 40:], atol=1e-6)


def test_a_share_of_the_films_gets_other_surroundings():
    films = grey_inputs(np.repeat(smooth_films(4, PX, seed=5), 40, axis=0))
    films = films[np.random.default_rng(6).permutation(len(films))]
    masks = np.zeros(films.shape, np.float32)
    masks[:, 2:20, 2:10] = 1.0

    changed, _ = augment(films, masks=masks, other_surroundings=0.4)

    differing = (np.roll(films, 1, axis=0) != films).any(axis=(1, 2, 3))
    exchanged = (np.abs(changed - films) > 1e-6).any(axis=(1, 2, 3))
    assert not exchanged[~differing].any()
    assert 0.25 < exchanged[differing].mean() < 0.55


@pytest.mark.parametrize("change", ["lungs_only", "other_surroundings"])
@pytest.mark.parametrize("value", [-1.0, 0.0])
def test_a_film_without_a_trusted_lung_keeps_its_surroundings(films, value, change):
    unknown = np.full(films.shape, value, np.float32)

    changed, _ = augment(films, masks=unknown, **{change: 1.0})

    np.testing.assert_allclose(changed, films, atol=1e-6)


def test_every_change_at_once_stays_on_the_grey_scale(films):
    changed, masks = (
        np.asarray(part) for part in augment_films(films, masks_of(films), 24, Augmentation())
    )

    assert changed.shape == masks.shape == (24, 24, 24, 1)
    assert changed.min() >= 0.0
    assert changed.max() <= 1.0
    assert set(np.unique(masks)) <= {-1.0, 0.0, 1.0}
    assert not np.array_equal(changed[0], changed[1])


def test_the_same_seed_draws_the_same_changes(films):
    import tensorflow as tf

    def draw(seed: int) -> np.ndarray:
        tf.random.set_seed(seed)
        return np.asarray(expose(films, Augmentation()))

    np.testing.assert_array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


def test_a_share_of_the_films_is_stored_as_jpeg_before_everything():
    noise = np.random.default_rng(9).random((120, PX, PX, 1), dtype=np.float32)

    changed, _ = augment(noise, jpeg=0.5)

    far = np.abs(changed - noise).mean(axis=(1, 2, 3))
    assert changed.shape == noise.shape
    assert 0.35 < (far > 0.0).mean() < 0.65
    assert 0.01 < far.max() < 0.3  # of noise, quality 30 loses a good deal and not everything


def test_a_share_of_the_films_loses_its_finest_detail_and_keeps_its_coarse_one():
    rng = np.random.default_rng(10)
    checks = (np.indices((PX, PX)).sum(axis=0) % 2).astype(np.float32)
    fine = np.broadcast_to(0.25 + 0.5 * checks, (120, PX, PX))[..., None]
    coarse = np.repeat(np.repeat(rng.random((120, 2, 2)), PX // 2, 1), PX // 2, 2)[..., None]

    def contrast_left(films: np.ndarray) -> np.ndarray:
        changed, _ = augment(films.astype(np.float32), coarse=0.6)
        return changed.std(axis=(1, 2, 3)) / films.std(axis=(1, 2, 3))

    left = contrast_left(fine)
    assert 0.45 < (left < 0.6).mean() < 0.75
    np.testing.assert_allclose(left[left >= 0.6], 1.0, atol=1e-6)
    assert len({round(float(value), 3) for value in left}) == 4  # three coarser sides, and its own
    assert contrast_left(coarse).min() > 0.85
