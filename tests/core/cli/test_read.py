"""``python -m core read``: the words and numbers of a read, and what becomes of other files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from fixtures.review_records import lead
from fixtures.site_settings import accepted
from PIL import Image
from typer.testing import CliRunner

from core.__main__ import app
from core.pipeline import open_engine, read_film
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings
from core.store.engine import Database
from core.store.site_settings import adopt_setting

FILM = next(
    path for path in sorted((PROJECT_ROOT / "synthetic").rglob("*.png")) if "mask" not in str(path)
)


@pytest.fixture(scope="module")
def reading():
    engine = open_engine(get_settings().models, SERVED_RUN)
    return read_film(FILM.read_bytes(), engine, file_name=FILM.name)


def test_a_film_is_read_as_on_the_page(reading):
    done = CliRunner().invoke(app, ["read", str(FILM)])
    assert done.exit_code == 0, done.output
    first, *others = done.output.splitlines()
    assert first.startswith(f"{FILM.name}: {reading.prediction.side}. Probability ")
    assert first.endswith(
        f"threshold {reading.prediction.operating_point.threshold:.3f}, run {SERVED_RUN}."
    )
    assert others[-1].startswith("Not for diagnostic use.")


def test_a_program_gets_one_object_a_line(reading, tmp_path: Path):
    (tmp_path / "note.txt").write_text("no film")
    done = CliRunner().invoke(app, ["read", "--json", str(FILM), str(tmp_path / "note.txt")])
    film, note = (json.loads(line) for line in done.output.splitlines())
    assert done.exit_code == 1
    assert film["sha256"] == hashlib.sha256(FILM.read_bytes()).hexdigest()
    assert film["refused"] is False
    assert film["model"]["probability"] == pytest.approx(reading.prediction.probability, abs=0.01)
    assert 0.01 <= film["model"]["probability"] <= 0.99
    assert note["file"] == "note.txt"
    assert "is not a film" in note["error"]


def test_a_refused_film_has_reasons_and_no_probability(tmp_path: Path):
    Image.new("L", (300, 300), 128).save(tmp_path / "grey.png")
    done = CliRunner().invoke(app, ["read", "--json", str(tmp_path / "grey.png")])
    said = json.loads(done.output)
    assert said["refused"] is True
    assert said["model"] is None
    assert any(one["severity"] == "refuse" for one in said["quality"])


def test_a_run_that_is_not_there_is_said():
    done = CliRunner().invoke(app, ["read", "--run", "f99", str(FILM)])
    assert done.exit_code == 1
    assert "f99" in done.output


def test_a_film_is_read_by_the_sites_setting_where_there_is_one(
    reading, tmp_path: Path, monkeypatch
):
    url = f"sqlite:///{tmp_path / 'reads.sqlite3'}"
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", url)
    database = Database.open(url)
    found = accepted(load_run(get_settings().models / SERVED_RUN))
    kept = adopt_setting(database, found, "Ward 3", "measured", lead("Ada Lead"))
    database.close()
    done = CliRunner().invoke(app, ["read", "--json", str(FILM)])
    model = json.loads(done.output)["model"]
    (expected,) = kept.setting.calibration.apply([reading.prediction.probability])
    assert model["threshold"] == kept.setting.point.threshold
    assert model["site_setting"] == 1
    assert model["probability"] == pytest.approx(min(max(expected, 0.01), 0.99), abs=0.01)
    said = CliRunner().invoke(app, ["read", str(FILM)]).output.splitlines()[0]
    assert said.endswith(f"run {SERVED_RUN} by version 1 of the site's setting.")
