"""Hyperparameter search on a few synthetic films."""

import json
from dataclasses import replace

import numpy as np
import pytest
from fixtures.tiny_films import TINY, build_small_network, show_nothing

from core.errors import ModelError
from core.training import hyperparameter_search, train_step
from core.training.catalogue.settings import Search
from core.training.hyperparameter_search import SEARCH_FILE, search_settings

SPACE = Search(
    choices={"batch": (4, 8)}, log_ranges={"learning_rate": (1e-4, 1e-1)}, trials=4, epochs=2,
    input_px=32,
)  # fmt: skip


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
    monkeypatch.setattr(train_step, "build_classifier", build_small_network)


def run(tiny_run, folder, declared: Search = SPACE, report=show_nothing, **changes):
    masks = np.full(tiny_run.films.train.films.shape, 127, np.uint8)
    settings = replace(TINY, search=declared, **changes)
    return search_settings(settings, tiny_run.films, masks, None, folder, report)


@pytest.fixture
def losses(monkeypatch):
    """Let trials have losses that the test states, one list a trial, and train nothing."""
    stated: list[list[float]] = []

    def train(*_, after_epoch, **__):
        for epoch, loss in enumerate(stated.pop(0)):
            after_epoch(epoch, loss)

    monkeypatch.setattr(hyperparameter_search, "train_classifier", train)
    return stated


@pytest.mark.usefixtures("without_graphs")
def test_the_best_trial_on_validation_becomes_the_settings(tiny_run, tmp_path):
    chosen = run(tiny_run, tmp_path, replace(SPACE, choices={"batch": (12, 24)}))

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
    for trial in trials:  # each lies in the declared space
        assert trial["settings"]["batch"] in (12, 24)
        assert 1e-4 <= trial["settings"]["learning_rate"] <= 1e-1
        assert 1 <= trial["epochs"] <= 2
        assert trial["stopped_early"] is (trial["epochs"] < 2)


def test_an_interrupted_search_goes_on_after_its_last_trial(
    tiny_run, tmp_path, losses, monkeypatch
):
    losses += [[0.5, 0.4]] * 4
    run(tiny_run, tmp_path, replace(SPACE, trials=2))
    tried: list[int] = []
    once = hyperparameter_search._try

    def count(trial, number, *others):
        tried.append(number)
        return once(trial, number, *others)

    monkeypatch.setattr(hyperparameter_search, "_try", count)
    run(tiny_run, tmp_path)

    assert tried == [2, 3]


def test_a_space_of_choices_alone_has_each_setting_tried_once(tiny_run, tmp_path, losses):
    losses += [[0.5]] * 4
    choices = {"batch": (4, 8), "optimizer": ("adam", "sgd")}
    declared = replace(SPACE, choices=choices, log_ranges={}, trials=9, epochs=1)
    run(tiny_run, tmp_path, replace(declared, trials=1))
    run(tiny_run, tmp_path, declared)

    trials = json.loads((tmp_path / SEARCH_FILE).read_text())["trials"]
    tried = [(trial["settings"]["batch"], trial["settings"]["optimizer"]) for trial in trials]
    assert sorted(tried) == [(4, "adam"), (4, "sgd"), (8, "adam"), (8, "sgd")]


def test_a_history_of_another_space_is_not_gone_on_with(tiny_run, tmp_path, losses):
    losses += [[0.5, 0.4]] * 2
    run(tiny_run, tmp_path, replace(SPACE, trials=1))
    run(tiny_run, tmp_path, replace(SPACE, trials=1, choices={"batch": (4,)}))

    history = json.loads((tmp_path / SEARCH_FILE).read_text())
    assert history["space"]["choices"] == {"batch": [4]}
    assert [trial["settings"]["batch"] for trial in history["trials"]] == [4]


def test_a_run_without_a_search_keeps_its_settings(tiny_run, tmp_path):
    assert run(tiny_run, tmp_path, None) == TINY
    assert not (tmp_path / SEARCH_FILE).exists()


# --- going on after an interruption ---------------------------------------------------------------


def kept_trials(folder):
    return json.loads((folder / SEARCH_FILE).read_text())["trials"]


def test_a_search_that_goes_on_does_not_repeat_its_first_draws(tiny_run, tmp_path, losses):
    losses += [[0.5, 0.4]] * 4
    run(tiny_run, tmp_path, replace(SPACE, trials=2))
    run(tiny_run, tmp_path)

    drawn = [trial["settings"]["learning_rate"] for trial in kept_trials(tmp_path)]
    assert len(set(drawn)) == 4


def test_a_search_that_goes_on_stops_a_trial_by_the_epochs_of_those_before(
    tiny_run, tmp_path, losses
):
    declared = replace(SPACE, epochs=4)
    losses += [[0.5, 0.4, 0.3, 0.2]] * 3 + [[0.9, 0.9, 0.9, 0.9]]
    run(tiny_run, tmp_path, replace(declared, trials=3))
    run(tiny_run, tmp_path, declared)

    trials = kept_trials(tmp_path)
    assert [trial["losses"] for trial in trials[:3]] == [[0.5, 0.4, 0.3, 0.2]] * 3
    assert (trials[3]["stopped_early"], trials[3]["epochs"]) == (True, 3)


def test_a_history_from_before_losses_and_settings_were_kept_is_gone_on_with(
    tiny_run, tmp_path, losses
):
    losses += [[0.5, 0.4]] * 4
    run(tiny_run, tmp_path, replace(SPACE, trials=2))
    kept = json.loads((tmp_path / SEARCH_FILE).read_text())
    del kept["settings"]
    for trial in kept["trials"]:
        del trial["losses"]
    (tmp_path / SEARCH_FILE).write_text(json.dumps(kept))
    run(tiny_run, tmp_path)

    assert kept_trials(tmp_path)[:2] == kept["trials"]
    assert losses == []


@pytest.mark.parametrize(
    ("change", "tried"),
    [
        ({"architecture": "small"}, 2),
        ({"seed": 99}, 2),
        ({"weight_decay": 0.5}, 2),
        ({"augmentation": replace(TINY.augmentation, rotation_deg=3.0)}, 2),
        ({"batch": 64}, 1),
        ({"epochs": 99}, 1),
        ({"sentence": "the same run, told better"}, 1),
    ],
    ids=repr,
)
def test_trials_are_gone_on_with_only_where_what_they_depend_on_is_the_same(
    tiny_run, tmp_path, losses, change, tried
):
    losses += [[0.5, 0.4]] * 2
    once = replace(SPACE, trials=1)
    run(tiny_run, tmp_path, once)
    run(tiny_run, tmp_path, once, **change)

    assert 2 - len(losses) == tried


def test_a_trial_that_diverged_is_never_the_best(tiny_run, tmp_path, losses):
    losses += [[0.1, float("nan")], [0.6, 0.5], [float("nan"), 0.1], [0.9, 0.8]]
    chosen = run(tiny_run, tmp_path)

    trials = kept_trials(tmp_path)
    assert [trial["log_loss"] for trial in trials] == [None, 0.5, None, 0.8]
    assert trials[0]["losses"] == [0.1, None]
    assert chosen.learning_rate == trials[1]["settings"]["learning_rate"]
    assert run(tiny_run, tmp_path) == chosen


def test_a_search_whose_every_trial_diverged_is_told_in_a_sentence(tiny_run, tmp_path, losses):
    losses += [[float("nan")] * 2] * 4
    with pytest.raises(ModelError, match="all 4 trials of the search diverged"):
        run(tiny_run, tmp_path)


@pytest.mark.parametrize(
    "content", [b'{"space": {"cho', b"[]", b"\xff\xfe", b'{"space": {}, "trials": [3]}'], ids=repr
)
def test_a_history_that_cannot_be_read_is_told_and_begun_anew(tiny_run, tmp_path, losses, content):
    (tmp_path / SEARCH_FILE).write_bytes(content)
    losses += [[0.5, 0.4]]
    told = []
    run(tiny_run, tmp_path, replace(SPACE, trials=1), told.append)

    assert "search.json cannot be read" in told[0]
    assert len(kept_trials(tmp_path)) == 1


def test_a_history_is_never_half_written(tiny_run, tmp_path, losses, monkeypatch):
    losses += [[0.5, 0.4]] * 2
    run(tiny_run, tmp_path, replace(SPACE, trials=1))
    before = (tmp_path / SEARCH_FILE).read_bytes()

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        run(tiny_run, tmp_path, replace(SPACE, trials=2))

    assert (tmp_path / SEARCH_FILE).read_bytes() == before
