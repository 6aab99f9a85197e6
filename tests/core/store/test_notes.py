"""Readers' notes in SQLite and PostgreSQL: kept, replaced in a chain, never changed."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
import sqlalchemy as sa
from fixtures.review_records import SPAWN, lead, put, raw_connection

from core.error_analysis.notes import CaseNote, ProposedLabel, turn_tag, write_note
from core.errors import ReviewStoreError
from core.phantom.builtin import DRAWING_VERSION
from core.store import notes as store_notes
from core.store.engine import Database
from core.store.notes import NoteChanged, SqlCaseNotes

pytest_plugins = ["fixtures.review_databases"]

FIRST_CAUSES = (
    "model error",
    "label doubtful",
    "poor quality",
    "device or marker",
    "subtle disease",
    "not a chest film",
    "other",
)


@pytest.fixture
def notes(database):
    return SqlCaseNotes(database)


def note(film: str = "a", reader: str = "Dr Ádám", **said) -> CaseNote:
    return write_note("public", film, lead(reader), "f04", **said)


def full_note() -> CaseNote:
    return note(
        cause="label doubtful",
        tags=["rotated", "右下肺野"],
        comment="Verschattung rechts 🫁\nzweite Zeile",
        proposed_label=ProposedLabel.NORMAL,
    )


def put_tags(url: str, tags: list[str]) -> None:
    """Put tags on one film, in a process of its own."""
    opened = SqlCaseNotes(Database.open(url))
    for tag in tags:
        opened.turn_tag("public", "a", lead("Dr Ádám"), "f04", tag)
    opened.database.close()


# --- keeping --------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [full_note, note])
def test_every_field_comes_back_as_it_was_stored(notes, make) -> None:
    kept = make()
    put(notes, kept)
    assert notes.standing("public") == [kept]
    assert notes.standing_note("public", "a", "dr  ádám") == kept


def test_a_note_is_there_after_a_restart(url) -> None:
    first = SqlCaseNotes(Database.open(url))
    kept = full_note()
    put(first, kept)
    first.database.close()
    again = SqlCaseNotes(Database.open(url))
    assert again.history("public") == [kept]
    again.database.close()


def test_a_later_note_takes_the_place_of_the_same_readers_earlier_one_only(notes) -> None:
    first, other = note(comment="first"), note(reader="Dr Grace")
    later = note(comment="later", supersedes=first.note_id)
    for each in (first, other, later):
        put(notes, each)
    assert notes.standing("public") == [other, later]
    assert notes.history("public") == [first, other, later]
    assert notes.count() == 3


def test_libraries_are_kept_apart(notes) -> None:
    put(notes, note())
    assert notes.standing("synthetic") == []
    assert notes.standing_note("synthetic", "a", "Dr Ádám") is None


EARLIER, TODAY = "test/NORMAL/IM-9007-183.png", f"test/NORMAL/IM-9007-{DRAWING_VERSION}.png"


def earlier_note(notes: SqlCaseNotes) -> CaseNote:
    """Store a note as an earlier version did, of an earlier drawing of a film."""
    kept = replace(note(film=EARLIER, comment="rib"), library="synthetic")
    put(notes, kept)
    return kept


def test_a_note_of_an_earlier_drawing_is_one_of_todays_film_and_goes_on(notes) -> None:
    first = replace(earlier_note(notes), film_id=TODAY)
    assert notes.standing("synthetic") == [first]
    assert notes.standing_note("synthetic", TODAY, "Dr Ádám") == first
    later = notes.turn_tag("synthetic", TODAY, lead("Dr Ádám"), "f04", "look again")
    assert (later.supersedes, later.comment, later.tags) == (first.note_id, "rib", ("look again",))
    assert notes.standing("synthetic") == [later]
    assert notes.history("synthetic") == [first, later]
    with pytest.raises(NoteChanged, match="changed meanwhile"):
        put(notes, replace(note(film=TODAY), library="synthetic"))
    others = replace(note(film=TODAY, reader="Dr Grace"), library="synthetic")
    put(notes, others)
    assert notes.standing("synthetic") == [later, others]


def test_of_notes_of_both_drawings_the_newest_stands(notes, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(store_notes, "earlier_ids", lambda _: ())  # as the version before
        earlier_note(notes)
        newest = replace(note(film=TODAY, comment="no rib"), library="synthetic")
        put(notes, newest)
    assert notes.standing("synthetic") == [newest]
    assert notes.standing_note("synthetic", TODAY, "Dr Ádám") == newest


def test_a_film_of_another_set_keeps_its_number(notes) -> None:
    kept = note(film="nih/NORMAL/00010007_183.png")
    put(notes, kept)
    assert notes.standing("public") == [kept]


# --- refusing -------------------------------------------------------------------------------------


def test_a_second_first_note_of_a_film_is_refused(notes) -> None:
    put(notes, note())
    with pytest.raises(NoteChanged, match="changed meanwhile"):
        put(notes, note(reader="DR ádám"))
    assert notes.count() == 1


def test_a_note_is_replaced_only_once(notes) -> None:
    first = note()
    put(notes, first)
    put(notes, note(comment="x", supersedes=first.note_id))
    with pytest.raises(NoteChanged, match="changed meanwhile"):
        put(notes, note(comment="y", supersedes=first.note_id))
    assert [each.comment for each in notes.standing("public")] == ["x"]


@pytest.mark.parametrize("change", [{"reader": "Dr Grace"}, {"film": "b"}])
def test_nobody_replaces_the_note_of_another_reader_or_film(notes, change) -> None:
    first = note()
    put(notes, first)
    with pytest.raises(NoteChanged):
        put(notes, note(**change, supersedes=first.note_id))


def test_a_note_is_stored_only_once(notes) -> None:
    kept = note()
    put(notes, kept)
    with pytest.raises(NoteChanged):
        put(notes, kept)


def test_a_cause_that_was_never_listed_is_refused(notes) -> None:
    with pytest.raises(ReviewStoreError, match="'the moon' is not on the list of causes"):
        put(notes, note(cause="the moon"))
    assert notes.count() == 0


@pytest.mark.parametrize("said", [{"comment": "a\x00b"}, {"tags": ["\ud800"]}, {"film": "\x00"}])
def test_text_that_no_database_takes_is_refused(notes, said) -> None:
    with pytest.raises(ReviewStoreError, match="character that cannot be stored"):
        put(notes, note(**said))


@pytest.mark.parametrize("table", ["case_notes", "case_causes"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET sequence = 99", "DELETE FROM {}", "DELETE FROM {} WHERE 1 = 1"]
)
def test_the_database_itself_refuses_to_change_or_delete(notes, url, table, statement) -> None:
    put(notes, note())
    with raw_connection(url) as connection, pytest.raises(Exception, match="append-only"):
        connection.execute(statement.format(table))
    assert notes.count() == 1
    assert notes.causes() == FIRST_CAUSES


@pytest.mark.parametrize("conflict", ["sequence", "note_id", "first"])
def test_sqlite_refuses_to_replace_a_note(sqlite_url, conflict) -> None:
    opened = SqlCaseNotes(Database.open(sqlite_url))
    put(opened, note())
    opened.database.close()
    columns = {"sequence": "99", "note_id": "'other'", "reader_key": "'somebody'"}
    if conflict == "first":
        columns["reader_key"] = "reader_key"
    else:
        columns[conflict] = conflict
    statement = f"""INSERT OR REPLACE INTO case_notes SELECT {columns["sequence"]},
        {columns["note_id"]}, library, film_id, reader, {columns["reader_key"]}, written_at, run_id,
        cause, tags, 'changed', proposed_label, app_version, supersedes FROM case_notes"""
    with raw_connection(sqlite_url) as connection, pytest.raises(Exception, match="append-only"):
        connection.execute(statement)


def test_postgresql_refuses_to_empty_the_tables(postgresql_url) -> None:
    Database.open(postgresql_url).close()
    for table in ("case_notes", "case_causes"):
        with raw_connection(postgresql_url) as connection, pytest.raises(Exception, match="append"):
            connection.execute(f"TRUNCATE {table}")


@pytest.mark.parametrize("column", ["proposed_label = 'maybe'", "reader_key = ''"])
def test_the_database_knows_only_two_labels_and_no_nameless_reader(notes, url, column) -> None:
    put(notes, note())
    name, value = column.split(" = ")
    values = {"proposed_label": "proposed_label", "reader_key": "'x'"} | {name: value}
    statement = f"""INSERT INTO case_notes SELECT 99, 'other', library, film_id, reader,
        {values["reader_key"]}, written_at, run_id, cause, tags, comment,
        {values["proposed_label"]}, app_version, NULL FROM case_notes"""
    with (
        raw_connection(url) as connection,
        pytest.raises(Exception, match=f"ck_case_notes_{name[:6]}"),
    ):
        connection.execute(statement)


# --- tags in a hurry ------------------------------------------------------------------------------


def test_a_tag_is_turned_on_and_off_and_every_step_is_kept(notes) -> None:
    on = notes.turn_tag("public", "a", lead("Dr Ada"), "f04", "Look again")
    off = notes.turn_tag("public", "a", lead("Dr Ada"), "f04", "look again")
    assert (on.tags, off.tags) == (("look again",), ())
    assert notes.standing("public") == [off]
    assert notes.history("public") == [on, off]


def test_turning_a_tag_keeps_what_the_reader_said_before(notes) -> None:
    kept = full_note()
    put(notes, kept)
    tagged = notes.turn_tag("public", "a", lead("Dr Ádám"), "f04", "tube")
    assert tagged.tags == tuple(sorted((*kept.tags, "tube")))
    assert (tagged.comment, tagged.cause, tagged.proposed_label) == (
        kept.comment,
        kept.cause,
        kept.proposed_label,
    )


def test_of_eight_windows_that_save_at_once_exactly_one_wins(notes) -> None:
    first = note()
    put(notes, first)
    start = Barrier(8)

    def save(number: int) -> bool:
        start.wait()
        try:
            put(notes, replace(turn_tag(first, "x"), comment=str(number)))
        except NoteChanged:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(save, range(8))) == 1
    assert notes.count() == 2


def test_eight_tags_of_one_reader_at_once_are_all_kept(notes) -> None:
    tags = [f"tag {number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda tag: notes.turn_tag("public", "a", lead("Dr Ada"), "f04", tag), tags))
    assert notes.standing("public")[0].tags == tuple(tags)
    assert notes.count() == 8


def test_two_processes_lose_no_tag(url) -> None:
    halves = [[f"{side} {number}" for number in range(6)] for side in ("left", "right")]
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        list(pool.map(put_tags, [url] * 2, halves))
    opened = SqlCaseNotes(Database.open(url))
    assert opened.standing("public")[0].tags == tuple(sorted(halves[0] + halves[1]))
    opened.database.close()


# --- causes ---------------------------------------------------------------------------------------


def test_the_first_causes_are_offered(notes) -> None:
    assert notes.causes() == FIRST_CAUSES


def test_a_cause_is_added_retired_and_brought_back(notes) -> None:
    notes.offer_cause("  Rotated  Film ", lead("Dr Ada"))
    assert notes.causes() == (*FIRST_CAUSES, "rotated film")
    notes.retire_cause("other", lead("Dr Ada"))
    assert "other" not in notes.causes()
    put(notes, note(cause="other"))  # a reader had it open
    notes.offer_cause("other", lead("Dr Ada"))
    assert notes.causes() == (*FIRST_CAUSES, "rotated film")


def test_a_change_of_the_list_needs_a_name_and_words(notes) -> None:
    with pytest.raises(ReviewStoreError, match="Enter your name first"):
        notes.offer_cause("rotated", lead(" "))
    with pytest.raises(ReviewStoreError, match="1 to 40 characters"):
        notes.offer_cause(" ", lead("Dr Ada"))
    with pytest.raises(ReviewStoreError, match="character that cannot be stored"):
        notes.offer_cause("a\x00b", lead("Dr Ada"))
    with pytest.raises(ReviewStoreError, match="'rotated' is not on the list"):
        notes.retire_cause("rotated", lead("Dr Ada"))


def test_who_changed_the_list_is_kept(notes, url) -> None:
    notes.offer_cause("rotated film", lead("Dr Ada"))
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT cause, changed_by FROM case_causes")).all()
    engine.dispose()
    assert rows[-1] == ("rotated film", "Dr Ada")
    assert rows[0] == ("model error", "First Read")


def test_notes_that_another_program_changed_are_a_sentence(notes, url) -> None:
    kept = note()
    put(notes, kept)
    statement = """INSERT INTO case_notes SELECT 99, 'other', library, film_id, reader, 'x',
        written_at, run_id, cause, '3', comment, proposed_label, app_version, NULL
        FROM case_notes"""
    with raw_connection(url) as connection:
        connection.execute(statement)
        connection.commit()
    with pytest.raises(ReviewStoreError, match="changed by another program"):
        notes.standing("public")
