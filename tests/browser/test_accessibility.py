"""No barrier that axe-core calls serious or critical, in both themes; and a session by keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser.app_server import Server, wait_until_idle
from browser.barriers import (
    barriers,
    expect_focus_on,
    goes_on_from_there,
    movements,
    press_tab_back_to,
    press_tab_until,
    wait_until_still,
)
from browser.tabs import VIEWPORT
from browser.test_first_minute import payload
from fixtures.teaching_cases import lend_models
from playwright.sync_api import Page, expect

from core.phantom.builtin import built_in_files
from core.settings import PROJECT_ROOT
from ui.regions.layers import SHOW as LAYERS

pytestmark = pytest.mark.browser

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("accessible")
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{folder / 'reads.sqlite3'}",
            "FIRSTREAD_DATA": str(folder / "no data"),
            "FIRSTREAD_CACHE": str(folder / "cache"),
            "FIRSTREAD_MODELS": str(lend_models(folder / "models")),
            "FIRSTREAD_OFFER_SYNTHETIC": "true",
            "FIRSTREAD_READ_FIRST": "true",
        },
    )
    yield running
    running.stop()


def open_page(page: Page, server: Server, address: str, words: str | re.Pattern[str]) -> None:
    page.goto(f"{server.address}/{address}")
    expect(page.get_by_text("Not for diagnosis")).to_be_visible()
    expect(page.get_by_text(words).first).to_be_visible()


EMPTY: dict[str, tuple[str, str | re.Pattern[str]]] = {
    "Worklist": ("", "Your blind read"),
    "first steps": ("first_steps", "1. Read"),
    "Regions": ("regions", "Why a film has its score"),
    "Errors": ("errors", re.compile("at its operating point, among")),
    "Subgroups": ("subgroups", "Intervals are 95 %"),
    "Compare runs": ("runs", re.compile("Tick the runs to compare")),
    "the lesson": ("runs?lesson=zoom", "None of them can serve"),
    "Model card": ("model_card", "Out of 1,000 children"),
    "Teaching": ("teaching", "Read blind, then see the answer"),
    "Reader study": ("reader_study", "There is no reader study yet"),
    "Site": ("site", "1. How many films"),
    "Archive": ("archive", "No film has come from the archive yet"),
    "Records": ("records", "No signed reads yet"),
}


def wider_than_the_window(page: Page, state: str) -> list[str]:
    """Return by how much a page is too wide at 200 % on a laptop of 1440 px."""
    page.set_viewport_size({"width": 720, "height": 450})
    wait_until_still(page)
    over: int = page.evaluate(OVERFLOW)
    page.set_viewport_size(VIEWPORT)
    return [f"{state}: at 200 % it is {over} px wider than the window"] if over else []


def test_no_page_has_a_barrier_as_it_opens(page: Page, server: Server) -> None:
    found: list[str] = []
    for name, (address, words) in EMPTY.items():
        open_page(page, server, address, words)
        found += barriers(page, name)
        found += movements(page, name)
        found += wider_than_the_window(page, name)
    page.get_by_role("link", name="Go to the worklist").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Records")).to_be_visible()
    found += barriers(page, "the help list")
    page.keyboard.press("Escape")
    expect_focus_on(page, "Go to the worklist")
    press_tab_back_to(page, "No name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Role")).to_be_visible()
    found += barriers(page, "name and role")
    page.keyboard.press("Escape")
    expect_focus_on(page, "No name")
    assert not found, "\n".join(found)


REGIONS = {
    "What if": "Nothing is hidden",
    "Layers": LAYERS,
    "Files": "Explanation with all settings",
}


def test_a_session_by_keys_alone_meets_no_barrier(page: Page, server: Server) -> None:
    found: list[str] = []
    open_page(page, server, "", "Your blind read")
    films = [payload(path.name, path.read_bytes()) for path in built_in_files()[:2]]
    page.set_input_files("input[type=file]", files=films)
    expect(page.get_by_role("option").locator("img:visible")).to_have_count(2)
    selected = page.locator("[role=option][aria-selected=true]")
    expect(page.get_by_role("button", name="Lock the first read")).to_be_visible()
    found += barriers(page, "before the lock")
    press_tab_until(page, "Pneumonia")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()
    wait_until_idle(page)
    press_tab_until(page, "Signing as")
    page.keyboard.type("Dr. Kay Keys")
    press_tab_until(page, "Lock the first read")
    expect(page.get_by_text("Reading: Dr. Kay Keys.")).to_be_visible()
    wait_until_idle(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Show the model's regions")).to_be_visible()
    expect_focus_on(page, "Show the model's regions")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Lung that differs most from healthy lung")).to_be_visible()
    found += barriers(page, "after the lock, with regions")
    goes_on_from_there(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Signed pneumonia")).to_be_visible()
    expect_focus_on(page, "Next unread film")
    found += barriers(page, "signed")
    first = selected.get_attribute("aria-label") or ""
    page.keyboard.press("Enter")
    expect(selected).not_to_have_attribute("aria-label", first)
    expect(page.get_by_role("button", name="Lock the first read")).to_be_visible()
    expect_focus_on(page, "Film. Press question mark for shortcuts.")
    page.keyboard.press("k")
    expect(selected).to_have_attribute("aria-label", first)
    page.get_by_role("link", name="What if, layers, files").focus()
    page.keyboard.press("Enter")
    for part, words in REGIONS.items():
        page.get_by_role("radio", name=part, exact=True).focus()
        page.keyboard.press("Space")
        expect(page.get_by_text(words).first).to_be_visible()
        found += barriers(page, f"Regions, {part}")
    found += wider_than_the_window(page, "Regions")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Records").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    found += barriers(page, "Records with a row")
    assert not found, "\n".join(found)


def test_a_teaching_session_and_an_open_case_meet_no_barrier(page: Page, server: Server) -> None:
    found: list[str] = []
    open_page(page, server, "teaching", "Read blind, then see the answer")
    page.get_by_placeholder("Signing as (your name)").fill("Dr. Kay Keys")
    page.keyboard.press("Tab")
    wait_until_idle(page)
    press_tab_until(page, "Start")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Lock the read")).to_be_enabled()
    found += barriers(page, "reading blind")
    page.keyboard.press("p")
    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Your read was")).to_be_visible()
    expect_focus_on(page, "Next film")
    found += barriers(page, "feedback")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Lock the read")).to_be_enabled()
    goes_on_from_there(page)
    page.get_by_role("button", name="End", exact=True).press("Enter")
    page.get_by_role("button", name="End the session").press("Enter")
    expect(page.get_by_role("heading", name="Session of Dr. Kay Keys")).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    found += barriers(page, "the summary")
    found += wider_than_the_window(page, "the summary")
    page.get_by_role("button", name="New session").press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Start"))).to_be_visible()
    page.goto(f"{server.address}/errors?library=synthetic&cell=tp")
    expect(page.locator("[role=option]").first).to_be_visible()
    wait_until_idle(page)
    page.locator("[role=option]").first.click()
    expect(page.get_by_role("application")).to_be_visible()
    found += barriers(page, "an open case")
    assert not found, "\n".join(found)
