"""Which reads the Records page lists, what it says where it lists none, and which one is open."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from fixtures import app_pages
from fixtures.review_records import FILM, OTHER_FILM, THIRD_FILM, record, sign
from pages.test_records import run_page

from core.domain.findings import Category, Findings
from core.domain.quality import ADULT, Finding, QualityReport, Severity
from core.domain.reader import Role
from core.domain.review import ReadKind, Verdict
from core.domain.ward import ShownNumber
from core.reads.arbitration import list_disputes
from core.reads.export import DISAGREE, FINDINGS, NOT_COMPARED, reads_as_csv
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore
from ui.app import ledger
from ui.app.identity import get_local_reader
from ui.app.language import CHOSEN
from ui.charts.base import plot_reads


def test_an_adults_score_that_no_reader_asked_for_is_in_no_list_and_in_no_figure(
    store: SqlReviewStore, monkeypatch
) -> None:
    age = QualityReport((Finding(ADULT, Severity.FLAG, None, None, "Patient age: adult."),))
    first = record(kind=ReadKind.FIRST, quality=age, regions={})
    last = record(quality=age, regions={"score": "not shown"}, supersedes=first.record_id)
    asked = record(quality=age, regions={"asked": True}, film_sha256=OTHER_FILM)
    rows = list(csv.DictReader(io.StringIO(reads_as_csv([first, last, asked]))))
    for name in ("Probability", "Operating point", "Model's verdict", "Score"):
        assert [bool(row[name]) for row in rows] == [False, False, True]
    assert [row["Reader and model"] for row in rows] == [NOT_COMPARED, NOT_COMPARED, DISAGREE]
    assert sum(len(trace.x) for trace in plot_reads([first, last, asked]).data) == 1
    known = {FILM: Verdict.PNEUMONIA, OTHER_FILM: Verdict.PNEUMONIA}
    monkeypatch.setattr(ledger, "reference_of_files", lambda *_: known)
    for read in (first, last, asked):
        sign(store, read)
    page = run_page()
    assert list(page.dataframe[0].value["Probability"].dropna()) == ["0.30"]
    numbers = page.dataframe[1].value.set_index("")["Dr Ádám"]
    assert numbers["Reads counted"] == "2"
    assert "n = 1)" in numbers["Agreement with model"]
    assert [one.film_sha256 for one in list_disputes(store.everything())] == [OTHER_FILM]


def test_a_locked_first_read_is_listed_on_request_alone(store: SqlReviewStore) -> None:
    sign(store, record(kind=ReadKind.FIRST, regions={}))
    page = run_page()
    assert not page.dataframe
    assert "1 first read is locked and not signed" in page.info[0].value
    page.checkbox(key="records-corrected").check().run()
    assert list(page.dataframe[0].value["Kind"]) == ["first"]


def test_an_empty_list_says_that_reads_are_hidden_until_ones_own_first_read(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    first = record(kind=ReadKind.FIRST, regions={})
    sign(store, first)
    sign(store, record(supersedes=first.record_id))
    page = run_page()
    assert "Reads of 1 film stay hidden until you have locked" in page.info[0].value
    page.toggle[0].set_value(True).run()
    assert len(page.dataframe[0].value) == 1
    page.text_input[0].set_value("nowhere").run()
    assert page.info[0].value == "No signed read matches. Remove a search word or a filter."
    choose_local_reader(store.database, "Dr. Bo", Role.READER)
    get_local_reader.clear()
    page = run_page()
    assert page.header[0].value == "No reads that you may see yet"


def test_an_address_names_the_chosen_read(store: SqlReviewStore) -> None:
    sign(store, record(film_name="older"))
    chosen = record(film_sha256=OTHER_FILM, film_name="chosen")
    sign(store, chosen)
    sign(store, record(film_sha256=THIRD_FILM, film_name="newer"))
    page = app_pages.open_page("records", read=chosen.record_id[:12])
    assert "All reads of chosen" in [head.value for head in page.subheader]
    assert app_pages.address_of(page)["read"] == chosen.record_id[:12]
    page = app_pages.open_page("records", read="nothing")
    assert not [head for head in page.subheader if head.value.startswith("All reads")]
    assert "read" not in app_pages.address_of(page)


def test_score_shown_number_and_findings_are_in_the_readers_language(
    store: SqlReviewStore,
) -> None:
    number = ShownNumber(1.1, None, "likelihood ratio 1.1 (95 % 0.62 to 2.2)")
    seen = Findings(frozenset({Category.CONSOLIDATION}))
    one = record(shown_number=number)
    sign(store, replace(one, read=replace(one.read, findings=seen)))
    page = run_page()
    page.session_state[CHOSEN] = "es"
    (row,) = page.run().dataframe[0].value.to_dict("records")
    assert row["Probability"] == "0,30"
    assert row["Shown number"] == "cociente de verosimilitud 1,1 (95 % 0,62 a 2,2)"
    assert row[FINDINGS] == "consolidación"
