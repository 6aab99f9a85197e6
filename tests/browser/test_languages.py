"""The app in the language of the browser, and in the one that its reader chose."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser.app_server import Server, wait_until_idle
from browser.barriers import barriers
from browser.tabs import VIEWPORT
from playwright.sync_api import Browser, Page, expect

from core.settings import PROJECT_ROOT
from ui.components.frame.frame import LANGUAGE_COOKIE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('reads') / 'reads.sqlite3'}"
    environment = {"FIRSTREAD_DATABASE_URL": url, "FIRSTREAD_OFFER_SYNTHETIC": "true"}
    server = Server(PROJECT_ROOT / "streamlit_app.py", environment)
    yield server.address
    server.stop()


def expect_film_tools(page: Page, *, bar: str, magnifier: str, grey: str) -> None:
    """Hold how the tools of an open film are called, and how the grey at the pointer is written."""
    tools = page.get_by_role("toolbar", name=bar)
    expect(tools.get_by_role("button", name=magnifier)).to_be_visible()
    expect(page.locator(".message")).to_be_hidden()  # the film has arrived
    page.locator(".stage").hover()
    expect(page.locator("[data-role=pixel]")).to_have_text(re.compile(grey))


def test_a_spanish_browser_reads_spanish_until_its_reader_chooses_english(
    chromium: Browser, address: str
) -> None:
    context = chromium.new_context(locale="es-ES", viewport=VIEWPORT)
    page = context.new_page()
    page.goto(address)
    expect(page).to_have_title("Lista de trabajo · First Read")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect_film_tools(
        page, bar="Herramientas de la radiografía", magnifier="Lupa", grey=r"^Gris \d+,\d % en \d+"
    )
    page.mouse.move(0, 0)
    assert barriers(page, "a film in Spanish") == []

    page.locator(".st-key-who button").first.click()
    page.get_by_role("combobox", name="Idioma").click()
    page.get_by_role("option", name="English").click()
    expect(page).to_have_title("Worklist · First Read")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("combobox", name="Language")).to_be_visible()
    wait_until_idle(page)
    page.keyboard.press("Escape")
    expect_film_tools(page, bar="Film tools", magnifier="Magnifier", grey=r"^Grey \d+\.\d % at \d+")

    page.reload()
    expect(page).to_have_title("Worklist · First Read")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    kept = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    assert kept[LANGUAGE_COOKIE] == "en"
