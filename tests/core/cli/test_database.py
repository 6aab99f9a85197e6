"""``python -m core db`` from the outside: a backup of a site, restored on an empty machine."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from fixtures.kept_films import ADA, CONTENT, FILM, arriving
from fixtures.review_records import record, sign
from typer.testing import CliRunner, Result

from core.__main__ import app
from core.settings import get_settings
from core.store.engine import Database
from core.store.films.worklist import open_films
from core.store.reads import SqlReviewStore


def db(*words: str) -> Result:
    return CliRunner().invoke(app, ["db", *words])


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}")
    monkeypatch.setenv("FIRSTREAD_FILMS", str(folder / "films"))
    return folder


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = use(tmp_path / "site", monkeypatch)
    with closing(Database.open(get_settings().database_url)) as database:
        sign(SqlReviewStore(database), record("first"))
        open_films(database, get_settings()).keep(arriving(), ADA)
    return folder


def content_of_film() -> bytes:
    with closing(Database.open(get_settings().database_url)) as database:
        assert SqlReviewStore(database).count() == 1
        return open_films(database, get_settings()).content(FILM)


def test_a_site_is_backed_up_and_restored_and_its_key_lies_apart(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "monday.tar"
    done = db("backup", str(file))
    assert done.exit_code == 0
    assert f"{file} holds 8 records and 1 films, at revision" in done.output
    assert f"The master key of the films is not in it: back up {site / 'films.key'} apart." in (
        done.output
    )
    head = done.output.split("Newest hash: ")[1].split()[0]
    assert db("backup", str(file)).exit_code == 1
    new = use(tmp_path / "new", monkeypatch)
    restored = db("restore", str(file))
    assert restored.exit_code == 0
    assert "is restored, with 1 films. All 8 records in" in restored.output
    assert f"Newest hash: {head}" in restored.output
    assert f"put it back as {new / 'films.key'}" in restored.output
    (new / "films.key").write_bytes((site / "films.key").read_bytes())
    assert content_of_film() == CONTENT
    again = db("restore", str(file))
    assert again.exit_code == 1
    assert "new/films holds files already" in again.output


def test_with_the_key_in_it_films_open_at_once(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = db("backup", str(tmp_path / "b.tar"), "--with-key")
    assert "The master key of the films is in it: keep the file as you keep that key." in (
        done.output
    )
    new = use(tmp_path / "new", monkeypatch)
    assert "master key" not in db("restore", str(tmp_path / "b.tar")).output
    assert (new / "films.key").read_text() == (site / "films.key").read_text()
    assert content_of_film() == CONTENT


def test_a_database_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(tmp_path / "none", monkeypatch)
    done = db("backup", str(tmp_path / "b.tar"))
    assert (done.exit_code, "There is no database at" in done.output) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_faults_and_lost_files_are_told_and_the_backup_is_written(
    site: Path, tmp_path: Path
) -> None:
    with closing(Database(get_settings().database_url)) as database, database.writing() as one:
        one.exec_driver_sql("DROP TRIGGER reviews_never_change")
        one.exec_driver_sql("UPDATE reviews SET comment = 'other'")
    for file in [path for path in (site / "films").rglob("*") if path.is_file()]:
        file.unlink()
    done = db("backup", str(tmp_path / "b.tar"))
    assert done.exit_code == 1
    assert "The records had 1 faults before the backup" in done.output
    assert "The files of 1 films were gone" in done.output
    assert (tmp_path / "b.tar").exists()
