"""A read of the default order survives killed browsers and servers; a tampered row is named."""

from __future__ import annotations

import hashlib
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.app_server import Server, wait_until_idle
from browser.own_chromium import OwnChromium
from browser.tabs import forget_all
from browser.test_first_minute import Films, choose, films, row_of
from fixtures.review_records import raw_connection
from playwright.sync_api import Browser, BrowserContext, Page, expect

from core.settings import PROJECT_ROOT
from core.store.drafts import SqlReviewSteps
from core.store.engine import Database
from core.store.reads import SqlReviewStore

pytestmark = pytest.mark.browser
__all__ = ["films"]

READER = "Dr. Ada Reader"
NUMBER = re.compile(r"Likelihood ratio (above |below )?\d")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'reads.sqlite3'}"


@pytest.fixture
def server(url: str) -> Iterator[Server]:
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {"FIRSTREAD_DATABASE_URL": url, "FIRSTREAD_READ_FIRST": "true"},
    )
    yield running
    running.stop()


def open_with(page: Page, server: Server, films: Films) -> None:
    page.goto(server.address)
    expect(page.get_by_text("Read new chest films blind, then beside the model")).to_be_visible()
    page.set_input_files("input[type=file]", files=films.all)
    for one in films.all:
        expect(row_of(page, one).locator("img")).to_be_visible()
    wait_until_idle(page)


def write_draft(page: Page, films: Films) -> None:
    choose(page, films.picture)
    expect(page.get_by_text(NUMBER)).to_have_count(0)
    name = page.get_by_placeholder("Signing as (your name)")
    name.fill(READER)
    name.press("Tab")
    wait_until_idle(page)
    for key in ("b", *["ArrowLeft"] * 6, *["ArrowUp"] * 6, "b", "Escape"):
        page.keyboard.press(key)
    expect(page.get_by_text("1 mark in your draft")).to_be_visible()
    page.get_by_role("radio", name="Pneumonia").click()
    wait_until_idle(page)
    page.get_by_placeholder("Comment").fill("left base")
    page.get_by_placeholder("Comment").press("Tab")


def wait_until_kept(url: str, films: Films) -> None:
    """Wait for the browser's last word, which comes some time after the key."""
    steps = SqlReviewSteps(Database.open(url))
    film = hashlib.sha256(films.picture["buffer"]).hexdigest()
    for _ in range(240):
        draft = steps.progress(film, READER, 0).draft
        if draft is not None and draft.comment and draft.verdict is not None and draft.drawn:
            break
        time.sleep(0.25)
    else:
        pytest.fail("the draft was not kept within a minute")
    steps.database.close()


def kill(server: Server) -> None:
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(timeout=60)


@pytest.mark.parametrize("films", ["at hand"], indirect=True)
def test_a_read_survives_killed_browser_and_server_and_a_tampered_row_is_named(
    window: BrowserContext,
    page: Page,
    chromium: Browser,
    mortal: OwnChromium,
    server: Server,
    films: Films,
    url: str,
) -> None:
    first = mortal.open_tab(chromium.browser_type)
    open_with(first, server, films)
    write_draft(first, films)
    wait_until_kept(url, films)
    mortal.kill()
    kill(server)
    server.start()

    open_with(page, server, films)
    expect(row_of(page, films.picture)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_placeholder("Comment")).to_have_value("left base")
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()
    expect(page.get_by_text("1 mark in your draft")).to_be_visible()
    page.get_by_role("button", name="Lock the first read").click()
    expect(page.get_by_text(NUMBER)).to_be_visible()
    page.get_by_role("button", name="Show the model's regions").click()
    expect(page.get_by_text("Lung that differs most from healthy lung")).to_be_visible()
    kill(server)
    forget_all(window, page)
    server.start()

    open_with(page, server, films)
    expect(row_of(page, films.picture)).to_contain_text("first read locked")
    expect(page.get_by_text("Lung that differs most from healthy lung")).to_be_visible()
    expect(page.get_by_role("button", name="Show regions")).to_be_visible()
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_text(f"Signed pneumonia, confidence 3 of 5, by {READER}")).to_be_visible()
    store = SqlReviewStore(Database.open(url))
    (latest,) = store.recent()
    first, signed = store.history(latest.film_sha256)
    store.database.close()
    assert (first.read.comment, len(first.drawn), first.regions) == ("left base", 1, {})
    assert signed.regions["n_regions"] > 0

    with raw_connection(url) as connection:
        connection.execute("DROP TRIGGER reviews_never_change")
        connection.execute("UPDATE reviews SET verdict = 'normal' WHERE sequence = 2")
        connection.commit()
    page.get_by_role("link", name="Records").click()
    page.get_by_role("tab", name="Audit trail").click()
    page.get_by_role("button", name="Verify").click()
    named = page.get_by_text(re.compile(r"reviews, row 2 .*was changed after it was written"))
    expect(named).to_be_visible()
