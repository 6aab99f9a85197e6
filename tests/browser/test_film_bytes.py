"""The bytes that carry a film to the browser."""

import json

import numpy as np
import pytest
from fixtures.gate_films import film_of

from core.domain.arrays import FloatImage
from core.errors import ExplanationError
from core.imaging.display import display_film
from ui.components.viewer.film_bytes import FilmView
from ui.components.viewer.viewer import RegionOverlay, show_film


def view_of(pixels: FloatImage) -> FilmView:
    return FilmView.of("a", display_film(film_of(pixels)), "A film")


def test_a_films_bytes_say_its_size_and_hold_its_levels() -> None:
    levels = np.arange(4096, dtype=np.uint16).reshape(32, 128)
    content = view_of((levels / 4095).astype(np.float32)).content
    end = 4 + int.from_bytes(content[:4], "little")
    assert json.loads(content[4:end]) == {
        "film": "a-128x32",
        "width": 128,
        "height": 32,
        "filmWidth": 128,
        "filmHeight": 32,
        "bits": 16,
    }
    sent = np.frombuffer(content[end:], "<u2").reshape(32, 128)
    np.testing.assert_array_equal(np.rint(sent / 65535 * 4095), levels)


def test_regions_without_a_weight_each_are_refused() -> None:
    regions = RegionOverlay(np.array([[0, 1], [2, 3]], np.int32), np.array([0.1, 0.2]))
    film = view_of(np.zeros((4, 4), np.float32))
    with pytest.raises(ExplanationError, match="labelled 0 to 3 but there are 2 weights"):
        show_film(film, regions=regions, key="film")
