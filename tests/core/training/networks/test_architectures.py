"""The networks that the runs train."""

from dataclasses import replace

import numpy as np
import pytest
from fixtures.tiny_films import grey_inputs, smooth_films

from core.errors import DatasetError
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.training.catalogue.runs import find_run
from core.training.networks.architectures import (
    MOBILENET_V2_WEIGHTS,
    build_classifier,
    build_lung_net,
    imagenet_weights,
    starting_weights,
)
from core.training.networks.vgg19 import ADDRESS, VGG19, VGG19_WEIGHTS
from core.training.train_step import build_for_training


def test_missing_starting_weights_are_named_with_who_needs_them(tmp_path):
    with pytest.raises(DatasetError, match="training needs them, the app and its tests do not"):
        starting_weights(tmp_path, MOBILENET_V2_WEIGHTS)


def test_starting_weights_are_found_in_the_data_folder(tmp_path):
    path = tmp_path / MOBILENET_V2_WEIGHTS
    path.parent.mkdir()
    path.write_bytes(b"")

    assert starting_weights(tmp_path, MOBILENET_V2_WEIGHTS) == path


def test_batch_norm_of_the_classifier_does_not_move_in_training(served_keras):
    import keras

    norms = [x for x in served_keras.layers if isinstance(x, keras.layers.BatchNormalization)]
    trainable = {id(weight) for weight in served_keras.trainable_variables}

    assert len(norms) > 30
    assert not any(id(weight) in trainable for norm in norms for weight in norm.weights)


def test_the_classifier_gives_one_logit_a_film(served_keras):
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    assert served_keras.input_shape == (None, run.input_px, run.input_px, 1)
    assert served_keras.output_shape == (None, 1)


def test_the_lung_net_gives_a_mask_at_full_and_at_half_size():
    import tensorflow as tf

    model = build_lung_net(32, None)

    outputs = model(tf.constant(grey_inputs(smooth_films(2, 32, seed=4))))

    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "mask": (2, 32, 32, 1),
        "coarse": (2, 16, 16, 1),
        "features": (2, 64 + 128 + 256 + 8 * 8),
    }
    mask = np.asarray(outputs["mask"])
    assert 0.0 <= mask.min() < mask.max() <= 1.0


@pytest.mark.real_films
def test_imagenet_weights_reach_every_layer_of_the_classifier(real_data):
    import keras

    path = starting_weights(real_data, MOBILENET_V2_WEIGHTS)
    model = build_classifier("mobilenet_v2", 32, 0.0, path)
    with np.load(path) as archive:
        arrays = [archive[name] for name in archive.files]
    kinds = keras.layers.Conv2D | keras.layers.DepthwiseConv2D
    convolutions = [layer for layer in model.layers if isinstance(layer, kinds)]

    kernels = arrays[0 : 2 * len(convolutions) : 2]

    assert len(convolutions) == 52
    loaded = np.asarray(convolutions[0].get_weights()[0])
    np.testing.assert_allclose(loaded, kernels[0].sum(axis=2, keepdims=True))
    for layer, kernel in zip(convolutions[1:], kernels[1:], strict=True):
        np.testing.assert_array_equal(layer.get_weights()[0], kernel)


def test_vgg19_meets_a_grey_film_as_its_weights_met_photographs():
    import keras

    film = smooth_films(1, 32, seed=3)
    model = build_classifier(VGG19, 32, 0.0, None)
    centred = keras.Model(model.input, model.get_layer("centred").output)

    grey = np.asarray(grey_inputs(film))
    expected = keras.applications.vgg19.preprocess_input(np.repeat(grey * 255.0, 3, axis=-1))
    assert model.output_shape == (None, 1)
    assert model.get_layer("features").units == 132
    np.testing.assert_allclose(np.asarray(centred(grey)), expected, atol=1e-3)


def test_the_head_alone_of_a_frozen_vgg19_is_trained():
    frozen = replace(find_run("m08-vgg19"), input_px=32)
    model = build_for_training(frozen, None, None)

    trained = {layer.name for layer in model.layers if layer.trainable_weights}
    assert trained == {"features", "logit"}


def test_weights_of_vgg19_in_the_data_folder_are_taken_without_a_download(tmp_path, monkeypatch):
    monkeypatch.setattr("keras.utils.get_file", lambda *_, **__: pytest.fail("downloads"))
    kept = tmp_path / VGG19_WEIGHTS
    kept.parent.mkdir()
    kept.write_bytes(b"weights")

    assert imagenet_weights(tmp_path, VGG19) == kept


def test_vgg19_without_weights_says_where_they_are_to_be_had(tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise Exception("URL fetch failure")  # noqa: TRY002  (what Keras raises)

    monkeypatch.setattr("keras.utils.get_file", unreachable)

    with pytest.raises(DatasetError, match="URL fetch failure") as refused:
        imagenet_weights(tmp_path, VGG19)
    assert ADDRESS in str(refused.value)
    assert str(tmp_path / "imagenet_weights") in str(refused.value)
