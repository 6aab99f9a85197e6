"""Learning from films without their labels."""

from dataclasses import replace

import numpy as np
import pytest
from fixtures.tiny_films import TINY, build_small_network, flat_weights, show_nothing, smooth_films

from core.training import fit, self_supervised, train_step
from core.training.checkpoint import PRETRAINING_FILE, load_progress
from core.training.self_supervised import compare_views, expand, learn_without_labels
from core.training.train_step import make_optimizer

SETTINGS = replace(TINY, self_supervised_epochs=3, learning_rate=0.003)


class Interrupted(Exception):
    """What stops a training in these tests."""


@pytest.fixture(autouse=True)
def few_films_at_once(monkeypatch):
    monkeypatch.setattr(self_supervised, "FILMS_AT_ONCE", 16)
    monkeypatch.setattr(self_supervised, "EXPANDED", 8)


def small_network():
    import keras

    keras.utils.set_random_seed(1)
    film = keras.Input((TINY.input_px, TINY.input_px, 1))
    x = keras.layers.Conv2D(16, 5, strides=2, activation="relu")(film)
    x = keras.layers.Conv2D(16, 5, strides=4, activation="relu")(x)
    x = keras.layers.Dense(16, name="features")(keras.layers.Flatten()(x))
    return keras.Model(film, keras.layers.Dense(1, name="logit")(x))


def films_without_lungs(n: int = 32):
    films = smooth_films(n, 224, seed=7)
    return films, np.full(films.shape, 127, np.uint8)


def brute_force(first: np.ndarray, second: np.ndarray) -> float:
    """Return the three terms, counted one pair of features at a time."""
    width = first.shape[1]
    total = 25.0 * np.mean((first - second) ** 2)
    for view in (first, second):
        deviations = [np.sqrt(np.var(view[:, i], ddof=1) + 1e-4) for i in range(width)]
        total += 25.0 * np.mean([max(0.0, 1.0 - deviation) for deviation in deviations]) / 2.0
        for i in range(width):
            for j in range(width):
                if i != j:
                    total += np.cov(view[:, i], view[:, j])[0, 1] ** 2 / width
    return float(total)


def test_the_loss_is_what_its_three_terms_count():
    rng = np.random.default_rng(2)
    first = rng.normal(0.0, 0.8, (9, 4)).astype(np.float32)
    second = (first + rng.normal(0.0, 0.4, first.shape)).astype(np.float32)

    assert float(compare_views(first, second)) == pytest.approx(brute_force(first, second), 1e-4)


def test_saying_the_same_of_every_film_is_no_way_out():
    varied = np.random.default_rng(3).normal(size=(64, 4)).astype(np.float32)
    constant = np.ones((64, 4), np.float32)

    assert float(compare_views(varied, varied)) < 3.0 < float(compare_views(constant, constant))


def test_the_loss_falls_and_the_head_is_left_alone():
    model = small_network()
    before = [np.array(weight) for weight in model.get_weights()]

    losses = learn_without_labels(
        model,
        *films_without_lungs(16),
        replace(SETTINGS, self_supervised_epochs=30, learning_rate=0.02, weight_decay=0.0),
        show_nothing,
    )

    after = model.get_weights()
    assert len(losses) == 30
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])
    assert not np.allclose(before[0], after[0])
    np.testing.assert_array_equal(before[-2], after[-2])


@pytest.mark.usefixtures("without_graphs")
def test_an_interrupted_learning_goes_on_where_it_was(tmp_path):
    import keras

    films, masks = films_without_lungs()

    def stop(line: str) -> None:
        if " 2/3" in line:
            raise Interrupted

    model = small_network()
    with pytest.raises(Interrupted):
        learn_without_labels(model, films, masks, SETTINGS, stop, state=tmp_path)
    lines: list[str] = []
    again = small_network()
    losses = learn_without_labels(again, films, masks, SETTINGS, lines.append, state=tmp_path)

    assert len(losses) == 3
    assert [line.split(":")[0] for line in lines] == ["without labels 3/3"]
    network = keras.Model(again.input, expand(again.get_layer("features").output))
    optimizer = make_optimizer(replace(SETTINGS, ema_momentum=0.0), 2)
    load_progress(tmp_path, SETTINGS, network, optimizer, PRETRAINING_FILE)
    assert int(optimizer.iterations) == 3 * 2
    with np.load(tmp_path / PRETRAINING_FILE) as kept:
        head = [kept[name] for name in sorted(kept.files) if name.startswith("weight")]
    learnt = again.get_weights()[:-2]  # all but the classifier's head
    for mine, stored in zip(learnt, head, strict=False):
        np.testing.assert_array_equal(mine, stored)
    assert not np.allclose(learnt[0], model.get_weights()[0])  # it went on from the second epoch


@pytest.mark.usefixtures("without_graphs")
def test_what_was_learnt_under_other_settings_is_passed_over(tmp_path):
    films, masks = films_without_lungs(16)
    once = replace(SETTINGS, self_supervised_epochs=1)
    learn_without_labels(small_network(), films, masks, once, show_nothing, state=tmp_path)
    lines: list[str] = []

    learn_without_labels(
        small_network(), films, masks, replace(once, seed=23), lines.append, state=tmp_path
    )

    assert len(lines) == 1


@pytest.mark.usefixtures("without_graphs")
@pytest.mark.parametrize("epochs", [0, 1])
def test_a_run_learns_without_labels_before_it_learns_from_them(tiny_run, monkeypatch, epochs):
    monkeypatch.setattr(train_step, "build_classifier", build_small_network)
    films = tiny_run.films.train
    masks = np.full(films.films.shape, 127, np.uint8)
    lines: list[str] = []
    settings = replace(TINY, epochs=1, self_supervised_epochs=epochs)

    model, history = fit.train_classifier(films, masks, films, settings, None, lines.append)

    assert [line.startswith("without labels") for line in lines] == [True] * epochs + [False]
    assert len(history) == 1
    assert np.isfinite(flat_weights(model)).all()


@pytest.mark.usefixtures("without_graphs")
def test_what_was_learnt_without_labels_is_not_learnt_again_after_the_labels(
    tiny_run, monkeypatch, tmp_path
):
    monkeypatch.setattr(train_step, "build_classifier", build_small_network)
    films = tiny_run.films.train
    masks = np.full(films.films.shape, 127, np.uint8)
    settings = replace(TINY, epochs=2, self_supervised_epochs=1)

    def stop(epoch: int, _: float) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        fit.train_classifier(
            films, masks, films, settings, None, show_nothing, state=tmp_path, after_epoch=stop
        )
    lines: list[str] = []
    learnt_again: list[int] = []
    monkeypatch.setattr(fit, "learn_without_labels", lambda *_, **__: learnt_again.append(1))
    fit.train_classifier(films, masks, films, settings, None, lines.append, state=tmp_path)

    assert [line.split(":")[0] for line in lines] == ["epoch 2/2"]
    assert not learnt_again  # it would put its own weights over those that learnt the labels
