"""The built-in films with their shipped readings: what the models say today, or not shown."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.model import RunRecord
from core.imaging.decoding import decode_radiograph
from core.inference.gate_files import Gate, open_gate
from core.jobs import examples
from core.jobs.examples import Examples, open_examples, reading_folders
from core.jobs.synthetic_readings import KeptReadings
from core.phantom import builtin
from core.phantom.builtin import BUILT_IN_FILMS, MANIFEST, built_in_files
from core.pipeline import Engine, open_classifier, open_engine, read_film, score_radiograph
from core.runs.listing import list_runs
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

MODELS = PROJECT_ROOT / "models"
RUN = load_run(MODELS / SERVED_RUN)
LONG = "FIRSTREAD_LONG" in os.environ
RUNS = [run.run_id for run in list_runs(MODELS)]
RECOMPUTED = RUNS if LONG else ["f01", "f06", "x05-zoom"]
EVERY = 1 if LONG else 25
"""Of so many films one is read again."""


@pytest.fixture(scope="module")
def gate() -> Gate:
    return open_gate(MODELS, 2)


@pytest.fixture(scope="module")
def shipped(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> Examples:
    return open_examples(RUN, gate.sha256, tmp_path_factory.mktemp("empty cache"))


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the built-in films with their readings, in the place of these."""
    folder = tmp_path / "synthetic"
    shutil.copytree(builtin.BUILT_IN_FOLDER, folder)
    monkeypatch.setattr(builtin, "BUILT_IN_FOLDER", folder)
    return folder


def test_neither_names_nor_places_tell_what_a_film_shows(shipped: Examples) -> None:
    label = {path.read_bytes(): path.parent.name for path in built_in_files()}
    names = [f"synthetic-{number:02}.png" for number in range(1, BUILT_IN_FILMS + 1)]
    assert [film.name for film in shipped.films] == names
    assert [film.key for film in shipped.films] == sorted(film.key for film in shipped.films)
    labels = [label[film.content] for film in shipped.films]
    half = BUILT_IN_FILMS // 2
    assert labels.count("NORMAL") == labels.count("PNEUMONIA") == half
    assert 0.25 * half < labels[::2].count("NORMAL") < 0.75 * half
    assert 0.25 * half < labels[:half].count("NORMAL") < 0.75 * half
    hashes = [hashlib.sha256(film.content).hexdigest() for film in shipped.films]
    assert [film.key for film in shipped.films] == hashes
    assert all(film.shipped for film in shipped.films)


def test_every_film_has_a_reading_and_it_is_that_of_the_same_upload(shipped: Examples) -> None:
    assert shipped.outcomes.keys() == {film.key for film in shipped.films}
    engine = open_engine(MODELS, SERVED_RUN)
    for film in shipped.films[::EVERY]:
        there, here = shipped.outcomes[film.key].reading, read_film(film.content, engine)
        assert there is not None
        assert there.thumbnail == here.thumbnail
        assert (there.height_px, there.width_px) == (here.height_px, here.width_px)
        assert there.quality.refused == here.quality.refused
        said, says = (
            {(one.code, one.message) for one in of.quality.findings} for of in (there, here)
        )
        assert said == says  # to the word: a sentence that changes is shipped again
        if there.prediction is None or here.prediction is None:
            assert there.quality.refused
            continue
        for name in ("probability", "score"):
            said = getattr(there.prediction, name)
            assert said == pytest.approx(getattr(here.prediction, name), abs=0.005)
        assert there.prediction.run_id == SERVED_RUN


def test_every_run_that_pages_list_has_its_readings_shipped(gate: Gate, tmp_path: Path) -> None:
    kept = readings(tmp_path)
    assert len(RUNS) > 5
    assert [run.run_id for run in list_runs(MODELS) if not kept.has_run(run, gate.sha256)] == []


@pytest.mark.parametrize("run_id", RECOMPUTED)
def test_a_shipped_reading_is_what_the_run_says_today(
    gate: Gate, tmp_path: Path, run_id: str
) -> None:
    run = load_run(MODELS / run_id)
    said = readings(tmp_path).of_run(run, gate.sha256)
    assert said is not None
    assert len(said) == BUILT_IN_FILMS
    engine = Engine(open_classifier(run), gate)
    for row in range(0, BUILT_IN_FILMS, EVERY):
        place = builtin.BUILT_IN_FOLDER / str(said.films.film_id[row])
        logit, probability = score_radiograph(decode_radiograph(place.read_bytes()), engine)
        assert said.logit[row] == pytest.approx(logit, abs=0.02)
        assert said.probability[row] == pytest.approx(probability, abs=0.005)


def readings(cache: Path) -> KeptReadings:
    hashes = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in built_in_files()}
    return KeptReadings(examples._set_sha256(hashes), reading_folders(cache))


def test_the_summary_counts_what_the_run_says(
    shipped: Examples, gate: Gate, tmp_path: Path
) -> None:
    said, summary = readings(tmp_path).of_run(RUN, gate.sha256), shipped.summary
    assert said is not None
    assert summary is not None
    right = said.films.label == (said.probability >= RUN.operating_point.threshold)
    ill = said.films.label == 1
    assert (summary.n, summary.ill) == (BUILT_IN_FILMS, BUILT_IN_FILMS // 2)
    assert (summary.found, summary.cleared) == (right[ill].sum(), right[~ill].sum())
    passed = [one for one in shipped.outcomes.values() if one.reading and one.reading.prediction]
    assert summary.let_through == len(passed)


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
def test_what_another_run_said_is_not_shown(gate: Gate, tmp_path: Path, changed: RunRecord) -> None:
    opened = open_examples(changed, gate.sha256, tmp_path)
    assert len(opened.films) == BUILT_IN_FILMS
    assert (opened.outcomes, opened.summary) == ({}, None)


def test_what_another_gate_said_is_not_shown(tmp_path: Path) -> None:
    assert open_examples(RUN, "another", tmp_path).outcomes == {}


def test_what_was_said_of_other_films_is_not_shown(copy: Path, gate: Gate, tmp_path: Path) -> None:
    first, second, *_ = built_in_files()
    first.write_bytes(second.read_bytes())
    opened = open_examples(RUN, gate.sha256, tmp_path)
    assert (opened.outcomes, opened.summary) == ({}, None)


def test_without_one_of_the_films_there_is_none(copy: Path, gate: Gate, tmp_path: Path) -> None:
    built_in_files()[7].unlink()
    assert open_examples(RUN, gate.sha256, tmp_path).films == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"{", b'{"films": 3}'])
def test_a_damaged_manifest_is_as_good_as_none(copy: Path, content: bytes) -> None:
    (copy / MANIFEST).write_bytes(content)
    assert built_in_files() == []
