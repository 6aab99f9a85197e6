"""``python -m core data``: what a person reads, and the exit code."""

import pytest
from fixtures.kermany_stand_in import FILMS, MANIFEST, write_films
from typer.testing import CliRunner

from core.cli import data
from core.datasets.fetch import fetch_dataset
from core.datasets.index import index_dataset
from core.datasets.split import read_split


@pytest.fixture
def command():
    runner = CliRunner()

    def call(*arguments: object):
        return runner.invoke(data.app, [str(argument) for argument in arguments])

    return call


def test_check_reports_counts_duplicates_and_patients(tmp_path, command):
    copy = {"train/NORMAL/IM-0300-0001.jpeg": FILMS["train/NORMAL/IM-0115-0001.jpeg"]}

    answer = command("check", "--source", write_films(tmp_path, {**FILMS, **copy}))

    assert answer.exit_code == 0
    assert "Exact duplicates: 1 groups, 2 films." in answer.stdout
    assert "Near duplicates: 0 groups, 0 films." in answer.stdout
    assert "Patient numbers that occur in test and outside it: 1." in answer.stdout
    assert "Warning: train/NORMAL holds 3 films; 1341 were published." in answer.stdout
    assert "10 films, every one decodes" in answer.stdout


def test_check_of_a_missing_folder_ends_with_a_sentence_and_code_1(tmp_path, command):
    answer = command("check", "--source", tmp_path / "nowhere")

    assert answer.exit_code == 1
    assert "There is no data folder at" in answer.stderr
    assert "Traceback" not in answer.output


def test_check_looks_where_the_settings_say(tmp_path, command, monkeypatch):
    settings = data.get_settings().model_copy(update={"data": write_films(tmp_path)})
    monkeypatch.setattr(data, "get_settings", lambda: settings)

    assert "9 films, every one decodes" in command("check").stdout


def test_split_writes_a_split_of_these_films(tmp_path, command):
    films = write_films(tmp_path / "films")
    out = tmp_path / "split.json"

    answer = command(
        "split", "--source", films, "--out", out, "--validation-fraction", 0.5, "--seed", 4
    )

    assert answer.exit_code == 0
    split = read_split(out, index_dataset(films))
    assert (split.seed, split.validation_fraction) == (4, 0.5)
    assert f"train: {len(split.train)} films" in answer.stdout
    assert "test: 2 films (1 normal, 1 virus)" in answer.stdout


def test_split_with_an_impossible_fraction_ends_with_a_sentence(tmp_path, command):
    answer = command(
        "split",
        "--source",
        write_films(tmp_path),
        "--out",
        tmp_path / "s.json",
        "--validation-fraction",
        2,
    )

    assert answer.exit_code == 1
    assert "is not between 0 and 1" in answer.stderr
    assert not (tmp_path / "s.json").exists()


def test_fetch_says_what_it_did_and_a_second_time_that_nothing_is_left_to_do(
    tmp_path, command, monkeypatch
):
    write_films(tmp_path / "cache")
    monkeypatch.setattr(data, "download_from_kaggle", lambda _handle: tmp_path / "cache")
    monkeypatch.setattr(
        data,
        "fetch_dataset",
        lambda *args, **kwargs: fetch_dataset(*args, manifest=MANIFEST, **kwargs),
    )

    first = command("fetch", "--out", tmp_path / "set")
    second = command("fetch", "--out", tmp_path / "set")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "is complete: 9 films, 9 of them new." in first.stdout
    assert f"sha256 of the {len(MANIFEST.spot_sha256)} films whose" in first.stdout
    assert "is complete already: 9 films" in second.stdout


def test_fetch_of_an_incomplete_download_ends_with_a_sentence(tmp_path, command, monkeypatch):
    write_films(tmp_path / "cache")
    monkeypatch.setattr(data, "download_from_kaggle", lambda _handle: tmp_path / "cache")

    answer = command("fetch", "--out", tmp_path / "set")

    assert answer.exit_code == 1
    assert "is not the published set of 5856 films" in answer.stderr
