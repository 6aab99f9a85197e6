"""The window that the tests of this folder share, and how it forgets a test.

A new window fetches and compiles Streamlit's scripts: four seconds of a processor, and two of the
server's that packs them. A tab that goes to the next page takes one.
"""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page, ViewportSize

VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
CLEAR = "() => { localStorage.clear(); sessionStorage.clear(); }"


UNFOLD = "node => { if (!node.open) node.querySelector('summary').click(); }"


def unfold(page: Page, words: str) -> None:
    """Open what is folded below some words, unless it is open."""
    page.locator("details").filter(has_text=words).evaluate(UNFOLD)


def forget_all(window: BrowserContext, kept: Page) -> None:
    """Make the window as new, but for its cache: one blank tab, no cookie, nothing stored."""
    for tab in window.pages:
        if tab.url.startswith("http"):
            tab.evaluate(CLEAR)
        if tab is not kept:
            tab.close()
    kept.goto("about:blank")
    kept.set_viewport_size(VIEWPORT)
    kept.emulate_media(color_scheme="light", reduced_motion="no-preference")
    kept.mouse.move(0, 0)
    window.clear_cookies()
    assert window.cookies() == []
