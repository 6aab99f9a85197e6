"""Reader studies as they are kept: the order of reading, the washout, and what never changes."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from fixtures.review_records import lead, raw_connection
from fixtures.study_films import (
    BEGUN,
    FILMS,
    READERS,
    Clock,
    advice_of,
    answer_of,
    planted_ratings,
    read_session,
    study_design,
)

from core.domain.mark import Mark
from core.domain.reader import Reader, Role
from core.domain.review import Verdict
from core.errors import NotAllowed, ReviewStoreError, TeachingError
from core.reader_studies.design import Arm, plan_session
from core.reader_studies.imrmc import read_imrmc
from core.reader_studies.results import analyse_study, study_as_imrmc
from core.reader_studies.study import StudyAnswer, progress_of, washout_kept
from core.stats.mrmc import analyse_readers
from core.store.audit_log import verify_records
from core.store.engine import Database
from core.store.reader_studies import SqlReaderStudies

pytest_plugins = ["fixtures.review_databases"]

MAKER = lead("Dr. Maker")
ADA = Reader(READERS[0], frozenset({Role.READER}))


@pytest.fixture
def clock() -> Clock:
    return Clock(BEGUN)


@pytest.fixture
def kept(sqlite_url, clock):
    with closing(Database.open(sqlite_url)) as database:
        yield SqlReaderStudies(database, clock)


@pytest.fixture
def study(kept):
    return kept.make(study_design(), "synthetic", "f08", advice_of(), MAKER)


def stand_of(kept, study, name=READERS[0]):
    return progress_of(study, name, kept.readings(study))


def open_and_read(kept, study, answer, by=ADA):
    stands = progress_of(study, by.name, kept.readings(study))
    kept.open_film(study, stands, by)
    kept.read(study, stands, answer, by)


def test_a_whole_study_is_analysed_as_its_ratings_are_and_its_file_parses_back(kept, clock):
    study = kept.make(study_design(), "synthetic", "f08", advice_of(), MAKER)
    ratings = planted_ratings()
    for session in range(2):
        for name in READERS:
            assert read_session(kept, study, name, ratings, clock) == len(FILMS)
            stands = stand_of(kept, study, name)
            assert stands.finished is (session == 1)
            if not stands.finished:
                with pytest.raises(TeachingError, match=r"Session 2 of 2 opens on 2026-04-01"):
                    kept.open_film(study, stands, Reader(name, frozenset({Role.READER})))
        clock.pass_on(timedelta(days=30))
    readings = kept.readings(study)
    assert washout_kept(study, readings)
    found = analyse_study(study, readings)
    labels = np.array([int(case.ill) for case in study.design.cases])
    expected = analyse_readers(ratings, labels)
    np.testing.assert_array_equal(found.area.areas, expected.areas)
    assert found.area.differences[0, 1] == expected.differences[0, 1]
    assert (found.area.f_value, found.area.p_value) == (expected.f_value, expected.p_value)
    back = read_imrmc(study_as_imrmc(study, readings))
    np.testing.assert_array_equal(back.ratings, ratings)
    np.testing.assert_array_equal(back.labels, labels)
    assert back.arms == ("alone", "score")
    assert back.readers == ("reader1", "reader2", "reader3")
    assert verify_records(kept.database).intact


def test_a_reader_goes_on_where_they_left_and_a_film_opened_twice_says_so(kept, study, clock):
    open_and_read(kept, study, answer_of(70))
    left = stand_of(kept, study)
    kept.open_film(study, left, ADA)
    clock.pass_on(timedelta(hours=3))
    again = stand_of(kept, kept.study(study.study_id))
    assert (again.session, again.place, again.read) == (0, 1, 1)
    assert again.following == plan_session(study.design, READERS[0], 0)[1]
    kept.open_film(study, again, ADA)
    clock.pass_on(timedelta(seconds=12))
    kept.read(study, again, answer_of(20), ADA)
    _, second = kept.readings(study)
    assert (second.seconds, second.openings) == (12.0, 2)


def test_what_was_said_comes_back_whole(kept, study):
    said = StudyAnswer(Verdict.NORMAL, 55, (Mark(0.1, 0.2, 0.3, 0.4),))
    open_and_read(kept, study, said)
    (reading,) = kept.readings(study)
    planned = plan_session(study.design, READERS[0], 0)[0]
    assert reading.answer == said
    assert (reading.film_id, reading.arm) == (planned.case.film_id, planned.arm)
    again = kept.study(study.study_id)
    assert again == study


def test_no_read_is_changed_taken_back_or_made_twice(kept, study, sqlite_url):
    stands = stand_of(kept, study)
    open_and_read(kept, study, answer_of(70))
    with pytest.raises(TeachingError, match="read in another window"):
        kept.read(study, stands, answer_of(0), ADA)
    for statement in ("UPDATE reader_study_readings SET rating = 0", "DELETE FROM reader_studies"):
        with (
            raw_connection(sqlite_url) as connection,
            pytest.raises(Exception, match="append-only"),
        ):
            connection.execute(statement)
    assert [one.answer.rating for one in kept.readings(study)] == [70]


def test_a_film_is_opened_before_it_is_read(kept, study):
    with pytest.raises(TeachingError, match="Open the film first"):
        kept.read(study, stand_of(kept, study), answer_of(70), ADA)


def test_a_closed_study_takes_no_read(kept, study):
    stands = stand_of(kept, study)
    kept.open_film(study, stands, ADA)
    kept.close(study.study_id, MAKER)
    kept.close(study.study_id, MAKER)
    with pytest.raises(TeachingError, match="closed"):
        kept.read(study, stands, answer_of(70), ADA)
    assert kept.study(study.study_id).closed_at == BEGUN
    assert kept.unfinished_of(READERS[0]) == []


def test_a_study_is_unfinished_for_its_readers_alone(kept, study):
    assert [one.study_id for one in kept.unfinished_of("  dr. ADA ")] == [study.study_id]
    assert kept.unfinished_of("Dr. Maker") == kept.unfinished_of("") == []


def test_only_its_readers_read_in_it(kept, study):
    stranger = Reader("Dr. Eve", frozenset({Role.READER}))
    with pytest.raises(TeachingError, match="Eve does not read in this study"):
        kept.open_film(study, stand_of(kept, study), stranger)


@pytest.mark.parametrize("role", [Role.TRAINEE, Role.READER, Role.ADMIN])
def test_who_may_not_make_studies_makes_none_and_closes_none(kept, study, role):
    by = Reader("Dr. Maker", frozenset({role}))
    with pytest.raises(NotAllowed):
        kept.make(study_design(), "synthetic", "f08", advice_of(), by)
    with pytest.raises(NotAllowed):
        kept.close(study.study_id, by)
    assert [one.closed_at for one in kept.studies()] == [None]


def test_an_admin_reads_in_no_study(kept, study):
    with pytest.raises(NotAllowed):
        kept.open_film(study, stand_of(kept, study), Reader(READERS[0], frozenset({Role.ADMIN})))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "  "}, "Give the study a title"),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"readers": ("Ada", "ADA ")}, "stands twice"),
        ({"washout_days": 400}, "0 to 365 days"),
    ],
    ids=["no title", "long title", "reader twice", "washout"],
)
def test_a_study_that_cannot_be_kept_is_refused(kept, change, said):
    with pytest.raises((ReviewStoreError, TeachingError), match=said):
        kept.make(replace(study_design(), **change), "synthetic", "f08", advice_of(), MAKER)
    assert kept.studies() == []


def test_a_film_that_the_run_has_not_read_is_refused(kept):
    with pytest.raises(TeachingError, match="has not read 12 films"):
        kept.make(study_design((Arm.ALONE, Arm.REGIONS)), "synthetic", "f08", {}, MAKER)
