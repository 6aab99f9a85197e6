"""The viewer's tools in Chromium: turned films."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.test_viewer import VIEWPORT, canvas_of, focus, open_film, placement, press, readout
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

APP = Path(__file__).with_name("viewer_app.py")
SIDE, ROWS = 512, 384
"""The film's columns and rows: no turn of it lies where another does."""
AS_IT_CAME = "the film as it came"
TURNS = {
    AS_IT_CAME: ("", lambda x, y: (x, y)),
    "a quarter clockwise": ("q", lambda x, y: (1 - y, x)),
    "half": ("qq", lambda x, y: (1 - x, 1 - y)),
    "three quarters": ("qqq", lambda x, y: (y, 1 - x)),
    "flipped": ("f", lambda x, y: (1 - x, y)),
    "a quarter, then flipped": ("qf", lambda x, y: (y, x)),
    "flipped, then a quarter": ("fq", lambda x, y: (1 - y, 1 - x)),
}
"""Keys, and where the film's share (x, y) lies on the shown film, worked by hand."""


@pytest.fixture
def page(kept_tab: Page, address: str) -> Page:
    kept_tab.set_viewport_size(VIEWPORT)
    open_film(kept_tab, address, f"?mark=1&rows={ROWS}")
    focus(kept_tab)
    return kept_tab


def at(page: Page, x: float, y: float, turn: str = AS_IT_CAME) -> tuple[float, float]:
    """Return the film's share (x, y) in page coordinates."""
    keys, shown = TURNS[turn]
    width, height = (ROWS, SIDE) if keys.count("q") % 2 else (SIDE, ROWS)
    left, top, scale = placement(page)
    box = canvas_of(page).bounding_box()
    right, down = shown(x, y)
    return box["x"] + left + right * width * scale, box["y"] + top + down * height * scale


def painted(page: Page, place: tuple[float, float]) -> list[int]:
    """Return red, green, blue at a place in page coordinates."""
    return canvas_of(page).evaluate(
        """(canvas, [x, y]) => {
            const box = canvas.getBoundingClientRect();
            const at = [Math.floor(x - box.left), Math.floor(y - box.top)];
            return [...canvas.getContext("2d").getImageData(...at, 1, 1).data.slice(0, 3)];
        }""",
        place,
    )


def click(page: Page, place: tuple[float, float]) -> None:
    page.mouse.move(*place)
    page.mouse.click(*place)


@pytest.mark.parametrize("turn", TURNS)
def test_film_regions_and_pointer_stay_together_when_turned(page: Page, turn: str) -> None:
    before = [painted(page, at(page, x, y)) for x, y in ((0.3, 0.3), (0.7, 0.3), (0.9, 0.8))]
    press(page, *TURNS[turn][0])
    after = [painted(page, at(page, x, y, turn)) for x, y in ((0.3, 0.3), (0.7, 0.3), (0.9, 0.8))]
    assert after == [pytest.approx(was, abs=1) for was in before]
    page.mouse.move(*at(page, 0.8, 0.3, turn))
    expect(page.locator(".tip")).to_contain_text("Region 2")
    grey, place = readout(page, "pixel").split(" at ")
    assert grey == "Grey 62.7 %"
    assert [int(number) for number in place.split(", ")] == pytest.approx([409, 115], abs=1)


def test_a_turned_region_is_chosen_and_a_turned_mark_is_kept_where_it_lies(page: Page) -> None:
    turn = "flipped, then a quarter"
    press(page, *TURNS[turn][0])
    page.mouse.click(*at(page, 0.8, 0.3, turn))
    expect(page.get_by_text("Chosen: Region 2")).to_be_visible()
    focus(page)
    press(page, "m")
    page.mouse.click(*at(page, 0.25, 0.75, turn))
    marked = page.get_by_text("Marked:")
    expect(marked).to_have_count(1)
    edges = [float(edge) for edge in marked.inner_text()[9:-1].split(", ")]
    assert edges == pytest.approx([0.25, 0.75, 0.25, 0.75], abs=0.003)
    yellow = painted(page, at(page, 0.25, 0.75, turn))
    press(page, "r")
    assert painted(page, at(page, 0.25, 0.75)) == pytest.approx(yellow, abs=2)


def test_arrows_move_the_cross_as_the_reader_sees_the_turned_film(page: Page) -> None:
    press(page, "q", "m", "ArrowRight", "ArrowRight", "Enter")
    marked = page.get_by_text("Marked:")
    expect(marked).to_have_text("Marked: (0.5, 0.45, 0.5, 0.45)")


def test_a_sign_says_how_the_film_is_turned_until_reset_or_another_film(page: Page) -> None:
    sign = page.locator(".readout .sign")
    expect(sign).to_be_hidden()
    press(page, "q", "f")
    words = "Turned 90 degrees \u00b7 Flipped: left and right are exchanged"
    expect(sign).to_have_text(words)
    turned = placement(page)
    press(page, "r")
    expect(sign).to_be_hidden()
    press(page, "q", "f")
    page.get_by_test_id("stSidebar").get_by_text("Rerun").click()
    expect(page.get_by_text("Run 2", exact=True)).to_be_visible()
    expect(sign).to_have_text(words)
    assert placement(page) == turned
    page.get_by_test_id("stSidebar").get_by_text("second").click()
    expect(canvas_of(page)).to_have_attribute("aria-label", "The second film")
    expect(sign).to_be_hidden()


def saved(page: Page) -> Image.Image:
    with page.expect_download() as started:
        page.get_by_role("button", name="Save the film").click()
    return Image.open(started.value.path()).convert("RGB")


def strip(picture: Image.Image) -> bytes:
    """Return the lines below the film."""
    return picture.crop((0, picture.width * SIDE // ROWS, *picture.size)).tobytes()


def test_the_saved_picture_is_turned_and_says_so(page: Page) -> None:
    turn = "a quarter clockwise"
    press(page, "o", *TURNS[turn][0])
    turned = saved(page)
    x, y = TURNS[turn][1](0.9, 0.3)
    assert turned.getpixel((int(x * turned.width), int(y * 3 * SIDE))) == (160, 160, 160)
    assert turned.width == 3 * ROWS  # at least 900 px wide
    press(page, "f", "q", "q")  # another turn of the same size, whose sign is another
    assert strip(saved(page)) != strip(turned)
