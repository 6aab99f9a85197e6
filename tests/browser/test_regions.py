"""The page Regions in Chromium: hover, switch off, hide a box, test a mark, layers, the picture."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator

import pytest
from browser.app_server import Server, wait_until_idle
from browser.test_first_minute import payload, png_of
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from core.phantom.film import draw_film
from core.phantom.settings import draw_settings
from core.settings import PROJECT_ROOT
from ui.regions.layers import SHOW

pytestmark = pytest.mark.browser

FILM = payload("lobar.png", png_of(draw_film(draw_settings(3, "lobar")).pixels))
READER = "Dr. Ada Reader"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("regions")
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{folder / 'reads.sqlite3'}",
            "FIRSTREAD_READ_FIRST": "true",
        },
    )
    yield running
    running.stop()


OTHER = payload("other.png", png_of(draw_film(draw_settings(7, "lobar")).pixels))


def read_with_a_mark(page: Page, server: Server, film: FilePayload = FILM) -> None:
    """Mark a box, lock the first read, ask for the regions and go on to their page."""
    page.goto(server.address)
    page.set_input_files("input[type=file]", files=[film])
    expect(page.get_by_role("img", name=f"Film {film['name']}")).to_be_visible()
    wait_until_idle(page)
    drag(page, "Mark", (0.25, 0.4), (0.4, 0.6))
    expect(page.get_by_text("1 mark in your draft")).to_be_visible()
    page.get_by_placeholder("Signing as (your name)").fill(READER)
    page.get_by_placeholder("Signing as (your name)").press("Tab")
    page.get_by_role("radio", name="Pneumonia").click()
    page.get_by_role("button", name="Lock the first read").click()
    page.get_by_role("button", name="Show the model's regions").click()
    page.get_by_role("link", name="What if, layers, files").click()
    expect(page.locator(".fr-regions")).to_be_visible()
    wait_until_idle(page)


def film_of(page: Page) -> Locator:
    return page.locator("canvas[role=img]")


def at(page: Page, across: float, down: float) -> tuple[float, float]:
    """Return where a place of the film lies on the screen, as shares of the film's sides."""
    place = film_of(page).evaluate(
        """(canvas, [across, down]) => {
            const [x, y, scale] = canvas.dataset.view.split(" ").map(Number);
            const box = canvas.getBoundingClientRect();
            const ratio = box.width / canvas.width;
            const side = Math.round((canvas.width / 2 - x) * 2);
            const tall = Math.round((canvas.height / 2 - y) * 2);
            return [box.x + (x + across * side) * ratio, box.y + (y + down * tall) * ratio];
        }""",
        [across, down],
    )
    return place[0], place[1]


def drag(page: Page, tool: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.get_by_role("button", name=tool, exact=True).click()
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, *end), steps=4)
    page.mouse.up()
    page.keyboard.press("Escape")


def look_at(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()
    wait_until_idle(page)


def test_the_page_from_marks_to_what_if_layers_and_files(server: Server, page: Page) -> None:
    read_with_a_mark(page, server)

    # hover: the list and the film mark each other
    line = page.locator(".fr-regions tr[data-region]").first
    line.hover()
    expect(page.locator(".tip")).to_be_visible()
    expect(line).to_have_class("fr-pointed")

    # switch a region off by its keys, and back on by undo
    look_at(page, "What if")
    expect(page.get_by_text("Nothing is hidden")).to_be_visible()
    page.locator(".stage").first.focus()
    page.keyboard.press(".")
    page.keyboard.press("Enter")
    changed = page.get_by_text(re.compile(r"without .*region \d+\): log odds"))
    expect(changed).to_be_visible()
    expect(page.get_by_text("hidden from the model", exact=True)).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_text("Nothing is hidden")).to_be_visible()

    # hide a box, and a region by a click
    drag(page, "Hide a box", (0.25, 0.4), (0.42, 0.62))
    expect(page.get_by_text("without 1 box: log odds")).to_be_visible()
    page.mouse.click(*at(page, 0.7, 0.5))
    expect(page.get_by_text(re.compile(r"without .*, 1 box: log odds"))).to_be_visible()

    # both survive a look at something else
    look_at(page, "Files")
    look_at(page, "What if")
    expect(page.get_by_text(re.compile(r"without .*, 1 box: log odds"))).to_be_visible()

    # hide what was marked at the first read
    page.get_by_text("Test what I marked").click()
    expect(page.get_by_text(re.compile(r"Hidden in 20 ways: "))).to_be_visible()
    expect(page.locator(".mark-legend [data-kind=own]")).to_be_visible()

    # the picture has every pixel of the film, and a line that says what it is
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save the film with its regions as a picture").click()
    with Image.open(saving.value.path()) as picture:
        shown = Image.open(io.BytesIO(FILM["buffer"])).size
        assert (picture.format, picture.width) == ("PNG", shown[0])
        assert picture.height > shown[1]
        colours = picture.convert("RGB").getcolors(maxcolors=2**24)
        assert any(red > blue + 40 for _, (red, _green, blue) in colours)

    look_at(page, "Files")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Explanation with all settings (JSON)").click()
    record = json.loads(saving.value.path().read_text())
    assert (record["method"], record["run_id"]) == ("cam", "f08")


def test_layers_are_shown_on_the_film_and_channel_by_channel(server: Server, page: Page) -> None:
    read_with_a_mark(page, server, OTHER)
    look_at(page, "Layers")
    page.get_by_role("button", name=SHOW).click()
    expect(page.get_by_text("Keras layer")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("percent of all that the layer adds")).to_be_visible()
    wait_until_idle(page)
    cards = page.get_by_role("listbox", name="Channels").get_by_role("option")
    expect(cards).to_have_count(12)
    cards.first.dblclick()  # is one choice: a second would show all channels again
    alone = page.get_by_text(re.compile(r"The film shows channel \d+ alone"))
    expect(alone).to_be_visible()
    wait_until_idle(page)
    expect(alone).to_be_visible()
