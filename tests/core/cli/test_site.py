"""``python -m core site``: a set is added, listed, shown, read and removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.settings import PROJECT_ROOT, get_settings

FILMS = PROJECT_ROOT / "synthetic" / "test"
CHOSEN = [
    path for kind in ("NORMAL", "PNEUMONIA") for path in sorted((FILMS / kind).glob("*.png"))[:2]
]


@pytest.fixture
def _site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", f"sqlite:///{tmp_path / 'reads.sqlite3'}")
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    monkeypatch.setenv("FIRSTREAD_CACHE", str(tmp_path / "cache"))
    get_settings.cache_clear()
    rows = [f"{path.relative_to(FILMS)},{path.parent.name.lower()}" for path in CHOSEN]
    (tmp_path / "labels.csv").write_text("\n".join(["film,label", *rows, "gone.png,normal", ""]))


def site(*words: str) -> str:
    done = CliRunner().invoke(app, ["site", *words])
    assert done.exit_code == 0, done.output
    return done.output


def refusal(*words: str) -> str:
    done = CliRunner().invoke(app, ["site", *words])
    assert done.exit_code == 1
    return done.output


@pytest.mark.usefixtures("_site")
def test_a_set_lives_from_a_folder_to_its_removal(tmp_path: Path) -> None:
    labels = str(tmp_path / "labels.csv")
    added = site("add", str(FILMS), labels, "--name", "Ward", "--no-score")
    assert "Ward: 4 films, 2 with pneumonia, of 4 patients; 0 left out" in added
    assert "1 labelled films are not there." in added
    assert "Ward: 4 films" in site("list")
    shown = site("show", "Ward")
    assert "labels without a file: 1" in shown
    assert "read by: no run" in shown
    assert "not compared" not in shown
    assert "f04 has read 4 films." in site("read", "Ward", "--run", "f04")
    assert "read by: f04" in site("show", "Ward")
    assert "already" in refusal("add", str(FILMS), labels, "--name", "ward")
    assert "4 films were erased." in site("remove", "Ward", "--yes")
    assert "There is no set" in site("list")
    assert not [path for path in (tmp_path / "films").rglob("*") if path.is_file()]
    assert not [*(tmp_path / "cache" / "site_scores").rglob("*.parquet")]


@pytest.mark.usefixtures("_site")
@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((str(FILMS),), "Name the CSV file of labels"),
        (("archive", "labels.csv"), "State --first-day"),
        (("reads",), "has a settled label"),
    ],
    ids=["no labels", "no days", "no reads"],
)
def test_what_is_not_stated_is_asked_for(
    words: tuple[str, ...], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert why in refusal("add", *words, "--name", "Ward")
