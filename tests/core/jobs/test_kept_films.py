"""A kept film that several processes or visits could read is read once, and all learn of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.kept_films import ADA, FILM, arriving, read_by_machine

from core.errors import Cancelled
from core.jobs.batch import UploadedFilm
from core.jobs.kept_films import take_in_hand
from core.settings import Settings
from core.store.engine import Database
from core.store.films.worklist import SqlFilms, open_films

IDENTITY = "run-1 and gate"
UPLOADED = UploadedFilm(FILM, "lobar.png", b"")


@pytest.fixture
def films(tmp_path: Path) -> Iterator[SqlFilms]:
    url = f"sqlite:///{tmp_path}/reads.sqlite3"
    settings = Settings(database_url=url, films=str(tmp_path / "films"))
    with closing(Database.open(url)) as database:
        yield open_films(database, settings)


def test_what_another_found_who_had_the_film_in_hand_is_waited_for(films: SqlFilms) -> None:
    films.keep(arriving(), ADA)
    assert take_in_hand(UPLOADED, films, IDENTITY, lambda: False) is None  # it is ours to read
    asked = threading.Event()

    def stopped() -> bool:
        asked.set()
        return False

    found = []
    waiting = threading.Thread(
        target=lambda: found.append(take_in_hand(UPLOADED, films, IDENTITY, stopped))
    )
    waiting.start()
    assert asked.wait(30)
    films.note_reading(FILM, read_by_machine(0.75, identity=IDENTITY))
    waiting.join(30)
    assert [one.prediction.probability for one in found] == [0.75]


def test_a_film_that_another_gave_up_is_taken(films: SqlFilms) -> None:
    films.keep(arriving(), ADA)
    assert films.begin_reading(FILM)

    def stopped() -> bool:
        films.stop_reading(FILM)
        return False

    assert take_in_hand(UPLOADED, films, IDENTITY, stopped) is None
    assert not films.begin_reading(FILM)


def test_nobody_waits_for_a_film_that_was_erased_or_after_a_stop(films: SqlFilms) -> None:
    with pytest.raises(Cancelled, match=r"lobar\.png is being read, or was erased"):
        take_in_hand(UPLOADED, films, IDENTITY, lambda: False)
    films.keep(arriving(), ADA)
    assert films.begin_reading(FILM)
    with pytest.raises(Cancelled, match=r"lobar\.png is being read"):
        take_in_hand(UPLOADED, films, IDENTITY, lambda: True)
