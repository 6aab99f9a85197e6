"""What layers add to the score: exact at the last one, ranked by channel, found in any network."""

import numpy as np
import pytest
from fixtures.tiny_films import smooth_films

from core.inference.litert import LiteRTNetwork
from core.runs.store import EXPORT_FILE, load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.training.activations import find_stages, view_layers
from core.training.networks.architectures import build_classifier

TEMPERATURE = 2.0


@pytest.fixture(scope="module")
def film(served_keras):
    px = served_keras.input_shape[1]
    return smooth_films(1, px, seed=0)[0].astype(np.float32) / np.float32(255.0)


@pytest.fixture(scope="module")
def views(served_keras, film):
    channels = max(layer.output.shape[-1] for layer in find_stages(served_keras))
    return list(view_layers(served_keras, film, TEMPERATURE, shown=channels))


def test_the_last_layers_channels_add_up_to_the_log_odds_without_the_bias(
    served_keras, film, views
):
    logit = float(np.asarray(served_keras(film[np.newaxis, ..., np.newaxis]))[0, 0])
    bias = float(served_keras.get_layer("logit").get_weights()[1][0])
    assert views[0].exact
    assert sum(one.contribution for one in views[0].maps) == pytest.approx(
        (logit - bias) / TEMPERATURE, abs=1e-4
    )


def test_the_last_layers_map_is_the_evidence_of_the_export(film, views):
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    export = LiteRTNetwork((run.folder / EXPORT_FILE).read_bytes(), threads=1)
    evidence = export.run(film[np.newaxis, ..., np.newaxis])["evidence"][0]
    places = views[0].places
    np.testing.assert_allclose(places * places.size * TEMPERATURE, evidence, atol=1e-3)


def test_channels_come_by_what_they_add_and_make_up_the_map(views):
    for view in views:
        strengths = [abs(one.contribution) for one in view.maps]
        assert strengths == sorted(strengths, reverse=True)
        together = sum(one.places.astype(np.float64) for one in view.maps)
        np.testing.assert_allclose(together, view.places, atol=1e-4)
        strongest = view.maps[0]
        assert strongest.places.sum() == pytest.approx(strongest.contribution, abs=1e-3)


def test_the_strongest_channels_are_kept(served_keras, film, views):
    few = list(view_layers(served_keras, film, TEMPERATURE, shown=3))
    for view, whole in zip(few, views, strict=True):
        assert [one.channel for one in view.maps] == [one.channel for one in whole.maps[:3]]


def test_the_stages_are_the_last_learned_layers_of_each_resolution(served_keras, views):
    names = [layer.name for layer in find_stages(served_keras)]
    assert names == [view.layer.name for view in reversed(views)]
    px = served_keras.input_shape[1]
    assert [view.layer.width for view in views] == [px // 16, px // 8, px // 4, px // 2]
    assert [view.layer.step_px for view in views] == [16, 8, 4, 2]
    assert names[-1] == "block_13_expand_relu"


@pytest.mark.parametrize("architecture", ["origin_6", "mobilenet_v2_normalised"])
def test_pooling_padding_and_normalisation_are_no_stages(architecture):
    model = build_classifier(architecture, 128, 0.0, None)
    stages = find_stages(model)
    sides = [layer.output.shape[1] for layer in stages]
    assert sides == [px for px in (128, 64, 32, 16, 8, 4) if px in sides]
    assert all(layer.output.shape[-1] > 2 for layer in stages)
    assert not {type(layer).__name__ for layer in stages} - {"Conv2D", "ReLU"}


def test_a_place_adds_activation_times_gradient():
    import keras

    film = keras.Input((2, 2, 1))
    scaled = keras.layers.Conv2D(1, 1, use_bias=False, name="scaled")
    head = keras.layers.Dense(1, name="logit")
    pooled = keras.layers.GlobalAveragePooling2D(name="features")(scaled(film))
    model = keras.Model(film, head(pooled))
    scaled.set_weights([np.full((1, 1, 1, 1), 3.0)])
    head.set_weights([np.full((1, 1), -8.0), np.full(1, 5.0)])

    (view,) = view_layers(model, np.array([[0.0, 1.0], [0.5, 0.25]], np.float32), TEMPERATURE)

    # 3 x grey, times -8 / 4 places / temperature 2
    np.testing.assert_allclose(view.places, [[0.0, -3.0], [-1.5, -0.75]])
    np.testing.assert_allclose(view.maps[0].activation, [[0.0, 3.0], [1.5, 0.75]])
    assert (view.maps[0].channel, view.maps[0].contribution) == (0, pytest.approx(-5.25))
    assert view.exact


def test_before_dense_layers_nothing_is_exact():
    model = build_classifier("origin_3", 32, 0.0, None)
    views = list(view_layers(model, np.full((32, 32), 0.5, np.float32), TEMPERATURE))
    assert len(views) == 3
    assert not any(view.exact for view in views)
