"""A read that is being written: kept at each step, followed, and never changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.review_records import FILM, OTHER_FILM, lead, raw_connection

from core.domain.findings import NO_FINDINGS, Category, Findings
from core.domain.mark import Mark
from core.domain.reader import Reader, Role
from core.domain.review import Verdict
from core.errors import NotAllowed, ReviewStoreError
from core.reads.drafts import (
    Draft,
    ReadInProgress,
    ReviewStep,
    ReviewStepKind,
    draft_as_json,
    draft_from_json,
    follow_read,
)
from core.store.audit_log import verify_records
from core.store.drafts import SqlReviewSteps

pytest_plugins = ["fixtures.review_databases"]

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ADA = lead("Dr Ada")
SEEN = Findings(frozenset({Category.CONSOLIDATION}), frozenset({"left lower"}))
DRAFT = Draft(Verdict.PNEUMONIA, 4, "left base", (Mark(0.1, 0.2, 0.3, 0.4),), SEEN)
OPENED, LEFT = ReviewStepKind.OPENED, ReviewStepKind.LEFT
DRAFTED, REGIONS = ReviewStepKind.DRAFT, ReviewStepKind.REGIONS


def step(second: int, kind: ReviewStepKind, turn: int = 0, said=None) -> ReviewStep:
    return ReviewStep(turn, kind, NOON + timedelta(seconds=second), said or {})


def test_only_the_time_in_which_the_film_was_shown_counts() -> None:
    read = follow_read([step(0, OPENED), step(10, LEFT), step(100, OPENED)], 0)
    assert (read.opened_at, read.shown_s) == (NOON, 10.0)
    assert read.seconds_until(NOON + timedelta(seconds=105)) == 15.0


def test_a_time_that_was_killed_lasts_until_its_last_step() -> None:
    steps = [step(0, OPENED), step(7, DRAFTED, said=draft_as_json(DRAFT)), step(500, OPENED)]
    read = follow_read(steps, 0)
    assert (read.shown_s, read.draft) == (7.0, DRAFT)
    assert read.seconds_until(NOON + timedelta(seconds=500)) == 7.0


def test_another_read_of_the_film_begins_anew_but_regions_once_asked_for_stay_asked_for() -> None:
    steps = [step(0, OPENED), step(1, DRAFTED, said=draft_as_json(DRAFT)), step(2, REGIONS, 1)]
    assert follow_read(steps, 2) == ReadInProgress(regions_asked=True)


def test_a_draft_comes_back_as_it_was_written() -> None:
    assert draft_from_json(draft_as_json(DRAFT)) == DRAFT
    assert draft_from_json(draft_as_json(Draft())) == Draft()


def test_a_draft_of_before_there_were_findings_has_none() -> None:
    earlier = draft_as_json(DRAFT)
    del earlier["findings"]
    assert draft_from_json(earlier) == replace(DRAFT, findings=NO_FINDINGS)


@pytest.fixture
def steps(database):
    return SqlReviewSteps(database)


def test_steps_are_kept_by_film_reader_and_read(steps) -> None:
    first = verify_records(steps.database).records
    steps.note(FILM, 0, OPENED, ADA, at=NOON)
    steps.note(FILM, 0, DRAFTED, ADA, draft_as_json(DRAFT))
    steps.note(OTHER_FILM, 0, OPENED, lead("Dr Grace"))
    kept = steps.progress(FILM, "dr  ADA", 0)
    assert (kept.opened_at, kept.draft) == (NOON, DRAFT)
    assert steps.progress(FILM, "dr ada", 1) == ReadInProgress()
    assert steps.progress(FILM, "Dr Grace", 0) == ReadInProgress()
    assert steps.newest_film([FILM, OTHER_FILM], "Dr Ada") == FILM
    assert steps.newest_film([FILM], "Dr Grace") is None
    assert verify_records(steps.database).records == first + 3


@pytest.mark.parametrize(
    "statement", ["UPDATE review_steps SET turn = 1", "DELETE FROM review_steps"]
)
def test_a_step_is_never_changed_or_removed(steps, url, statement) -> None:
    steps.note(FILM, 0, OPENED, ADA)
    with (
        raw_connection(url) as connection,
        pytest.raises(Exception, match="review_steps is append-only"),
    ):
        connection.execute(statement)
    assert verify_records(steps.database).intact


@pytest.mark.parametrize("role", [Role.TRAINEE, Role.ADMIN])
def test_who_may_not_sign_keeps_no_step(steps, role) -> None:
    first = verify_records(steps.database).records
    with pytest.raises(NotAllowed, match=f"The role {role} may not sign a read"):
        steps.note(FILM, 0, OPENED, Reader("Tess", frozenset({role})))
    assert verify_records(steps.database).records == first


def test_a_comment_that_no_database_keeps_is_a_sentence(steps) -> None:
    said = draft_as_json(Draft(comment="a\x00b"))
    with pytest.raises(ReviewStoreError, match="has a character that cannot be stored"):
        steps.note(FILM, 0, DRAFTED, ADA, said)


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "perhaps"},
        draft_as_json(DRAFT)
        | {"findings": {"categories": ["consolidation"], "zones": ["apex"], "effusion_sides": []}},
    ],
)
def test_a_step_that_another_program_spoilt_is_a_sentence(steps, wrong) -> None:
    steps.note(FILM, 0, DRAFTED, ADA, wrong)
    with pytest.raises(ReviewStoreError, match="was changed by another program"):
        steps.progress(FILM, "Dr Ada", 0)
