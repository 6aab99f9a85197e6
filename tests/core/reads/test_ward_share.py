"""The share of pneumonia among settled films."""

from dataclasses import replace

import pytest
from fixtures.review_records import record

from core.domain.quality import Finding, QualityReport, Severity
from core.domain.review import ReadKind, Verdict
from core.reads.ward_share import LEAST_FILMS, estimate_share, settled_verdicts
from core.stats.intervals import wilson_rate

PNEUMONIA, NORMAL, UNSURE = Verdict.PNEUMONIA, Verdict.NORMAL, Verdict.UNSURE
SYNTHETIC = QualityReport((Finding("synthetic", Severity.NOTE, None, None, "Synthetic."),))


def read(number, film, verdict, reader="Dr Ada", **changes):
    return record(str(number), film_sha256=film, verdict=verdict, reader=reader, **changes)


def test_every_film_counts_once_by_what_stands():
    records = [
        read(1, "signed", PNEUMONIA),
        read(2, "agreed", NORMAL),
        read(3, "agreed", NORMAL, "Dr Béla"),
        read(4, "corrected", PNEUMONIA),
        read(5, "corrected", NORMAL, supersedes="4"),
        read(6, "after a first read", NORMAL, kind=ReadKind.FIRST),
        read(7, "after a first read", PNEUMONIA, supersedes="6"),
    ]
    assert settled_verdicts(records) == {
        "signed": PNEUMONIA,
        "agreed": NORMAL,
        "corrected": NORMAL,
        "after a first read": PNEUMONIA,
    }


def test_an_arbitration_settles_what_two_readers_dispute():
    disputed = [read(1, "film", PNEUMONIA), read(2, "film", NORMAL, "Dr Béla")]
    settled = read(
        3, "film", PNEUMONIA, "Dr Chen", kind=ReadKind.ARBITRATION, supersedes="2",
        arbitrates=("1", "2"),
    )  # fmt: skip
    assert settled_verdicts(disputed) == {}
    assert settled_verdicts([*disputed, settled]) == {"film": PNEUMONIA}
    later = read(4, "film", NORMAL, "Dr Dora")
    assert settled_verdicts([*disputed, settled, later]) == {}


@pytest.mark.parametrize(
    "left_out",
    [
        read(1, "film", UNSURE),
        read(1, "film", NORMAL, kind=ReadKind.FIRST),
        replace(read(1, "film", NORMAL), quality=SYNTHETIC),
        read(1, "public", NORMAL),
    ],
    ids=["unsure", "first read", "synthetic", "public"],
)
def test_a_film_that_does_not_count(left_out):
    assert settled_verdicts([left_out], {"public"}) == {}


def films(ill, well):
    return [read(n, f"film {n}", PNEUMONIA if n < ill else NORMAL) for n in range(ill + well)]


def test_the_share_has_wilsons_interval():
    assert estimate_share(films(9, 51)) == wilson_rate(9, 60)


def test_of_few_films_nothing_is_said():
    assert estimate_share(films(9, LEAST_FILMS - 10)) is None
    assert estimate_share(films(9, LEAST_FILMS - 9)) is not None
    assert estimate_share([]) is None


def test_a_ward_in_which_all_or_none_are_ill_is_not_estimated():
    assert estimate_share(films(0, 60)) is None
    assert estimate_share(films(60, 0)) is None
