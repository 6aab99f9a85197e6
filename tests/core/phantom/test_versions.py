"""The versions in the names of synthetic films: raised whenever drawing or reading changes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fixtures.golden_films import PIXELS, READS, draw_golden_films, read_golden_films

from core.phantom.builtin import DRAWING_VERSION, READING_VERSION
from core.settings import SERVED_RUN

RAISE = "raise {name}, then run `python tests/fixtures/golden_films.py`"
GOLDEN = json.loads(READS.read_text(encoding="utf-8"))


def test_the_golden_films_are_of_these_versions() -> None:
    assert (GOLDEN["drawing"], GOLDEN["reading"]) == (DRAWING_VERSION, READING_VERSION)


def test_a_seed_draws_the_film_that_it_drew_before() -> None:
    drawn = draw_golden_films()
    with np.load(PIXELS) as golden:
        assert set(golden.files) == set(drawn)
        for name in golden.files:
            before, now = golden[name].astype(int), drawn[name].astype(int)
            assert before.shape == now.shape, RAISE.format(name="DRAWING_VERSION")
            # Another processor may round the last bit of a sum: one step of grey here and there.
            off = np.abs(before - now)
            assert off.max() <= 3, f"{name}: {RAISE.format(name='DRAWING_VERSION')}"
            assert (off > 0).mean() < 0.001, f"{name}: {RAISE.format(name='DRAWING_VERSION')}"


def test_a_film_is_read_as_it_was_read_before() -> None:
    assert GOLDEN["run"] == SERVED_RUN, (
        "run `python tests/fixtures/golden_films.py` for the new served run"
    )
    reads = read_golden_films()
    for number, before in GOLDEN["reads"].items():
        now = reads[number]
        assert now["findings"] == before["findings"], RAISE.format(name="READING_VERSION")
        assert now["logit"] == pytest.approx(before["logit"], abs=0.02), RAISE.format(
            name="READING_VERSION"
        )
