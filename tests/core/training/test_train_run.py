"""From films on disk to a finished run folder that can be served."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from fixtures.tiny_films import (
    TINY,
    build_small_network,
    flat_weights,
    show_nothing,
    write_tiny_set,
)

from core.errors import DatasetError, ModelIntegrity
from core.evaluation.evaluate import measure_run
from core.evaluation.operating_point import calibrate
from core.files import sha256_of
from core.inference.litert import LiteRTClassifier
from core.runs.predictions import read_predictions
from core.runs.store import EXPORT_FILE, load_run, read_record, read_verified
from core.training import fit, train_run, train_step
from core.training.checkpoint import PRETRAINING_FILE, STATE_FILE, STATE_FILES
from core.training.films import load_films, load_lung_masks, to_input
from core.training.fit import log_loss_of, predict_logits
from core.training.train_step import class_weights
from core.training.training_data import load_training_data


@pytest.fixture
def small_network(monkeypatch):
    """Let runs train the small network instead of MobileNetV2."""
    monkeypatch.setattr(train_step, "build_classifier", build_small_network)


# --- a whole run ----------------------------------------------------------------------------------


def test_a_finished_run_can_be_loaded_and_predicts_what_keras_does(tiny_run):
    run = load_run(tiny_run.folder)
    classifier = LiteRTClassifier(read_verified(run.folder, EXPORT_FILE, run.files), run)
    inputs = to_input(tiny_run.films.test.films, run.input_px)

    probabilities = classifier.predict(inputs)

    expected = calibrate(predict_logits(tiny_run.model, inputs), run.calibration)
    assert probabilities == pytest.approx(expected, abs=1e-4)
    assert np.ptp(probabilities) > 1e-3


def test_a_finished_run_holds_these_files_and_leaves_no_other_folder(tiny_run):
    names = sorted(path.name for path in tiny_run.folder.iterdir())

    assert names == [
        "history.json",
        "model.tflite",
        "model.weights.h5",
        "predictions.parquet",
        "run.json",
    ]
    assert sorted(p.name for p in tiny_run.models.iterdir()) == ["split.json", "tiny"]


def test_the_history_has_an_entry_an_epoch(tiny_run):
    history = json.loads((tiny_run.folder / "history.json").read_text())

    assert history == tiny_run.history
    assert len(history) == TINY.epochs
    assert all(entry.keys() == {"train_loss", "validation_loss"} for entry in history)
    assert all(0.0 < value < 10.0 for entry in history for value in entry.values())


def test_every_step_is_told(tiny_run):
    told = "\n".join(tiny_run.lines)

    parts = ("indexing kermany224", "epoch 2/2", "films of nih_rsna", "exporting", "split, once")
    positions = [told.index(part) for part in parts]
    assert positions == sorted(positions)


def test_the_record_states_settings_data_and_versions(tiny_run):
    record = read_record(tiny_run.folder)

    assert record["run_id"] == "tiny"
    assert record["settings"] == json.loads(json.dumps(asdict(TINY)))
    assert record["data"]["index_sha256"] == tiny_run.films.index.sha256
    assert record["data"]["split_sha256"] == sha256_of(tiny_run.models / "split.json")
    assert record["data"]["films"] == {
        part: len(getattr(tiny_run.films, part)) for part in ("train", "validation", "test")
    }
    assert record["parity"]["decisions_changed"] == 0
    assert record["versions"]["keras"][0] == "3"
    assert record["slices"]["cut_points"] == json.loads(json.dumps(tiny_run.to_score.cut_points))


def test_the_metrics_of_a_new_run_are_those_of_its_predictions(tiny_run):
    run, record = load_run(tiny_run.folder), read_record(tiny_run.folder)

    measured = measure_run(
        read_predictions(run), run.operating_point.threshold, record["slices"]["cut_points"]
    )

    assert measured["metrics"] == record["metrics"]
    assert measured["slices"] == record["slices"]
    assert list(run.metrics) == [
        "validation",
        "test",
        "test_new_patients",
        "test_bacterial",
        "test_viral",
        "nih",
    ]


def test_the_operating_point_of_a_new_run_reaches_the_sensitivity_on_validation(tiny_run):
    point = load_run(tiny_run.folder).operating_point

    assert point.sensitivity >= TINY.sensitivity_wanted
    assert (point.n, point.chosen_on) == (len(tiny_run.films.validation), "validation patients")


def test_the_kept_weights_are_those_of_the_model(tiny_run):
    again = build_small_network(TINY.architecture, TINY.input_px, TINY.dropout, None)
    again.load_weights(tiny_run.folder / "model.weights.h5")

    np.testing.assert_array_equal(flat_weights(again), flat_weights(tiny_run.model))


# --- the same again -------------------------------------------------------------------------------


def train(tiny_run, **changes):
    films = tiny_run.films
    masks = np.full(films.train.films.shape, 127, np.uint8)
    return fit.train_classifier(
        films.train, masks, films.validation, replace(TINY, **changes), None, show_nothing
    )


def test_the_same_seed_gives_the_same_weights(tiny_run, small_network):
    model, history = train(tiny_run)

    assert flat_weights(model) == pytest.approx(flat_weights(tiny_run.model), abs=1e-5)
    for ours, theirs in zip(history, tiny_run.history, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-5)


def test_another_seed_gives_other_weights(tiny_run, small_network):
    model, _ = train(tiny_run, epochs=1, seed=21)

    assert np.abs(flat_weights(model) - flat_weights(tiny_run.model)).max() > 1e-2


def test_training_moves_the_weights_of_the_network_that_is_served(tiny_run, monkeypatch):
    import keras
    import tensorflow as tf

    from core.training.networks.architectures import build_classifier

    few = replace(
        tiny_run.films.train,
        film_ids=tiny_run.films.train.film_ids[::6],
        films=tiny_run.films.train.films[::6],
        labels=tiny_run.films.train.labels[::6],
    )
    masks = np.full(few.films.shape, 127, np.uint8)
    settings = replace(TINY, epochs=1, batch=2, learning_rate=1e-3)
    tf.config.run_functions_eagerly(True)  # its graph takes longer to build than these steps
    try:
        model, history = fit.train_classifier(few, masks, few, settings, None, print)
    finally:
        tf.config.run_functions_eagerly(False)

    keras.utils.set_random_seed(settings.seed)
    untrained = build_classifier(settings.architecture, settings.input_px, settings.dropout, None)
    assert len(history) == 1
    moved = [
        np.abs(np.asarray(after) - np.asarray(before)).max() > 0.0
        for after, before in zip(model.weights, untrained.weights, strict=True)
    ]
    trainable = {id(weight) for weight in model.trainable_variables}
    assert moved == [id(weight) in trainable for weight in model.weights]


# --- what is refused ------------------------------------------------------------------------------


def test_a_finished_run_is_not_overwritten(tiny_run):
    before = sha256_of(tiny_run.folder / "run.json")

    with pytest.raises(DatasetError, match=r"run tiny exists in .*: a run is not overw"):
        train_run.make_run(TINY, tiny_run.data, tiny_run.models, print)

    assert sha256_of(tiny_run.folder / "run.json") == before
    assert not (tiny_run.models / ".tiny.partial").exists()


def test_a_finished_model_does_not_replace_a_run_of_its_name(tiny_run):
    with pytest.raises(DatasetError, match="Move or delete its folder first"):
        train_run.finish_run(
            tiny_run.model,
            tiny_run.history,
            tiny_run.films,
            tiny_run.to_score,
            TINY,
            tiny_run.models,
            print,
        )


def test_what_a_broken_off_training_left_behind_is_cleared(tmp_path):
    left = tmp_path / ".r01.partial"
    left.mkdir()
    (left / "model.tflite").write_bytes(b"half a model")

    folder = train_run.new_run_folder(tmp_path, "r01")

    assert folder == left
    assert list(folder.iterdir()) == []


def test_a_folder_without_a_record_stops_a_run_before_it_is_trained(tmp_path):
    (tmp_path / "r01").mkdir()
    (tmp_path / "r01" / "notes.txt").write_text("mine")

    with pytest.raises(DatasetError, match="r01"):
        train_run.new_run_folder(tmp_path, "r01")


def test_an_export_that_disagrees_does_not_become_a_run(tiny_run, tmp_path, monkeypatch):
    def shift(content, inputs):
        return exported(content, inputs) + 1.0

    exported = train_run.exported_logits
    monkeypatch.setattr(train_run, "exported_logits", shift)

    with pytest.raises(ModelIntegrity, match="differs from the Keras model"):
        train_run.finish_run(
            tiny_run.model,
            tiny_run.history,
            tiny_run.films,
            tiny_run.to_score,
            TINY,
            tmp_path,
            show_nothing,
        )

    assert not (tmp_path / "tiny").exists()


def finish_beside_a_state(tiny_run, models):
    partial = models / ".tiny.partial"
    partial.mkdir()
    for name in STATE_FILES:
        (partial / name).write_bytes(b"what training goes on from")
    train_run.finish_run(
        tiny_run.model, tiny_run.history, tiny_run.films, tiny_run.to_score, TINY, models,
        show_nothing,
    )  # fmt: skip


def test_the_state_of_training_is_kept_until_the_record_stands(tiny_run, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(train_run, "write_record", fail)
    with pytest.raises(OSError, match="no space left"):
        finish_beside_a_state(tiny_run, tmp_path)

    for name in STATE_FILES:
        assert (tmp_path / ".tiny.partial" / name).is_file()


def test_the_state_of_training_is_no_part_of_a_finished_run(tiny_run, tmp_path):
    finish_beside_a_state(tiny_run, tmp_path)

    assert {STATE_FILE, PRETRAINING_FILE} == set(STATE_FILES)
    for name in STATE_FILES:
        assert not (tmp_path / "tiny" / name).exists()
        assert name not in read_record(tmp_path / "tiny")["files"]


def test_a_run_whose_weights_are_not_kept_is_to_be_moved_away_before_it_is_trained_anew(tmp_path):
    with pytest.raises(DatasetError, match="train it first with `python -m core train m08`"):
        train_run._weights_of("m08", tmp_path)
    (tmp_path / "m08").mkdir()
    with pytest.raises(DatasetError, match=r"move .*m08 away, then train it again with `python -m"):
        train_run._weights_of("m08", tmp_path)


def test_training_without_starting_weights_is_refused(tiny_run, tmp_path):
    write_tiny_set(tmp_path, tmp_path)

    with pytest.raises(DatasetError, match=r"initial weights .* are not in"):
        train_run.make_run(TINY, tmp_path, tmp_path, show_nothing)


def test_a_split_of_other_films_is_refused(tiny_run, tmp_path):
    write_tiny_set(tmp_path, tmp_path)
    film = next((tmp_path / "kermany224" / "train" / "NORMAL").iterdir())
    film.unlink()

    with pytest.raises(DatasetError, match="was made from other films"):
        load_training_data(tmp_path / "kermany224", tmp_path / "split.json", show_nothing)


# --- films and weights ----------------------------------------------------------------------------


def test_films_come_in_the_asked_order_with_their_labels(tiny_run):
    index = tiny_run.films.index
    asked = [tiny_run.films.test.film_ids[-1], tiny_run.films.test.film_ids[0]]
    done: list[tuple[int, int]] = []

    films = load_films(index, asked, progress=lambda *step: done.append(step))

    assert films.film_ids == tuple(asked)
    assert films.labels.tolist() == [1, 0]
    assert (films.films.shape, films.films.dtype) == ((2, 224, 224), np.uint8)
    np.testing.assert_array_equal(films.films[1], tiny_run.films.test.films[0])
    assert done == [(1, 2), (2, 2)]


def test_stored_films_use_the_whole_grey_scale(tiny_run):
    for film in tiny_run.films.train.films:
        assert (film.min(), film.max()) == (0, 255)


def test_a_film_that_is_not_there_is_named(tiny_run):
    with pytest.raises(DatasetError, match=r"1 films of the split .* is train/X\.jpeg"):
        load_films(tiny_run.films.index, ["train/X.jpeg"])


def test_only_masks_that_belong_to_a_film_with_certainty_are_used(tmp_path):
    from PIL import Image

    folder = tmp_path / "kermany_lung_masks"
    (folder / "masks224").mkdir(parents=True)
    Image.new("L", (224, 224), 255).save(folder / "masks224" / "a.png")
    (folder / "manifest.csv").write_text(
        "image_name,file,match_confidence\na.jpeg,masks224/a.png,high\nb.jpeg,masks224/a.png,low\n"
    )

    masks, trusted = load_lung_masks(tmp_path, ["train/NORMAL/a.jpeg", "train/NORMAL/b.jpeg", "c"])

    assert trusted.tolist() == [True, False, False]
    assert [int(mask.min()) for mask in masks] == [255, 127, 127]
    assert [int(mask.max()) for mask in masks] == [255, 127, 127]


def test_masks_without_a_manifest_are_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"expected manifest.csv and masks224/"):
        load_lung_masks(tmp_path, [])


def test_class_weights_let_both_classes_count_the_same():
    labels = np.array([1, 1, 1, 0])

    normal, pneumonia = class_weights(labels)

    assert 3 * pneumonia == pytest.approx(1 * normal)
    assert (3 * pneumonia + normal) / 4 == pytest.approx(1.0)


def test_the_log_loss_of_logits_is_that_of_their_probabilities():
    # sigmoid(0) = 1/2; sigmoid(ln 3) = 3/4
    logits = np.array([0.0, np.log(3.0), np.log(3.0)])

    loss = log_loss_of(logits, np.array([1, 1, 0]))

    assert loss == pytest.approx(-np.log(0.5 * 0.75 * 0.25) / 3)


def test_the_last_incomplete_batch_is_predicted_too(tiny_run):
    inputs = to_input(tiny_run.films.test.films[:5], TINY.input_px)

    in_twos = predict_logits(tiny_run.model, inputs, batch=2)

    assert in_twos.shape == (5,)
    assert in_twos == pytest.approx(predict_logits(tiny_run.model, inputs), abs=1e-5)
