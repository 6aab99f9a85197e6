"""A reader study: every reader reads every case in every arm, in an order of their own."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import TeachingError
from core.reader_studies.design import Arm, ReaderStudy, StudyCase, next_session, plan_session

CASES = tuple(StudyCase(f"film-{number}", ill=number % 3 == 0) for number in range(30))
STUDY = ReaderStudy("spring", CASES, tuple(Arm), ("Lindqvist", "Osei", "Marin"), seed=5)


@pytest.mark.parametrize("reader", STUDY.readers)
def test_a_reader_reads_every_case_once_a_session_and_in_every_arm(reader):
    sessions = [plan_session(STUDY, reader, number) for number in range(3)]
    for session in sessions:
        assert {read.case for read in session} == set(CASES)
        assert len(session) == len(CASES)
    arms = Counter((read.case, read.arm) for session in sessions for read in session)
    assert set(arms.values()) == {1}
    assert len(arms) == len(CASES) * len(Arm)


def test_every_session_has_as_many_cases_of_each_class_in_each_arm():
    for session in range(3):
        found = Counter((read.arm, read.case.ill) for read in plan_session(STUDY, "Osei", session))
        for ill in (True, False):
            counts = [found[arm, ill] for arm in Arm]
            assert max(counts) - min(counts) <= 1


def test_no_arm_comes_first_for_every_reader():
    first = {
        reader: {read.case.film_id: read.arm for read in plan_session(STUDY, reader, 0)}
        for reader in STUDY.readers
    }
    for case in CASES:
        assert {arms[case.film_id] for arms in first.values()} == set(Arm)


def test_the_order_is_of_the_reader_and_the_session_and_comes_again():
    once = [read.case.film_id for read in plan_session(STUDY, "Osei", 0)]
    assert once == [read.case.film_id for read in plan_session(STUDY, "Osei", 0)]
    others = [
        [read.case.film_id for read in plan_session(*other)]
        for other in ((STUDY, "Osei", 1), (STUDY, "Marin", 0), (replace(STUDY, seed=6), "Osei", 0))
    ]
    assert all(other != once for other in others)


def test_a_washout_lies_between_sessions():
    begun, ended = (datetime(2026, 3, day, 17, 0, tzinfo=UTC) for day in (1, 2))
    assert next_session(STUDY, begun, []) == (0, begun)
    assert next_session(STUDY, begun, [ended]) == (1, ended + timedelta(days=28))
    assert next_session(STUDY, begun, [ended] * 3) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"arms": (Arm.ALONE,)}, "two different arms"),
        ({"readers": ("Osei", "Osei")}, "two different readers"),
        ({"cases": (*CASES, CASES[0])}, "stands twice"),
        ({"cases": CASES[1:3]}, "there are 0 and 2"),
    ],
    ids=["arms", "readers", "twice", "few"],
)
def test_a_study_that_cannot_work_is_refused(change, said):
    with pytest.raises(TeachingError, match=said):
        replace(STUDY, **change)


def test_who_is_not_in_the_study_reads_nothing():
    with pytest.raises(TeachingError, match="no such reader"):
        plan_session(STUDY, "Somebody", 0)
