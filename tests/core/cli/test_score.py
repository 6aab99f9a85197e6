"""The command that scores an archive: what it prints, how it ends, and the run that it makes."""

from __future__ import annotations

import shutil

import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.cli.score import STOPPED, pace_text
from core.errors import Cancelled
from core.jobs.film_scores import BAD, READ, FilmScore
from core.jobs.scoring import cluster
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN


@pytest.fixture
def films(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTREAD_FOREIGN_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    for kind in ("NORMAL", "PNEUMONIA"):
        folder = PROJECT_ROOT / "synthetic" / "test" / kind
        (tmp_path / "films" / kind).mkdir(parents=True)
        for film in sorted(folder.glob("*.png"))[:3]:
            shutil.copy(film, tmp_path / "films" / kind)
    (tmp_path / "films" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return tmp_path / "films"


@pytest.fixture
def asked(monkeypatch):
    """Score by a film's folder instead of by workers; return what the scorer was asked for."""
    found = []

    def scorer(address, workers):
        found.append((address, workers))

        def score(reading, batches, stopping):
            for batch in batches:
                scores = [score_of(film.name) for film in batch.films]
                yield batch, scores

        return score

    monkeypatch.setattr(cluster, "dask_scorer", scorer)
    return found


def score_of(name):
    if name == "torn.png":
        return FilmScore(BAD, "It is cut short.")
    ill = name.startswith("PNEUMONIA")
    side = "suspicious" if ill else "not suspicious"
    return FilmScore(
        READ, "", "", (), name.encode().hex()[-64:], 9, 8, "PNG", 2.0, 0.9 if ill else 0.1, side
    )


def run(*words):
    return CliRunner().invoke(app, ["score", *map(str, words)])


def test_an_archive_is_scored_shown_and_made_a_run(films, asked, tmp_path):
    done = run(films, "--out", "out", "--workers", "3", "--scheduler", "tcp://there:1")
    assert done.exit_code == 0, done.output
    assert asked == [("tcp://there:1", 3)]
    assert f"7 of 7 films are finished, scored by run {SERVED_RUN}." in done.output
    assert "Read: 6. Refused by the quality check: 0. Bad films: 1." in done.output
    assert "torn.png: It is cut short." in done.output
    assert "suspicious: 3 films, a share of 0.500" in done.output
    assert "With labels the scores open as a run" in done.output

    shown = run("--out", "out")
    assert (shown.exit_code, len(asked)) == (0, 1)
    assert "7 of 7 films are finished" in shown.output

    rows = [f"{film.name},{film.parent.name.lower()}" for film in films.rglob("*/*.png")]
    (tmp_path / "labels.csv").write_text("\n".join(["film,label", *rows]))
    made = run("--out", "out", "--labels", "labels.csv", "--name", "spring")
    assert made.exit_code == 0, made.output
    assert "sensitivity 1.000, specificity 1.000, 3 of 6 films with pneumonia" in made.output
    assert load_run(tmp_path / "runs" / "spring").operating_point.n == 6


def test_what_cannot_be_done_is_a_sentence_and_code_1(films, asked):
    run(films, "--out", "out")
    for words, said in {
        ("nowhere", "--out", "out"): "nowhere cannot be opened",
        (str(films), "--out", "out", "--run", "m01"): "the run was f08 and is m01",
        (str(films), "--out", "out", "--explain"): "were not explained, and now are",
        ("--out", "empty"): "empty holds no scores",
        ("--out", "out", "--labels", "none.csv"): "none.csv cannot be read",
    }.items():
        refused = run(*words)
        assert refused.exit_code == 1, words
        assert said in " ".join(refused.output.split()), refused.output


def test_a_stop_ends_with_its_own_code_and_says_how_to_go_on(films, monkeypatch):
    def stopped(_reading, _batches, _stopping):
        raise Cancelled("stopped")
        yield

    monkeypatch.setattr(cluster, "dask_scorer", lambda *_: stopped)
    ended = run(films, "--out", "out")
    assert ended.exit_code == STOPPED
    assert "the same command goes on" in ended.output


@pytest.mark.parametrize(
    ("own", "left", "seconds", "text"),
    [
        (0, 100, 5.0, ""),
        (50, 100, 5.0, "10.0 films a second, 0:00:10 left"),
        (3, 38_000, 1.0, "3.0 films a second, 3:31:07 left"),
    ],
    ids=["none yet", "seconds", "hours"],
)
def test_the_pace_is_that_of_this_process(own, left, seconds, text):
    assert pace_text(own, left, seconds) == text
