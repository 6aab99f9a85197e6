"""A film store with a clock of its own, on SQLite and on PostgreSQL."""

import pytest
from fixtures.kept_films import Clock

from core.store.films.objects import FilmObjects
from core.store.films.worklist import SqlFilms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def place(tmp_path):
    return tmp_path / "films"


@pytest.fixture
def films(database, place, tmp_path, clock):
    return SqlFilms(database, FilmObjects(str(place)), key_path=tmp_path / "films.key", now=clock)
