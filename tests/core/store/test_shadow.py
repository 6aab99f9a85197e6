"""The shadow run's logs: who chose it, which films await whose blind read, and what was said."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fixtures.kept_films import arriving, read_by_machine
from fixtures.monitoring import AT, IDENTITY, SHADOW, shadow_reading
from fixtures.review_records import lead, record, sign

from core.domain.reader import Reader, Role
from core.domain.review import ReadKind, Verdict
from core.errors import NotAllowed, ReviewStoreError
from core.reads.drafts import ReviewStepKind
from core.store.drafts import SqlReviewSteps
from core.store.films.objects import FilmObjects
from core.store.films.worklist import SqlFilms
from core.store.reads import SqlReviewStore
from core.store.shadow import SqlShadow

pytest_plugins = ["fixtures.review_databases"]

BOTH = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def url(request, sqlite_url):
    """SQLite, and PostgreSQL too where a test asks for both: the code is the same."""
    other = getattr(request, "param", "sqlite") == "postgresql"
    return request.getfixturevalue("postgresql_url") if other else sqlite_url


ADA, BO = lead("Dr Ada"), lead("Dr Bo")
NAMES = ("a1", "a2", "a3", "a4")
FILMS = [name * 32 for name in NAMES]


@pytest.fixture
def shadow(database) -> SqlShadow:
    """Four films; the runs differ on all but the last."""
    key = base64.b64encode(bytes(32)).decode()
    films = SqlFilms(database, FilmObjects("memory://shadow"), key_path=Path("no"), keys=key)
    kept = SqlShadow(database)
    for film in FILMS:
        films.keep(arriving(film), ADA)
        films.note_reading(film, read_by_machine(0.9))
        differs = film != FILMS[-1]
        kept.keep_reading(shadow_reading(film, shadow=not differs, served=True))
    return kept


@BOTH
def test_a_choice_is_kept_until_the_next_and_an_empty_one_ends_it(database) -> None:
    shadow = SqlShadow(database)
    assert shadow.choice() is None
    made = shadow.choose("f05", 2, " It may find more. ", ADA)
    assert (made.reason, made.chosen_by, made.readers) == ("It may find more.", "Dr Ada", 2)
    assert shadow.choice() == made
    shadow.choose("", 1, "Enough is known.", ADA)
    assert shadow.choice() is None


@pytest.mark.parametrize(
    ("readers", "reason", "by", "error", "words"),
    [
        (1, " ", ADA, ReviewStoreError, "the reason has 0 letters"),
        (3, "x", ADA, ReviewStoreError, "3 blind readers cannot settle a film: choose 1 to 2"),
        (1, "x", lead(""), ReviewStoreError, "the name has 0 letters"),
        (
            1,
            "x",
            Reader("Ed", frozenset({Role.TEACHER})),
            NotAllowed,
            "may not choose the run that reads along",
        ),
    ],
    ids=["no reason", "three readers", "nobody", "a teacher"],
)
def test_a_choice_that_may_not_be_is_refused(database, readers, reason, by, error, words) -> None:
    shadow = SqlShadow(database)
    with pytest.raises(error, match=words):
        shadow.choose("f05", readers, reason, by)
    assert shadow.choice() is None


def test_new_films_that_the_served_run_has_read_await_the_shadow_run(shadow) -> None:
    since = datetime.now(UTC) - timedelta(days=1)
    assert shadow.unread("a third", IDENTITY, since, 9) == [(film, 0.9, True) for film in FILMS]
    assert len(shadow.unread("a third", IDENTITY, since, 2)) == 2
    assert shadow.unread(SHADOW, IDENTITY, since, 9) == []
    assert shadow.unread("a third", "another run", since, 9) == []
    assert shadow.unread("a third", IDENTITY, since + timedelta(days=2), 9) == []


def test_what_both_said_of_a_film_is_kept_once(shadow) -> None:
    assert not shadow.keep_reading(shadow_reading(FILMS[0], shadow=True, served=True))
    assert [one.differs for one in shadow.readings(SHADOW, IDENTITY)] == [True, True, True, False]
    differing = shadow.readings(SHADOW, IDENTITY, differing=True)
    assert [one.film_sha256 for one in differing] == FILMS[:3]


@BOTH
def test_only_films_on_which_the_runs_differ_await_a_blind_read(shadow) -> None:
    assert shadow.queue(SHADOW, IDENTITY, 1, "Dr Ada") == FILMS[:3]
    shadow.sign_blind(FILMS[0], Verdict.NORMAL, ADA)
    assert shadow.queue(SHADOW, IDENTITY, 1, "Dr Bo") == FILMS[1:3]  # it is settled
    assert shadow.queue(SHADOW, IDENTITY, 2, "Dr Bo") == FILMS[:3]
    assert shadow.queue(SHADOW, IDENTITY, 2, "dr  ada") == FILMS[1:3]
    shadow.sign_blind(FILMS[1], Verdict.UNSURE, ADA)
    assert shadow.queue(SHADOW, IDENTITY, 1, "Dr Bo") == FILMS[1:3]


def test_a_film_that_a_reader_opened_or_read_is_not_blind_to_them(shadow) -> None:
    database = shadow.database
    SqlReviewSteps(database).note(FILMS[0], 0, ReviewStepKind.OPENED, ADA)
    sign(SqlReviewStore(database, read_first=False), record(film_sha256=FILMS[1], reader="Dr Ada"))
    assert shadow.queue(SHADOW, IDENTITY, 1, "Dr Ada") == [FILMS[2]]
    for film in FILMS[:2]:
        with pytest.raises(ReviewStoreError, match="You have read this film already"):
            shadow.sign_blind(film, Verdict.NORMAL, ADA)
    shadow.sign_blind(FILMS[2], Verdict.NORMAL, ADA)
    with pytest.raises(ReviewStoreError, match="You have read this film already"):
        shadow.sign_blind(FILMS[2], Verdict.PNEUMONIA, ADA)
    assert shadow.blind_reads_of(FILMS).keys() == {FILMS[2]}


def test_locked_first_reads_count_where_no_side_was_told_before(shadow) -> None:
    store = SqlReviewStore(shadow.database, read_first=True)
    for film, told in ((FILMS[0], False), (FILMS[1], True), (FILMS[2], None)):
        first = record(
            film_sha256=film, kind=ReadKind.FIRST, regions={}, order_known=told, read_at=AT
        )
        sign(store, first)
    found = shadow.blind_reads_of(FILMS)
    assert found.keys() == {FILMS[0], FILMS[2]}
    assert found[FILMS[0]][0].verdict is Verdict.PNEUMONIA


def test_a_trainee_signs_no_blind_read(shadow) -> None:
    with pytest.raises(NotAllowed, match="may not sign a read"):
        shadow.sign_blind(FILMS[0], Verdict.NORMAL, Reader("Tess", frozenset({Role.TRAINEE})))
    with pytest.raises(ReviewStoreError, match="the name has 0 letters"):
        shadow.sign_blind(FILMS[0], Verdict.NORMAL, lead(" "))
    assert shadow.blind_reads_of(FILMS) == {}


def test_a_film_that_is_kept_no_more_awaits_nobody(shadow) -> None:
    key = base64.b64encode(bytes(32)).decode()
    films = SqlFilms(shadow.database, FilmObjects("memory://shadow"), key_path=Path("no"), keys=key)
    films.erase([FILMS[0]], ADA, "request")
    assert shadow.queue(SHADOW, IDENTITY, 1, "Dr Ada") == FILMS[1:3]
    assert len(shadow.readings(SHADOW, IDENTITY)) == 4
