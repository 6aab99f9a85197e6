"""An earlier film of the same patient: how long before, what was signed of it, what has changed.

What readers signed of it is clinical history and may stand beside a blind read. What the model
made of it may not, for it tells what the model would make of the open film.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.domain.model import Prediction, Side
from core.domain.reader import reader_key
from core.domain.review import ReadKind, ReviewRecord
from core.language.words import Message, msg, tr, trn

_DAY = timedelta(days=1)
_SPANS: tuple[tuple[timedelta, timedelta, Callable[[int], str]], ...] = (
    (timedelta(0), timedelta(hours=1), lambda n: trn("{n} hour earlier", "{n} hours earlier", n)),
    (_DAY, _DAY, lambda n: trn("{n} day earlier", "{n} days earlier", n)),
    (14 * _DAY, 7 * _DAY, lambda n: trn("{n} week earlier", "{n} weeks earlier", n)),
    (61 * _DAY, 365.25 / 12 * _DAY, lambda n: trn("{n} month earlier", "{n} months earlier", n)),
    (2 * 365 * _DAY, 365.25 * _DAY, lambda n: trn("{n} year earlier", "{n} years earlier", n)),
)
"""From which length on a time is told in which unit."""

DOUBLED = math.log(2.0)
"""A smaller change of the log odds is told as none."""
_SURE = 1e-6


def span_text(span: timedelta) -> str:
    """Return how long before a film another was taken, such as "3 months earlier"."""
    _, unit, words = next(step for step in reversed(_SPANS) if span >= step[0])
    n = round(span / unit)
    if n < 1:
        return tr("less than an hour earlier")
    return words(n)


def history_of(
    history: Sequence[ReviewRecord], reader: str, *, settled: bool
) -> list[ReviewRecord]:
    """Return what a reader may know of the reads of a prior film, oldest first.

    Parameters
    ----------
    history : sequence of ReviewRecord
        Of the prior film, oldest first.
    settled : bool
        Whether the film is signed and not disputed. Otherwise the reader's own reads alone.
    """
    superseded = {record.supersedes for record in history}
    replaced = superseded.union(*(record.arbitrates for record in history))
    return [
        record
        for record in history
        if record.record_id not in replaced
        and (
            reader_key(record.reader) == reader_key(reader)
            or (settled and record.kind is not ReadKind.FIRST)
        )
    ]


SIDES: Mapping[Side, Message] = {
    "suspicious": msg("suspicious"),
    "not suspicious": msg("not suspicious"),
    "unsure": msg("unsure"),
}


@dataclass(frozen=True, slots=True)
class FilmScore:
    """What is told of a film's score beside another one's.

    Attributes
    ----------
    log_odds : float
        Natural logarithm, at any prevalence: it is the same for both films.
    number : str
        The number that stands for it on the page; empty if none does.
    """

    side: Side
    log_odds: float
    number: str = ""


def change_text(before: FilmScore, now: FilmScore, span: str, name: str = "") -> tuple[str, str]:
    """Return in a few words and in a sentence how a score differs from a prior film's.

    Parameters
    ----------
    span : str
        From `span_text`.
    name : str
        What kind of number both films have; empty if one has none.
    """
    change = now.log_odds - before.log_odds
    if abs(change) < DOUBLED:
        heading = tr("About as suspicious as {span}", span=span)
    elif change > 0:
        heading = tr("More suspicious than {span}", span=span)
    else:
        heading = tr("Less suspicious than {span}", span=span)
    sides = tr(
        "By the model: {then} then, {now} now.", then=SIDES[before.side], now=SIDES[now.side]
    )
    if not name:
        return heading, sides
    numbers = tr(
        "{kind}: {then} then, {now} now.",
        kind=tr(name).capitalize(),
        then=before.number,
        now=now.number,
    )
    return heading, f"{sides} {numbers}"


def log_odds_of(prediction: Prediction) -> float:
    """Return the log odds of a probability, within limits for one that was rounded to 0 or 1."""
    probability = min(max(prediction.probability, _SURE), 1.0 - _SURE)
    return math.log(probability / (1.0 - probability))
