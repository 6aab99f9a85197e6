"""No barrier that axe-core calls serious or critical, in both themes; and a session by keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from browser.app_server import DRAWN, Server, wait_until_idle
from browser.test_first_minute import payload
from fixtures.teaching_cases import lend_models
from playwright.sync_api import Page, expect

from core.phantom.builtin import built_in_files
from core.settings import PROJECT_ROOT

pytestmark = pytest.mark.browser

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
RUN = """only => axe.run(document, {
    resultTypes: ["violations"], ...(only ? { runOnly: only } : {}),
}).then(({ violations }) => violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(node => ({
        rule: id, place: node.target.flat().join(" "), html: node.html.slice(0, 200),
        why: (node.failureSummary ?? "").slice(0, 240),
    }))))"""

OF_STREAMLIT: tuple[tuple[str, str, str], ...] = ()
"""Faults that cannot be mended from outside: rule, part of the selector, and why."""

CONTROLS = ("A", "BUTTON", "INPUT", "SELECT", "TEXTAREA")
GROUND = {"dark": "rgb(14, 15, 17)", "light": "rgb(244, 244, 242)"}
FOCUSED = r"""() => {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    // a field shows its focus on the box around it
    const around = [node, node.parentElement, node.parentElement?.parentElement];
    const isShown = around.some((one) => {
        const { outlineStyle, boxShadow, borderColor } = one ? getComputedStyle(one) : {};
        const shadow = boxShadow !== undefined && boxShadow !== "none";
        const accent = /rgb\((127, 176, 224|42, 100, 150)\)/.test(borderColor);
        return one && ((one === node && outlineStyle !== "none") || shadow || accent);
    });
    return {
        name: (node.ariaLabel || node.placeholder || node.innerText || node.title || "").trim(),
        tag: node.tagName, shown: isShown,
        inBar: node.closest(".st-key-bar") !== null,
    };
}"""


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


def barriers(page: Page, state: str) -> list[str]:
    """Return what axe finds: all rules in the dark theme, contrast in the light one too."""
    found: list[str] = []
    wait_until_idle(page)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    for theme, only in (("dark", None), ("light", ["color-contrast"])):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", GROUND[theme])
        page.wait_for_timeout(200)  # the components are told last
        page.evaluate(DRAWN)
        one: dict[str, Any]
        for one in page.evaluate(RUN, only):
            known = any(
                one["rule"] == rule and place in one["place"] for rule, place, _ in OF_STREAMLIT
            )
            if not known:
                found.append(f"{state}, {theme}: {one['rule']} at {one['place']}: {one['html']}")
    return found


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
    "Model card": ("model_card", "Out of 100 children"),
    "Teaching": ("teaching", "Read blind, then see the answer"),
    "Records": ("records", "No signed reads yet"),
}


def test_no_page_has_a_barrier_as_it_opens(page: Page, server: Server) -> None:
    found: list[str] = []
    for name, (address, words) in EMPTY.items():
        open_page(page, server, address, words)
        found += barriers(page, name)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Records")).to_be_visible()
    found += barriers(page, "the help list")
    assert not found, "\n".join(found)


def press_tab_until(page: Page, name: str) -> None:
    """Move the focus on by keys; it shows where it is at each stop."""
    for _ in range(90):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["tag"] in CONTROLS and name in focused["name"]:
            page.wait_for_function(f"({FOCUSED})().shown")
            return
    pytest.fail(f"no control named {name} is reached by Tab")


def goes_on_from_there(page: Page) -> None:
    """Whatever a press removed: the next Tab leads on below, not to the top of the page."""
    wait_until_idle(page)
    page.keyboard.press("Tab")
    focused = page.evaluate(FOCUSED)
    assert focused["tag"] != "BODY"
    assert not focused["inBar"], focused


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
    wait_until_idle(page)
    focused = page.evaluate(FOCUSED)
    assert "Show the model's regions" in focused["name"], focused
    page.keyboard.press("Enter")
    expect(page.get_by_text("Lung that differs most from healthy lung")).to_be_visible()
    found += barriers(page, "after the lock, with regions")
    goes_on_from_there(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Signed pneumonia")).to_be_visible()
    found += barriers(page, "signed")
    first = selected.get_attribute("aria-label") or ""
    page.keyboard.press("j")
    expect(selected).not_to_have_attribute("aria-label", first)
    expect(page.get_by_role("button", name="Lock the first read")).to_be_visible()
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
    found += barriers(page, "feedback")
    page.goto(f"{server.address}/errors?library=synthetic&cell=tp")
    expect(page.locator("[role=option]").first).to_be_visible()
    wait_until_idle(page)
    page.locator("[role=option]").first.click()
    expect(page.get_by_role("application")).to_be_visible()
    found += barriers(page, "an open case")
    assert not found, "\n".join(found)
