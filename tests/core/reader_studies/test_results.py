"""What a study found: rates, times and the run's advice, worked out by hand from planted reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from fixtures.study_films import BEGUN, FILMS, READERS, WRONG, advice_of, is_ill, study_design

from core.domain.mark import Mark
from core.domain.review import Verdict
from core.errors import TeachingError
from core.reader_studies.design import Arm, plan_session
from core.reader_studies.results import (
    COLUMNS,
    analyse_study,
    arrange,
    rate_of,
    study_as_imrmc,
    study_rows,
)
from core.reader_studies.study import KeptStudy, StudyAnswer, StudyReading, washout_kept
from core.stats.mrmc import Estimate

STUDY = KeptStudy(
    "abc", study_design(), "synthetic", "f08", advice_of(), made_by="Dr. Maker", made_at=BEGUN
)
LAST = len(FILMS) - 1
"""The film on which the run takes no side."""


def readings_of(study=STUDY, *, follow=(), day_of=lambda session: 40 * session):
    """Return reads that are right, in 10 s alone and 20 s with the score.

    Parameters
    ----------
    follow : collection of str
        Readers who say what the run says, where it is shown and takes a side.
    """
    found = []
    for reader in study.design.readers:
        for session in range(len(study.design.arms)):
            for place, read in enumerate(plan_session(study.design, reader, session)):
                ill, advice = read.case.ill, study.advice[read.case.film_id]
                if read.arm is not Arm.ALONE and reader in follow:
                    ill = ill if advice.verdict is Verdict.UNSURE else advice.verdict == "pneumonia"
                found.append(
                    StudyReading(
                        reader=reader,
                        session=session,
                        place=place,
                        film_id=read.case.film_id,
                        arm=read.arm,
                        answer=StudyAnswer(
                            Verdict.PNEUMONIA if ill else Verdict.NORMAL, 80 if ill else 20
                        ),
                        seconds=10.0 if read.arm is Arm.ALONE else 20.0,
                        openings=1,
                        read_at=BEGUN + timedelta(days=day_of(session), minutes=place),
                    )
                )
    return found


def test_who_follows_the_run_is_wrong_where_it_is_wrong():
    found = analyse_study(STUDY, readings_of(follow=READERS[:1]))
    rows = {(row.kind, row.arm): row for row in found.by_advice}
    wrong = rows["wrong", Arm.SCORE]
    assert wrong.films == len(WRONG)
    assert wrong.right.value == pytest.approx(2 / 3)  # one of three readers follows
    assert wrong.followed == pytest.approx(1 / 3)
    assert rows["wrong", Arm.ALONE].right.value == 1.0
    assert rows["right", Arm.SCORE].right.value == 1.0
    assert rows["right", Arm.SCORE].followed == 1.0
    assert rows["none", Arm.SCORE].films == 1
    assert np.isnan(rows["none", Arm.SCORE].followed)
    assert (wrong.seconds, rows["wrong", Arm.ALONE].seconds) == (20.0, 10.0)


def test_rates_by_arm_and_reader_count_what_was_said():
    found = analyse_study(STUDY, readings_of(follow=READERS[:1]))
    missed = sum(is_ill(number) for number in WRONG)
    row = next(row for row in found.readers if row.reader == READERS[0] and row.arm is Arm.SCORE)
    n_ill = sum(is_ill(number) for number in range(len(FILMS)))
    assert row.sensitivity.value == pytest.approx((n_ill - missed) / n_ill)
    assert row.specificity.value == pytest.approx((len(FILMS) - n_ill - 1) / (len(FILMS) - n_ill))
    assert found.sensitivity.arms[1].value == pytest.approx(1.0 - missed / n_ill / 3.0)
    assert found.sensitivity.arms[0].value == 1.0


def test_times_are_compared_by_their_ratio():
    found = analyse_study(STUDY, readings_of())
    assert np.exp(found.log_seconds.differences[0, 1].value) == pytest.approx(0.5)


def test_the_time_of_a_film_that_was_opened_twice_is_left_out_and_its_read_counts():
    readings = readings_of()
    readings[0] = replace(readings[0], openings=2, seconds=900.0)
    found = analyse_study(STUDY, readings)
    assert found.interrupted == 1
    assert {row.seconds for row in found.readers if row.arm is readings[0].arm} == {
        10.0 if readings[0].arm is Arm.ALONE else 20.0
    }
    assert found.arrays.right.all()


def test_only_readers_who_finished_count_and_one_is_too_few():
    readings = readings_of()
    without = [one for one in readings if one.reader != READERS[2]] + [readings[-1]]
    assert arrange(STUDY, without).readers == READERS[:2]
    with pytest.raises(TeachingError, match="1 of 3 readers have read"):
        arrange(STUDY, [one for one in readings if one.reader == READERS[0]])


def test_an_interval_is_given_only_where_something_differs():
    flat = rate_of(Estimate(1.0, 0.0, np.inf, 1.0, 1.0, 0.0), 6)
    assert np.isnan([flat.low, flat.high]).all()
    wide = rate_of(Estimate(0.9, 0.1, 5.0, 0.64, 1.16, 0.0), 6)
    assert (wide.low, wide.high) == (0.64, 1.0)


def test_a_washout_that_was_cut_short_is_noticed():
    assert washout_kept(STUDY, readings_of())
    assert not washout_kept(STUDY, readings_of(day_of=lambda session: 29 * session))


def test_files_name_neither_readers_nor_films():
    readings = readings_of()
    marked = StudyAnswer(Verdict.NORMAL, 20, (Mark(0.1, 0.2, 0.3, 0.4),))
    readings[0] = replace(readings[0], answer=marked)
    rows = study_rows(STUDY, readings)
    table = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    text = study_as_imrmc(STUDY, readings) + str(table)
    assert not any(name in text for name in (*READERS, *FILMS))
    assert table[0]["reader"] == "reader1"
    assert table[0]["marks"] == "0.1000 0.2000 0.3000 0.4000"
    by_case = {row["case"]: row["run_right"] for row in table}
    assert [by_case[number + 1] for number in WRONG] == [0, 0, 0]
    assert by_case[LAST + 1] == ""


def test_the_file_states_the_counts_that_other_programs_look_for():
    head = study_as_imrmc(STUDY, readings_of()).partition("BEGIN DATA:")[0].splitlines()
    assert {"N0: 6", "N1: 6", "NR: 3", "NM: 2"} <= set(head)


@pytest.mark.parametrize("rating", [-1, 101])
def test_a_rating_outside_its_range_is_refused(rating):
    with pytest.raises(TeachingError, match="0 to 100"):
        StudyAnswer(Verdict.NORMAL, rating)


def test_a_read_takes_a_side():
    with pytest.raises(TeachingError, match="pneumonia or normal"):
        StudyAnswer(Verdict.UNSURE, 50)


def test_the_arms_differ_on_the_films_on_which_the_run_is_wrong_alone():
    found = analyse_study(STUDY, readings_of(follow=READERS[:1]))
    assert set(found.correct) == {"right", "wrong"}  # of one film no interval can be given
    assert found.correct["wrong"].differences[0, 1].value == pytest.approx(1 / 3)
    assert found.correct["right"].differences[0, 1].value == 0.0
