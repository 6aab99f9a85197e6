"""Kept films whose label signed reads have settled."""

from __future__ import annotations

import pytest
from fixtures.kept_films import ADA, FILM, OTHER, THIRD, arriving
from fixtures.review_records import record

from core.domain.review import ReadKind, Verdict
from core.errors import DatasetError
from core.jobs.settled_reads import settled_films, settled_labels
from core.store.films.objects import FilmObjects
from core.store.films.worklist import SqlFilms

pytest_plugins = ["fixtures.review_databases"]

ILL, WELL, UNSURE = Verdict.PNEUMONIA, Verdict.NORMAL, Verdict.UNSURE


def reads(film: str, reader: str, first: Verdict, last: Verdict):
    """Return a reader's first read, which was locked before the model was seen, and the signed."""
    shared = {"film_sha256": film, "reader": reader}
    locked = record(verdict=first, kind=ReadKind.FIRST, regions={}, **shared)
    return [locked, record(verdict=last, supersedes=locked.record_id, **shared)]


def test_two_readers_who_sign_the_same_settle_a_film_and_their_first_reads_are_kept():
    said = settled_labels([*reads(FILM, "Bo", WELL, ILL), *reads(FILM, "Ada", ILL, ILL)])
    assert said[FILM].ill is True
    assert said[FILM].readers == {"reader_1": True, "reader_2": False}  # Ada, Bo


@pytest.mark.parametrize(
    "films",
    [
        [*reads(FILM, "Ada", ILL, ILL)],
        [*reads(FILM, "Ada", ILL, ILL), *reads(FILM, "Bo", WELL, WELL)],
        [*reads(FILM, "Ada", UNSURE, UNSURE), *reads(FILM, "Bo", UNSURE, UNSURE)],
        reads(FILM, "Ada", ILL, ILL)[:1] + reads(FILM, "Bo", ILL, ILL)[:1],
    ],
    ids=["one reader", "readers disagree", "both unsure", "nobody has signed"],
)
def test_what_is_not_settled_has_no_label(films):
    assert settled_labels(films) == {}


def test_an_arbitration_settles_a_film_on_which_readers_disagree():
    ada, bo = reads(FILM, "Ada", ILL, ILL), reads(FILM, "Bo", WELL, WELL)
    settled = record(
        film_sha256=FILM,
        reader="Senior",
        verdict=WELL,
        kind=ReadKind.ARBITRATION,
        regions={},
        supersedes=bo[1].record_id,
        arbitrates=(ada[1].record_id, bo[1].record_id),
    )
    said = settled_labels([*ada, *bo, settled])
    assert said[FILM].ill is False
    assert said[FILM].readers == {"reader_1": True, "reader_2": False}


def test_only_films_that_are_kept_are_offered_with_their_patient(database, tmp_path):
    films = SqlFilms(database, FilmObjects(str(tmp_path)), key_path=tmp_path / "films.key")
    films.keep(arriving(FILM, patient="keyed"), ADA)
    films.keep(arriving(THIRD), ADA)
    both = [*reads(FILM, "Ada", ILL, ILL), *reads(FILM, "Bo", ILL, ILL)]
    gone = [*reads(OTHER, "Ada", ILL, ILL), *reads(OTHER, "Bo", ILL, ILL)]
    place, labels = settled_films([*both, *gone], films)
    assert place.names == (FILM,) == tuple(labels)
    assert place.known_as(FILM) == (FILM, "keyed")
    assert place.read(FILM) == films.content(FILM)
    with pytest.raises(DatasetError, match="has a settled label"):
        settled_films(gone, films)
    films.erase([FILM], ADA, "request")
    with pytest.raises(DatasetError, match="erased"):
        place.read(FILM)
