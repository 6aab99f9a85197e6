"""A head that tells normal, bacterial and viral films apart."""

from dataclasses import replace

import numpy as np
import pytest
from fixtures.tiny_films import TINY, grey_inputs, smooth_films

from core.errors import DatasetError
from core.training import train_step
from core.training.augmentation import PLAIN
from core.training.distillation import Teacher
from core.training.films import FilmSet, kinds_of
from core.training.networks.architectures import KINDS, add_three_way_head, build_classifier


def small_three_way_network():
    import keras

    film = keras.Input((32, 32, 1))
    hidden = keras.layers.Dense(8, activation="relu")(keras.layers.Flatten()(film))
    return keras.Model(film, add_three_way_head(hidden))


def test_the_logit_is_that_of_either_pneumonia_against_normal():
    import keras

    model = build_classifier("mobilenet_v2_three_way", 32, 0.0, None)
    films = grey_inputs(smooth_films(5, 32, seed=8))
    kinds = keras.Model(model.input, model.get_layer(KINDS).output)

    shares = np.asarray(keras.ops.softmax(kinds(films), axis=1), np.float64)

    expected = np.log(shares[:, 1] + shares[:, 2]) - np.log(shares[:, 0])
    np.testing.assert_allclose(np.asarray(model(films))[:, 0], expected, atol=1e-4)
    assert model.get_layer("features").output.shape[1] > 100


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_three_kinds_are_learned(smoothing):
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(3)
    kinds = np.arange(24, dtype=np.int32) % 3
    films = np.zeros((24, 32, 32, 1), np.float32)
    for row, kind in enumerate(kinds):
        films[row, :, 10 * kind : 10 * kind + 10] = 1.0
    settings = replace(
        TINY, augmentation=PLAIN, label_smoothing=smoothing, ema_momentum=0.0, schedule="constant"
    )
    model = small_three_way_network()
    step = train_step.make_step(model, train_step.make_optimizer(settings, 1), settings)

    inputs = [tf.constant(part) for part in (films, films * 0.0, kinds, np.ones(24, np.float32))]
    for _ in range(300):
        step(*inputs)

    told = keras.Model(model.input, model.get_layer(KINDS).output)
    shares = np.asarray(keras.ops.softmax(told(films), axis=1))
    assert shares.argmax(axis=1).tolist() == kinds.tolist()
    # What smoothing leaves for each wrong kind is a third of it.
    wrong = np.sort(shares, axis=1)[:, 0].mean()
    assert wrong == pytest.approx(smoothing / 3.0, abs=0.02)
    assert ((np.asarray(model(films))[:, 0] > 0.0) == (kinds > 0)).all()


def test_the_kind_stands_in_the_films_name():
    films = FilmSet(
        (
            "NORMAL/IM-1-1.jpeg",
            "PNEUMONIA/person1_bacteria_2.jpeg",
            "PNEUMONIA/person1_virus_3.jpeg",
        ),
        np.zeros((3, 224, 224), np.uint8),
        np.array([0, 1, 1]),
    )

    assert kinds_of(films).tolist() == [0, 1, 2]


def test_teachers_of_two_classes_are_refused():
    with pytest.raises(DatasetError, match="teachers give pneumonia or normal"):
        train_step.make_step(small_three_way_network(), None, TINY, [Teacher(None, 32)])
