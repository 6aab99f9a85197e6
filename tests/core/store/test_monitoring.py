"""The weekly check's log: what a week held, which alarm is open, and who acknowledged it."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fixtures.kept_films import Clock, arriving, read_by_machine
from fixtures.monitoring import IDENTITY, MONDAY, kept_week
from fixtures.review_records import lead, record, sign

from core.domain.quality import Finding, Severity
from core.domain.reader import Reader, Role
from core.domain.review import ReadKind, Verdict
from core.errors import NotAllowed, ReviewStoreError
from core.store.films.objects import FilmObjects
from core.store.films.worklist import SqlFilms
from core.store.monitoring import SqlMonitoring, course_of, monday_of
from core.store.reads import SqlReviewStore

pytest_plugins = ["fixtures.review_databases"]

BOTH = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def url(request, sqlite_url):
    """SQLite, and PostgreSQL too where a test asks for both: the code is the same."""
    other = getattr(request, "param", "sqlite") == "postgresql"
    return request.getfixturevalue("postgresql_url") if other else sqlite_url


ADA = lead("Dr Ada")
REFUSED = Finding("blank", Severity.REFUSE, 0.0, 0.1, "The film is blank.")
SYNTHETIC = Finding("synthetic", Severity.NOTE, None, None, "The film is synthetic.")


def test_a_week_begins_on_monday_in_utc() -> None:
    assert monday_of(datetime(2026, 3, 8, 23, 59, tzinfo=UTC)) == date(2026, 3, 2)
    assert monday_of(datetime(2026, 3, 9, 0, 30, tzinfo=UTC)) == date(2026, 3, 9)


def test_a_week_holds_what_arrived_in_it(database) -> None:
    clock, key = Clock(), base64.b64encode(bytes(32)).decode()
    films = SqlFilms(
        database, FilmObjects("memory://weeks"), key_path=Path("no"), keys=key, now=clock
    )
    arrivals = [
        # sha256, day of March, reading, patient
        ("a1" * 32, 1, read_by_machine(0.9), ""),
        ("a2" * 32, 2, read_by_machine(0.1), "one"),
        ("a3" * 32, 3, read_by_machine(0.2), "one"),  # of a patient who has a score this week
        ("a4" * 32, 4, read_by_machine(None, REFUSED), ""),
        ("a5" * 32, 5, read_by_machine(0.3, SYNTHETIC), ""),
        ("a6" * 32, 6, read_by_machine(0.4, identity="another run"), ""),
        ("a7" * 32, 8, read_by_machine(0.7), "one"),
        ("a8" * 32, 9, read_by_machine(0.8), ""),
    ]
    for film, day, reading, patient in arrivals:
        clock.at = datetime(2026, 3, day, 8, tzinfo=UTC)
        films.keep(arriving(film, patient=patient), ADA)
        films.note_reading(film, reading)
    seen = SqlMonitoring(database).gather(IDENTITY, "run-1", MONDAY)
    assert seen.scores == (0.1,)
    assert seen.refused == (False, False, True, False)
    later = SqlMonitoring(database).gather(IDENTITY, "run-1", MONDAY + timedelta(weeks=1))
    assert later.scores == (0.8,)
    earlier = SqlMonitoring(database).gather(IDENTITY, "run-1", MONDAY - timedelta(weeks=1))
    assert earlier.scores == (0.9,)
    assert seen.begins == MONDAY


def test_the_first_read_of_a_film_is_compared_in_its_own_week(database) -> None:
    store = SqlReviewStore(database, read_first=False)
    at = datetime(2026, 3, 3, 9, tzinfo=UTC)
    shown = {"read_at": at, "confidence": 3}
    suspicious = record("x").prediction  # 0.3 at a threshold of 0.4
    assert suspicious.side == "not suspicious"
    for film, changes in (
        ("b1", {"verdict": Verdict.PNEUMONIA, "kind": ReadKind.FIRST, "regions": {}}),
        ("b1", {"verdict": Verdict.NORMAL, "read_at": at + timedelta(minutes=1)}),
        ("b2", {"verdict": Verdict.NORMAL}),
        ("b3", {"verdict": Verdict.UNSURE, "confidence": None}),
        ("b4", {"verdict": Verdict.PNEUMONIA, "read_at": at - timedelta(days=7)}),
        ("b4", {"verdict": Verdict.PNEUMONIA, "reader": "Dr Bo"}),  # its first was a week ago
        ("b5", {"prediction": None, "run_id": ""}),
    ):
        sign(store, record(film_sha256=film * 32, **(shown | changes)))
    seen = SqlMonitoring(database).gather(IDENTITY, "run-1", MONDAY)
    assert seen.disagreed == (True, False)


@BOTH
def test_weeks_come_back_as_they_were_kept_and_once(database) -> None:
    monitoring = SqlMonitoring(database)
    first, second = kept_week(0, scores=1.25), kept_week(1, scores=2.5)
    assert monitoring.keep_week(IDENTITY, "run-1", second)
    assert monitoring.keep_week(IDENTITY, "run-1", first)
    assert not monitoring.keep_week(IDENTITY, "run-1", kept_week(0, scores=9.0))
    assert monitoring.weeks(IDENTITY) == [first, second]
    assert monitoring.weeks("another") == []


@BOTH
def test_an_alarm_is_open_until_it_is_acknowledged_with_a_note(database) -> None:
    monitoring = SqlMonitoring(database)
    for week, scores in enumerate((1.0, 3.0, 1.5)):
        monitoring.keep_week(IDENTITY, "run-1", kept_week(week, scores=scores))
    assert monitoring.open_alarm(IDENTITY).seen.begins == MONDAY + timedelta(weeks=1)
    made = monitoring.acknowledge(IDENTITY, "run-1", " New device. ", ADA, as_usual=True)
    assert (made.note, made.reader, made.as_usual) == ("New device.", "Dr Ada", True)
    assert made.begins == MONDAY + timedelta(weeks=2)
    assert monitoring.notes(IDENTITY) == [made]
    assert monitoring.open_alarm(IDENTITY) is None
    with pytest.raises(ReviewStoreError, match="No alarm is open"):
        monitoring.acknowledge(IDENTITY, "run-1", "Again.", ADA, as_usual=False)
    monitoring.keep_week(IDENTITY, "run-1", kept_week(3, scores=2.6))
    assert monitoring.open_alarm(IDENTITY).seen.begins == MONDAY + timedelta(weeks=3)


@pytest.mark.parametrize(
    ("note", "by", "error", "words"),
    [
        (" ", ADA, ReviewStoreError, "the note has 0 letters and needs 1 to 1000"),
        ("x" * 1001, ADA, ReviewStoreError, "the note has 1001 letters"),
        ("x", lead(" "), ReviewStoreError, "the name has 0 letters"),
        ("x", Reader("Ed", frozenset({Role.ADMIN})), NotAllowed, "may not acknowledge an alarm"),
    ],
    ids=["no note", "a long note", "nobody", "an admin"],
)
def test_an_acknowledgement_that_may_not_be_is_refused(database, note, by, error, words) -> None:
    monitoring = SqlMonitoring(database)
    monitoring.keep_week(IDENTITY, "run-1", kept_week(scores=3.0))
    with pytest.raises(error, match=words):
        monitoring.acknowledge(IDENTITY, "run-1", note, by, as_usual=False)
    assert monitoring.open_alarm(IDENTITY) is not None


def test_a_course_ends_at_a_note_and_at_another_reference(database) -> None:
    weeks = [kept_week(0), kept_week(1, reference="s"), kept_week(2), kept_week(3)]
    assert course_of(weeks, [], "r") == weeks[2:]
    assert course_of(weeks, [], "s") == []
    monitoring = SqlMonitoring(database)
    monitoring.keep_week(IDENTITY, "run-1", kept_week(2, scores=3.0))
    note = monitoring.acknowledge(IDENTITY, "run-1", "x", ADA, as_usual=False)
    assert course_of(weeks, [note], "r") == weeks[3:]
