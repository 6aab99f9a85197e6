"""When films come back: FSRS with rated reads, and streaks that follow it."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from fixtures.teaching_cases import ILL, START, WELL, make_case, make_outcome
from fsrs import Card, Rating, Scheduler

from core.teaching.spaced_repetition import GRACE_DAYS, due_dates, rate_outcome, streak_of

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
        midnight = one.read_at.replace(hour=0, minute=0)
        card, _ = scheduler.review_card(card, rating, midnight)
    assert due_dates(reads) == {CASE.film_id: card.due}


def test_reads_are_replayed_in_the_order_in_which_they_were_made() -> None:
    reads = [make_outcome(CASE, ILL, 3, day=day) for day in (0, 2, 9)]
    assert due_dates(reads[::-1]) == due_dates(reads)
    assert due_dates(reads)[CASE.film_id] > reads[-1].read_at
    assert streak_of(reads[::-1], START.date()) == streak_of(reads, START.date())


def test_a_film_is_due_on_a_day_and_not_at_an_hour() -> None:
    evening = make_outcome(CASE, WELL, day=0.5)  # at nine in the evening, and wrong
    due = due_dates([evening])[CASE.film_id]
    next_morning = START + timedelta(hours=22)
    assert due <= next_morning
    morning_read = make_outcome(CASE, ILL, 3, day=22 / 24)
    same_day = make_outcome(CASE, ILL, 3, day=0.55)
    waits = [due_dates([evening, one])[CASE.film_id] for one in (morning_read, same_day)]
    assert waits[0] > waits[1]  # a night between makes it a review


def test_a_year_of_daily_reads_is_replayed_once(monkeypatch) -> None:
    reads = [make_outcome(make_case(number), WELL, day=number) for number in range(120)]
    reviewed = []
    review = Scheduler.review_card
    monkeypatch.setattr(
        Scheduler, "review_card", lambda *given: reviewed.append(given) or review(*given)
    )
    streak_of(reads, reads[-1].read_at.date())
    assert len(reviewed) == len(reads)


def test_a_wrong_read_brings_a_film_back_sooner_than_a_sure_right_one() -> None:
    films = [make_case(number, 1) for number in (1, 3, 5)]
    reads = [
        make_outcome(films[0], WELL),
        make_outcome(films[1], ILL, 3),
        make_outcome(films[2], ILL, 5),
    ]
    due = due_dates(reads)
    waits = [(due[film.film_id].date() - START.date()).days for film in films]
    assert waits == sorted(waits)
    assert waits[0] == 1
    assert waits[2] > 6


def test_intervals_grow_while_reads_stay_right() -> None:
    reads, waits = [], []
    for _ in range(4):
        day = (due_dates(reads)[CASE.film_id].date() - START.date()).days if reads else 0
        reads.append(make_outcome(CASE, ILL, 3, day=day))
        waits.append(due_dates(reads)[CASE.film_id] - reads[-1].read_at)
    assert all(later > earlier for earlier, later in itertools.pairwise(waits))


def test_a_streak_does_not_ask_for_days_on_which_nothing_is_due() -> None:
    first = make_outcome(CASE, ILL, 5)
    wait = (due_dates([first])[CASE.film_id].date() - START.date()).days
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
