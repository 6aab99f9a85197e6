"""The built-in films before and after a process of its own has drawn them."""

from __future__ import annotations

import hashlib
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.files import write_checked, write_whole
from core.jobs.examples import (
    ExamplesSummary,
    ExamplesTask,
    done_path,
    drawn_files,
    example_films,
    keep_summary,
    summary_path,
)
from core.phantom.builtin import BUILT_IN_FILMS, MANIFEST, built_in_folder
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

MODELS = PROJECT_ROOT / "models"
RUN = load_run(MODELS / SERVED_RUN)
GATE = "a hash"
SUMMARY = ExamplesSummary(let_through=59, n=60, ill=30, found=28, cleared=27)


def test_before_the_first_start_there_is_nothing(tmp_path: Path) -> None:
    task = ExamplesTask(tmp_path, MODELS, RUN, GATE)

    assert (task.drawn, task.total, task.summary, task.sentence) == (0, BUILT_IN_FILMS, None, "")
    assert example_films(tmp_path) == []


def test_what_was_measured_before_is_not_measured_again(tmp_path: Path, monkeypatch) -> None:
    keep_summary(summary_path(tmp_path, RUN, GATE), SUMMARY)
    write_whole(done_path(summary_path(tmp_path, RUN, GATE)), b"")
    monkeypatch.setattr(ExamplesTask, "drawn", BUILT_IN_FILMS)
    monkeypatch.setattr("core.jobs.examples.subprocess", None)  # nothing can be started

    task = ExamplesTask(tmp_path, MODELS, RUN, GATE).start()
    assert task.summary == SUMMARY
    assert task.ready


@pytest.mark.parametrize(
    "changed",
    [
        replace(RUN, operating_point=replace(RUN.operating_point, threshold=0.1)),
        replace(RUN, calibration=replace(RUN.calibration, temperature=9.0)),
        replace(RUN, files={**RUN.files, "model.tflite": "0" * 64}),
        replace(RUN, run_id="f99"),
    ],
    ids=["operating point", "calibration", "export", "name"],
)
def test_another_run_is_measured_anew(tmp_path: Path, changed) -> None:
    keep_summary(summary_path(tmp_path, RUN, GATE), SUMMARY)

    assert ExamplesTask(tmp_path, MODELS, changed, GATE).summary is None


def test_films_can_be_shown_once_the_served_run_has_read_them(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(ExamplesTask, "finished", False)
    monkeypatch.setattr(ExamplesTask, "drawn", BUILT_IN_FILMS)
    task = ExamplesTask(tmp_path, MODELS, RUN, GATE)
    assert not task.ready
    keep_summary(summary_path(tmp_path, RUN, GATE), SUMMARY)
    assert task.ready
    monkeypatch.setattr(ExamplesTask, "drawn", 7)
    assert not ExamplesTask(tmp_path, MODELS, RUN, GATE).ready


@pytest.mark.parametrize("content", [b"{", b'{"n": 60}', b"[]"])
def test_a_summary_of_another_version_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    write_checked(summary_path(tmp_path, RUN, GATE), content)
    assert ExamplesTask(tmp_path, MODELS, RUN, GATE).summary is None


def test_a_summary_with_a_changed_digit_is_as_good_as_none(tmp_path: Path) -> None:
    path = summary_path(tmp_path, RUN, GATE)
    keep_summary(path, SUMMARY)
    path.write_bytes(path.read_bytes().replace(b'"found": 28', b'"found": 29'))
    assert ExamplesTask(tmp_path, MODELS, RUN, GATE).summary is None


def test_a_damaged_film_is_not_offered(tmp_path: Path, synthetic_cache: Path) -> None:
    shutil.copytree(built_in_folder(synthetic_cache), built_in_folder(tmp_path))
    offered = {film.content for film in example_films(tmp_path)}
    path = drawn_files(tmp_path)[3]
    whole = path.read_bytes()
    path.write_bytes(whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:])
    left = {film.content for film in example_films(tmp_path)}
    assert (len(left), offered - left) == (12, {whole})


def test_another_segmenter_is_measured_anew(tmp_path: Path) -> None:
    keep_summary(summary_path(tmp_path, RUN, GATE), SUMMARY)

    assert ExamplesTask(tmp_path, MODELS, RUN, "another").summary is None


def test_example_films_are_whole_files_whose_names_do_not_tell_the_label(
    synthetic_cache: Path,
) -> None:
    films = example_films(synthetic_cache)

    folder = built_in_folder(synthetic_cache)
    label = {path.read_bytes(): path.parent.name for path in folder.rglob("*/*/*.png")}
    assert [film.name for film in films] == [f"synthetic-{n:02}.png" for n in range(1, 13)]
    labels = [label[film.content] for film in films]
    assert labels.count("NORMAL") == labels.count("PNEUMONIA") == 6
    assert labels[::2].count("NORMAL") not in (0, 6)  # neither every second one nor one half
    assert labels[:6].count("NORMAL") not in (0, 6)
    assert [film.key for film in films] == [hashlib.sha256(f.content).hexdigest() for f in films]
    assert [film.key for film in films] == sorted(film.key for film in films)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"{", b'{"films": 3}'])
def test_a_damaged_manifest_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    write_whole(built_in_folder(tmp_path) / MANIFEST, content)

    assert example_films(tmp_path) == []


@pytest.mark.parametrize(
    ("returncode", "said", "sentence"),
    [
        (1, "INFO: on CPU\nThere is no room.\n", "There is no room."),
        (1, "Traceback (most recent call last):\nOSError: x\n", "There is a fault"),
        (-15, "", "was stopped"),
        (0, "", "was stopped"),
    ],
)
def test_work_that_ends_without_a_summary_says_so_in_one_sentence(
    tmp_path: Path, returncode: int, said: str, sentence: str
) -> None:
    class Ended:
        def __init__(self) -> None:
            self.returncode = returncode

        def communicate(self) -> tuple[str, str]:
            return "", said

    task = ExamplesTask(tmp_path, MODELS, RUN, GATE)
    task._process = Ended()
    task._work()

    assert sentence in task.sentence
    assert "\n" not in task.sentence


def test_work_that_is_stopped_leaves_whole_films_and_says_so(tmp_path: Path) -> None:
    task = ExamplesTask(tmp_path, MODELS, RUN, GATE).start()
    for _ in range(600):
        if task.drawn:
            break
        time.sleep(0.1)
    assert not task.finished
    task.cancel()

    for _ in range(100):
        if task.finished:
            break
        time.sleep(0.1)
    assert not task.ready
    assert "stopped" in task.sentence
    assert 1 <= task.drawn < BUILT_IN_FILMS
    assert all(film.content.endswith(b"IEND\xaeB`\x82") for film in example_films(tmp_path))
