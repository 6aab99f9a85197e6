"""Random weights from the logit down: which layers they reach, and what the maps then have left."""

import shutil

import numpy as np
import pytest
from fixtures.tiny_films import build_small_network, smooth_films

from core.explain.weight_randomisation import SANITY_FILE, SanityCheck
from core.runs.artifacts import read_artifact
from core.runs.store import load_run
from core.training import kept_network, weight_randomisation
from core.training.activations import find_stages
from core.training.weight_randomisation import _group, check_maps, make_check, mean_over_both

PATIENTS = np.array(["a", "b", "c"])


@pytest.fixture
def small_network(monkeypatch):
    for module in (kept_network, weight_randomisation):
        monkeypatch.setattr(module, "build_classifier", build_small_network)


def test_every_layer_with_weights_gets_random_ones_once_and_the_logit_comes_first(served_keras):
    words, groups = zip(*_group(served_keras, find_stages(served_keras)), strict=True)
    names = [served_keras.layers[number].name for group in groups for number in group]
    assert sorted(names) == sorted(layer.name for layer in served_keras.layers if layer.weights)
    assert (names[0], words[0]) == ("logit", "last layer")
    assert words[-1] == "all"
    assert "Conv1" in [served_keras.layers[number].name for number in groups[-1]]


def test_maps_of_random_networks_differ_and_those_of_the_same_network_do_not(
    tiny_run, small_network, monkeypatch
):
    run, reported = load_run(tiny_run.folder), []
    films = smooth_films(3, run.input_px, seed=1)
    inputs = films[..., np.newaxis].astype(np.float32) / np.float32(255.0)
    check = check_maps(run, inputs, PATIENTS, "films", lambda *done: reported.append(done), draws=2)
    count = len(check.stages)
    assert max(stage.signed.value for stage in check.stages) < 0.9
    assert check.stages[-1].signed.n == len(inputs)
    assert reported == [(done, 2 * count) for done in range(1, 2 * count + 1)]

    monkeypatch.setattr(weight_randomisation, "_randomised", lambda *_, **__: tiny_run.model)
    same = check_maps(run, inputs, PATIENTS, "films", draws=1)
    assert [stage.signed.value for stage in same.stages] == pytest.approx([1.0] * count)
    assert same.stages[-1].resembles


def test_intervals_are_over_films_and_over_draws():
    films = np.array([0.0, 0.4, 0.8])
    narrow = mean_over_both(np.full((4, 3), 0.4), PATIENTS)
    assert (narrow.value, narrow.low, narrow.high) == pytest.approx((0.4, 0.4, 0.4))
    for values in (np.tile(films, (3, 1)), np.tile(films[:, np.newaxis], (1, 3))):
        wide = mean_over_both(values, PATIENTS)
        assert wide.value == pytest.approx(0.4)
        assert wide.low < 0.2
        assert wide.high > 0.6


def test_the_check_is_kept_with_the_run_and_is_of_its_export(tiny_run, small_network, tmp_path):
    shutil.copytree(tiny_run.models, tmp_path, dirs_exist_ok=True)
    run = load_run(tmp_path / tiny_run.folder.name)
    check = make_check(run, tiny_run.data, tmp_path)
    kept = read_artifact(load_run(run.folder), SANITY_FILE, SanityCheck.from_json, "")
    assert kept == check
    validation = tiny_run.films.validation
    assert check.films == (
        f"{len(validation)} validation films drawn at random, {validation.labels.sum()} with "
        "pneumonia"
    )
