"""The networks that the runs train."""

import numpy as np
import pytest
from tiny_films import grey_inputs, smooth_films

from core.errors import DatasetError
from core.run_store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.training.architectures import (
    MOBILENET_V2_WEIGHTS,
    build_classifier,
    build_lung_net,
    starting_weights,
)


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
