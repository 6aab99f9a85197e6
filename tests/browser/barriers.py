"""What axe-core finds on a page that stands still, and where the focus is."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
import pytest
from browser.app_server import wait_until_idle
from playwright.sync_api import Page, expect

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
RUN = """only => axe.run(document, {
    resultTypes: ["violations"], ...(only ? { runOnly: only } : {}),
}).then(({ violations }) => violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(node => ({
        rule: id, place: node.target.flat().join(" "), html: node.html.slice(0, 200),
        why: (node.failureSummary ?? "").slice(0, 240),
    }))))"""

WATCH = """() => {
    if (window.__changes) return;
    window.__changes = { count: 0 };
    const observer = new MutationObserver((all) => { window.__changes.count += all.length; });
    const kinds = { subtree: true, childList: true, attributes: true, characterData: true };
    const watch = (root) => {
        observer.observe(root, kinds);
        for (const one of root.querySelectorAll("*")) if (one.shadowRoot) watch(one.shadowRoot);
    };
    watch(document);
}"""
"""Counts what changes in the page and its components from now on."""

STILL = """async () => {
    const app = document.querySelector('[data-testid="stApp"]');
    const before = window.__changes.count;
    await new Promise(done => setTimeout(done, 200));
    return window.__changes.count === before
        && app.dataset.testScriptState === "notRunning"
        && !document.querySelector('[data-stale="true"]')
        && document.getAnimations().every(one =>
            one.playState !== "running" || !(one.timeline instanceof DocumentTimeline));
}"""
"""Nothing changes, runs, fades or is grey because a run draws it again.

What follows the scrolling always runs, and stands still while nobody scrolls.
"""

MOVING = """() => {
    const slow = (times) => times.split(",").some((one) => parseFloat(one) > 0.05);
    const inside = (root) => [...root.querySelectorAll("*")].flatMap(
        (one) => [one, ...(one.shadowRoot ? inside(one.shadowRoot) : [])]);
    return inside(document).filter((one) => {
        const { animationName, animationDuration, transitionDuration } = getComputedStyle(one);
        return slow(transitionDuration) || (animationName !== "none" && slow(animationDuration));
    }).map((one) => one.outerHTML.slice(0, 120));
}"""
"""What would move, fade or turn, though the reader asked the system for stillness."""

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
CONTROLS = ("A", "BUTTON", "INPUT", "SELECT", "TEXTAREA")


def wait_until_still(page: Page) -> None:
    """Wait until nothing in the page changes, runs or fades any more."""
    page.evaluate(WATCH)
    for _ in range(100):
        wait_until_idle(page)
        if page.evaluate(STILL):
            return
    pytest.fail("the page does not come to rest")


def barriers(page: Page, state: str) -> list[str]:
    """Return what axe finds: all rules in the dark theme, contrast in the light one too.

    What is measured while the page changes counts for nothing and is measured again.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[str] = []
    for theme, only in (("dark", None), ("light", ["color-contrast"])):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", GROUND[theme])
        found += [f"{state}, {theme}: {one}" for one in _found_at_rest(page, only)]
    return found


def _found_at_rest(page: Page, only: list[str] | None) -> list[str]:
    for _ in range(10):
        wait_until_still(page)
        before = page.evaluate("window.__changes.count")
        found = [
            f"{one['rule']} at {one['place']}: {one['html']} ({one['why']})"
            for one in page.evaluate(RUN, only)
        ]
        if not found or page.evaluate("window.__changes.count") == before:
            return found
    return found


def movements(page: Page, state: str) -> list[str]:
    """Return what moves though the reader asked for reduced motion, as `barriers` has set it."""
    return [f"{state} moves: {one}" for one in page.evaluate(MOVING)]


def press_tab_until(page: Page, name: str, key: str = "Tab") -> None:
    """Move the focus on by keys; it shows where it is at each stop."""
    for _ in range(90):
        page.keyboard.press(key)
        focused = page.evaluate(FOCUSED)
        if focused["tag"] in CONTROLS and name in focused["name"]:
            page.wait_for_function(f"({FOCUSED})().shown")
            return
    pytest.fail(f"no control named {name} is reached by Tab")


def press_tab_back_to(page: Page, name: str) -> None:
    press_tab_until(page, name, "Shift+Tab")


def expect_focus_on(page: Page, name: str) -> None:
    """Hold that the focus comes to a control of that name, and that it shows there."""
    page.wait_for_function(
        f"name => {{ const focused = ({FOCUSED})(); return focused.name.includes(name); }}",
        arg=name,
    )
    wait_until_idle(page)
    focused = page.evaluate(FOCUSED)
    assert name in focused["name"], focused


def goes_on_from_there(page: Page) -> None:
    """Whatever a press removed: the next Tab leads on below, not to the top of the page."""
    wait_until_idle(page)
    page.keyboard.press("Tab")
    focused = page.evaluate(FOCUSED)
    assert focused["tag"] != "BODY"
    assert not focused["inBar"], focused
