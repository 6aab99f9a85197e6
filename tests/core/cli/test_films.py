"""``python -m core films`` from the outside: a folder in, erasures, the time, the key."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.dicom_films import NOISE, content_of, film
from typer.testing import CliRunner, Result

from core.__main__ import app
from core.domain.worklist import Arrival
from core.settings import get_settings
from core.store.engine import Database
from core.store.films.worklist import open_films

SHELL = CliRunner()
DICOM = content_of(film(NOISE, PatientID="MRN-77", StudyDate="20240611"))
KEY = hashlib.sha256(DICOM).hexdigest()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", f"sqlite:///{tmp_path / 'site' / 'db.sqlite3'}")
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "site" / "films"))
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "30")
    given = tmp_path / "given"
    (given / "deeper").mkdir(parents=True)
    (given / "deeper" / "jane.dcm").write_bytes(DICOM)
    (given / "patients.csv").write_text("name,number\nJane,77\n")
    return given


def films(*words: str) -> Result:
    return SHELL.invoke(app, ["films", *words])


def kept():
    settings = get_settings()
    return open_films(Database.open(settings.database_url), settings)


def test_a_folder_comes_in_once_and_what_is_no_film_is_named(folder: Path) -> None:
    done = films("add", str(folder))
    assert "1 films were added to the worklist; 0 were in it already." in done.output
    assert "patients.csv" in done.output
    film_of = kept().find(KEY)
    assert (film_of.name, film_of.arrival) == ("jane.dcm", Arrival.FOLDER)
    assert film_of.added_by.startswith("command line (")
    assert b"MRN-77" not in kept().content(KEY)
    again = films("add", str(folder))
    assert "0 films were added to the worklist; 1 were in it already." in again.output


def test_where_no_film_is_kept_none_is_added(folder: Path, monkeypatch) -> None:
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "0")
    done = films("add", str(folder))
    assert done.exit_code == 1
    assert "no film is kept: set the days first" in done.output


def test_films_are_erased_by_hash_and_by_patient(folder: Path) -> None:
    films("add", str(folder))
    lost = films("erase", "00ff00ff")
    assert lost.exit_code == 1
    assert "0 films were erased. 1 were not found." in lost.output
    assert films("erase", KEY[:10]).exit_code == 0
    assert kept().find(KEY) is None
    films("add", str(folder))
    assert "1 films were erased." in films("erase", "--patient", "MRN-77").output
    assert kept().find(KEY) is None


def test_films_expire_and_the_key_is_changed(folder: Path, monkeypatch) -> None:
    films("add", str(folder))
    assert "0 films were erased." in films("expire").output
    assert "The keys of 1 films are under a new master key" in films("change-key").output
    assert kept().content(KEY)
    with closing(Database.open(get_settings().database_url)):
        monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "0")
    assert "1 films were erased." in films("expire").output
