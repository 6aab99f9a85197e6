"""What is told of an earlier film of the same patient."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from fixtures.review_records import record

from core.domain.model import OperatingPoint, Prediction
from core.domain.review import ReadKind, Verdict
from core.reads.priors import FilmScore, change_text, history_of, log_odds_of, span_text

ADA, GRACE, LEAD = "Dr Ada", "Dr Grace", "Dr Lead"
POINT = OperatingPoint(0.4, 0.97, 0.8, 624, 390, "validation")


@pytest.mark.parametrize(
    ("days", "hours", "words"),
    [
        (0, 0.4, "less than an hour earlier"),
        (0, 1, "1 hour earlier"),
        (0, 5, "5 hours earlier"),
        (1, 0, "1 day earlier"),
        (13, 0, "13 days earlier"),
        (14, 0, "2 weeks earlier"),
        (92, 0, "3 months earlier"),
        (800, 0, "2 years earlier"),
    ],
)
def test_a_span_is_told_in_one_unit(days: int, hours: float, words: str) -> None:
    assert span_text(timedelta(days=days, hours=hours)) == words


def signed(reader: str = GRACE, **changes):
    return record(reader=reader, **changes)


def test_of_a_settled_film_the_standing_signed_reads_are_known_and_blind_ones_are_not() -> None:
    blind = signed(kind=ReadKind.FIRST)
    first = signed(supersedes=blind.record_id)
    corrected = signed(supersedes=first.record_id, verdict=Verdict.NORMAL)
    unfinished = signed("Dr Other", kind=ReadKind.FIRST)
    history = [blind, first, corrected, unfinished]
    assert history_of(history, ADA, settled=True) == [corrected]


def test_of_an_unsettled_film_a_reader_knows_their_own_reads_alone() -> None:
    own, other = signed(ADA, kind=ReadKind.FIRST), signed()
    assert history_of([own, other], "  dr ada", settled=False) == [own]
    assert history_of([own, other], "", settled=False) == []


def test_an_arbitration_stands_for_the_reads_that_it_settles() -> None:
    ill, well = signed(ADA), signed(verdict=Verdict.NORMAL)
    settles = signed(LEAD, kind=ReadKind.ARBITRATION, arbitrates=(ill.record_id, well.record_id))
    assert history_of([ill, well, settles], ADA, settled=True) == [settles]


@pytest.mark.parametrize(
    ("change", "heading"),
    [
        (0.7, "More suspicious than 3 months earlier"),  # log 2 is 0.693
        (-0.7, "Less suspicious than 3 months earlier"),
        (0.69, "About as suspicious as 3 months earlier"),
        (-0.69, "About as suspicious as 3 months earlier"),
    ],
)
def test_a_change_is_told_from_double_or_half_the_odds_on(change: float, heading: str) -> None:
    then, now = FilmScore("unsure", 1.5), FilmScore("unsure", 1.5 + change)
    assert change_text(then, now, "3 months earlier")[0] == heading


def test_a_change_names_both_sides_and_both_numbers() -> None:
    then, now = FilmScore("not suspicious", -3.0, "0.05"), FilmScore("suspicious", 1.0, "2.7")
    sides = "By the model: not suspicious then, suspicious now."
    assert change_text(then, now, "1 day earlier")[1] == sides
    _, sentence = change_text(then, now, "1 day earlier", "likelihood ratio")
    assert sentence == f"{sides} Likelihood ratio: 0.05 then, 2.7 now."


def test_log_odds_have_a_limit() -> None:
    half, none, all_ = (Prediction(p, 0.0, "run-1", POINT) for p in (0.5, 0.0, 1.0))
    assert log_odds_of(half) == 0.0
    assert log_odds_of(none) == pytest.approx(-log_odds_of(all_))
    assert log_odds_of(all_) == pytest.approx(math.log(999_999))
