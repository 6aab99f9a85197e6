"""A newcomer on a machine without any film: every page is useful, with synthetic films only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_server import Server, wait_until_idle
from playwright.sync_api import Browser, Page, ViewportSize, expect

from core.settings import PROJECT_ROOT

pytestmark = pytest.mark.browser

VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
READER = "Dr. New Comer"


@pytest.fixture
def address(tmp_path: Path, synthetic_cache: Path) -> Iterator[str]:
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{tmp_path / 'reads.sqlite3'}",
            "FIRSTREAD_DATA": str(tmp_path / "no data"),
            "FIRSTREAD_CACHE": str(synthetic_cache),
            "FIRSTREAD_OFFER_SYNTHETIC": "true",
        },
    )
    yield running.address
    running.stop()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport=VIEWPORT)
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def open_synthetic_films(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Open 12 synthetic films").click()
    expect(page.get_by_role("option").locator("img:visible")).to_have_count(12)
    wait_until_idle(page)


def test_the_first_page_offers_films_and_says_where_the_public_ones_are(
    page: Page, address: str
) -> None:
    page.goto(address)

    expect(page.get_by_text("Put new films in order of suspicion")).to_be_visible()
    expect(page.get_by_role("button", name="Open 12 synthetic films")).to_be_visible()
    expect(page.get_by_text("python -m core data fetch")).to_be_visible()
    expect(page.get_by_text(re.compile(r"finds \d+ of 30 pneumonias"))).to_be_visible()


def test_a_synthetic_film_is_read_explained_signed_and_found_in_the_records(
    page: Page, address: str
) -> None:
    open_synthetic_films(page, address)
    page.locator("[role=option]").first.click()
    expect(page.get_by_text("It shows no patient")).to_be_visible()
    expect(page.get_by_text("Regions the score depends on most")).to_be_visible()
    page.get_by_role("radio", name="Pneumonia").click()
    page.get_by_placeholder("Signing as (your name)").fill(READER)
    page.get_by_placeholder("Signing as (your name)").press("Tab")
    expect(page.get_by_text(f"Reading: {READER}.")).to_be_visible()
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_text("Signed pneumonia, confidence 3 of 5")).to_be_visible()

    page.get_by_role("link", name="Records").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("button", name="CSV of 1").click()
    kept = started.value.path().read_text(encoding="utf-8")
    assert "note: synthetic" in kept
    assert READER in kept


@pytest.mark.parametrize("name", sorted(p.stem for p in (PROJECT_ROOT / "pages").glob("*.py")))
def test_no_page_of_a_fresh_machine_is_empty_or_broken(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/{name}")

    expect(page.get_by_text("Not for diagnosis")).to_be_visible()
    wait_until_idle(page)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    main = page.get_by_test_id("stMain")
    assert main.locator("button, a, canvas, [role=option]").count() > 0
    assert len(main.inner_text()) > 100
