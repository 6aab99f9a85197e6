"""The page Archive: whether a service runs, what came and went, and how the archive is reached."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st
from fixtures.app_pages import open_page
from fixtures.review_records import FILM
from pages.test_review import (
    CHEST,
    READER,
    choose_verdict,
    name_reader,
    press,
    run_until,
    upload,
    words_of,
)
from pages.test_review import open_page as open_review
from pages.test_review_population import dicom
from streamlit.testing.v1 import AppTest

from core.domain.archive import ArchiveSettings, ArrivalState, Route
from core.domain.reader import Reader, Role
from core.domain.review import Verdict
from core.pacs.connections import Answer
from core.reads.signing import utc_now
from core.store.archive import SqlArchive
from core.store.audit_log import verify_records
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore
from ui.app import guard
from ui.archive import connection

ADMIN = Reader("Sam Ward", frozenset({Role.ADMIN}))
SET = ArchiveSettings(dicomweb="http://pacs.example/dicom-web", fetch=True, send=Route.DICOMWEB)


@pytest.fixture
def archive(store: SqlReviewStore) -> SqlArchive:
    return SqlArchive(store.database)


def tabs_of(page: AppTest) -> list[str]:
    return [tab.label for tab in page.tabs]


def test_a_fresh_machine_says_that_no_archive_is_set(archive: SqlArchive) -> None:
    page = open_page("archive")
    assert "No archive is set" in page.info[0].value
    assert tabs_of(page) == ["Films (0)", "Reports (0)", "Connection"]
    assert archive.current() is None


def state_and_save() -> AppTest:
    page = open_page("archive")
    page.text_input[0].set_value("http://pacs.example/dicom-web ")
    page.checkbox[0].check()
    return press(page, "Save")


def test_settings_are_not_saved_without_a_name(archive: SqlArchive) -> None:
    assert "enter yours" in state_and_save().error[0].value
    assert archive.current() is None


def test_settings_are_saved_with_a_name_and_can_be_read_again(archive: SqlArchive) -> None:
    choose_local_reader(archive.database, "Sam Ward", Role.ADMIN)
    assert "Saved" in state_and_save().success[0].value
    kept = archive.current()
    assert kept is not None
    assert (kept.set_by, kept.settings.dicomweb) == ("Sam Ward", "http://pacs.example/dicom-web")
    assert kept.settings.fetch
    assert verify_records(archive.database).intact
    again = open_page("archive")
    assert again.text_input[0].value == "http://pacs.example/dicom-web"
    assert "Set by Sam Ward" in words_of(again)
    assert "the service does not run" in again.warning[0].value


def test_settings_that_cannot_work_are_a_sentence_and_not_kept(archive: SqlArchive) -> None:
    choose_local_reader(archive.database, "Sam Ward", Role.ADMIN)
    page = open_page("archive")
    page.text_input[0].set_value("pacs.example")
    press(page, "Save")
    assert "does not begin with http" in page.error[0].value
    assert archive.current() is None


def test_the_test_says_of_each_way_whether_it_answers_and_saves_nothing(
    archive: SqlArchive, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ArchiveSettings] = []

    def answer(settings: ArchiveSettings) -> list[Answer]:
        asked.append(settings)
        return [Answer("DICOMweb", True, "It answers."), Answer("DICOM", False, "It does not.")]

    monkeypatch.setattr(connection, "ask_all", answer)
    page = open_page("archive")
    page.text_input[0].set_value("http://pacs.example/dicom-web")
    press(page, "Test")
    assert [one.dicomweb for one in asked] == ["http://pacs.example/dicom-web"]
    assert page.success[0].value == "DICOMweb: It answers."
    assert page.error[0].value == "DICOM: It does not."
    assert archive.current() is None


def test_what_came_is_listed_with_its_reason_and_whether_the_service_runs(
    archive: SqlArchive,
) -> None:
    archive.put(SET, ADMIN)
    archive.note_arrival("a", "DICOMweb", ArrivalState.KEPT, film_sha256=FILM)
    archive.note_arrival("b", "DICOM", ArrivalState.LEFT_OUT, "It shows HAND.")
    archive.note_service("host:1", {"DICOMweb": "Asked at 08:00:00 UTC; 1 new."})
    page = open_page("archive")
    said = words_of(page).replace("\\", "")
    assert "The service runs" in said
    assert "Asked at 08:00:00 UTC; 1 new." in said
    assert "**1** taken" in said
    rows = page.dataframe[0].value
    assert list(rows["Why"]) == ["It shows HAND.", ""]
    assert list(rows["State"]) == ["left out", "taken"]

    late = SqlArchive(archive.database, now=lambda: utc_now() - timedelta(minutes=1))
    late.note_service("host:1", {})
    assert "the service does not run" in open_page("archive").warning[0].value


@pytest.mark.parametrize(
    ("role", "is_set", "shown"),
    [
        (Role.ADMIN, False, True),
        (Role.LEAD, False, False),
        (Role.LEAD, True, True),
        (Role.READER, True, False),
    ],
)
def test_the_page_stands_in_the_bar_of_those_who_need_it(
    archive: SqlArchive, role: Role, *, is_set: bool, shown: bool
) -> None:
    if is_set:
        archive.put(SET, ADMIN)
    open_page("records")
    reader = Reader("Sam Ward", frozenset({role}))
    listed = guard.list_pages(reader)
    assert listed["records"].visibility == "visible"
    assert (listed["archive"].visibility == "visible") is shown


@pytest.mark.parametrize("role", [Role.TRAINEE, Role.READER, Role.TEACHER])
def test_the_page_is_not_for_those_who_do_not_keep_the_machine(
    archive: SqlArchive, role: Role
) -> None:
    choose_local_reader(archive.database, "Tess", role)
    page = open_page("archive")
    assert f"The role {role} may not open the page Archive" in words_of(page)
    assert not page.tabs


# --- a report on its way, on the page Worklist ---

FROM_ARCHIVE = dicom(
    "child.dcm",
    PatientAge="003Y",
    ViewPosition="AP",
    StudyInstanceUID="1.2.3.5",
    SeriesInstanceUID="1.2.3.6",
)


@pytest.fixture
def kept(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[SqlArchive]:
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "30")
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    monkeypatch.setenv("FIRSTREAD_KEEP_ORIGIN", "true")
    st.cache_resource.clear()
    archive = SqlArchive(store.database)
    archive.put(SET, ADMIN)
    yield archive
    st.cache_resource.clear()


def signed(file: tuple[str, bytes, str]) -> AppTest:
    page = upload(open_review(), file)
    name_reader(page)
    choose_verdict(page, Verdict.PNEUMONIA)
    press(page, "Sign")
    key = page.session_state["first_read"].selected
    page.session_state[f"report-{key}"] = True
    page.run()
    run_until(page, lambda: "Text for your report system" in words_of(page))
    return page


def test_a_signed_report_is_sent_with_one_press_and_says_how_far_it_is(kept: SqlArchive) -> None:
    page = signed(FROM_ARCHIVE)
    press(page, "Send to the archive")
    (sending,) = kept.due()
    assert sending.asked_by == READER
    assert "On its way to the archive." in words_of(page)
    kept.note_unsent(sending.record_id, "It does not answer.")
    assert "On its way to the archive. It does not answer." in words_of(page.run())
    kept.note_unsent(sending.record_id, "The film is gone.", refused=True)
    assert "Not in the archive. The film is gone." in words_of(page.run())
    press(page, "Send again")
    assert [one.record_id for one in kept.due()] == [sending.record_id]
    kept.note_sent(sending.record_id)
    assert "In the archive since" in words_of(page.run())
    assert "Send again" not in [one.label for one in page.button]


def test_a_picture_has_no_study_to_go_back_to(kept: SqlArchive) -> None:
    page = signed(CHEST)
    assert "The film's study is not known here" in words_of(page)
    assert kept.sendings() == []


def test_where_nothing_goes_back_nothing_is_offered(kept: SqlArchive) -> None:
    kept.put(ArchiveSettings(), ADMIN)
    page = signed(FROM_ARCHIVE)
    assert "archive" not in words_of(page).lower()
