"""Findings by keys in a browser: they set the verdict, survive a reload, and reach Records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser.app_server import Server, wait_until_idle
from fixtures.review_records import lead, record
from playwright.sync_api import Locator, Page, expect

from core.domain.findings import Category, Findings
from core.domain.quality import Finding, QualityReport, Severity
from core.domain.review import Verdict
from core.phantom.builtin import built_in_files
from core.reads.findings import implied_verdict
from core.reads.reader_agreement import FEWEST_FILMS
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.store.engine import Database
from core.store.reads import SqlReviewStore

pytestmark = pytest.mark.browser

READER = "Dr. Ada Reader"
TABS = 40
SYNTHETIC = Finding("synthetic", Severity.NOTE, None, None, "The film was drawn by a program.")
CELLS = """() => [...document.querySelectorAll("[role=grid] tr")].map(
    row => [...row.querySelectorAll("th, td")].map(cell => cell.textContent))"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'reads.sqlite3'}"


@pytest.fixture
def films() -> list[Path]:
    return list(built_in_files())[:2]


@pytest.fixture
def server(url: str) -> Iterator[Server]:
    store = SqlReviewStore(Database.open(url), read_first=False)
    for number in range(FEWEST_FILMS - 1):
        category = Category.CONSOLIDATION if number % 2 else Category.NORMAL
        findings = Findings(frozenset({category}))
        for reader in (READER, "Dr. Grace Second"):
            made = record(
                film_sha256=f"{number:064x}",
                reader=reader,
                order_known=True,  # as where the model is shown at once
                quality=QualityReport((SYNTHETIC,)),
                prediction=replace(record().prediction, run_id=SERVED_RUN),
                run_id=SERVED_RUN,
            )
            verdict = implied_verdict(findings) or Verdict.UNSURE
            read = replace(made.read, verdict=verdict, findings=findings)
            store.append(replace(made, read=read), lead(reader))
    store.database.close()
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": url,
            "FIRSTREAD_READ_FIRST": "false",
        },
    )
    yield running
    running.stop()


def upload(page: Page, server: Server, films: list[Path]) -> None:
    page.goto(server.address)
    page.set_input_files("input[type=file]", files=films)
    for film in films:
        row = page.get_by_role("option").filter(has_text=film.name)
        expect(row.locator("img")).to_be_visible()
    wait_until_idle(page)


def name_reader(page: Page, name: str) -> None:
    field = page.get_by_placeholder("Signing as (your name)")
    field.fill(name)
    field.press("Tab")
    expect(page.get_by_text(f"Reading: {name}")).to_be_visible()
    wait_until_idle(page)


def toggle(page: Page, name: str) -> Locator:
    return page.get_by_label("Findings").get_by_role("button", name=name)


def expect_pressed(page: Page, *names: str) -> None:
    pressed = page.locator('.findings button[aria-pressed="true"]:visible span')
    expect(pressed).to_have_text(list(names))


def press_keys(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_keys_choose_findings_and_the_verdict_they_imply(
    page: Page, server: Server, films: list[Path]
) -> None:
    upload(page, server, films)
    name_reader(page, READER)
    expect(page.get_by_role("group", name="Zones of the consolidation")).to_have_count(0)
    press_keys(page, "p", "4")  # as fast as they come, before the page has answered
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()
    expect(page.get_by_role("radio", name="4", exact=True)).to_be_checked()
    expect_pressed(page)
    press_keys(page, "g")
    expect(page.get_by_role("radio", name="Normal")).to_be_checked()
    press_keys(page, "Shift+Digit2", "Shift+Digit7", "t")
    expect_pressed(page, "Consolidation", "Other infiltrate", "Effusion", "Middle", "Right")
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()
    wait_until_idle(page)
    expect_pressed(page, "Consolidation", "Other infiltrate", "Effusion", "Middle", "Right")
    press_keys(page, "e")
    expect_pressed(page, "Consolidation", "Other infiltrate", "Middle")
    page.wait_for_timeout(500)  # the run begins a moment after the key, and draws the control again
    wait_until_idle(page)
    page.get_by_role("radio", name="Unsure").click()
    expect(page.get_by_text("Cleared by the verdict")).to_be_visible()
    expect_pressed(page)
    press_keys(page, "l", "u")
    wait_until_idle(page)
    expect(page.get_by_role("radio", name="Unsure")).to_be_checked()
    expect(page.get_by_text("No confidence is asked for where you are unsure.")).to_be_visible()
    expect_pressed(page)
    for key in ("9", "p"):  # p is the verdict's alone, and no region's
        press_keys(page, key)
    expect(page.locator(".readout")).to_contain_text("Zoom 100 %")
    expect(page.get_by_role("radio", name="4", exact=True)).to_be_checked()


def test_findings_are_reached_by_tab_and_typing_chooses_none(
    page: Page, server: Server, films: list[Path]
) -> None:
    upload(page, server, films)
    page.get_by_placeholder("Comment").fill("")
    press_keys(page, *"late 3")
    expect(page.get_by_placeholder("Comment")).to_have_value("late 3")
    expect_pressed(page)
    page.get_by_role("radio", name="Unsure").focus()
    for _ in range(TABS):
        page.keyboard.press("Shift+Tab")  # they stand above the verdict
        if toggle(page, "Effusion").evaluate("node => node === node.getRootNode().activeElement"):
            break
    page.keyboard.press("Enter")
    expect_pressed(page, "Effusion")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_contain_text("Effusion right, left")


def open_first(page: Page, films: list[Path]) -> None:
    """Open the first film, whichever was read first and is open."""
    page.get_by_role("option").filter(has_text=films[0].name).click()
    expect(page.get_by_role("img", name=f"Film {films[0].name}")).to_be_visible()
    wait_until_idle(page)


def test_a_draft_comes_back_is_signed_and_counts_in_records(
    page: Page, server: Server, films: list[Path], url: str
) -> None:
    upload(page, server, films)
    name_reader(page, READER)
    open_first(page, films)
    press_keys(page, "Shift+Digit3", "Shift+Digit6")
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()
    wait_until_idle(page)
    upload(page, server, films)
    open_first(page, films)
    expect_pressed(page, "Consolidation", "Lower", "Lower")
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Consolidation, right lower and left lower.")).to_be_visible()
    upload(page, server, films)
    name_reader(page, "Dr. Grace Second")
    open_first(page, films)
    expect_pressed(page)
    press_keys(page, "l")
    comment = page.get_by_placeholder("Comment")
    comment.fill("no more than a note")
    comment.press("Control+Enter")  # saves the comment, and signs nothing
    wait_until_idle(page)
    expect(comment).to_have_value("no more than a note")
    expect(page.locator(".stage")).to_be_focused()  # the next key is no letter of the comment
    expect(page.get_by_text(re.compile("Signed.*Grace"))).to_have_count(0)
    expect(page.get_by_test_id("InputInstructions").locator("visible=true")).to_have_count(0)
    press_keys(page, "5")
    page.keyboard.press("Control+Enter")  # at once: the key and the signature come together
    signed = re.compile("Signed pneumonia, confidence 5 of 5.*Grace")
    expect(page.get_by_text(signed)).to_be_visible()
    page.get_by_role("link", name="Records").click()
    wait_until_idle(page)
    page.get_by_role("tab", name="Readers and model").click()
    page.get_by_text("Cohen's kappa with its").scroll_into_view_if_needed()
    page.wait_for_function(f"({CELLS})().some(row => row[0] === 'Consolidation')")
    cells = {row[0]: row[1:] for row in page.evaluate(CELLS) if len(row) == 3}
    pairs, kappa = cells["Consolidation"]
    assert pairs == str(1 + (FEWEST_FILMS - 1) // 2)
    assert kappa.startswith("1.00 (")
    assert kappa.endswith(f"n = {FEWEST_FILMS})")
    store = SqlReviewStore(Database.open(url))
    *_, ada, grace = store.everything()
    store.database.close()
    assert ada.read.findings == Findings(
        frozenset({Category.CONSOLIDATION}), frozenset({"right lower", "left lower"})
    )
    assert grace.read.findings == Findings(frozenset({Category.CONSOLIDATION}))
