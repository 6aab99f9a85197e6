"""Grey values that are made relative to their surroundings inside the network."""

import numpy as np
import pytest
from fixtures.tiny_films import grey_inputs, smooth_films

from core.errors import DatasetError
from core.training.networks.architectures import build_classifier
from core.training.networks.contrast_normalisation import (
    BLOCK_PX,
    CLIPPED_AT,
    FLOOR,
    WINDOW,
    normalise_contrast,
)

PX = 64


def normalise(films: np.ndarray) -> np.ndarray:
    return np.asarray(normalise_contrast(films))


@pytest.fixture(scope="module")
def films() -> np.ndarray:
    return grey_inputs(smooth_films(6, PX, seed=3)) * 0.6 + 0.2


def test_brightness_and_contrast_of_a_film_change_nothing(films):
    dimmer = films * 0.5 + 0.1

    assert np.abs(normalise(dimmer) - normalise(films)).mean() < 0.02  # but for the floor, nothing
    assert np.abs(dimmer - films).mean() > 0.1


def test_each_block_is_held_against_the_square_around_it_that_lies_on_the_film():
    flat = np.repeat(np.repeat(np.random.default_rng(4).random((8, 8)), BLOCK_PX, 0), BLOCK_PX, 1)
    film = flat.astype(np.float32)[None, :, :, None]
    blocks, reach = flat[::BLOCK_PX, ::BLOCK_PX], round((8 * WINDOW - 1) / 2)

    normalised = normalise(film)[0, :, :, 0]

    for row, column in [(0, 0), (3, 4), (7, 2)]:
        near = blocks[
            max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1
        ]
        expected = (blocks[row, column] - near.mean()) / (CLIPPED_AT * np.hypot(near.std(), FLOOR))
        middle = normalised[
            row * BLOCK_PX + 3 : row * BLOCK_PX + 5, column * BLOCK_PX + 3 : column * BLOCK_PX + 5
        ]
        assert np.abs(middle - expected).max() < 0.08  # the means are drawn smooth between blocks


def test_values_lie_between_the_ends_and_an_even_film_stays_even(films):
    assert np.abs(normalise(films * 100.0)).max() <= 1.0
    np.testing.assert_allclose(normalise(np.full((1, PX, PX, 1), 0.7, np.float32)), 0.0, atol=1e-4)


def test_a_side_that_blocks_do_not_fill_is_refused():
    with pytest.raises(DatasetError, match="give a multiple of 8 px"):
        normalise(np.zeros((1, 60, 60, 1), np.float32))


def test_a_normalised_network_says_the_same_of_a_film_of_less_contrast(films):
    import keras

    keras.utils.set_random_seed(5)
    plain, normalised = (
        build_classifier(f"mobilenet_v2_{kind}", PX, 0.0, None)
        for kind in ("stride_16", "normalised")
    )
    dimmer = films * 0.5 + 0.1

    def seen(model) -> np.ndarray:
        first = keras.Model(model.input, model.get_layer("Conv1").output)
        return np.abs(np.asarray(first(films)) - np.asarray(first(dimmer))).mean()

    assert plain.count_params() == normalised.count_params()
    assert seen(normalised) < 0.2 * seen(plain)
