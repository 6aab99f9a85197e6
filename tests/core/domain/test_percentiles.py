"""Percentiles of grey levels are numpy's, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.domain.arrays import percentiles

SHARES = (1.0, 50.0, 99.0)
KINDS = {
    "any level": lambda values: values,
    "8 bits": lambda values: np.round(values * 255) / np.float32(255),
    "a black border": lambda values: np.where(values < 0.3, np.float32(0), values),
    "five levels": lambda values: np.round(values * 4) / np.float32(4),
    "sorted": np.sort,
    "one level": lambda values: np.full_like(values, 0.25),
}


@pytest.mark.parametrize("kind", KINDS)
def test_films_of_many_pixels(kind):
    rng = np.random.default_rng(3)
    for size in (1, 2, 99, 4097, 60_000):
        film = KINDS[kind](rng.random(size, np.float32)).astype(np.float32)
        assert percentiles(film, SHARES).tolist() == np.percentile(film, SHARES).tolist()


def test_a_film_whose_sample_misleads():
    film = np.zeros(4096 * 4, np.float32)  # every fourth value is sampled
    film[::4] = 0.5
    film[1::4] = np.linspace(0, 1, 4096, dtype=np.float32)
    assert percentiles(film, SHARES).tolist() == np.percentile(film, SHARES).tolist()


@given(
    arrays(np.float32, st.integers(1, 400), elements=st.floats(0, 1, width=32)),
    st.floats(0, 100),
)
def test_small_films_and_any_share(film, share):
    assert percentiles(film, (share,)).tolist() == np.percentile(film, (share,)).tolist()
