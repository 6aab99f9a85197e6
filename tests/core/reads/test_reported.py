"""What a report states of a film's reads, and who gets none."""

from datetime import UTC, datetime

import pytest
from fixtures.review_records import record, refused_film_record

from core.domain.review import ReadKind, Verdict
from core.errors import ReviewStoreError
from core.reads.reported import reads_to_report

ADA, BEN = "Dr. Ada", "Dr. Ben"


def read(name, reader=ADA, kind=ReadKind.READ, **changes):
    return record(name, reader=reader, kind=kind, **changes)


FIRST = read("first", kind=ReadKind.FIRST, regions={})
SIGNED = read("signed", supersedes="first")


def test_a_signed_read_is_reported_with_the_first_read_of_the_same_reader() -> None:
    others = read("ben-first", BEN, ReadKind.FIRST, regions={})
    found = reads_to_report([others, FIRST, SIGNED], "dr.  ADA", read_first=True)
    assert (found.signed, found.first) == (SIGNED, FIRST)
    assert (found.corrected, found.arbitration, found.others) == (None, None, ())


def test_a_correction_names_the_signed_read_that_it_corrects_and_not_the_first() -> None:
    again = read("again", supersedes="signed", verdict=Verdict.NORMAL)
    found = reads_to_report([FIRST, SIGNED, again], ADA, read_first=True)
    assert (found.signed, found.corrected, found.first) == (again, SIGNED, FIRST)


def test_of_other_readers_the_newest_signed_read_counts() -> None:
    theirs = [read(f"ben{n}", BEN) for n in range(2)]
    locked = read("eve", "Dr. Eve", ReadKind.FIRST, regions={})
    found = reads_to_report([*theirs, SIGNED, locked], ADA, read_first=False)
    assert found.others == (theirs[1],)


def test_an_arbitration_is_reported_with_the_reads_that_it_settles_only() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    of_signed = read("settled", BEN, ReadKind.ARBITRATION, arbitrates=("signed",), read_at=at)
    again = read("again", supersedes="settled")
    settled = reads_to_report([FIRST, SIGNED, of_signed], ADA, read_first=True)
    assert settled.arbitration == of_signed
    later = reads_to_report([FIRST, SIGNED, of_signed, again], ADA, read_first=True)
    assert later.arbitration is None


@pytest.mark.parametrize("history", [[], [read("ben", BEN)]])
def test_who_has_not_read_a_film_gets_no_report_where_the_site_reads_first(history) -> None:
    with pytest.raises(ReviewStoreError, match="which you see after your own first read"):
        reads_to_report(history, ADA, read_first=True)


@pytest.mark.parametrize(("history", "read_first"), [([], False), ([FIRST], True)])
def test_who_has_not_signed_gets_no_report(history, read_first) -> None:
    with pytest.raises(ReviewStoreError, match="no report yet: sign your read first"):
        reads_to_report(history, ADA, read_first=read_first)


def test_a_film_that_was_signed_as_refused_and_locked_since_waits_for_its_signature() -> None:
    before = refused_film_record()
    locked = record(kind=ReadKind.FIRST, reader=before.reader, supersedes=before.record_id)
    reads = reads_to_report([before], before.reader, read_first=True)
    assert reads.signed.prediction is None
    with pytest.raises(ReviewStoreError, match="sign your read first"):
        reads_to_report([before, locked], before.reader, read_first=True)
