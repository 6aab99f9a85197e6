"""Training of the view network: films made of real ones, the limit, and whose films it may use."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.domain.quality import ShownView
from core.errors import DatasetError
from core.inference.litert import LiteRTNetwork
from core.training.export import export_litert
from core.training.train_view import (
    VIEW_ORDER,
    ViewSettings,
    choose_limit,
    cut_halves,
    lend_greys,
    make_view,
    read_other_hospitals,
    train_view_net,
)


def test_a_half_shows_one_side_stretched_to_the_whole_width():
    film = np.zeros((1, 224, 224), np.uint8)
    film[:, :, 112:] = 200
    film[:, ::2, :112] = 100
    (half,) = cut_halves(film, np.random.default_rng(1))
    left_only = half[:, -1].max() > 0
    assert half.shape == (224, 224)
    assert left_only or half[:, 0].max() > 0


def test_a_film_with_anothers_greys_keeps_its_order_and_gets_the_others_range():
    film = np.arange(0, 200, 2, dtype=np.uint8).reshape(10, 10)
    lent = lend_greys(film, np.linspace(50, 90, 100).reshape(10, 10).astype(np.uint8))
    assert (lent.min(), lent.max()) == (50, 90)
    assert (np.diff(lent.ravel().astype(int)) >= 0).all()


@pytest.mark.parametrize(("lowest", "limit"), [(0.2, 0.2), (0.9, 0.5)])
def test_the_limit_is_one_that_frontal_films_keep_and_no_higher_than_one_half(lowest, limit):
    assert choose_limit(np.full(10, lowest)) == pytest.approx(limit)


def write_others(data, rows):
    folder = data / "gate_views"
    folder.mkdir()
    for name, *_ in rows:
        Image.fromarray(np.full((40, 40), 90, np.uint8)).save(folder / name)
    with (folder / "manifest.csv").open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["file", "kind", "wanted", "licence"])
        writer.writerows(rows)


ROWS = [
    ("a.png", "frontal", "pass", "CC BY 3.0"),
    ("b.png", "frontal", "pass", ""),
    ("c.png", "frontal", "pass", "CC BY-NC-SA"),
    ("d.png", "chest lateral", "refuse", "CC BY 4.0"),
]


@pytest.mark.parametrize(
    ("wanted", "trainable", "names"),
    [
        ("pass", True, ["a.png"]),
        ("pass", False, ["b.png", "c.png"]),
        ("refuse", True, []),
        ("refuse", False, ["d.png"]),
    ],
)
def test_only_frontal_films_with_a_permissive_licence_are_trained_on(
    wanted, trainable, names, tmp_path
):
    write_others(tmp_path, ROWS)
    read = read_other_hospitals(tmp_path, wanted=wanted, trainable=trainable)
    assert [name for name, *_ in read] == names


def test_without_films_of_other_hospitals_a_sentence_says_so(tmp_path):
    with pytest.raises(DatasetError, match=r"no films of other hospitals at .*manifest"):
        next(read_other_hospitals(tmp_path, wanted="pass", trainable=True))


def test_a_finished_view_network_is_not_trained_again(tmp_path):
    (tmp_path / "view").mkdir()
    (tmp_path / "view" / "run.json").write_text("{}")
    with pytest.raises(DatasetError, match="view"):
        make_view(tmp_path, tmp_path, tmp_path, print)


def test_the_network_tells_two_groups_apart_and_is_small_when_exported(tmp_path):
    rng = np.random.default_rng(3)
    views = np.arange(200) % 2
    features = (rng.normal(size=(200, 6)) + 6 * views[:, np.newaxis]).astype(np.float32)
    settings = replace(ViewSettings(), epochs=60, learning_rate=1e-2)
    model = train_view_net(features, views, np.ones(200, np.float32), settings)
    export_litert(model, tmp_path / "model.tflite")
    content = (tmp_path / "model.tflite").read_bytes()
    answers = LiteRTNetwork(content, 1).run(features[:1])["views"]
    assert answers.shape == (1, len(VIEW_ORDER))
    assert answers.sum() == pytest.approx(1, abs=1e-5)
    said = np.asarray(model.predict(features, verbose=0)["views"]).argmax(axis=1)
    assert (said == views).mean() > 0.9
    assert VIEW_ORDER[0] is ShownView.FRONTAL
