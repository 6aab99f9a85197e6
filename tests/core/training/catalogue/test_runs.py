"""The runs that can be trained."""

from dataclasses import asdict

import pytest

from core.errors import DatasetError
from core.training.catalogue.runs import CATALOGUE, find_run


def test_every_run_is_found_by_its_name_and_says_what_it_is_for():
    for name, run in CATALOGUE.items():
        assert find_run(name) is run
        assert run.name == name
        assert run.sentence.endswith(".")


def test_no_two_runs_are_the_same_but_for_their_words():
    decisive = [
        {key: value for key, value in asdict(run).items() if key not in ("name", "sentence")}
        for run in CATALOGUE.values()
    ]

    assert all(run not in decisive[:number] for number, run in enumerate(decisive))


def test_every_run_wants_at_least_97_of_100_pneumonias():
    assert min(run.sensitivity_wanted for run in CATALOGUE.values()) >= 0.97


def test_an_unknown_run_is_refused_with_the_names_that_are_known():
    with pytest.raises(DatasetError, match="no run is called 'f99'; the catalogue has c05, f01"):
        find_run("f99")


def test_settings_are_described_to_the_last_number():
    described = asdict(CATALOGUE["f01"])

    assert described["learning_rate"] == 2e-4
    assert described["augmentation"]["rotation_deg"] == 12.0
