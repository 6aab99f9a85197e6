"""The built-in films before and after a process of its own has drawn them."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.examples import (
    ExamplesSummary,
    ExamplesTask,
    example_films,
    keep_summary,
    summary_path,
)
from core.phantom_folder import BUILT_IN_FILMS, built_in_folder
from core.run_store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

RUN = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
SUMMARY = ExamplesSummary(let_through=59, n=60, ill=30, found=28, cleared=27)


def test_before_the_first_start_there_is_nothing(tmp_path: Path) -> None:
    task = ExamplesTask(tmp_path, RUN)

    assert (task.drawn, task.total, task.summary, task.sentence) == (0, BUILT_IN_FILMS, None, "")
    assert example_films(tmp_path) == []


def test_what_was_measured_before_is_not_measured_again(tmp_path: Path, monkeypatch) -> None:
    keep_summary(summary_path(tmp_path, RUN), SUMMARY)
    monkeypatch.setattr("core.examples.subprocess", None)  # nothing can be started

    assert ExamplesTask(tmp_path, RUN).start().summary == SUMMARY


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
    keep_summary(summary_path(tmp_path, RUN), SUMMARY)

    assert ExamplesTask(tmp_path, changed).summary is None


def test_example_films_are_whole_files_whose_names_do_not_tell_the_label(
    synthetic_cache: Path,
) -> None:
    films = example_films(synthetic_cache, 4)

    on_disk = {path.read_bytes() for path in built_in_folder(synthetic_cache).rglob("*.png")}
    assert [film.name for film in films] == [f"synthetic-{n:02}.png" for n in range(1, 5)]
    assert all(film.content in on_disk for film in films)
    assert [film.key for film in films] == [hashlib.sha256(f.content).hexdigest() for f in films]


def test_work_that_is_stopped_leaves_whole_films_and_says_so(tmp_path: Path) -> None:
    task = ExamplesTask(tmp_path, RUN).start()
    for _ in range(600):
        if task.drawn:
            break
        time.sleep(0.1)
    task.stop()

    for _ in range(100):
        if task.sentence:
            break
        time.sleep(0.1)
    assert "stopped" in task.sentence
    assert 1 <= task.drawn < BUILT_IN_FILMS
    assert all(film.content.endswith(b"IEND\xaeB`\x82") for film in example_films(tmp_path))
