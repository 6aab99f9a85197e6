"""The run that reads along: who is right where it differs from the served run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.domain.review import Verdict
from core.domain.shadow import BlindRead, ShadowReading
from core.monitoring.shadow import Evidence, compare, settle

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ILL, WELL, UNSURE = Verdict.PNEUMONIA, Verdict.NORMAL, Verdict.UNSURE


def reads(*said):
    return [
        BlindRead("film", reader, verdict, AT + timedelta(minutes=minute))
        for minute, (reader, verdict) in enumerate(said)
    ]


@pytest.mark.parametrize(
    ("said", "readers", "settled"),
    [
        ([], 1, None),
        ([("Ada", ILL)], 1, True),
        ([("Ada", ILL)], 2, None),
        ([("Ada", ILL), ("ada ", ILL)], 2, None),
        ([("Ada", ILL), ("Bo", WELL)], 2, None),
        ([("Ada", ILL), ("Bo", WELL), ("Cy", WELL)], 2, False),
        ([("Ada", UNSURE), ("Bo", WELL)], 1, False),
    ],
    ids=["nobody", "one of one", "one of two", "the same", "torn", "the third", "unsure"],
)
def test_a_film_is_settled_once_enough_readers_agree(said, readers, settled) -> None:
    assert settle(reads(*said), readers) is settled


def pair(film, *, shadow, served, read=True):
    odds = {True: 0.9, False: 0.1}
    return ShadowReading(
        film, "shadow", "served", odds[shadow] if read else None, shadow, odds[served], served, AT
    )


def compared(ill_right, ill_wrong, well_right, well_wrong, agree=50):
    """Return a comparison in which blind readers settle what the numbers of films say."""
    kinds = [
        *[(True, True)] * ill_right,
        *[(False, True)] * ill_wrong,
        *[(False, False)] * well_right,
        *[(True, False)] * well_wrong,
    ]
    readings = [
        pair(f"differs {place}", shadow=said, served=not said)
        for place, (said, _) in enumerate(kinds)
    ]
    settled = {
        f"differs {place}": reads(("Ada", ILL if ill else WELL))
        for place, (_, ill) in enumerate(kinds)
    }
    same = [pair(f"same {place}", shadow=True, served=True) for place in range(agree)]
    lost = [pair("lost", shadow=False, served=True, read=False)]
    return compare([*readings, *same, *lost], settled, 1)


def test_only_films_on_which_the_runs_differ_count() -> None:
    found = compared(3, 1, 4, 2)
    assert (found.read, found.differ, found.settled) == (60, 10, 10)
    assert (found.overall.right, found.ill.right, found.well.right) == (7, 3, 4)
    assert (found.ill.share.n, found.well.share.n) == (4, 6)


def test_a_film_that_is_not_settled_does_not_count_yet() -> None:
    found = compare([pair("a", shadow=True, served=False)], {}, 1)
    assert (found.differ, found.settled) == (1, 0)
    assert found.evidence is Evidence.NOT_YET
    assert found.films_to_read is None  # nothing says yet how they go on


@pytest.mark.parametrize(
    ("counts", "evidence"),
    [
        ((3, 2, 3, 2), Evidence.NOT_YET),
        ((12, 2, 12, 2), Evidence.SHADOW),
        ((2, 12, 2, 12), Evidence.SERVED),
        ((0, 15, 60, 5), Evidence.MIXED),
        ((60, 5, 0, 15), Evidence.MIXED),
        ((26, 0, 0, 13), Evidence.MIXED),
    ],
    ids=[
        "too few",
        "the shadow run",
        "the served run",
        "fewer ill found",
        "more false alarms",
        "both",
    ],
)
def test_the_evidence_says_which_run_is_better(counts, evidence) -> None:
    assert compared(*counts).evidence is evidence


def test_films_to_read_follow_how_often_the_runs_differ() -> None:
    found = compared(4, 1, 4, 1, agree=90)
    assert found.overall.to_go
    assert found.films_to_read == round(found.overall.to_go * 100 / 10)
    assert compared(12, 2, 12, 2).films_to_read == 0
