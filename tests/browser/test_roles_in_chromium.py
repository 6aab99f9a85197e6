"""Pages and writes refused to the wrong role: by deep link on a fresh process, and a late press."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_server import Server, wait_until_idle
from playwright.sync_api import Browser, Page, expect
from test_first_read import choose, synthetic_films

from core.domain import WHO_MAY, Role
from core.review_readers import choose_local_reader
from core.review_store import open_review_store
from core.settings import PROJECT_ROOT
from ui.guard import PAGES, act_of

pytestmark = pytest.mark.browser

REFUSED = [(name, role) for name in PAGES for role in Role if role not in WHO_MAY[act_of(name)]]


@pytest.mark.parametrize(("name", "role"), REFUSED)
def test_a_deep_link_to_a_refused_page_is_a_sentence_on_a_fresh_process(
    chromium: Browser, tmp_path: Path, name: str, role: Role
) -> None:
    url = f"sqlite:///{tmp_path / 'reads.sqlite3'}"
    choose_local_reader(url, "Ada", role)
    server = Server(PROJECT_ROOT / "streamlit_app.py", {"FIRSTREAD_DATABASE_URL": url})
    page = chromium.new_context(locale="en-GB").new_page()
    page.goto(f"{server.address}/{name}")
    said = page.get_by_text(f"The role {role} may not open the page {PAGES[name][1]}")
    expect(said).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Not for diagnosis")).to_have_count(0)
    page.context.close()
    server.stop()


def take_role(page: Page, role: Role) -> None:
    """Choose a role in the banner, as a local user may."""
    page.get_by_role("button", name="Local user, no log-in").click()
    page.get_by_role("combobox", name="Role").click()
    page.get_by_role("option", name=role.capitalize(), exact=True).click()
    page.get_by_role("button", name="Use").click()
    expect(page.get_by_role("button", name=f"Local user, no log-in · Ada · {role}")).to_be_visible()
    wait_until_idle(page)


def test_a_read_that_was_begun_before_the_role_was_taken_away_is_refused(
    chromium: Browser, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'reads.sqlite3'}"
    choose_local_reader(url, "Ada", Role.READER)
    environment = {"FIRSTREAD_DATABASE_URL": url, "FIRSTREAD_READ_FIRST": "true"}
    server = Server(PROJECT_ROOT / "streamlit_app.py", environment)
    film = synthetic_films().picture
    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    page.goto(server.address)
    expect(page.get_by_text("Put new films in order of suspicion")).to_be_visible()
    page.set_input_files("input[type=file]", files=[film])
    choose(page, film)
    page.get_by_role("radio", name="Pneumonia").click()
    wait_until_idle(page)
    other = page.context.new_page()
    other.goto(server.address)
    take_role(other, Role.TRAINEE)
    page.get_by_role("button", name="Lock the first read").click()
    expect(page.get_by_text("The role trainee may not sign a read")).to_be_visible()
    expect(page.get_by_role("button", name="Lock the first read")).to_have_count(0)
    store = open_review_store(url)
    assert store.count() == 0

    take_role(other, Role.READER)
    page.get_by_role("option").filter(has_text=film["name"]).click()
    wait_until_idle(page)
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()
    page.get_by_role("button", name="Lock the first read").click()
    expect(page.get_by_role("option").filter(has_text="first read locked")).to_be_visible()
    assert [read.reader for read in store.recent()] == ["Ada"]
    store.close()
    page.context.close()
    server.stop()
