"""Hyperparameter search on a few synthetic films."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tiny_films import TINY, build_small_network, say_nothing

from core.training import search, steps
from core.training.run_settings import Search
from core.training.search import SEARCH_FILE, search_settings

SPACE = Search(
    choices={"batch": (4, 8)}, log_ranges={"learning_rate": (1e-4, 1e-1)}, trials=4, epochs=2,
    input_px=32,
)  # fmt: skip


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
    monkeypatch.setattr(steps, "build_classifier", build_small_network)


def run(tiny_run, folder, declared: Search = SPACE, report=say_nothing):
    masks = np.full(tiny_run.films.train.films.shape, 127, np.uint8)
    settings = replace(TINY, search=declared)
    return search_settings(settings, tiny_run.films, masks, None, folder, report)


def test_the_best_trial_on_validation_becomes_the_settings(tiny_run, tmp_path):
    chosen = run(tiny_run, tmp_path)

    history = json.loads((tmp_path / SEARCH_FILE).read_text())
    trials = history["trials"]
    best = min(trials, key=lambda trial: trial["log_loss"])
    assert (chosen.batch, chosen.learning_rate) == tuple(
        best["settings"][name] for name in ("batch", "learning_rate")
    )
    assert (chosen.epochs, chosen.input_px) == (TINY.epochs, TINY.input_px)
    assert [trial["number"] for trial in trials] == [0, 1, 2, 3]
    assert history["space"]["log_ranges"] == {"learning_rate": [1e-4, 1e-1]}
    assert len({trial["log_loss"] for trial in trials}) > 1


def test_every_trial_lies_in_the_declared_space(tiny_run, tmp_path):
    run(tiny_run, tmp_path)

    for trial in json.loads((tmp_path / SEARCH_FILE).read_text())["trials"]:
        assert trial["settings"]["batch"] in (4, 8)
        assert 1e-4 <= trial["settings"]["learning_rate"] <= 1e-1
        assert 1 <= trial["epochs"] <= 2
        assert trial["stopped_early"] is (trial["epochs"] < 2)


def test_an_interrupted_search_goes_on_after_its_last_trial(tiny_run, tmp_path, monkeypatch):
    run(tiny_run, tmp_path, replace(SPACE, trials=2))
    tried: list[int] = []
    once = search._try

    def count(trial, number, *others):
        tried.append(number)
        return once(trial, number, *others)

    monkeypatch.setattr(search, "_try", count)
    run(tiny_run, tmp_path)

    assert tried == [2, 3]


def test_a_space_of_choices_alone_has_each_setting_tried_once(tiny_run, tmp_path):
    choices = {"batch": (4, 8), "optimizer": ("adam", "sgd")}
    declared = replace(SPACE, choices=choices, log_ranges={}, trials=9, epochs=1)
    run(tiny_run, tmp_path, replace(declared, trials=1))
    run(tiny_run, tmp_path, declared)

    trials = json.loads((tmp_path / SEARCH_FILE).read_text())["trials"]
    tried = [(trial["settings"]["batch"], trial["settings"]["optimizer"]) for trial in trials]
    assert sorted(tried) == [(4, "adam"), (4, "sgd"), (8, "adam"), (8, "sgd")]


def test_a_history_of_another_space_is_not_gone_on_with(tiny_run, tmp_path):
    run(tiny_run, tmp_path, replace(SPACE, trials=1))
    run(tiny_run, tmp_path, replace(SPACE, trials=1, choices={"batch": (4,)}))

    history = json.loads((tmp_path / SEARCH_FILE).read_text())
    assert history["space"]["choices"] == {"batch": [4]}
    assert [trial["settings"]["batch"] for trial in history["trials"]] == [4]


def test_a_run_without_a_search_keeps_its_settings(tiny_run, tmp_path):
    assert run(tiny_run, tmp_path, None) == TINY
    assert not (tmp_path / SEARCH_FILE).exists()
