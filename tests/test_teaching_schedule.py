"""When films come back: FSRS with rated reads, and streaks that follow it."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from fsrs import Card, Rating, Scheduler
from teaching_cases import ILL, START, WELL, make_case, make_outcome

from core.teaching_schedule import GRACE_DAYS, due_dates, rate_outcome, streak_of

CASE = make_case(1)


@pytest.mark.parametrize(
    ("outcome", "rating"),
    [
        (make_outcome(CASE, WELL, 5), Rating.Again),
        (make_outcome(CASE, ILL, 1), Rating.Hard),
        (make_outcome(CASE, ILL, 3), Rating.Good),
        (make_outcome(CASE, ILL, 5, found=True), Rating.Easy),
        (make_outcome(CASE, ILL, 5, found=False), Rating.Hard),
        (make_outcome(make_case(2), WELL, 4), Rating.Good),
    ],
)
def test_a_read_is_rated_by_right_confidence_and_mark(outcome, rating: Rating) -> None:
    assert rate_outcome(outcome) is rating


def test_due_dates_are_those_of_the_library_replayed() -> None:
    reads = [make_outcome(CASE, ILL, 3), make_outcome(CASE, WELL, 3, day=3)]
    reads.append(make_outcome(CASE, ILL, 5, day=9))
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    card = Card(card_id=1)
    for one, rating in zip(reads, (Rating.Good, Rating.Again, Rating.Easy), strict=True):
        card, _ = scheduler.review_card(card, rating, one.read_at)
    assert due_dates(reads) == {CASE.film_id: card.due}
    assert due_dates(reads) == due_dates(list(reads))


def test_a_wrong_read_brings_a_film_back_sooner_than_a_sure_right_one() -> None:
    films = [make_case(number, 1) for number in (1, 3, 5)]
    reads = [
        make_outcome(films[0], WELL),
        make_outcome(films[1], ILL, 3),
        make_outcome(films[2], ILL, 5),
    ]
    due = due_dates(reads)
    waits = [due[film.film_id] - START for film in films]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(days=1)
    assert waits[2] > timedelta(days=6)


def test_intervals_grow_while_reads_stay_right() -> None:
    reads, waits = [], []
    for _ in range(4):
        day = (due_dates(reads)[CASE.film_id] - START).days if reads else 0
        reads.append(make_outcome(CASE, ILL, 3, day=day))
        waits.append(due_dates(reads)[CASE.film_id] - reads[-1].read_at)
    assert all(later > earlier for earlier, later in itertools.pairwise(waits))


def test_a_streak_does_not_ask_for_days_on_which_nothing_is_due() -> None:
    first = make_outcome(CASE, ILL, 5)
    wait = (due_dates([first])[CASE.film_id] - START).days
    second = make_outcome(CASE, ILL, 5, day=wait)
    assert wait >= 7
    assert streak_of([first], START.date()) == 1
    assert streak_of([first, second], second.read_at.date()) == 2


def test_coming_before_anything_is_due_adds_nothing_and_a_new_film_does() -> None:
    first = make_outcome(CASE, ILL, 5)
    again = make_outcome(CASE, ILL, 5, day=1)
    new = make_outcome(make_case(3), ILL, 5, day=1)
    assert streak_of([first, again], again.read_at.date()) == 1
    assert streak_of([first, new], new.read_at.date()) == 2


def test_a_review_that_waits_too_long_ends_the_streak() -> None:
    first = make_outcome(CASE, ILL, 3)
    due = due_dates([first])[CASE.film_id].date()
    in_time, late = due + timedelta(days=GRACE_DAYS), due + timedelta(days=GRACE_DAYS + 1)
    assert streak_of([first], in_time) == 1
    assert streak_of([first], late) == 0
    came_late = make_outcome(CASE, ILL, 3, day=(late - START.date()).days)
    assert streak_of([first, came_late], late) == 1


def test_several_sessions_of_a_day_count_once() -> None:
    reads = [make_outcome(make_case(number, 1), ILL, day=number / 100) for number in range(4)]
    assert streak_of(reads, START.date()) == 1
    assert streak_of([], START.date()) == 0
