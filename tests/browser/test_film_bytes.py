"""The bytes that carry a film to the browser."""

import json

import numpy as np
import pytest

from core.domain.arrays import FloatImage
from core.errors import ExplanationError
from ui.components.viewer.film_bytes import (
    MAX_SIDE_PX,
    FilmView,
    area_average,
    encode_film,
)
from ui.components.viewer.viewer import KEPT_FILMS, RegionOverlay, encode_once, show_film


def decoded(encoded: bytes) -> tuple[dict[str, int], np.ndarray]:
    end = 4 + int.from_bytes(encoded[:4], "little")
    header = json.loads(encoded[4:end])
    levels = np.frombuffer(encoded[end:], "u1" if header["bits"] == 8 else "<u2")
    return header, levels.reshape(header["height"], header["width"])


def film_of(pixels: FloatImage, sha256: str = "a") -> FilmView:
    return FilmView(sha256, pixels, "A film")


def test_an_8_bit_film_arrives_without_loss() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(8, 32)
    header, sent = decoded(encode_film(film_of((levels / 255).astype(np.float32))))
    assert header["bits"] == 8
    np.testing.assert_array_equal(sent, levels)


def test_a_12_bit_film_keeps_every_grey_level() -> None:
    levels = np.arange(4096).reshape(64, 64)
    header, sent = decoded(encode_film(film_of((levels / 4095).astype(np.float32))))
    assert header["bits"] == 16
    np.testing.assert_array_equal(np.rint(sent / 65535 * 4095), levels)


def test_area_average_of_5_into_2_gives_the_middle_pixel_to_both_halves() -> None:
    row = np.array([[0.0, 0.2, 1.0, 0.4, 0.6]], np.float32)
    expected = [[(0.0 + 0.2 + 0.5) / 2.5, (0.5 + 0.4 + 0.6) / 2.5]]
    np.testing.assert_allclose(area_average(row, 2), expected, rtol=1e-6)


def test_area_average_keeps_the_mean_of_an_awkward_size() -> None:
    film = np.random.default_rng(0).random((101, 67), np.float32)
    reduced = area_average(film, 29)
    assert reduced.shape == (29, 19)
    assert reduced.mean() == pytest.approx(film.mean(), abs=1e-6)


def test_a_film_over_the_limit_is_reduced_and_says_its_own_size() -> None:
    header, sent = decoded(encode_film(film_of(np.zeros((2 * MAX_SIDE_PX, 40), np.float32))))
    assert sent.shape == (MAX_SIDE_PX, 20)
    assert (header["filmHeight"], header["filmWidth"]) == (2 * MAX_SIDE_PX, 40)


def test_a_film_is_encoded_once_while_it_is_kept() -> None:
    grey = np.full((4, 4), 0.2, np.float32)
    first = encode_once(film_of(grey))
    assert encode_once(film_of(grey)) is first


def test_the_film_that_was_not_asked_for_longest_is_dropped() -> None:
    grey = np.full((4, 4), 0.2, np.float32)
    kept, dropped = encode_once(film_of(grey, "kept")), encode_once(film_of(grey, "dropped"))
    for number in range(KEPT_FILMS - 1):
        encode_once(film_of(grey, "kept"))
        encode_once(film_of(grey, f"newest {number}"))
    assert encode_once(film_of(grey, "kept")) is kept
    assert encode_once(film_of(grey, "dropped")) is not dropped


def test_regions_without_a_weight_each_are_refused() -> None:
    regions = RegionOverlay(np.array([[0, 1], [2, 3]], np.int32), np.array([0.1, 0.2]))
    film = film_of(np.zeros((4, 4), np.float32))
    with pytest.raises(ExplanationError, match="labelled 0 to 3 but there are 2 weights"):
        show_film(film, regions=regions, key="film")
