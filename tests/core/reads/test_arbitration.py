"""Disputes with the blind reads behind them, open and settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.review_records import FILM, OTHER_FILM, lead, record

from core.domain.mark import Mark
from core.domain.reader import Reader, Role
from core.domain.review import ReadKind, ReviewRecord, Verdict
from core.errors import NotAllowed
from core.reads.arbitration import (
    arbitrate,
    is_read_by,
    list_disputes,
    list_settled,
    why_not_settled_by,
)

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
BOX = Mark(0.1, 0.2, 0.3, 0.4)
SENIOR = lead("Dr. Senior")


def read_of(
    reader: str, verdict: Verdict, minute: int, drawn: tuple[Mark, ...] = (), film: str = FILM
) -> list[ReviewRecord]:
    """Return a reader's locked and signed read."""
    at = START + timedelta(minutes=minute)
    shared = {"film_sha256": film, "reader": reader, "verdict": verdict, "regions": {}}
    first = record(kind=ReadKind.FIRST, read_at=at, drawn=drawn, **shared)
    return [first, record(supersedes=first.record_id, read_at=at + timedelta(seconds=9), **shared)]


@pytest.fixture
def records() -> list[ReviewRecord]:
    ill, well = Verdict.PNEUMONIA, Verdict.NORMAL
    return [*read_of("Ada", ill, 0, (BOX,)), *read_of("Bo", well, 5)]


def test_a_dispute_holds_each_readers_blind_read_beside_the_signed_one(
    records: list[ReviewRecord],
) -> None:
    (dispute,) = list_disputes(records)
    assert dispute.reads == (records[1], records[3])
    assert dispute.first == (records[0], records[2])
    assert dispute.first[0].drawn == (BOX,)
    assert (dispute.between, dispute.settled) == ("two readers, reader and model", None)


def test_a_read_that_was_not_blind_is_no_first_read() -> None:
    reads = [
        record(reader="Ada", verdict=Verdict.PNEUMONIA),
        record(reader="Bo", verdict=Verdict.NORMAL),
    ]
    (dispute,) = list_disputes(reads)
    assert dispute.first == (None, None)


def test_a_settled_dispute_keeps_its_arbitration_until_a_read_is_added(
    records: list[ReviewRecord],
) -> None:
    (dispute,) = list_disputes(records)
    assert list_settled(records) == []
    regions = {"n_regions": 3}
    at = START + timedelta(hours=1)
    settled = arbitrate(
        dispute, SENIOR, Verdict.PNEUMONIA, 4, "base", regions=regions, now=lambda: at
    )
    assert settled.regions == regions
    records.append(settled)
    assert list_disputes(records) == []
    assert list_settled(records) == [replace(dispute, settled=settled)]
    records += read_of("Cy", Verdict.NORMAL, 90)
    assert list_settled(records) == []
    (again,) = list_disputes(records)
    assert {read.reader for read in again.reads} == {"Ada", "Bo", "Cy"}


def test_the_dispute_that_was_settled_last_comes_first(records: list[ReviewRecord]) -> None:
    records += read_of("Ada", Verdict.PNEUMONIA, 20, film=OTHER_FILM)
    records += read_of("Bo", Verdict.NORMAL, 21, film=OTHER_FILM)
    for minute, dispute in enumerate(list_disputes(records)):
        at = START + timedelta(hours=1, minutes=minute)
        records.append(arbitrate(dispute, SENIOR, Verdict.NORMAL, 4, "x", now=lambda at=at: at))
    assert [one.film_sha256 for one in list_settled(records)] == [OTHER_FILM, FILM]


def test_who_may_not_settle_is_told_why(records: list[ReviewRecord]) -> None:
    (dispute,) = list_disputes(records)
    assert why_not_settled_by(dispute, SENIOR) == ""
    assert "BO has read this film" in why_not_settled_by(dispute, lead("BO"))
    assert [is_read_by(dispute, name) for name in ("BO", "bo", "Cy", "")] == [
        True, True, False, False,
    ]  # fmt: skip
    reader = Reader("Cy", frozenset({Role.READER}))
    assert "may not arbitrate" in why_not_settled_by(dispute, reader)
    with pytest.raises(NotAllowed, match="may not arbitrate"):
        arbitrate(dispute, reader, Verdict.NORMAL, 4, "x")
