"""Training that stops, is interrupted and goes on, and what it starts from."""

from dataclasses import replace

import numpy as np
import pytest
from fixtures.tiny_films import TINY, build_small_network, flat_weights, show_nothing

from core.errors import DatasetError
from core.training import fit, train_step
from core.training.catalogue.settings import RunSettings
from core.training.checkpoint import STATE_FILE, Progress
from core.training.train_step import build_for_training, in_float32, make_optimizer, sample_weights


class Interrupted(Exception):
    """What stops a training in these tests."""


@pytest.fixture(autouse=True)
def small_network(monkeypatch, without_graphs):
    monkeypatch.setattr(train_step, "build_classifier", build_small_network)


def train(tiny_run, settings: RunSettings, **options):
    films = tiny_run.films
    masks = np.full(films.train.films.shape, 127, np.uint8)
    report = options.pop("report", show_nothing)
    return fit.train_classifier(
        films.train, masks, films.validation, settings, None, report, **options
    )


def stop_after(epoch: int):
    def after_epoch(number: int, _: float) -> None:
        if number == epoch:
            raise Interrupted

    return after_epoch


def test_an_interrupted_training_goes_on_where_it_was(tiny_run, tmp_path):
    settings = replace(TINY, epochs=3)
    with pytest.raises(Interrupted):
        train(tiny_run, settings, state=tmp_path, after_epoch=stop_after(0))
    with np.load(tmp_path / STATE_FILE) as kept:
        interrupted = kept["history"].item()
    seen: list[int] = []

    _, history = train(
        tiny_run, settings, state=tmp_path, after_epoch=lambda epoch, _: seen.append(epoch)
    )

    assert seen == [1, 2]
    assert len(history) == 3
    assert str(history[0]["train_loss"]) in interrupted


def test_weights_and_optimizer_are_those_of_the_interruption(tiny_run, tmp_path):
    settings = replace(TINY, epochs=2)
    with pytest.raises(Interrupted):
        train(tiny_run, settings, state=tmp_path, after_epoch=stop_after(1))
    model, optimizer = build_small_network("", TINY.input_px, 0.0, None), make_optimizer(TINY, 3)

    progress = fit.load_progress(tmp_path, settings, model, optimizer)

    with np.load(tmp_path / STATE_FILE) as kept:
        stored = np.concatenate([kept[n].ravel() for n in sorted(kept) if n.startswith("weight")])
    np.testing.assert_array_equal(flat_weights(model), stored)
    assert len(progress.history) == 2
    assert int(optimizer.iterations) == 2 * -(-len(tiny_run.films.train) // TINY.batch)


def test_what_other_settings_left_is_passed_over(tiny_run, tmp_path):
    with pytest.raises(Interrupted):
        train(tiny_run, replace(TINY, seed=1), state=tmp_path, after_epoch=stop_after(0))
    seen: list[int] = []

    train(tiny_run, TINY, state=tmp_path, after_epoch=lambda epoch, _: seen.append(epoch))

    assert seen == [0, 1]


def test_training_ends_when_patience_does(tiny_run):
    lines: list[str] = []
    stubborn = replace(TINY, epochs=9, patience=2, learning_rate=0.0, schedule="constant")

    _, history = train(tiny_run, stubborn, report=lines.append)

    assert len(history) == 3
    assert "no better validation loss for 2 epochs" in lines[-1]


@pytest.mark.parametrize(
    ("losses", "patience", "ended"),
    [([1.0, 2.0, 3.0], 2, True), ([1.0, 2.0], 2, False), ([2.0, 1.0, 1.5], 2, False),
     ([1.0, 1.0], 1, True), ([3.0, 4.0, 5.0, 6.0], 0, False)],
)  # fmt: skip
def test_patience_counts_from_the_best_epoch(losses, patience, ended):
    progress = Progress([{"validation_loss": loss} for loss in losses])

    assert progress.ran_out_of_patience(patience) is ended


def test_the_best_epoch_is_kept_where_the_settings_say_so(tiny_run, monkeypatch):
    losses = iter([0.9, 0.1, 0.5])
    monkeypatch.setattr(fit, "log_loss_of", lambda *_: next(losses))
    kept: list[np.ndarray] = []
    settings = replace(TINY, epochs=3, keep="best", ema_momentum=0.0)
    learn = fit.save_progress

    def remember(folder, settings, progress, model, optimizer):
        kept.append(flat_weights(model))
        learn(folder, settings, progress, model, optimizer)

    monkeypatch.setattr(fit, "save_progress", remember)
    model, _ = train(tiny_run, settings, state=tiny_run.models)

    np.testing.assert_array_equal(flat_weights(model), kept[1])
    (tiny_run.models / STATE_FILE).unlink()


def test_a_run_can_go_on_from_the_weights_of_another(tiny_run):
    still = replace(TINY, epochs=1, learning_rate=0.0, weight_decay=0.0, ema_momentum=0.0)

    model, _ = train(tiny_run, still, parent=tiny_run.folder / "model.weights.h5")

    np.testing.assert_allclose(flat_weights(model), flat_weights(tiny_run.model), atol=1e-6)


# --- what is trained ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trained_from", "trained"),
    [("", {"conv2d", "logit"}), ("head", {"logit"}), ("logit", {"logit"})],
)
def test_layers_before_the_first_one_that_is_named_stay_as_they_are(trained_from, trained):
    import keras

    keras.backend.clear_session()
    model = build_for_training(replace(TINY, trained_from=trained_from), None, None)

    assert {variable.path.split("/")[0] for variable in model.trainable_variables} == trained


def test_a_layer_that_is_not_there_is_named():
    with pytest.raises(DatasetError, match="has no layer 'block_99' to train from"):
        build_for_training(replace(TINY, trained_from="block_99"), None, None)


def test_a_network_that_learned_in_bfloat16_answers_in_float32():
    settings = replace(TINY, precision="mixed_bfloat16")
    model = build_for_training(settings, None, None)
    films = np.random.default_rng(0).random((4, TINY.input_px, TINY.input_px, 1), dtype=np.float32)

    exact = in_float32(model, settings)

    assert {layer.compute_dtype for layer in exact.layers} == {"float32"}
    assert "bfloat16" in {layer.compute_dtype for layer in model.layers}
    np.testing.assert_array_equal(flat_weights(exact), flat_weights(model))
    assert np.asarray(exact(films)) == pytest.approx(np.asarray(model(films)), abs=0.05)


@pytest.mark.parametrize(
    ("counted", "expected"),
    [("none", {0: 1.0, 1: 1.0}), ("all films", {0: 2.0, 1: 2 / 3})],
)
def test_films_count_by_their_class(counted, expected):
    labels = np.array([0, 1, 1, 1])

    weights = sample_weights(labels, replace(TINY, class_weights=counted))

    assert weights == pytest.approx([expected[label] for label in labels])


def test_weights_from_one_batch_differ_from_those_of_all_films():
    labels = np.array([0] * 25 + [1] * 75)

    weights = sample_weights(labels, replace(TINY, class_weights="one batch", batch=8, seed=3))

    drawn = np.random.default_rng(3).permutation(labels)[:8]
    assert weights[0] == pytest.approx(0.5 / (drawn == 0).mean())
    assert weights[0] != pytest.approx(2.0)
