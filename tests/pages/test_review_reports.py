"""Reports on the page Worklist: only of one's own signed reads, one film or the whole list."""

from __future__ import annotations

import csv
import io
import json
import threading
from dataclasses import replace
from typing import Any

import pytest
import streamlit as st
from fixtures.film_reports import pages_of, words_of_page
from fixtures.review_records import record, refused_film_record, sign
from pages.test_review import (
    CHEST,
    HAND,
    READER,
    chest,
    choose_verdict,
    name_reader,
    open_page,
    png,
    press,
    run_until,
    upload,
    words_of,
)
from streamlit.testing.v1 import AppTest

from core.domain.quality import Finding, QualityReport, Severity
from core.domain.review import ReadKind, Verdict
from core.errors import Cancelled, CorruptFile, ExplanationError
from core.store.audit_log import verify_records
from core.store.read_hashes import hash_of_read
from core.store.reads import SqlReviewStore
from ui.components.saver import saver
from ui.review import reports

OTHER = png("other.png", chest(5))


@pytest.fixture(autouse=True)
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Read first, as a site does that changes nothing; return the files that were offered."""
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    files: dict[str, bytes] = {}

    def take(*, key: str, data: bytes) -> None:
        length = int.from_bytes(data[:4], "little")
        files[json.loads(data[4 : 4 + length])["label"]] = data[4 + length :]

    def note(label: str, data: str, **how: Any) -> bool:
        files[label] = data.encode()
        return download_button(label, data, **how)

    download_button = st.download_button
    monkeypatch.setattr(saver, "_component", take)
    monkeypatch.setattr(st, "download_button", note)
    return files


def popovers(page: AppTest) -> set[str]:
    return {block.proto.popover.label for block in page.get("popover")}


def lock(page: AppTest, verdict: Verdict = Verdict.NORMAL) -> AppTest:
    name_reader(page)
    choose_verdict(page, verdict)
    return press(page, "Lock the first read")


def read_and_sign(page: AppTest, verdict: Verdict = Verdict.PNEUMONIA) -> AppTest:
    lock(page)
    choose_verdict(page, verdict)
    return press(page, "Sign")


def key_of(page: AppTest) -> str:
    return page.session_state["first_read"].selected


def open_report(page: AppTest, offered: dict[str, bytes]) -> str:
    """Open the report of the film that is open; return the words of its only page."""
    page.session_state[f"report-{key_of(page)}"] = True
    page.run()
    run_until(page, lambda: "Save as PDF" in offered)
    (only,) = pages_of(offered["Save as PDF"])
    return words_of_page(only)


def open_list(page: AppTest) -> AppTest:
    page.session_state["list-reports"] = True
    return page.run()


def rows_of(offered: dict[str, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(offered["Reports of this list (CSV)"].decode())))


def test_there_is_no_report_of_a_film_that_one_has_not_signed(store: SqlReviewStore) -> None:
    page = upload(open_page(), CHEST)
    key = key_of(page)
    assert not {"Report", "Reports"} & popovers(page)
    sign(store, record(film_sha256=key, reader="Dr. Other", kind=ReadKind.FIRST, regions={}))
    page.run()
    assert not {"Report", "Reports"} & popovers(page)
    lock(page)
    assert not {"Report", "Reports"} & popovers(page)


def test_nothing_of_a_report_is_made_until_somebody_asks(store: SqlReviewStore, offered) -> None:
    page = read_and_sign(upload(open_page(), CHEST))
    assert {"Report", "Reports"} <= popovers(page)
    assert page.session_state["first_read"].reports == {}
    assert offered == {}


def test_the_report_of_a_signed_film_states_what_is_stored_of_it(
    store: SqlReviewStore, offered
) -> None:
    page = read_and_sign(upload(open_page(), CHEST))
    words = open_report(page, offered)
    first, signed = store.history(key_of(page))
    assert "chest.png Signed read: pneumonia, confidence 3 of 5" in words
    assert f"Signed by {READER}, {signed.read.read_at:%Y-%m-%d %H:%M} UTC." in words
    assert f"Normal, confidence 3 of 5. Locked {first.read.read_at:%Y-%m-%d %H:%M} UTC" in words
    assert "which was chosen to find 97 of 100 pneumonias" in words
    assert "probability" not in words  # no prevalence is set
    shown = signed.shown_number.text
    assert f"In this ward L{shown[1:]}, as shown then." in words
    assert "On the official test split it found" in words
    assert (
        "Method: CAM, lung unlike healthy. At the signed read they were not on the film." in words
    )
    assert "the strongest region lay on the lesion in" in words
    head = verify_records(store.database).head
    assert hash_of_read(store.database, signed.record_id) != head  # the visitor went on
    assert f"Ledger sha256 {hash_of_read(store.database, signed.record_id)}" in words
    assert f"Film sha256 {signed.film_sha256}" in words
    (text,) = [code.value for code in page.code]
    assert " ".join(text.split()).startswith("CHEST RADIOGRAPH: REPORT OF ONE READ")
    assert f"Ledger sha256: {hash_of_read(store.database, signed.record_id)}" in text


def test_a_correction_makes_another_report(store: SqlReviewStore, offered) -> None:
    page = read_and_sign(upload(open_page(), CHEST))
    open_report(page, offered)
    press(page, "Correct this read")
    choose_verdict(page, Verdict.UNSURE)
    press(page, "Sign a correction")
    run_until(page, lambda: "unsure" in words_of_page(pages_of(offered["Save as PDF"])[0]))
    words = open_report(page, offered)
    assert "Signed read: unsure" in words
    assert "It corrects an earlier read: pneumonia." in words


def test_a_refused_film_has_a_report_without_a_model(store: SqlReviewStore, offered) -> None:
    page = upload(open_page(), HAND)
    name_reader(page)
    visit = page.session_state["first_read"]
    key, quality = visit.selected, visit.outcome(visit.selected).reading.quality
    earlier = refused_film_record()  # as earlier versions let one sign it
    sign(store, replace(earlier, film_sha256=key, reader=READER, quality=quality))
    page.run()
    words = open_report(page, offered)
    assert "Not read: the quality gate refused this film." in words
    assert "Refused: Not recognised as a frontal chest film" in words
    assert "threshold" not in words


def test_a_film_is_named_by_its_hash_where_the_site_keeps_no_names(
    store: SqlReviewStore, offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = read_and_sign(upload(open_page(), CHEST))
    monkeypatch.setenv("FIRSTREAD_KEEP_FILE_NAMES", "false")
    words = open_report(page, offered)
    assert "chest.png" not in words
    assert f"film {key_of(page)[:12]}" in words


@pytest.mark.parametrize("error", [CorruptFile, Cancelled])
def test_what_cannot_be_had_of_a_film_becomes_a_sentence_on_its_page(
    store: SqlReviewStore, offered, error, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(error):
        def raise_it(*_given):
            raise error

        return raise_it

    page = read_and_sign(upload(open_page(), CHEST))
    monkeypatch.setattr(reports, "decode_for_report", fail(error("The film is cut short.")))
    monkeypatch.setattr(reports, "explain_for_report", fail(ExplanationError("No worker came.")))
    words = open_report(page, offered)
    assert "The film is not drawn. The film is cut short." in words
    assert "Not drawn. No worker came." in words


def test_regions_of_another_run_than_the_one_that_was_signed_are_not_drawn(
    store: SqlReviewStore, offered
) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    old = record(film_sha256=key_of(page), reader=READER, kind=ReadKind.FIRST, regions={})
    sign(store, old)
    sign(store, record(film_sha256=key_of(page), reader=READER, supersedes=old.record_id))
    page.run()
    words = open_report(page, offered)
    assert "Run run-1 has read this film, and does not serve any more." in words
    assert "Export sha256" not in words


@pytest.fixture
def adult(store: SqlReviewStore) -> AppTest:
    """Return the page with an adult's film that was signed without its score."""
    page = upload(open_page(), CHEST)
    name_reader(page)
    age = Finding("adult", Severity.FLAG, None, None, "Patient age: adult.")
    fields = {"film_sha256": key_of(page), "reader": READER, "quality": QualityReport((age,))}
    first = record(kind=ReadKind.FIRST, **fields | {"regions": {}})
    sign(store, first)
    hidden = {"regions": {"score": "not shown"}, "supersedes": first.record_id}
    sign(store, record(**fields | hidden))
    return page.run()


def test_an_adults_score_that_nobody_asked_for_is_in_no_report(adult: AppTest, offered) -> None:
    words = open_report(adult, offered)
    assert "The score was not asked for, and is not shown." in words
    assert "threshold" not in words
    open_list(adult)
    (row,) = rows_of(offered)
    assert (row["Probability"], row["Model's verdict"], row["Reader and model"]) == (
        "", "", "not compared",
    )  # fmt: skip


def test_an_adults_score_that_was_asked_for_since_is_in_the_report(adult: AppTest, offered) -> None:
    visit = adult.session_state["first_read"]
    visit.scores_asked.add((visit.selected, READER.casefold()))
    assert "threshold 0.40" in open_report(adult, offered)


def sign_three(page: AppTest) -> list[str]:
    """Sign two films of three; return the keys of all, the last one of the film that is not."""
    page = upload(page, CHEST, OTHER, HAND)
    visit = page.session_state["first_read"]
    keys = {film.name: key for key, film in visit.films.items()}
    for name in ("chest.png", "other.png"):
        visit.selected = keys[name]
        page.run()
        read_and_sign(page)
    return [keys[name] for name in ("chest.png", "other.png", "hand.png")]


def test_the_reports_of_a_list_are_one_pdf_and_one_csv_of_what_the_visitor_signed(
    store: SqlReviewStore, offered
) -> None:
    page = open_page()
    first, second, unsigned = sign_three(page)
    sign(store, replace(refused_film_record(), film_sha256=unsigned, reader="Dr. Other"))
    open_list(page)
    assert "2 signed films of this list, a page each." in words_of(page)
    press(page, "Reports of this list (PDF)")
    run_until(page, lambda: "Save 2 reports (PDF)" in offered)
    pages = [words_of_page(one) for one in pages_of(offered["Save 2 reports (PDF)"])]
    for name, words in zip(("chest.png", "other.png"), pages, strict=True):
        assert name in words
    assert ["Page 1 of 2." in pages[0], "Page 2 of 2." in pages[1]] == [True, True]
    rows = rows_of(offered)
    assert [row["Film sha256"] for row in rows] == [first, second]
    assert {row["Kind"] for row in rows} == {"read"}
    assert {row["Reader"] for row in rows} == {READER}


def test_a_list_that_is_stopped_says_so_and_can_be_made_again(
    store: SqlReviewStore, offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    make = reports.make_report

    def wait(asked, stopped):
        begun.set()
        go_on.wait(60)
        return make(asked, stopped)

    page = open_page()
    sign_three(page)
    open_list(page)
    monkeypatch.setattr(reports, "make_report", wait)
    press(page, "Reports of this list (PDF)")
    assert begun.wait(60)
    told = [bar.proto.text for bar in page.get("progress")]
    assert "0 of 2 reports made" in told
    press(page, "Stop making reports")
    go_on.set()
    run_until(page, lambda: "Stopped" in words_of(page))
    assert "Save 2 reports (PDF)" not in offered
    press(page, "Reports of this list (PDF)")
    run_until(page, lambda: "Save 2 reports (PDF)" in offered)


def test_a_comment_that_a_spreadsheet_would_run_is_harmless_in_the_csv(
    store: SqlReviewStore, offered
) -> None:
    page = lock(upload(open_page(), CHEST))
    page.text_area[0].set_value("=HYPERLINK(1)").run()
    choose_verdict(page, Verdict.NORMAL)
    press(page, "Sign")
    open_list(page)
    (row,) = rows_of(offered)
    assert row["Comment"] == "'=HYPERLINK(1)"


def test_where_others_alone_have_signed_the_list_says_so(store: SqlReviewStore, offered) -> None:
    page = upload(open_page(), HAND)
    sign(store, replace(refused_film_record(), film_sha256=key_of(page), reader="Dr. Other"))
    name_reader(page)
    open_list(page)
    assert "You have signed none of these films." in words_of(page)
    assert offered == {}
