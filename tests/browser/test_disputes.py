"""Two readers disagree; a lead sees film and marks, then the model, settles it, and teaches it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from browser.app_server import Server, wait_until_idle
from browser.test_first_minute import payload
from browser.test_kept_films import row_of
from playwright.sync_api import FilePayload, Locator, Page, expect

from core.domain.reader import Role
from core.domain.review import ReadKind
from core.phantom.builtin import built_in_files
from core.settings import PROJECT_ROOT, Settings
from core.store.engine import Database
from core.store.films.teaching_films import open_teaching_films
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore

pytestmark = pytest.mark.browser

CONSENT = "Ethics vote 12/2026"
NAME = "Signing as (your name)"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("disputes")
    url = f"sqlite:///{folder / 'reads.sqlite3'}"
    return Settings(database_url=url, films=str(folder / "films"))


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[Server]:
    with closing(Database.open(settings.database_url)) as database:
        choose_local_reader(database, "Dr. Ada", Role.LEAD)
    environment = {
        "FIRSTREAD_DATABASE_URL": settings.database_url,
        "FIRSTREAD_FILMS": settings.films,
        "FIRSTREAD_KEEP_FILMS_DAYS": "30",
        "FIRSTREAD_READ_FIRST": "true",
        "FIRSTREAD_TEACHING_CONSENT": CONSENT,
    }
    server = Server(PROJECT_ROOT / "streamlit_app.py", environment)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def film() -> FilePayload:
    return payload("disputed.png", next(iter(built_in_files())).read_bytes())


def come_as(page: Page, server: Server, name: str) -> None:
    page.goto(server.address)
    wait_until_idle(page)
    sign_as(page, name)


def sign_as(page: Page, name: str) -> None:
    field = page.get_by_placeholder(NAME)
    field.fill(name)
    field.press("Tab")
    expect(page.get_by_role("button", name=f"{name} · ")).to_be_visible()
    wait_until_idle(page)


def read(page: Page, verdict: str, corner: tuple[float, float]) -> None:
    """Mark a box, lock the first read, and sign the same."""
    lock(page, verdict, corner)
    page.get_by_role("button", name="Sign Shortcut").click()
    expect(page.get_by_role("button", name="Correct this read")).to_be_visible()
    wait_until_idle(page)


def lock(page: Page, verdict: str, corner: tuple[float, float]) -> None:
    """Mark a box, and lock the first read."""
    canvas = page.locator("canvas[role=img]")
    expect(canvas).to_be_visible()
    place = canvas.bounding_box()
    assert place is not None
    x, y = place["x"] + corner[0] * place["width"], place["y"] + corner[1] * place["height"]
    page.get_by_role("button", name="Mark").first.click()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 60, steps=4)
    page.mouse.up()
    expect(page.get_by_text("1 mark in your draft")).to_be_visible()
    wait_until_idle(page)
    page.get_by_role("radio", name=verdict).click()
    wait_until_idle(page)
    page.get_by_role("button", name="Lock the first read").click()
    expect(page.get_by_role("button", name="Sign Shortcut")).to_be_visible()
    wait_until_idle(page)


def arbitrate(page: Page, verdict: str) -> None:
    page.get_by_role("radio", name=verdict).click()
    page.get_by_role("textbox", name="Reason").fill("dense at the right base")
    page.get_by_role("textbox", name="Reason").press("Tab")
    wait_until_idle(page)
    page.get_by_role("button", name="Sign the arbitration").click()


def legend(page: Page) -> Locator:
    return page.locator(".mark-legend [data-role=readers]")


def test_a_dispute_is_settled_with_the_film_and_taught(
    page: Page, server: Server, settings: Settings, film: FilePayload
) -> None:
    page.goto(server.address)
    expect(page.get_by_text("Read new chest films blind, then beside the model")).to_be_visible()
    page.set_input_files("input[type=file]", files=[film])
    expect(row_of(page, "disputed").locator("img")).to_be_visible()
    come_as(page, server, "Dr. Ada")
    read(page, "Pneumonia", (0.4, 0.3))
    come_as(page, server, "Dr. Bo")
    page.goto(f"{server.address}/?show=all")
    read(page, "Normal", (0.55, 0.5))

    come_as(page, server, "Dr. Senior")
    page.goto(f"{server.address}/?show=disputed")
    expect(row_of(page, "disputed")).to_contain_text("disputed")
    settle = page.get_by_role("link", name="Settle the dispute")
    expect(page.get_by_text("Lock your own blind read first")).to_be_visible()
    expect(settle).to_have_count(0)
    lock(page, "Pneumonia", (0.4, 0.4))
    settle.click()
    expect(page.get_by_role("button", name="Dr. Senior · ")).to_be_visible()
    expect(page.get_by_role("tab", name="Disputes (1)")).to_have_attribute("aria-selected", "true")
    expect(legend(page)).to_contain_text(re.compile(r"Dr\. Ada.*Dr\. Bo", re.DOTALL))
    expect(page.locator(".fr-record")).to_have_count(4)
    expect(page.locator(".fr-scale")).to_have_count(0)
    wait_until_idle(page)
    page.get_by_role("button", name="Show what the model said").click()
    expect(page.locator(".fr-scale")).to_be_visible()
    page.get_by_text("How the score adds up").click()
    expect(page.get_by_text("Of what counts by place")).to_be_visible()
    wait_until_idle(page)

    arbitrate(page, "Pneumonia")
    make = page.get_by_role("button", name="Make a teaching case")
    expect(make).to_be_visible()
    expect(page.get_by_role("tab", name="Disputes (0)")).to_have_attribute("aria-selected", "true")
    wait_until_idle(page)
    make.click()
    expect(page.get_by_text("made by Dr. Senior")).to_contain_text(CONSENT)

    with closing(Database.open(settings.database_url)) as database:
        (case,) = open_teaching_films(database, settings).cases()
        settled = SqlReviewStore(database).history(case.film_sha256)[-1]
    assert (settled.kind, settled.reader) == (ReadKind.ARBITRATION, "Dr. Senior")
    assert "n_regions" in settled.regions

    page.goto(f"{server.address}/teaching")
    page.get_by_role("combobox", name="Films").click()
    page.get_by_role("option", name="Own cases, disputes settled here").click()
    expect(page.get_by_text("A reader's verdict is not ground truth.")).to_be_visible()
    page.get_by_role("spinbutton", name="Number of films").fill("1")
    page.get_by_role("spinbutton", name="Number of films").press("Tab")
    wait_until_idle(page)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Film 1 of 1")).to_be_visible()
    expect(page.locator("canvas[role=img]")).to_be_visible()
