"""What a browser that was never here sees first, and that it sees it once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.app_server import Server, wait_until_idle
from playwright.sync_api import Browser, Page, expect

from core.settings import PROJECT_ROOT

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('reads') / 'reads.sqlite3'}"
    server = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": url,
            "FIRSTREAD_FIRST_STEPS": "true",
            "FIRSTREAD_READ_FIRST": "true",
        },
    )
    yield server.address
    server.stop()


def test_a_reload_signs_as_the_same_reader_whoever_signs_elsewhere(
    page: Page, chromium: Browser, address: str
) -> None:
    def sign_as(window: Page, name: str) -> None:
        window.goto(f"{address}/records")
        window.get_by_role("button", name=" · ").click()
        window.get_by_label("Your name").fill(name)
        window.get_by_role("button", name="Use").click()
        expect(window.get_by_role("button", name=f"{name} · ")).to_be_visible()
        wait_until_idle(window)

    sign_as(page, "Dr. Ádám; 50%20")
    other = chromium.new_page()
    sign_as(other, "Dr. Cy")
    page.reload()
    expect(page.get_by_role("button", name="Dr. Ádám; 50%20 · ")).to_be_visible()
    other.close()


def test_a_first_visit_sees_the_three_steps_once_and_finds_them_again_in_the_help(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/records")  # a link to another page is not held up
    expect(page.get_by_text("No signed reads yet")).to_be_visible()
    page.goto(address)
    expect(page).to_have_title("First steps · First Read")
    steps = page.get_by_role("region", name="Three steps")
    expect(steps.get_by_role("heading", level=2)).to_have_text(["1. Read", "2. See", "3. Sign"])
    expect(steps.get_by_role("img")).to_have_count(3)
    expect(steps.get_by_text("appears after you lock")).to_be_visible()
    page.reload()  # only the button says that the steps were seen
    page.get_by_role("button", name="Open the worklist").click()
    expect(page).to_have_title("Worklist · First Read")
    expect(page.locator("input[type=file]").first).to_be_attached()
    page.goto(address)
    expect(page.locator("input[type=file]").first).to_be_attached()
    expect(page).to_have_title("Worklist · First Read")
    page.keyboard.press("?")
    page.get_by_role("button", name="Show the first steps").click()
    expect(page).to_have_title("First steps · First Read")
    expect(steps).to_be_visible()
