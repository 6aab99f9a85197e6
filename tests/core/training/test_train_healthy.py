"""Training of the network that draws films without a lesion, on synthetic films and in small."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from core.inference.litert import LiteRTNetwork
from core.phantom.film import draw_film
from core.phantom.paste import DrawnLesion
from core.phantom.settings import draw_settings
from core.training.export import export_litert
from core.training.films import FilmSet
from core.training.lung_crop import open_segmenter
from core.training.train_healthy import (
    HealthySettings,
    NormalFilms,
    draw_lesions,
    make_pairs,
    measure_healthy_net,
    take_normals,
    train_healthy_net,
)

TINY = HealthySettings(lesions=4, steps=8, batch=2)


def silent(_line: str) -> None:
    """Report nothing."""


@pytest.fixture(scope="module")
def lesions() -> list[DrawnLesion]:
    return draw_lesions(TINY.lesions, TINY.first_seed, silent)


@pytest.fixture(scope="module")
def normals(served_models: Path) -> NormalFilms:
    drawn = [
        draw_film(draw_settings(seed, "normal"), height_px=224, width_px=224).pixels
        for seed in (1, 2)
    ]
    films = np.rint(np.stack([*drawn, drawn[0]]) * 255).astype(np.uint8)
    kinds = np.array([0, 0, 1])
    segmenter = open_segmenter(served_models)
    found = FilmSet(("a", "b", "c"), films, kinds)
    return take_normals(found, TINY.input_px, segmenter)


def test_only_normal_films_are_taken_cut_to_their_lungs(normals: NormalFilms) -> None:
    assert normals.films.shape == normals.lungs.shape == (2, TINY.input_px, TINY.input_px)
    assert (normals.lungs >= 0.5).mean() > 0.3


def test_a_pair_differs_on_the_lungs_and_hardly_elsewhere(
    normals: NormalFilms, lesions: list[DrawnLesion]
) -> None:
    always = HealthySettings(without=0.0, drawn=0.0)
    pairs = list(islice(make_pairs(normals, lesions, always, 0), 20))
    assert all(each.dtype == np.float32 for pair in pairs for each in pair)
    changes = [np.abs(film - healthy) for film, healthy, _ in pairs]
    inside = np.mean(
        [change[lungs >= 0.5].mean() for change, (*_, lungs) in zip(changes, pairs, strict=True)]
    )
    outside = np.mean(
        [change[lungs < 0.1].mean() for change, (*_, lungs) in zip(changes, pairs, strict=True)]
    )
    assert inside > 10 * outside


def test_some_pairs_have_no_lesion_and_some_are_drawn(
    normals: NormalFilms, lesions: list[DrawnLesion]
) -> None:
    none = HealthySettings(without=1.0, drawn=0.0)
    assert all(np.array_equal(a, b) for a, b, _ in islice(make_pairs(normals, lesions, none, 0), 5))
    drawn = HealthySettings(drawn=1.0)
    for film, healthy, lungs in islice(make_pairs(normals, lesions, drawn, 0), 5):
        assert film.shape == healthy.shape == lungs.shape == (TINY.input_px, TINY.input_px)
        assert not np.array_equal(film, healthy)


def test_equal_seeds_make_equal_pairs(normals: NormalFilms, lesions: list[DrawnLesion]) -> None:
    first, again = (list(islice(make_pairs(normals, lesions, TINY, 5), 4)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_a_tiny_training_learns_and_its_export_gives_films(
    normals: NormalFilms, lesions: list[DrawnLesion], tmp_path: Path
) -> None:
    said: list[str] = []
    model = train_healthy_net(normals, lesions, TINY, said.append)
    losses = [float(line.rsplit(" ", 1)[1]) for line in said]
    assert len(losses) == 8
    assert min(losses[4:]) < losses[0]
    export_litert(model, tmp_path / "model.tflite")
    network = LiteRTNetwork((tmp_path / "model.tflite").read_bytes(), 1)
    assert network.outputs == {"healthy"}
    measured = measure_healthy_net(network, normals, lesions, TINY)
    assert measured["n"] == len(lesions)
    assert 0 < measured["left"] < 3
    assert 0 < measured["changed"] < 0.5
