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
from playwright.sync_api import Browser, expect, sync_playwright

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


@pytest.fixture(autouse=True)
def _close_pages(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what a test opened: an open page goes on asking its server, and drawing."""
    if "chromium" not in request.fixturenames:
        yield
        return
    browser: Browser = request.getfixturevalue("chromium")
    before = list(browser.contexts)
    yield
    for context in browser.contexts:
        if context not in before:
            context.close()


@pytest.fixture
def mortal(chromium: Browser, tmp_path: Path) -> Iterator[OwnChromium]:
    """A second Chromium, whose process the test kills."""
    executable = find_chromium() or chromium.browser_type.executable_path
    started = OwnChromium(executable, CHROMIUM_FLAGS, tmp_path / "profile")
    yield started
    started.kill()
