"""When a reader should see a film again: FSRS, replayed from the kept reads.

A wrong read is rated "again"; a right one "hard" if the reader guessed or marked the wrong place,
"easy" if certain, "good" otherwise. Intervals are whole days and hold no chance.

References
----------
.. [1] J. Ye et al., A Stochastic Shortest Path Algorithm for Optimizing Spaced Repetition
       Scheduling, KDD 2022. Scheduler: https://github.com/open-spaced-repetition/py-fsrs
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from fsrs import Card, Rating, Scheduler

from core.teaching_outcomes import Outcome

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
    """Return when each film that was read is due again.

    Parameters
    ----------
    outcomes : iterable of Outcome
        One reader's, of one library, oldest first.
    """
    cards: dict[str, Card] = {}
    for outcome in outcomes:
        when = outcome.read_at.astimezone(UTC)
        card = cards.get(outcome.case.film_id) or Card(card_id=len(cards) + 1, due=when)
        reviewed, _ = _SCHEDULER.review_card(card, rate_outcome(outcome), when)
        cards[outcome.case.film_id] = reviewed
    return {film_id: card.due for film_id, card in cards.items()}


def streak_of(outcomes: Sequence[Outcome], today: date) -> int:
    """Return on how many days in a row a reader came in time for what was due.

    Days without reads do not break a streak while nothing is overdue by more than `GRACE_DAYS`, so
    there is nothing to gain from coming daily; a day on which only films were read that were not
    due yet does not count.

    Parameters
    ----------
    outcomes : sequence of Outcome
        One reader's, oldest first.
    today : date
        A streak that was missed before it is over: 0.
    """
    streak, until, due = 0, date.max, dict[str, datetime]()
    for day in sorted({outcome.read_at.date() for outcome in outcomes}):
        if day > until:
            streak = 0
        of_day = [one for one in outcomes if one.read_at.date() == day]
        streak += any(_was_due(one, due) for one in of_day)
        due = due_dates(one for one in outcomes if one.read_at.date() <= day)
        until = min(due.values()).date() + timedelta(days=GRACE_DAYS)
    return streak if today <= until else 0


def _was_due(outcome: Outcome, due: dict[str, datetime]) -> bool:
    known = due.get(outcome.case.film_id)
    return known is None or known.date() <= outcome.read_at.date()
