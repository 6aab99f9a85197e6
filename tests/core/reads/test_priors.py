"""What is told of an earlier film of the same patient."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fixtures.review_records import record

from core.domain.model import AbstentionBand, OperatingPoint, Prediction
from core.domain.review import ReadKind, Verdict
from core.reads.priors import change_text, history_of, span_text

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


def scored(probability: float, band: AbstentionBand | None = None) -> Prediction:
    return Prediction(probability, 0.0, "run-1", POINT, band)


@pytest.mark.parametrize(
    ("before", "now", "heading", "odds"),
    [
        (0.2, 0.8, "More suspicious than", "rose about 16-fold"),  # odds of 1 to 4, then of 4 to 1
        (0.8, 0.2, "Less suspicious than", "fell about 16-fold"),
        (0.4, 0.5, "About as suspicious as", "differ by less than a factor of 2"),  # 2 to 3, 1 to 1
        (0.01, 0.99, "More suspicious than", "rose more than 100-fold"),  # 99 times 99
        (0.0, 1.0, "More suspicious than", "rose more than 100-fold"),
    ],
)
def test_a_change_is_told_in_odds(before: float, now: float, heading: str, odds: str) -> None:
    words, sentence = change_text(scored(before), scored(now), "3 months earlier")
    assert words == f"{heading} 3 months earlier"
    assert sentence.endswith(f"The odds of pneumonia {odds}.")


def test_a_change_names_both_sides() -> None:
    band = AbstentionBand(0.1, 0.6, 0.05, 0.95, "validation", 624, "exact")
    _, sentence = change_text(scored(0.05, band), scored(0.5, band), "1 day earlier")
    assert sentence.startswith("By the model: not suspicious then, unsure now.")
