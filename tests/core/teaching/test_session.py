"""When a film of a timed session is cut off, and what counts then."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from fixtures.teaching_cases import ILL, START, WELL, make_case

from core.domain.findings import Category, Findings
from core.domain.mark import Mark
from core.errors import TeachingError
from core.teaching.mark_scoring import MarkScore
from core.teaching.outcomes import outcomes_of, summarise
from core.teaching.session import (
    TRANSPORT_S,
    Answer,
    FilmState,
    Plan,
    Session,
    Step,
    StepKind,
    answer_as_json,
    answer_from_json,
    cut_off_answer,
    follow_steps,
)
from core.teaching.text import answer_text, describe_summary

CASES = (make_case(1), make_case(2))
SESSION = Session("0" * 32, "Ada", Plan("synthetic", 2, limit_s=30), CASES, START)


def test_a_film_is_cut_off_when_its_time_and_the_way_of_a_last_lock_are_over() -> None:
    opened = FilmState(CASES[0], opened_at=START)
    late = START + timedelta(seconds=30 + TRANSPORT_S)
    assert not opened.time_is_up(30, late, START)
    assert opened.time_is_up(30, late + timedelta(seconds=0.1), START)
    assert not opened.time_is_up(None, late + timedelta(days=1), START)
    assert not FilmState(CASES[0]).time_is_up(30, late + timedelta(days=1), START)
    locked = replace(opened, read=Answer(ILL, 3))
    assert not locked.time_is_up(30, late + timedelta(days=1), START)


def test_a_films_clock_stands_still_while_nobody_could_read() -> None:
    opened = FilmState(CASES[0], opened_at=START)
    restarted = START + timedelta(hours=1)
    assert opened.clock_from(restarted) == restarted
    assert not opened.time_is_up(30, restarted + timedelta(seconds=29), restarted)
    assert opened.time_is_up(30, restarted + timedelta(seconds=31 + TRANSPORT_S), restarted)
    assert opened.clock_from(START - timedelta(hours=1)) == START
    assert FilmState(CASES[0]).clock_from(restarted) is None


SEEN = Findings(frozenset({Category.OTHER_INFILTRATE}))


def test_an_answer_comes_back_with_its_findings_and_an_older_one_has_none() -> None:
    answer = Answer(ILL, 4, (), SEEN)
    stored = answer_as_json(answer)
    assert answer_from_json(stored) == answer
    del stored["findings"]
    assert answer_from_json(stored) == Answer(ILL, 4)
    assert answer_text(answer) == "pneumonia, 4 of 5: other infiltrate"
    assert answer_text(Answer(ILL, 4)) == "pneumonia, 4 of 5"


@pytest.mark.parametrize("label", [WELL, None])
def test_findings_of_another_verdict_are_refused(label) -> None:
    with pytest.raises(TeachingError, match="has no other infiltrate"):
        Answer(label, 3, (), SEEN)


@pytest.mark.parametrize(
    ("draft", "counts"),
    [
        (Answer(ILL, 4, (Mark(0, 0, 1, 1),)), Answer(ILL, 4, (Mark(0, 0, 1, 1),))),
        (Answer(WELL), Answer(WELL, 1)),
        (Answer(confidence=5), Answer()),
        (Answer(), Answer()),
    ],
)
def test_what_is_chosen_when_the_time_is_over_is_the_read(draft: Answer, counts: Answer) -> None:
    assert cut_off_answer(draft) == counts


def test_a_read_that_was_cut_off_took_the_time_that_there_was() -> None:
    score = asdict(MarkScore(True, bool(CASES[0].label)))
    said = answer_as_json(Answer()) | {"score": score, "cut_off": True}
    steps = [
        Step(SESSION.session_id, 0, StepKind.OPENED, START, {}),
        Step(SESSION.session_id, 0, StepKind.READ, START + timedelta(days=1), said),
    ]
    (outcome,) = outcomes_of(follow_steps(SESSION, steps))
    assert (outcome.seconds, outcome.cut_off, outcome.answered) == (30, True, False)
    figures = describe_summary(summarise([outcome]), with_model=False)
    assert figures["Time ran out"].startswith("1, 1 of them without an answer")
