"""Teaching sessions in SQLite and PostgreSQL: kept at each step, resumed, never changed."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest
from fixtures.review_records import lead, raw_connection
from fixtures.teaching_cases import ILL, WELL, make_case

from core.domain.mark import Mark
from core.domain.reader import Reader, Role
from core.domain.review import Verdict
from core.errors import NotAllowed, ReviewStoreError, TeachingError
from core.settings import PROJECT_ROOT
from core.store.engine import Database
from core.store.teaching import SqlTeachingStore
from core.teaching.mark_scoring import MarkScore
from core.teaching.outcomes import outcomes_of
from core.teaching.session import Answer, Difficulty, Phase, Plan, StepKind, answer_as_json

pytest_plugins = ["fixtures.review_databases"]

ROOT = PROJECT_ROOT
CASES = tuple(make_case(number) for number in range(3))
PLAN = Plan("synthetic", 3, 0.5, Difficulty.HARD, True, 60, 42, "f04")
ADA = Reader("Ada", frozenset({Role.TRAINEE}))
READ = Answer(ILL, 4, (Mark(0.1, 0.2, 0.3, 0.4), Mark(0.5, 0.5, 0.5, 0.5)))
SCORE = MarkScore(True, True, 1, 1, 0.4)
LOCKED = answer_as_json(READ) | {"score": asdict(SCORE)}

TABLES = ("teaching_sets", "teaching_sessions", "teaching_steps")

WRITER = """
import sys
from core.domain.reader import Reader, Role
from core.teaching.session import StepKind
from core.store.engine import Database
from core.store.teaching import SqlTeachingStore

store = SqlTeachingStore(Database.open(sys.argv[1]))
ada = Reader("Ada", frozenset({Role.TRAINEE}))
number = 0
while True:
    number += 1
    said = {"label": "normal", "confidence": 1 + number % 5, "marks": [[0, 0, 1 / number, 1]]}
    store.note(sys.argv[2], 0, StepKind.DRAFT, said, by=ada)
    print(number, flush=True)
"""


@pytest.fixture
def store(database):
    return SqlTeachingStore(database)


def test_a_session_comes_back_as_it_was_planned(store) -> None:
    session = store.start(PLAN, CASES, lead("  Dr   Ádám "))
    course = store.course(session.session_id)
    assert course.session == session
    assert (session.reader, session.cases, session.plan) == ("Dr Ádám", CASES, PLAN)
    assert (course.place, course.ended) == (0, False)
    assert store.course("none") is None


def test_every_step_is_found_again_by_a_fresh_process(url) -> None:
    first = SqlTeachingStore(Database.open(url))
    session_id = first.start(PLAN, CASES, ADA).session_id
    draft = Answer(WELL, None, READ.marks[:1])
    first.note(session_id, 0, StepKind.OPENED, by=ADA)
    first.note(session_id, 0, StepKind.DRAFT, answer_as_json(draft), by=ADA)
    first.database.close()

    again = SqlTeachingStore(Database.open(url))
    film = again.course(session_id).films[0]
    assert (film.draft, film.read) == (draft, None)
    assert film.phase(with_model=True) is Phase.BLIND
    again.note(session_id, 0, StepKind.READ, LOCKED, by=ADA)
    film = again.course(session_id).films[0]
    assert (film.read, film.score, film.phase(with_model=True)) == (READ, SCORE, Phase.SECOND)
    assert film.phase(with_model=False) is Phase.REVEALED
    again.note(session_id, 0, StepKind.FINAL, answer_as_json(replace(READ, label=WELL)), by=ADA)
    again.note(session_id, 0, StepKind.REGIONS, by=ADA)
    again.note(session_id, 0, StepKind.SEEN, by=ADA)
    course = again.course(session_id)
    film = course.films[0]
    assert (film.final.label, film.regions_shown, film.seen, course.place) == (WELL, True, True, 1)
    assert film.seconds >= 0
    (outcome,) = outcomes_of(course)
    assert (outcome.read, outcome.final.label, outcome.limit_s) == (READ, WELL, 60)
    again.database.close()


def test_a_locked_read_cannot_be_locked_again_and_drafts_can_follow_one_another(store) -> None:
    session_id = store.start(PLAN, CASES, ADA).session_id
    for label in (ILL, WELL, ILL):
        assert store.note(session_id, 0, StepKind.DRAFT, answer_as_json(Answer(label)), by=ADA)
    assert store.note(session_id, 0, StepKind.READ, LOCKED, by=ADA)
    other = answer_as_json(Answer(WELL, 5)) | {"score": asdict(SCORE)}
    assert not store.note(session_id, 0, StepKind.READ, other, by=ADA)
    assert store.course(session_id).films[0].read == READ


def test_of_two_windows_that_lock_at_once_one_is_kept(store) -> None:
    session_id = store.start(PLAN, CASES, ADA).session_id
    with ThreadPoolExecutor(8) as threads:
        locked = [
            threads.submit(store.note, session_id, 0, StepKind.READ, LOCKED, by=ADA)
            for _ in range(8)
        ]
    assert sorted(one.result() for one in locked) == [False] * 7 + [True]


def test_a_session_that_is_ended_has_no_open_film(store) -> None:
    session_id = store.start(PLAN, CASES, ADA).session_id
    store.note(session_id, 1, StepKind.ENDED, by=ADA)
    assert store.course(session_id).place is None
    whole = store.start(PLAN, CASES, ADA).session_id
    for place in range(3):
        store.note(whole, place, StepKind.SEEN, by=ADA)
    assert store.course(whole).place is None


def test_sessions_are_found_by_reader_library_and_set(store) -> None:
    case_set = store.keep_set("Week 1", "synthetic", ["a", "b"], lead("Prof. T"))
    mine = store.start(PLAN, CASES, ADA).session_id
    of_set = store.start(replace(PLAN, case_set=case_set.set_id), CASES, lead("Bob")).session_id
    assert [one.session.session_id for one in store.courses_of("ADA")] == [mine]
    assert [one.session.session_id for one in store.all_courses("synthetic")] == [mine, of_set]
    assert store.all_courses("public") == []
    (found,) = store.courses_of_set(case_set.set_id, lead("Prof. T"))
    assert found.session.session_id == of_set


@pytest.mark.parametrize("role", [Role.TRAINEE, Role.READER, Role.ADMIN])
def test_how_others_read_a_set_is_refused_to_the_wrong_role(store, role) -> None:
    with pytest.raises(NotAllowed, match=f"The role {role} may not see how others read a case set"):
        store.courses_of_set("any", Reader("Ada", frozenset({role})))


def test_a_case_set_keeps_its_order_and_who_made_it(store) -> None:
    first = store.keep_set("Week 1", "public", ["b", "a", "c"], lead("Prof. T"))
    second = store.keep_set("Week 2", "synthetic", ["d"], lead("Prof. T"))
    assert store.case_sets() == [second, first]
    assert store.case_set(first.set_id) == first
    assert first.film_ids == ("b", "a", "c")
    assert store.case_set("none") is None


@pytest.mark.parametrize("films", [[], ["a", "a"], [str(number) for number in range(51)]])
def test_a_set_without_films_or_with_one_twice_is_refused(store, films) -> None:
    with pytest.raises(TeachingError, match="1 to 50 different films"):
        store.keep_set("Week 1", "public", films, lead("Prof. T"))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"label": Verdict.UNSURE}, "says pneumonia or normal, not unsure"),
        ({"confidence": 6}, r"1 \(guess\) to 5 \(certain\), not 6"),
        ({"marks": (Mark(0, 0, 1, 1),) * 6}, "at most 5 marks, not 6"),
    ],
)
def test_an_answer_that_no_form_gives_is_refused(said, words) -> None:
    with pytest.raises(TeachingError, match=words):
        Answer(**said)


@pytest.mark.parametrize(
    ("name", "words"),
    [("  ", "Enter your name first"), ("a\x00b", "no zero byte and no half of a character pair")],
)
def test_a_session_needs_a_name_that_can_be_kept(store, name, words) -> None:
    with pytest.raises(ReviewStoreError, match=words):
        store.start(PLAN, CASES, lead(name))


def test_a_session_is_written_by_its_own_reader_and_sets_by_teachers(store) -> None:
    session_id = store.start(PLAN, CASES, ADA).session_id
    bob, admin = replace(ADA, name="Bob"), Reader("Root", frozenset({Role.ADMIN}))
    with pytest.raises(NotAllowed, match="belongs to another reader"):
        store.note(session_id, 0, StepKind.READ, LOCKED, by=bob)
    with pytest.raises(NotAllowed, match="take a teaching session"):
        store.note(session_id, 0, StepKind.READ, LOCKED, by=replace(ADA, roles=admin.roles))
    with pytest.raises(NotAllowed, match="take a teaching session"):
        store.start(PLAN, CASES, admin)
    with pytest.raises(NotAllowed, match="put a case set together"):
        store.keep_set("Week 1", "synthetic", ["a"], ADA)
    assert store.course(session_id).films[0].read is None
    assert store.case_sets() == []


def test_a_step_of_no_session_is_refused(store) -> None:
    with pytest.raises(ReviewStoreError):
        store.note("none", 0, StepKind.OPENED, by=ADA)


@pytest.mark.parametrize("change", ["UPDATE {} SET sequence = sequence + 1", "DELETE FROM {}"])
def test_nothing_that_was_kept_can_be_changed(store, url, change) -> None:
    kept = keep_one_of_each(store)
    for table in TABLES:
        with raw_connection(url) as connection, pytest.raises(Exception, match="append-only"):
            connection.execute(change.format(table))
    assert store.course(kept).films[0].read == READ


def test_nothing_that_was_kept_can_be_replaced(sqlite_url) -> None:
    store = SqlTeachingStore(Database.open(sqlite_url))
    keep_one_of_each(store)
    for table in TABLES:
        with (
            raw_connection(sqlite_url) as connection,
            pytest.raises(Exception, match="append-only"),
        ):
            connection.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    store.database.close()


def keep_one_of_each(store) -> str:
    case_set = store.keep_set("Week 1", "synthetic", ["a"], lead("Prof. T"))
    session = store.start(replace(PLAN, case_set=case_set.set_id), CASES, ADA)
    store.note(session.session_id, 0, StepKind.READ, LOCKED, by=ADA)
    return session.session_id


def test_a_line_that_another_program_wrote_is_named_as_such(store, url) -> None:
    session_id = store.start(PLAN, CASES, ADA).session_id
    store.note(session_id, 7, StepKind.OPENED, by=ADA)
    with pytest.raises(ReviewStoreError, match="changed by another program"):
        store.course(session_id)


def test_what_a_killed_writer_acknowledged_is_there(sqlite_url) -> None:
    store = SqlTeachingStore(Database.open(sqlite_url))
    session_id = store.start(PLAN, CASES, ADA).session_id
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, sqlite_url, session_id],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    told = [int(process.stdout.readline()) for _ in range(20)]
    process.send_signal(signal.SIGKILL)
    told += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    draft = store.course(session_id).films[0].draft
    written = round(1 / draft.marks[0].right)
    assert written in {told[-1], told[-1] + 1}
    store.database.close()


def test_the_number_of_lines_is_the_number_of_steps(store, url) -> None:
    session_id = store.start(PLAN, CASES, ADA).session_id
    for kind in (StepKind.OPENED, StepKind.READ, StepKind.READ, StepKind.SEEN):
        store.note(session_id, 0, kind, LOCKED if kind is StepKind.READ else None, by=ADA)
    with raw_connection(url) as connection:
        (lines,) = connection.execute("SELECT count(*) FROM teaching_steps").fetchone()
    assert lines == 3
