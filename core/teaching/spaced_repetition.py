"""When a reader should see a film again: FSRS, replayed from the kept reads.

A wrong read is rated "again"; a right one "hard" if the reader guessed or did not mark the lesion
where it is, "easy" if certain, "good" otherwise. Intervals are whole days and hold no chance. Reads
count from the beginning of their day (UTC): a film is due on a day, not at the hour at which it was
last read, and a read on the next day is a day later, whatever the hours between.

References
----------
.. [1] J. Ye et al., A Stochastic Shortest Path Algorithm for Optimizing Spaced Repetition
       Scheduling, KDD 2022. Scheduler: https://github.com/open-spaced-repetition/py-fsrs
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from fsrs import Card, Rating, Scheduler

from core.teaching.outcomes import Outcome

GRACE_DAYS = 3
"""A review that is this late does not break a streak."""

_SCHEDULER = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)


def rate_outcome(outcome: Outcome) -> Rating:
    """Return how well a blind read went, in FSRS's four steps."""
    if not outcome.right:
        return Rating.Again
    confidence = outcome.read.confidence or 1
    if confidence <= 2 or outcome.score.found is False:
        return Rating.Hard
    return Rating.Easy if confidence == 5 else Rating.Good


def due_dates(outcomes: Iterable[Outcome]) -> dict[str, datetime]:
    """Return the beginning of the day on which each film that was read is due again.

    Parameters
    ----------
    outcomes : iterable of Outcome
        One reader's, of one library, in any order: a session may be gone on with after a later one.
    """
    cards: dict[str, Card] = {}
    for outcome in _by_time(outcomes):
        _review(cards, outcome)
    return {film_id: card.due for film_id, card in cards.items()}


def _by_time(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return sorted(outcomes, key=lambda one: one.read_at)


def _review(cards: dict[str, Card], outcome: Outcome) -> None:
    """Bring the card of a film to where a read of it leads."""
    day = datetime.combine(_day_of(outcome), time.min, UTC)
    card = cards.get(outcome.case.film_id) or Card(card_id=len(cards) + 1, due=day)
    reviewed, _ = _SCHEDULER.review_card(card, rate_outcome(outcome), day)
    cards[outcome.case.film_id] = reviewed


def _day_of(outcome: Outcome) -> date:
    return outcome.read_at.astimezone(UTC).date()


def streak_of(outcomes: Iterable[Outcome], today: date) -> int:
    """Return on how many days in a row a reader came in time for what was due.

    Days without reads do not break a streak while nothing is overdue by more than `GRACE_DAYS`, so
    there is nothing to gain from coming daily; a day on which only films were read that were not
    due yet does not count.

    Parameters
    ----------
    outcomes : iterable of Outcome
        One reader's, in any order.
    today : date
        In UTC. A streak that was missed before it is over: 0.
    """
    streak, until, cards = 0, date.max, dict[str, Card]()
    for day, of_day in groupby(_by_time(outcomes), _day_of):
        reads = list(of_day)
        if day > until:
            streak = 0
        streak += any(_was_due(one, cards) for one in reads)
        for one in reads:
            _review(cards, one)
        until = min(card.due for card in cards.values()).date() + timedelta(days=GRACE_DAYS)
    return streak if today <= until else 0


def _was_due(outcome: Outcome, cards: dict[str, Card]) -> bool:
    known = cards.get(outcome.case.film_id)
    return known is None or known.due.date() <= _day_of(outcome)
