"""What readers note of films: the words, the proposals of two readers, the counts, the files."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

import pyarrow.parquet as pq
import pytest
from fixtures.review_records import lead

from core.error_analysis.notes import (
    MAX_COMMENT,
    MAX_TAGS,
    CaseNote,
    ProposalState,
    ProposedLabel,
    clean_tags,
    count_notes,
    turn_tag,
    weigh_proposals,
    write_note,
)
from core.error_analysis.notes_export import notes_as_csv, notes_as_json, notes_as_parquet
from core.errors import ReviewStoreError

PNEUMONIA, NORMAL = ProposedLabel.PNEUMONIA, ProposedLabel.NORMAL


def note(film: str = "a", reader: str = "Dr Ada", **said) -> CaseNote:
    return write_note("public", film, lead(reader), "f04", **said)


# --- one note -------------------------------------------------------------------------------------


def test_names_tags_and_comments_are_kept_in_order() -> None:
    written = note(reader="  Dr  Ada ", tags=["Tube ", "rotated", "TUBE"], comment=" left base\n")
    assert written.reader == "Dr Ada"
    assert written.tags == ("rotated", "tube")
    assert written.comment == "left base"
    assert written.written_at.tzinfo is not None


def test_two_notes_have_two_ids() -> None:
    assert note().note_id != note().note_id


@pytest.mark.parametrize("reader", ["", "   "])
def test_a_note_without_a_name_is_refused(reader: str) -> None:
    with pytest.raises(ReviewStoreError, match="Enter your name first"):
        note(reader=reader)


def test_a_comment_that_is_too_long_is_refused_with_its_length() -> None:
    assert note(comment="x" * MAX_COMMENT).comment == "x" * MAX_COMMENT
    with pytest.raises(ReviewStoreError, match="has 2001 characters; the limit is 2000"):
        note(comment="x" * (MAX_COMMENT + 1))


@pytest.mark.parametrize("tag", ["", "  ", "x" * 41])
def test_a_tag_that_is_empty_or_too_long_is_refused(tag: str) -> None:
    with pytest.raises(ReviewStoreError, match="has 1 to 40 characters"):
        clean_tags([tag])


def test_more_than_twelve_tags_are_refused() -> None:
    with pytest.raises(
        ReviewStoreError, match="at most 12 tags of one reader, and this would be 13"
    ):
        clean_tags(f"tag {number}" for number in range(MAX_TAGS + 1))


def test_a_tag_is_put_on_and_taken_off_and_the_rest_stays() -> None:
    first = note(tags=["rotated"], comment="left base", cause="other")
    tagged = turn_tag(first, "Tube")
    assert tagged.tags == ("rotated", "tube")
    assert (tagged.comment, tagged.cause, tagged.supersedes) == (
        "left base",
        "other",
        first.note_id,
    )
    assert turn_tag(tagged, "tube").tags == ("rotated",)
    assert tagged.note_id != first.note_id


def test_a_note_that_is_all_taken_back_says_nothing() -> None:
    assert note().is_empty
    assert not note(proposed_label=NORMAL).is_empty


# --- proposals ------------------------------------------------------------------------------------


def test_a_label_of_one_reader_is_a_proposal() -> None:
    proposal = weigh_proposals([note(proposed_label=NORMAL), note(reader="Dr Grace")])
    assert (proposal.label, proposal.readers, proposal.state) == (
        NORMAL,
        ("Dr Ada",),
        ProposalState.PROPOSED,
    )


def test_a_label_that_two_readers_propose_is_accepted() -> None:
    proposal = weigh_proposals(
        [note(proposed_label=NORMAL), note(reader="Dr Grace", proposed_label=NORMAL)]
    )
    assert (proposal.label, proposal.state) == (NORMAL, ProposalState.ACCEPTED)
    assert proposal.readers == ("Dr Ada", "Dr Grace")


def test_the_same_reader_in_other_letters_is_not_two_readers() -> None:
    proposal = weigh_proposals(
        [note(proposed_label=NORMAL), note(reader="dr  ADA", proposed_label=NORMAL)]
    )
    assert proposal.state is ProposalState.PROPOSED


def test_two_readers_against_one_are_a_dispute() -> None:
    proposal = weigh_proposals(
        [
            note(proposed_label=NORMAL),
            note(reader="Dr Grace", proposed_label=NORMAL),
            note(reader="Dr Hans", proposed_label=PNEUMONIA),
        ]
    )
    assert (proposal.label, proposal.state) == (None, ProposalState.DISPUTED)


def test_who_repeats_the_reference_proposes_nothing_but_speaks_against_another() -> None:
    repeats = [note(proposed_label=NORMAL), note(reader="Dr Grace", proposed_label=NORMAL)]
    assert weigh_proposals(repeats, NORMAL) is None
    assert weigh_proposals(repeats, PNEUMONIA).state is ProposalState.ACCEPTED
    against = [repeats[0], note(reader="Dr Hans", proposed_label=PNEUMONIA)]
    assert weigh_proposals(against, NORMAL).state is ProposalState.DISPUTED
    assert count_notes(repeats, {"a": NORMAL}).by_proposal == {}
    assert count_notes(repeats, {"b": NORMAL}).by_proposal == {ProposalState.ACCEPTED: 1}


def test_notes_without_a_label_propose_nothing() -> None:
    assert weigh_proposals([note(comment="x")]) is None
    assert weigh_proposals([]) is None


# --- counts ---------------------------------------------------------------------------------------


def test_films_are_counted_once_whoever_says_it() -> None:
    counts = count_notes(
        [
            note("a", cause="other", tags=["tube"], proposed_label=NORMAL),
            note("a", "Dr Grace", cause="other", tags=["tube", "rotated"], proposed_label=NORMAL),
            note("b", cause="poor quality", proposed_label=PNEUMONIA),
            note("c"),  # all taken back
        ]
    )
    assert counts.films == 2
    assert counts.by_cause == {"other": 1, "poor quality": 1}
    assert counts.by_tag == {"tube": 1, "rotated": 1}
    assert counts.by_proposal == {ProposalState.ACCEPTED: 1, ProposalState.PROPOSED: 1}


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture
def two() -> list[CaseNote]:
    first = note("a", comment='=HYPERLINK("x")', tags=["tube", "rotated"], cause="other")
    return [first, turn_tag(first, "tube")]


def test_the_csv_gives_back_every_note_and_runs_no_formula(two) -> None:
    rows = list(csv.DictReader(io.StringIO(notes_as_csv(two))))
    assert [row["standing"] for row in rows] == ["no", "yes"]
    assert [row["tags"] for row in rows] == ["rotated; tube", "rotated"]
    assert rows[0]["comment"] == '\'=HYPERLINK("x")'
    assert rows[0]["proposed_label"] == ""
    assert datetime.fromisoformat(rows[0]["written_at"]) == two[0].written_at


def test_the_json_gives_back_every_note(two) -> None:
    rows = json.loads(notes_as_json(two))
    assert [row["note_id"] for row in rows] == [each.note_id for each in two]
    assert rows[1]["supersedes"] == two[0].note_id
    assert rows[0]["comment"] == '=HYPERLINK("x")'
    assert rows[0]["tags"] == ["rotated", "tube"]


def test_the_parquet_file_gives_back_every_note_with_its_types(two) -> None:
    table = pq.read_table(io.BytesIO(notes_as_parquet(two)))
    assert table["written_at"].to_pylist() == [each.written_at for each in two]
    assert table["tags"].to_pylist() == [["rotated", "tube"], ["rotated"]]
    assert table["standing"].to_pylist() == [False, True]
    assert table["cause"].to_pylist() == ["other", "other"]


def test_files_hold_each_films_reference_and_how_far_its_proposals_are() -> None:
    first = note("a", proposed_label=NORMAL)
    taken_back = write_note("public", "c", lead("Dr Ada"), "f04", proposed_label=NORMAL)
    notes = [
        first,
        note("a", "Dr Grace", proposed_label=NORMAL),
        note("b", comment="left base"),
        taken_back,
        note("c", supersedes=taken_back.note_id),
    ]
    known = {"a": PNEUMONIA, "b": NORMAL}
    expected = [
        ("pneumonia", "accepted"),
        ("pneumonia", "accepted"),
        ("normal", None),
        (None, None),
        (None, None),
    ]

    rows = json.loads(notes_as_json(notes, known))
    table = pq.read_table(io.BytesIO(notes_as_parquet(notes, known)))
    cells = list(csv.DictReader(io.StringIO(notes_as_csv(notes, known))))

    assert [(row["reference_label"], row["proposal_state"]) for row in rows] == expected
    columns = (table["reference_label"].to_pylist(), table["proposal_state"].to_pylist())
    assert list(zip(*columns, strict=True)) == expected
    assert [row["reference_label"] for row in cells] == ["pneumonia", "pneumonia", "normal", "", ""]


def test_no_notes_are_a_file_with_its_columns() -> None:
    assert notes_as_csv([]).startswith("library,film_id,reader,written_at")
    assert json.loads(notes_as_json([])) == []
    assert pq.read_table(io.BytesIO(notes_as_parquet([]))).num_rows == 0
