"""The keys of kept films: made once, changed by command, lost by nobody."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
from fixtures.kept_films import (
    ADA,
    CONTENT,
    FILM,
    OTHER,
    THUMBNAIL,
    arriving,
    bytes_below,
    read_by_machine,
)

from core.errors import FilmStoreError
from core.store.films.objects import FilmObjects
from core.store.films.worklist import SqlFilms

pytest_plugins = ["fixtures.review_databases"]


def test_a_new_master_key_opens_all_films_and_the_old_one_none(films, database, place, tmp_path):
    films.keep(arriving(), ADA)
    films.note_reading(FILM, read_by_machine())
    before = films.keyring.path.read_text()
    secret, objects = films.keyring.secret, bytes_below(place)
    assert films.keyring.change_master_key() == 1
    assert bytes_below(place) == objects  # no film is written again
    fresh = SqlFilms(database, FilmObjects(str(place)), key_path=films.keyring.path)
    assert (fresh.content(FILM), fresh.keyring.secret) == (CONTENT, secret)
    assert fresh.find(FILM).reading.thumbnail == THUMBNAIL
    films.keyring.path.write_text(before)
    old = SqlFilms(database, FilmObjects(str(place)), key_path=films.keyring.path)
    with pytest.raises(FilmStoreError, match="put back the file"):
        old.content(FILM)


def test_a_process_that_runs_meanwhile_finds_the_new_master_key(films, database, place):
    films.keep(arriving(), ADA)
    running = SqlFilms(database, FilmObjects(str(place)), key_path=films.keyring.path)
    assert running.content(FILM) == CONTENT
    films.keyring.change_master_key()
    running.keep(arriving(OTHER), ADA)  # before it has opened any film with the new key
    fresh = SqlFilms(database, FilmObjects(str(place)), key_path=films.keyring.path)
    assert fresh.content(FILM) == fresh.content(OTHER) == CONTENT
    assert running.content(FILM) == CONTENT


def test_a_change_of_key_that_breaks_off_loses_nothing(films, database, place, monkeypatch):
    films.keep(arriving(), ADA)
    with monkeypatch.context() as patch:
        patch.setattr("core.store.films.keyring.wait_for_turn", lambda _connection: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            films.keyring.change_master_key()
    again = SqlFilms(database, FilmObjects(str(place)), key_path=films.keyring.path)
    assert again.content(FILM) == CONTENT
    again.keyring.change_master_key()
    assert again.content(FILM) == CONTENT


def test_the_master_key_may_be_a_setting(database, place, tmp_path):
    old, new = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
    path = tmp_path / "films.key"
    films = SqlFilms(database, FilmObjects(str(place)), key_path=path, keys=old)
    films.keep(arriving(), ADA)
    assert not path.exists()
    both = SqlFilms(database, FilmObjects(str(place)), key_path=path, keys=f"{new},{old}")
    assert both.keyring.change_master_key() == 1
    alone = SqlFilms(database, FilmObjects(str(place)), key_path=path, keys=new)
    assert alone.content(FILM) == CONTENT


@pytest.mark.parametrize("keys", ["secret", "c2VjcmV0", ","])
def test_a_key_that_is_none_is_a_sentence(database, place, tmp_path, keys):
    films = SqlFilms(database, FilmObjects(str(place)), key_path=tmp_path / "k", keys=keys)
    with pytest.raises(FilmStoreError, match="openssl rand -base64 32"):
        films.keep(arriving(), ADA)


def test_a_lost_key_file_is_not_made_anew(films, database, place):
    films.keep(arriving(), ADA)
    films.keyring.path.unlink()
    again = SqlFilms(database, FilmObjects(str(place)), key_path=films.keyring.path)
    with pytest.raises(FilmStoreError, match="from the backup"):
        again.keep(arriving(OTHER), ADA)
    assert not films.keyring.path.exists()


def test_processes_that_start_at_once_agree_on_one_key(database, place, tmp_path):
    def start(n):
        films = SqlFilms(database, FilmObjects(str(place)), key_path=tmp_path / "films.key")
        films.keep(arriving(f"{n:02x}" * 32), ADA)
        return films.keyring.secret

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(start, range(6)))) == 1
    films = SqlFilms(database, FilmObjects(str(place)), key_path=tmp_path / "films.key")
    assert all(films.content(f"{n:02x}" * 32) == CONTENT for n in range(6))


def test_films_lie_in_any_place_that_fsspec_reaches(database, tmp_path):
    films = SqlFilms(database, FilmObjects("memory://bucket"), key_path=tmp_path / "films.key")
    films.keep(arriving(), ADA)
    assert films.content(FILM) == CONTENT
    films.erase([FILM], ADA, "request")
    with pytest.raises(FilmStoreError):
        films.content(FILM)


def test_a_place_that_is_not_reached_is_a_sentence():
    with pytest.raises(FilmStoreError, match=r"nowhere://films.*Name a folder"):
        FilmObjects("nowhere://films")


def test_a_folder_that_cannot_be_written_is_a_sentence(database, tmp_path):
    (tmp_path / "films").write_text("a file, no folder")
    films = SqlFilms(
        database, FilmObjects(str(tmp_path / "films")), key_path=tmp_path / "films.key"
    )
    with pytest.raises(FilmStoreError, match="cannot be written to"):
        films.keep(arriving(), ADA)
    assert films.find(FILM) is None
