"""A database that the flat layout of 28 November 2026 wrote is read by this one, whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.review_records import lead
from sqlalchemy import select

from core.domain.review import ReadKind, Verdict
from core.error_analysis.notes import ProposalState, weigh_proposals
from core.phantom.builtin import BUILT_IN_SEED
from core.phantom.dataset import plan_films
from core.settings import SERVED_RUN
from core.store.audit_log import verify_records
from core.store.drafts import SqlReviewSteps
from core.store.engine import Database
from core.store.local_reader import read_local_reader
from core.store.notes import SqlCaseNotes
from core.store.reads import SqlReviewStore
from core.store.schema import review_steps
from core.store.served_runs import list_served_choices, list_served_runs
from core.store.teaching import SqlTeachingStore
from core.teaching.session import Phase, StepKind, answer_as_json

KEPT = Path(__file__).with_name("flat_layout.sqlite3")
HEAD = "725eb7e8bfc8fed1a27ff536335fbea3a2f65f717213c9bf0144db5246a00241"
TRAINEE = "Ada Trainee"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    shutil.copy(KEPT, tmp_path / "kept.sqlite3")
    with closing(Database.open(f"sqlite:///{tmp_path / 'kept.sqlite3'}")) as opened:
        yield opened


def test_its_records_are_as_they_were_written(database: Database) -> None:
    report = verify_records(database, HEAD)
    assert (report.intact, report.records, report.lacks_known_head) == (True, 44, False)


def test_its_reads_and_their_arbitration_are_read(database: Database) -> None:
    store = SqlReviewStore(database, read_first=True)
    everything = store.everything()
    assert len(everything) == 11
    assert [one.kind for one in everything].count(ReadKind.FIRST) == 5
    arbitration = everything[-1]
    assert (arbitration.reader, arbitration.read.verdict) == ("Dr Chen", Verdict.PNEUMONIA)
    assert len(arbitration.arbitrates) == 2
    assert [len(one.drawn) for one in everything].count(1) == 1
    assert {one.order_known for one in everything} == {None}


def test_its_unfinished_read_goes_on(database: Database) -> None:
    steps = SqlReviewSteps(database)
    drafts = [one for one in _films_of(database) if steps.progress(one, "Dr Ada", 0).draft.comment]
    assert len(drafts) == 1
    draft = steps.progress(drafts[0], "Dr Ada", 0).draft
    assert (draft.verdict, draft.confidence, draft.comment) == (
        Verdict.PNEUMONIA,
        4,
        "left base",
    )
    assert [mark.edges for mark in draft.drawn] == [(0.1, 0.2, 0.3, 0.4)]


def test_its_notes_and_causes_are_read(database: Database) -> None:
    notes = SqlCaseNotes(database)
    standing = notes.standing("synthetic")
    assert {note.reader for note in standing} == {"Dr Ada", "Dr Béla"}
    assert {note.cause for note in standing} == {"model error"}
    proposal = weigh_proposals(standing)
    assert proposal is not None
    assert proposal.state is ProposalState.ACCEPTED
    assert "hidden by the heart" in notes.causes()


def test_its_served_runs_choice_and_local_reader_are_read(database: Database) -> None:
    assert [one.run_id for one in list_served_runs(database)] == ["f04", SERVED_RUN]
    (choice,) = list_served_choices(database)
    assert (choice.run_id, choice.chosen_by) == (SERVED_RUN, "Dr Ada")
    reader = read_local_reader(database)
    assert (reader.name, [role.value for role in reader.roles]) == ("Dr Ada", ["reader"])


def test_its_teaching_sessions_show_films_that_are_still_drawn(database: Database) -> None:
    drawn = {film.film_id for film in plan_films(60, BUILT_IN_SEED)}
    teaching = SqlTeachingStore(database)
    whole, half = teaching.courses_of(TRAINEE)
    shown = {case.film_id for course in (whole, half) for case in course.session.cases}
    assert shown <= drawn
    (case_set,) = teaching.case_sets()
    assert (case_set.name, len(case_set.film_ids)) == ("Monday", 4)
    assert set(case_set.film_ids) <= drawn


def test_its_half_finished_teaching_session_resumes_and_ends(database: Database) -> None:
    teaching = SqlTeachingStore(database)
    whole, half = teaching.courses_of(TRAINEE)
    assert whole.place is None
    assert half.place == 1
    open_film = half.films[1]
    assert open_film.phase(with_model=False) is Phase.BLIND
    assert (open_film.draft.label, open_film.draft.confidence) == (Verdict.PNEUMONIA, None)
    by = lead(TRAINEE)
    said = answer_as_json(whole.films[0].read) | {
        "score": {"known": True, "ill": False, "hits": 0, "misses": 0}
    }
    for place in (1, 2):
        for kind, what in ((StepKind.READ, said), (StepKind.SEEN, None)):
            assert teaching.note(half.session.session_id, place, kind, what, by=by)
    assert teaching.courses_of(TRAINEE)[1].place is None


def _films_of(database: Database) -> list[str]:
    with database.reading() as connection:
        films = connection.execute(select(review_steps.c.film_sha256).distinct())
        return list(films.scalars())
