"""A Streamlit server and a Chromium for the tests of this folder.

A test module that uses `address` names its app in ``APP``. Chromium lasts as long as the tests of
this folder and no longer: Playwright's driver keeps an event loop running in its thread, and tests
elsewhere start loops of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.app_server import CHROMIUM_FLAGS, Server, find_chromium
from browser.own_chromium import OwnChromium
from browser.tabs import VIEWPORT, forget_all
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

expect.set_options(timeout=60_000)  # one setting for all modules: it is global


@pytest.fixture(scope="module")
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    server = Server(request.module.APP)
    yield server.address
    server.stop()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    found = find_chromium()
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        if found is None and not own.exists() and not os.environ.get("CI"):
            pytest.skip("no Chromium: install it, or run `python -m playwright install chromium`")
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def window(chromium: Browser) -> Iterator[BrowserContext]:
    """Return the window of all tests, which keeps Streamlit's scripts: they cost most of a page."""
    context = chromium.new_context(viewport=VIEWPORT)
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture(scope="package")
def kept_tab(window: BrowserContext) -> Page:
    """Return a tab that goes from page to page: a new one compiles Streamlit's scripts again."""
    return window.new_page()


@pytest.fixture
def page(kept_tab: Page) -> Page:
    """Return the tab, in which nothing is open and of which no test has changed anything.

    A test that listens to the tab's events, or needs two, opens one of its own in `window`.
    """
    return kept_tab


@pytest.fixture(autouse=True)
def _leave_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what a test opened: an open page goes on asking its server, and drawing."""
    if "chromium" not in request.fixturenames:
        yield
        return
    browser: Browser = request.getfixturevalue("chromium")
    window: BrowserContext = request.getfixturevalue("window")
    tab: Page = request.getfixturevalue("kept_tab")
    before = list(browser.contexts)
    yield
    for context in browser.contexts:
        if context not in before:
            context.close()
    forget_all(window, tab)


@pytest.fixture
def mortal(chromium: Browser, tmp_path: Path) -> Iterator[OwnChromium]:
    """A second Chromium, whose process the test kills."""
    executable = find_chromium() or chromium.browser_type.executable_path
    started = OwnChromium(executable, CHROMIUM_FLAGS, tmp_path / "profile")
    yield started
    started.kill()
