"""Findings beside the verdict on the Worklist, and how far readers agree on them on Records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fixtures import app_pages
from fixtures.review_records import record, sign
from pages.test_read_first import html_of, lock
from pages.test_review import (
    CHEST,
    choose_verdict,
    name_reader,
    open_page,
    press,
    upload,
    verdict_of,
    words_of,
)
from streamlit.testing.v1 import AppTest

from core.domain.findings import NO_FINDINGS, Category, Findings
from core.domain.review import Verdict
from core.reads.findings import implied_verdict
from core.reads.reader_agreement import FEWEST_FILMS
from core.store.reads import SqlReviewStore
from ui.components.findings.findings import FindingsEvent
from ui.review import findings_form

SEEN = Findings(frozenset({Category.CONSOLIDATION}), frozenset({"right middle"}))
NORMAL = Findings(frozenset({Category.NORMAL}))


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[FindingsEvent]:
    """Return what is chosen in the browser, each heard once: components do not run here."""
    events: list[FindingsEvent] = []
    monkeypatch.setattr(
        findings_form, "read_findings_event", lambda *_: events.pop() if events else None
    )
    return events


def choose(page: AppTest, chosen: list[FindingsEvent], findings, verdict=None) -> None:
    chosen.append(FindingsEvent(1, findings, verdict))
    page.run()
    assert not page.exception


def stored(store: SqlReviewStore) -> list[tuple[Verdict, Findings]]:
    return [(one.read.verdict, one.read.findings) for one in store.everything()]


def test_findings_set_the_verdict_and_are_signed_with_it(store: SqlReviewStore, chosen) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    choose(page, chosen, SEEN)
    assert verdict_of(page).value == Verdict.PNEUMONIA
    choose(page, chosen, NORMAL)
    assert verdict_of(page).value == Verdict.NORMAL
    choose(page, chosen, SEEN)
    press(page, "Sign")
    assert stored(store) == [(Verdict.PNEUMONIA, SEEN)]
    assert "Consolidation, right middle." in html_of(page)


def test_a_verdict_by_hand_clears_what_it_denies_and_keeps_the_rest(
    store: SqlReviewStore, chosen
) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    choose(page, chosen, SEEN)
    choose_verdict(page, Verdict.PNEUMONIA)
    press(page, "Sign")
    press(page, "Correct this read")
    choose_verdict(page, Verdict.NORMAL)
    press(page, "Sign a correction")
    assert stored(store) == [(Verdict.PNEUMONIA, SEEN), (Verdict.NORMAL, NO_FINDINGS)]


def test_a_verdicts_key_gives_the_verdict_alone(store: SqlReviewStore, chosen) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    choose(page, chosen, NO_FINDINGS, Verdict.UNSURE)
    choose(page, chosen, SEEN, Verdict.NORMAL)  # pressed after the finding's, before an answer
    press(page, "Sign")
    assert stored(store) == [(Verdict.NORMAL, NO_FINDINGS)]


def test_findings_taken_back_take_the_verdict_that_they_had_set_and_no_other(
    store: SqlReviewStore, chosen
) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    choose(page, chosen, SEEN)
    choose(page, chosen, NO_FINDINGS)
    assert verdict_of(page).value is None
    press(page, "Sign")
    assert "Choose a verdict first." in words_of(page)
    choose_verdict(page, Verdict.NORMAL)
    assert "Choose a verdict first." not in words_of(page)
    choose(page, chosen, SEEN)
    choose(page, chosen, NORMAL)
    choose(page, chosen, SEEN)
    choose(page, chosen, NO_FINDINGS)
    assert verdict_of(page).value == Verdict.NORMAL  # as the reader had chosen
    choose(page, chosen, SEEN)
    choose(page, chosen, SEEN, Verdict.PNEUMONIA)  # its key: the verdict is the reader's own
    choose(page, chosen, NO_FINDINGS)
    press(page, "Sign")
    assert stored(store) == [(Verdict.PNEUMONIA, NO_FINDINGS)]


def test_a_draft_with_findings_comes_back_in_another_visit(store: SqlReviewStore, chosen) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    choose(page, chosen, SEEN)
    again = upload(open_page(), CHEST)  # the reader's name is known
    assert verdict_of(again).value == Verdict.PNEUMONIA
    press(again, "Sign")
    assert stored(store) == [(Verdict.PNEUMONIA, SEEN)]


def test_the_signed_read_begins_with_the_first_reads_findings(
    store: SqlReviewStore, chosen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    page = upload(open_page(), CHEST)
    choose(page, chosen, SEEN)
    lock(page, Verdict.PNEUMONIA)
    press(page, "Sign")
    assert stored(store) == [(Verdict.PNEUMONIA, SEEN)] * 2
    assert [one.kind.value for one in store.everything()] == ["first", "read"]


def test_another_reader_in_the_same_visit_begins_without_them(store, chosen) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    choose(page, chosen, SEEN)
    press(page, "Sign")
    name_reader(page, "Dr. Grace Second")
    assert verdict_of(page).value is None
    choose_verdict(page, Verdict.PNEUMONIA)
    press(page, "Sign")
    assert stored(store) == [(Verdict.PNEUMONIA, SEEN), (Verdict.PNEUMONIA, NO_FINDINGS)]


# --- Records --------------------------------------------------------------------------------------


def sign_with(store: SqlReviewStore, reader: str, film: int, findings: Findings) -> None:
    made = record(film_sha256=f"{film:064x}", reader=reader, order_known=False)
    verdict = implied_verdict(findings) or Verdict.UNSURE
    sign(store, replace(made, read=replace(made.read, verdict=verdict, findings=findings)))


def findings_table(page: AppTest):
    return [table.value for table in page.dataframe if "Pairs with it" in table.value]


def test_kappa_of_each_finding_stands_with_its_interval_and_n(store: SqlReviewStore) -> None:
    for film in range(FEWEST_FILMS):
        findings = SEEN if film % 2 else NORMAL
        for reader in ("Ada", "Grace"):
            sign_with(store, reader, film, NORMAL if (reader, film) == ("Grace", 1) else findings)
    page = app_pages.open_page("records")
    (table,) = findings_table(page)
    assert list(table["Finding"])[:2] == ["Consolidation", "Other infiltrate"]
    assert list(table["Pairs with it"])[:2] == [10, 0]
    assert list(table["Kappa"])[:2] == ["0.90 (0.71 to 1.00, n = 20)", "none (n = 20)"]
    assert f"2 readers, {FEWEST_FILMS} films" in "".join(one.value for one in page.caption)


def test_with_few_films_the_page_says_how_many_a_kappa_needs(store: SqlReviewStore) -> None:
    for reader in ("Ada", "Grace"):
        sign_with(store, reader, 1, SEEN)
    page = app_pages.open_page("records")
    assert not findings_table(page)
    assert f"on 1 of the {FEWEST_FILMS} films" in "".join(one.value for one in page.info)


def test_without_findings_of_two_readers_nothing_is_said_of_them(store: SqlReviewStore) -> None:
    sign_with(store, "Ada", 1, SEEN)
    sign_with(store, "Grace", 1, NO_FINDINGS)
    page = app_pages.open_page("records")
    assert "Agreement on findings" not in [one.value for one in page.subheader]
    assert list(page.dataframe[0].value["Findings"]) == ["", "consolidation, right middle"]
