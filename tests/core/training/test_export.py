"""Keras and its export say the same, for the run that is served."""

from dataclasses import replace

import numpy as np
import pytest
from fixtures.tiny_films import smooth_films

from core.datasets.index import index_dataset
from core.datasets.split import read_split
from core.domain.model import Calibration, OperatingPoint
from core.errors import ModelIntegrity
from core.evaluation.operating_point import calibrate
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import prepare_input
from core.inference.litert import LiteRTClassifier, LiteRTNetwork, predict_film
from core.runs.store import EXPORT_FILE, load_run, read_verified
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.training.export import (
    PARITY_LIMIT,
    check_parity,
    export_litert,
    exported_logits,
    with_parts,
)
from core.training.films import STORED_PX, load_films, to_input
from core.training.fit import predict_logits

RUN = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
HALF = OperatingPoint(0.5, 1.0, 1.0, 4, 2, "four films")
AS_IS = Calibration(1.0, 0.0)


@pytest.fixture(scope="module")
def content() -> bytes:
    return read_verified(RUN.folder, EXPORT_FILE, RUN.files)


@pytest.fixture(scope="module")
def synthetic() -> np.ndarray:
    """Return 16 films of smooth noise as the run takes them."""
    return to_input(smooth_films(16, STORED_PX, seed=7), RUN.input_px)


def assert_parity(keras_model, content: bytes, inputs: np.ndarray) -> np.ndarray:
    """Hold Keras, the export and the serving class together; return the logits."""
    keras_logits, export_logits = (
        predict_logits(keras_model, inputs),
        exported_logits(content, inputs),
    )
    # Near 0 and 1 a probability hides what a logit shows.
    assert keras_logits == pytest.approx(export_logits, abs=1e-3)
    ours, theirs = (calibrate(x, RUN.calibration) for x in (keras_logits, export_logits))
    classifier = LiteRTClassifier(content, RUN)
    served = np.concatenate([classifier.predict(film[np.newaxis]) for film in inputs])
    threshold = RUN.operating_point.threshold
    for others in (theirs, served):
        assert np.abs(ours - others).max() <= PARITY_LIMIT
        np.testing.assert_array_equal(ours >= threshold, others >= threshold)
    return keras_logits


def test_the_limit_is_a_ten_thousandth():
    assert PARITY_LIMIT == 1e-4


def test_keras_and_the_served_export_agree_on_synthetic_films(served_keras, content, synthetic):
    logits = assert_parity(served_keras, content, synthetic)

    # Films that all look the same to the model would prove nothing.
    assert np.ptp(logits) > 2.0


@pytest.mark.real_films
def test_keras_and_the_served_export_agree_on_validation_films(
    served_keras, content, validation_films
):
    inputs = to_input(validation_films.films, RUN.input_px)

    logits = assert_parity(served_keras, content, inputs)

    called = calibrate(logits, RUN.calibration) >= RUN.operating_point.threshold
    assert 0 < called.sum() < len(called)


def first_blocks(served):
    """Return the served network up to its first residual sum: each of its kinds of layer."""
    import keras

    deep = served.get_layer("block_2_add").output
    features = keras.layers.GlobalAveragePooling2D(name="features")(deep)
    logit = keras.layers.Dense(1, name="logit")(features)
    return keras.Model(served.input, logit, name="first_blocks")


def test_every_kind_of_layer_of_the_served_network_is_exported_as_it_is(
    served_keras, content, synthetic, tmp_path
):
    import keras

    path, model = tmp_path / EXPORT_FILE, first_blocks(served_keras)
    kinds = [{type(layer) for layer in one.layers} for one in (model, served_keras)]
    assert kinds[1] <= kinds[0] | {type(served_keras.get_layer("dropout"))}

    halved = export_litert(with_parts(model), path)

    ours, kept = LiteRTNetwork(path.read_bytes(), 2), LiteRTNetwork(content, 2)
    again, shipped = ours.run(synthetic[:4]), kept.run(synthetic[:4])
    features = keras.Model(model.input, model.get_layer("features").output)
    assert again.keys() == shipped.keys() == {"logit", "features", "evidence"}
    assert again["logit"] == pytest.approx(np.asarray(model(synthetic[:4])), abs=1e-4)
    assert again["features"] == pytest.approx(np.asarray(features(synthetic[:4])), abs=1e-4)
    assert np.ptp(again["logit"]) > 1e-2
    assert not halved


def test_the_exported_features_are_those_that_the_logit_is_made_of(
    served_keras, content, synthetic
):
    outputs = LiteRTNetwork(content, 2).run(synthetic[:8])
    kernel, bias = served_keras.get_layer("logit").get_weights()

    assert outputs["features"].shape == (8, len(kernel))
    assert outputs["features"] @ kernel + bias == pytest.approx(outputs["logit"], abs=1e-3)


def test_the_exported_evidence_is_the_logit_by_place(served_keras, content, synthetic):
    network = LiteRTNetwork(content, 2)
    outputs = [network.run(film[np.newaxis]) for film in synthetic[:8]]
    bias = float(served_keras.get_layer("logit").get_weights()[1][0])

    assert outputs[0]["evidence"].shape == (1, 9, 9)
    for each in outputs:
        assert each["evidence"].mean() + bias == pytest.approx(each["logit"][0, 0], abs=1e-4)


def test_a_network_whose_features_are_no_means_over_places_has_no_evidence(served_keras):
    import keras

    film = keras.Input((8, 8, 1))
    features = keras.layers.Dense(3, name="features")(keras.layers.Flatten()(film))
    model = keras.Model(film, keras.layers.Dense(1, name="logit")(features))
    assert set(with_parts(model).output) == {"logit", "features"}


# --- the path from a film to the served run -------------------------------------------------------


@pytest.fixture(scope="module")
def real_index(real_data):
    return index_dataset(real_data / "kermany224")


@pytest.fixture(scope="module")
def validation_films(real_index):
    """Return 32 real films, spread over the validation patients."""
    film_ids = read_split(PROJECT_ROOT / "models" / "split.json").validation
    return load_films(real_index, film_ids[:: len(film_ids) // 32][:32])


@pytest.mark.real_films
def test_a_film_is_read_when_served_as_it_was_when_measured(content, real_index, validation_films):
    by_id = {film.film_id: film for film in real_index.films}
    classifier = LiteRTClassifier(content, RUN)
    served = [
        predict_film(
            prepare_input(decode_radiograph(real_index.read_bytes(by_id[film_id])), RUN.input_px),
            classifier,
        )
        for film_id in validation_films.film_ids
    ]

    inputs = to_input(validation_films.films, RUN.input_px)
    measured = calibrate(exported_logits(content, inputs), RUN.calibration)

    differences = np.abs(np.array([read.probability for read in served]) - measured)
    called = [read.suspicious for read in served]
    assert called == (measured >= RUN.operating_point.threshold).tolist()
    assert np.median(differences) < 1e-3
    assert differences.max() < 0.05


# --- the check itself -----------------------------------------------------------------------------


def test_logits_that_agree_pass_with_their_largest_difference():
    ours = np.array([-3.0, -1.0, 1.0, 3.0])
    theirs = ours + np.array([0.0, 1e-5, 0.0, 0.0])

    parity = check_parity(ours, theirs, AS_IS, HALF)

    slope = 0.19661193  # of the sigmoid at -1
    assert parity["max_difference"] == pytest.approx(slope * 1e-5, rel=1e-3)
    assert (parity["n"], parity["decisions_changed"]) == (4, 0)


def test_a_probability_that_differs_is_refused():
    ours = np.array([-3.0, -1.0, 1.0, 3.0])

    with pytest.raises(ModelIntegrity, match=r"by up to 2\.0e-03 .* changes 0 of 4 decisions"):
        check_parity(ours, ours + np.array([0.0, 0.01, 0.0, 0.0]), AS_IS, HALF)


def test_a_decision_that_differs_is_refused_however_small_the_difference():
    ours, theirs = np.array([-1e-9, 2.0]), np.array([1e-9, 2.0])

    with pytest.raises(ModelIntegrity, match="changes 1 of 2 decisions: it is not served"):
        check_parity(ours, theirs, AS_IS, HALF)


def test_the_difference_is_one_of_calibrated_probabilities():
    ours, theirs = np.array([0.0, 5.0]) + 0.1, np.array([3e-4, 5.0]) + 0.1

    assert check_parity(ours, theirs, AS_IS, HALF)["max_difference"] < PARITY_LIMIT
    with pytest.raises(ModelIntegrity, match="differs from the Keras model"):
        check_parity(ours, theirs, replace(AS_IS, temperature=0.5), HALF)


def test_an_export_that_says_nan_is_refused():
    ours = np.array([-3.0, -1.0])

    with pytest.raises(ModelIntegrity, match="differs from the Keras model"):
        check_parity(ours, np.array([-3.0, np.nan]), AS_IS, HALF)
