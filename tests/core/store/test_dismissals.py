"""Pictures that a reader says are no chest film: kept, undone, and out of what is to be read."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.review_records import FILM, OTHER_FILM, lead, record, refused_film_record, sign

from core.domain.quality import QualityReport
from core.domain.reader import Reader, Role
from core.domain.review import Verdict
from core.domain.worklist import ArrivingFilm, FilmStatus, WorklistFilter
from core.errors import NotAllowed, ReviewStoreError
from core.store.dismissals import dismiss_film, dismissals_of, restore_film
from core.store.engine import Database
from core.store.films.objects import FilmObjects
from core.store.films.worklist import SqlFilms
from core.store.reads import SqlReviewStore

pytest_plugins = ["fixtures.review_databases"]

REFUSED = refused_film_record().quality
ADA = lead("Dr. Ada")


@pytest.fixture
def database(url):
    opened = Database.open(url)
    yield opened
    opened.close()


def test_a_dismissed_picture_leaves_the_open_films_and_comes_back(database) -> None:
    key = base64.b64encode(bytes(32)).decode()
    films = SqlFilms(database, FilmObjects("memory://no-chest"), key_path=Path("no"), keys=key)
    for film in (FILM, OTHER_FILM):
        films.keep(ArrivingFilm(film, "hand.png", b"film"), ADA)
    dismiss_film(database, FILM, REFUSED, ADA)
    assert dismissals_of(database, [FILM, OTHER_FILM])[FILM].reader == "Dr. Ada"
    assert [one.film_sha256 for one in films.page(WorklistFilter(), 9)[0]] == [OTHER_FILM]
    assert films.unread_by("Dr. Bo") == {OTHER_FILM}
    assert films.claim(FILM, ADA).status is FilmStatus.DISMISSED
    films.erase([FILM], ADA, "request")
    films.keep(ArrivingFilm(FILM, "hand.png", b"film"), ADA)
    assert films.find(FILM).status is FilmStatus.DISMISSED
    restore_film(database, FILM, REFUSED, lead("Dr. Grace"))
    assert dismissals_of(database, [FILM, OTHER_FILM]) == {}
    assert films.find(FILM).status is FilmStatus.REFUSED
    assert films.unread_by("Dr. Bo") == {OTHER_FILM}  # it gets no read


@pytest.mark.parametrize(
    ("quality", "by", "error", "words"),
    [
        (QualityReport(), ADA, ReviewStoreError, "did not refuse this film"),
        (REFUSED, replace(ADA, name=" "), ReviewStoreError, "this one has 0: enter your name"),
        (REFUSED, Reader("Tess", frozenset({Role.TRAINEE})), NotAllowed, "may not sign a read"),
    ],
    ids=["a film that was read", "nobody", "a trainee"],
)
def test_a_dismissal_that_may_not_be_is_refused(database, quality, by, error, words) -> None:
    with pytest.raises(error, match=words):
        dismiss_film(database, FILM, quality, by)
    assert dismissals_of(database, [FILM]) == {}


def test_an_unsure_read_is_kept_without_confidence(database) -> None:
    made = record(verdict=Verdict.UNSURE, confidence=None)
    store = SqlReviewStore(database)
    sign(store, made)
    assert store.history(FILM) == [made]
