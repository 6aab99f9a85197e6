"""A page is refused to the wrong role by a deep link that is the first thing a process hears."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_server import Server
from playwright.sync_api import Browser, expect

from core.domain import WHO_MAY, Role
from core.review_readers import choose_local_reader
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
