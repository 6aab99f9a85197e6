"""Another program keeps the database's lock: every page that writes says so and loses nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from fixtures.review_records import FILM, record, sign
from pages.test_errors import data
from pages.test_read_first import html_of, lock
from pages.test_review import (
    CHEST,
    READER,
    choose_verdict,
    name_reader,
    open_page,
    press,
    said_of,
    upload,
    words_of,
)
from pages.test_teaching import Hands, begin, films, hands, kept
from streamlit.testing.v1 import AppTest

from core.domain.review import ReadKind, Verdict
from core.error_analysis.notes import CaseNote
from core.library.film_codes import film_code
from core.store.engine import IN_VAIN_S, STEP_S
from core.store.local_reader import read_local_reader
from core.store.notes import SqlCaseNotes
from core.store.reads import SqlReviewStore
from core.store.served_runs import list_served_choices
from core.store.teaching import SqlTeachingStore
from pages import test_errors, test_records, test_runs, test_teaching
from ui.app import read_in_progress, resources
from ui.app.resources import get_database
from ui.components.answer.answer import AnswerEvent

__all__ = ["data", "films", "hands", "kept"]
LOCK_WAIT_S = resources.LOCK_WAIT_S
LOCKED = "was locked by another program"
PRESS_AGAIN = "Your input is on this page and not stored yet."


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """Another program at the same file; the pages wait briefly for it."""
    monkeypatch.setattr(resources, "LOCK_WAIT_S", 0.2)
    path = tmp_path / "reads.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as connection:
        yield connection


def warned(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(one.value for one in [*page.warning, *page.error])


def test_a_press_that_writes_five_times_waits_less_than_five_seconds() -> None:
    assert LOCK_WAIT_S + 5 * STEP_S < 5.0 <= IN_VAIN_S


def test_a_read_stays_on_the_screen_and_is_locked_and_signed_once_the_lock_is_gone(
    store: SqlReviewStore, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    page = open_page()
    other.execute("BEGIN IMMEDIATE")
    upload(page, CHEST)
    assert "Your blind read" in words_of(page)
    assert PRESS_AGAIN in warned(page)
    page.text_area[0].set_value("left base").run()
    lock(page, Verdict.NORMAL)
    assert "Not signed. The file" in warned(page)
    assert not said_of(page)
    assert page.text_area[0].value == "left base"
    other.execute("ROLLBACK")
    page.run()
    assert PRESS_AGAIN not in warned(page)
    press(page, "Lock the first read")

    other.execute("BEGIN IMMEDIATE")
    choose_verdict(page, Verdict.PNEUMONIA)
    press(page, "Show the model's regions")
    assert "Not shown: The file" in warned(page)
    assert 'class="fr-regions"' not in html_of(page)
    press(page, "Sign")
    assert "Not signed. The file" in warned(page)
    assert page.get("button_group")[0].value == Verdict.PNEUMONIA
    other.execute("ROLLBACK")
    press(page, "Sign")
    assert LOCKED not in warned(page)
    first, signed = store.everything()
    assert (first.kind, first.read.verdict, first.read.comment) == (
        ReadKind.FIRST,
        Verdict.NORMAL,
        "left base",
    )
    assert (signed.read.verdict, signed.supersedes) == (Verdict.PNEUMONIA, first.record_id)
    assert read_local_reader(store.database).name == READER  # given while the lock was kept


def test_the_time_at_a_film_is_counted_from_when_it_was_shown_to_when_it_was_left(
    store: SqlReviewStore, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()
    now = read_in_progress.utc_now()
    monkeypatch.setattr(read_in_progress, "utc_now", lambda: now)
    other.execute("BEGIN IMMEDIATE")
    upload(page, CHEST)
    now += timedelta(seconds=30)
    other.execute("ROLLBACK")
    page.run()  # shown 30 s ago
    other.execute("BEGIN IMMEDIATE")
    page.switch_page("pages/records.py").run()
    assert not page.exception
    now += timedelta(seconds=300)
    other.execute("ROLLBACK")
    page.switch_page("pages/review.py").run()
    visit = page.session_state["first_read"]
    progress = read_in_progress.progress_of(visit.reading)
    assert (progress.shown_s, progress.since) == (30.0, now)


def test_a_process_starts_while_the_lock_is_kept(
    store: SqlReviewStore, other: sqlite3.Connection
) -> None:
    open_page()
    resources.st.cache_resource.clear()  # another process
    other.execute("BEGIN IMMEDIATE")
    assert not warned(open_page())


def test_an_arbitration_stays_in_its_form(store: SqlReviewStore, other: sqlite3.Connection) -> None:
    sign(store, record(verdict=Verdict.PNEUMONIA, film_name="disputed"))
    page = test_records.run_page()
    name_reader(page, "Dr Senior")
    page.get("button_group")[0].set_value(Verdict.NORMAL).run()
    next(area for area in page.text_area if area.label == "Reason").set_value("clear lung fields")
    other.execute("BEGIN IMMEDIATE")
    press(page, "Sign the arbitration")
    assert "Not signed. The file" in warned(page)
    other.execute("ROLLBACK")
    press(page, "Sign the arbitration")
    settled = store.history(FILM)[-1]
    assert (settled.kind, settled.read.comment) == (ReadKind.ARBITRATION, "clear lung fields")


def test_a_choice_of_the_served_run_stays_in_its_form(
    store: SqlReviewStore, other: sqlite3.Connection
) -> None:
    page = test_runs.open_page()
    other.execute("BEGIN IMMEDIATE")
    test_runs.choose(page, "f03", "fewer missed films", "Ada Lead")
    assert "Not changed: The file" in warned(page)
    assert test_runs.roles_of(page)["f03"] != "active"
    other.execute("ROLLBACK")
    next(one for one in page.button if one.label.startswith("Make f03")).click().run()
    (choice,) = list_served_choices(get_database())
    assert (choice.run_id, choice.reason) == ("f03", "fewer missed films")


def test_a_note_and_a_cause_stay_in_their_fields(
    store: SqlReviewStore, other: sqlite3.Connection, data: Path
) -> None:
    film_id, _ = test_errors.missed_film()
    page = test_errors.open_page(split="test", film=film_code(film_id))
    name_reader(page)
    other.execute("BEGIN IMMEDIATE")
    page.text_area[0].set_value("left base")
    test_errors.save(page)
    assert LOCKED in warned(page)
    press(page, "Tag")
    assert any(LOCKED in one.value for one in page.toast)
    page.text_input(key="cause-added").set_value("rib notching").run()
    press(page, "Add")
    assert LOCKED in warned(page)
    other.execute("ROLLBACK")
    press(page, "Add")
    assert page.text_area[0].value == "left base"
    test_errors.save(page)
    notes = SqlCaseNotes(get_database())
    standing: list[CaseNote] = list(notes.standing("public"))
    assert [note.comment for note in standing] == ["left base"]
    assert "rib notching" in notes.causes()


def test_a_teaching_read_stays_in_the_browser_and_is_locked_once_the_lock_is_gone(
    other: sqlite3.Connection, hands: Hands, kept: SqlTeachingStore
) -> None:
    page = hands.page
    page.text_input(key="reader-name").set_value(test_teaching.READER).run()
    other.execute("BEGIN IMMEDIATE")
    hands.press("Start")
    assert LOCKED in warned(page)
    other.execute("ROLLBACK")
    session_id = begin(hands)
    other.execute("BEGIN IMMEDIATE")
    hands.answer = AnswerEvent(Verdict.NORMAL, 4, lock=True)  # a state: the browser keeps it
    page.run()
    assert PRESS_AGAIN in warned(page)
    assert "**Your read**" in test_teaching.words_of(page)
    hands.press("End the session")
    assert LOCKED in warned(page)
    other.execute("ROLLBACK")
    hands.press("Try again")
    assert "Your read was" in test_teaching.words_of(page)
    hands.answer = None
    other.execute("BEGIN IMMEDIATE")
    hands.press("Next film")
    assert LOCKED in warned(page)
    other.execute("ROLLBACK")
    hands.press("Next film")
    assert "Film 2 of 2" in test_teaching.words_of(page)
    course = kept.course(session_id)
    assert course is not None
    assert course.films[0].read is not None
    assert course.films[0].read.confidence == 4


def test_a_case_set_stays_in_its_form(
    other: sqlite3.Connection, hands: Hands, kept: SqlTeachingStore
) -> None:
    page = hands.page
    page.get("button_group")[0].set_value("sets").run()
    page.text_input(key="reader-name").set_value("Dr. Teacher").run()
    page.text_area(key="teaching-set-ids").set_value(test_teaching.NORMAL_FILM).run()
    page.text_input(key="teaching-set-name").set_value("first week").run()
    other.execute("BEGIN IMMEDIATE")
    press(page, "Save the set")
    assert LOCKED in warned(page)
    other.execute("ROLLBACK")
    press(page, "Save the set")
    assert [one.name for one in kept.case_sets()] == ["first week"]
