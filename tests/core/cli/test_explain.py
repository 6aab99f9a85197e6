"""`python -m core explain`: an exported explanation is made again with the same weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from core.__main__ import app
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.png"
    pixels = draw_film(draw_settings(3, "lobar"), height_px=400).pixels
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def exported(film: Path) -> Path:
    path = film.with_name("explanation.json")
    done = CliRunner().invoke(app, ["explain", str(film), "--out", str(path)])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("1. Region ")
    return path


def recompute(film: Path, kept: Path):
    return CliRunner().invoke(app, ["explain", str(film), "--like", str(kept)])


def changed(exported: Path, tmp_path: Path, **fields: object) -> Path:
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(json.loads(exported.read_text()) | fields))
    return path


def test_the_same_weights_come_out_again(film: Path, exported: Path) -> None:
    done = recompute(film, exported)
    assert done.exit_code == 0, done.output
    assert "The same explanation" in done.output


def test_a_turned_film_is_explained_and_recomputed_as_it_was_turned(
    film: Path, exported: Path, tmp_path: Path
) -> None:
    turned, kept = tmp_path / "turned.png", tmp_path / "turned.json"
    with Image.open(film) as upright:
        upright.transpose(Image.Transpose.ROTATE_90).save(turned)  # to the left
    made = CliRunner().invoke(app, ["explain", str(turned), "--turn", "right", "--out", str(kept)])
    assert made.exit_code == 0, made.output
    record = json.loads(kept.read_text())
    assert record["turned"] == "right"
    assert record["weights"] == json.loads(exported.read_text())["weights"]
    done = recompute(turned, kept)
    assert done.exit_code == 0, done.output


def test_lime_comes_out_again_too(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_LIME_SAMPLES", "100")
    kept = tmp_path / "lime.json"
    made = CliRunner().invoke(app, ["explain", str(film), "--lime", "--out", str(kept)])
    assert made.exit_code == 0, made.output
    assert json.loads(kept.read_text())["settings"]["samples"] == 100
    done = recompute(film, kept)
    assert done.exit_code == 0, done.output


def test_other_weights_are_told_and_end_with_1(film: Path, exported: Path, tmp_path: Path) -> None:
    weights = json.loads(exported.read_text())["weights"]
    done = recompute(film, changed(exported, tmp_path, weights=[weights[0] + 1, *weights[1:]]))
    assert done.exit_code == 1
    assert "The explanation differs" in done.output


def test_another_film_or_network_is_told(film: Path, exported: Path, tmp_path: Path) -> None:
    done = recompute(film, changed(exported, tmp_path, film_sha256="0" * 64))
    assert done.exit_code == 1
    assert "another film" in done.output
    done = recompute(film, changed(exported, tmp_path, networks={"gate": "other"}))
    assert done.exit_code == 1
    assert "has changed since" in done.output


def test_files_that_are_not_there_or_not_such_are_told(film: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["explain", str(tmp_path / "none.png")])
    assert done.exit_code == 1
    assert "cannot be read" in done.output
    done = recompute(film, film)
    assert done.exit_code == 1
    assert "not an explanation that First Read has written" in done.output
