"""The viewer in Chromium: what it paints and what it does when it is used."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from browser.app_server import press_button
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

pytestmark = pytest.mark.browser

APP = Path(__file__).with_name("viewer_app.py")
VIEWPORT: ViewportSize = {"width": 1200, "height": 800}
PIXEL_AT = """(canvas, [x, y]) => [...canvas.getContext("2d").getImageData(
    Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data.slice(0, 3)]"""
# Two animation frames later the change is painted; reading a pixel makes the canvas finish.
PAINTED_IN_MS = """canvas => new Promise(done => requestAnimationFrame(() =>
    requestAnimationFrame(() => done(Number(canvas.dataset.frameMs)))))"""


@pytest.fixture
def page(kept_tab: Page, address: str) -> Page:
    kept_tab.set_viewport_size(VIEWPORT)
    open_film(kept_tab, address)
    return kept_tab


def open_film(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/{query}")
    page.wait_for_selector("canvas[data-frames]", timeout=60_000)


def canvas_of(page: Page) -> Locator:
    return page.locator("canvas[role=img]")


def settle(page: Page) -> float:
    return float(canvas_of(page).evaluate(PAINTED_IN_MS))


def placement(page: Page) -> tuple[float, float, float]:
    """Return the film's corner and scale on the canvas."""
    settle(page)
    left, top, scale = canvas_of(page).get_attribute("data-view").split()
    return float(left), float(top), float(scale)


def on_canvas(page: Page, x: float, y: float, side: int = 512) -> tuple[float, float]:
    """Return where the film's share (x, y) lies, as shares of the canvas."""
    left, top, scale = placement(page)
    width, height = canvas_of(page).evaluate("canvas => [canvas.width, canvas.height]")
    return (left + x * side * scale) / width, (top + y * side * scale) / height


def colour(page: Page, x: float, y: float) -> list[int]:
    """Return red, green, blue at the film's share (x, y)."""
    return canvas_of(page).evaluate(PIXEL_AT, list(on_canvas(page, x, y)))


def point(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return the film's share (x, y) in page coordinates."""
    box = canvas_of(page).bounding_box()
    right, down = on_canvas(page, x, y)
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    settle(page)


def focus(page: Page) -> None:
    page.locator(".stage").focus()


def readout(page: Page, name: str) -> str:
    settle(page)
    return page.locator(f".readout [data-role={name}]").inner_text()


def rerun(page: Page) -> None:
    press_button(page, "Rerun")
    settle(page)


def films_kept(page: Page) -> int:
    return int(page.evaluate("globalThis[Symbol.for('first-read.films')].films.size"))


def drag(page: Page, right: int, down: int, button: str) -> None:
    x, y = point(page, 0.5, 0.5)
    page.mouse.move(x, y)
    page.mouse.down(button=button)
    page.mouse.move(x + right, y + down, steps=4)
    page.mouse.up(button=button)
    settle(page)


def test_the_films_grey_values_are_painted(page: Page) -> None:
    focus(page)
    press(page, "o")
    painted = [colour(page, x, 0.3) for x in (0.125, 0.375, 0.625, 0.875)]
    assert painted == [[40] * 3, [80] * 3, [120] * 3, [160] * 3]


def test_the_film_reaches_the_browser_by_no_url(window: BrowserContext, address: str) -> None:
    page = window.new_page()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    open_film(page, address)
    page.close()
    assert fetched
    assert not [url for url in fetched if "/media/" in url and "/static/media/" not in url]


def test_a_synthetic_films_corner_says_where_it_comes_from(page: Page, address: str) -> None:
    corner = page.locator(".drawn")
    expect(corner).to_be_hidden()
    open_film(page, address, "?origin=A+lesion+is+drawn+in")
    expect(corner).to_have_text("A lesion is drawn in")
    stage, readout = page.locator(".stage").bounding_box(), page.locator(".readout").bounding_box()
    assert readout["x"] > stage["x"] + stage["width"] / 2  # the film has its mark on the left
    page.get_by_text("second", exact=True).click()
    expect(corner).to_have_text("Synthetic film, no patient")


def test_positive_regions_are_orange_negative_blue_and_tiny_ones_bare(page: Page) -> None:
    red, green, blue = colour(page, 0.3, 0.3)
    assert red > green + 20 > blue + 40
    red, green, blue = colour(page, 0.7, 0.3)
    assert blue > green + 10 > red + 20
    assert colour(page, 0.125, 0.8) == [40] * 3


def test_the_same_weight_has_the_same_strength_whatever_the_others_are(
    page: Page, address: str
) -> None:
    legend = page.locator(".legend")
    assert colour(page, 0.3, 0.3)[0] == pytest.approx(80 + 0.5 * (245 - 80), abs=2)  # 1.0: full
    expect(legend).to_contain_text("Effect on the score: faint = weak, full = strong")
    open_film(page, address, "?times=0.5")
    assert colour(page, 0.3, 0.3)[0] == pytest.approx(80 + 0.25 * (245 - 80), abs=2)
    expect(legend).to_contain_text("+1.00 for")
    open_film(page, address, "?times=5")
    assert colour(page, 0.3, 0.3)[0] == pytest.approx(80 + 0.5 * (245 - 80), abs=2)


def test_where_no_region_matters_the_film_is_bare_and_its_outlines_can_be_had(
    page: Page, address: str
) -> None:
    open_film(page, address, "?times=0.02")
    assert colour(page, 0.3, 0.3) == [80] * 3
    assert colour(page, 0.7, 0.3) == [120] * 3
    expect(page.locator(".legend")).to_contain_text("No single region changes the odds by a tenth")
    expect(page.locator(".legend .scale")).to_be_hidden()
    page.set_viewport_size({"width": 640, "height": 800})
    settle(page)
    notes = [page.locator(one) for one in (".drawn", ".legend", ".mark-legend", ".readout")]
    for one in notes:  # as on a synthetic film that is marked
        one.evaluate("node => { node.hidden = false; }")
    boxes = [one.bounding_box() for one in notes]
    assert [box["y"] for box in boxes] == sorted(box["y"] for box in boxes)
    assert all(one["y"] + one["height"] <= two["y"] for one, two in pairwise(boxes))
    page.set_viewport_size(VIEWPORT)
    focus(page)
    before = colour(page, 0.5, 0.25)
    press(page, ".")
    assert colour(page, 0.5, 0.25) != before
    expect(page.locator(".tip")).to_contain_text("+0.020 for pneumonia")


def test_o_takes_the_colour_away_and_brings_it_back(page: Page) -> None:
    coloured = colour(page, 0.3, 0.3)
    focus(page)
    press(page, "o")
    assert colour(page, 0.3, 0.3) == [80] * 3
    press(page, "o")
    assert colour(page, 0.3, 0.3) == coloured


def test_only_one_side_is_drawn_when_asked(page: Page) -> None:
    page.get_by_title("Only regions against pneumonia (s)").click()
    assert colour(page, 0.3, 0.3) == [80] * 3
    red, _, blue = colour(page, 0.7, 0.3)
    assert blue > red + 20


def test_brackets_change_how_strong_the_colour_is(page: Page) -> None:
    before = colour(page, 0.3, 0.3)[0]
    focus(page)
    press(page, "]", "]")
    assert colour(page, 0.3, 0.3)[0] > before
    assert page.get_by_label("Opacity of the regions").input_value() == "70"


def test_invert_flips_the_greys(page: Page) -> None:
    focus(page)
    press(page, "o", "i")
    assert colour(page, 0.125, 0.3) == [215] * 3
    expect(page.get_by_role("button", name="Invert")).to_have_attribute("aria-pressed", "true")


def test_the_wheel_zooms_and_keeps_the_point_under_the_pointer(page: Page) -> None:
    before = placement(page)
    x, y = point(page, 0.75, 0.25)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    page.wait_for_function(
        "([canvas, view]) => canvas.dataset.view !== view",
        arg=[canvas_of(page).element_handle(), " ".join(map(str, before))],
    )
    assert placement(page)[2] > 1.3 * before[2]
    assert point(page, 0.75, 0.25) == pytest.approx((x, y), abs=1.5)


def test_left_drag_moves_the_film_and_double_click_fits_it(page: Page) -> None:
    fitted = placement(page)
    drag(page, 60, 30, "left")
    moved = placement(page)
    assert moved[:2] == pytest.approx((fitted[0] + 60, fitted[1] + 30), abs=2)
    page.mouse.dblclick(*point(page, 0.4, 0.4))
    assert placement(page) == fitted


def test_right_drag_changes_the_window(page: Page) -> None:
    focus(page)
    press(page, "o")
    drag(page, -200, 0, "right")
    assert readout(page, "window") == "Window C 50 W 50 %"
    # (x - 25 %) / 50 %: 80/255 is 31.4 %
    assert colour(page, 0.375, 0.3)[0] == pytest.approx(255 * (80 / 255 - 0.25) / 0.5, abs=1)
    page.get_by_role("button", name="Default window").click()
    assert readout(page, "window") == "Window C 50 W 100 %"


def test_the_window_tool_makes_left_drag_change_the_window(page: Page) -> None:
    focus(page)
    press(page, "w")
    drag(page, 0, 40, "left")
    assert readout(page, "window") == "Window C 40 W 100 %"


def test_a_narrow_window_separates_greys_that_8_bits_would_not(page: Page, address: str) -> None:
    open_film(page, address, "?deep=1")
    focus(page)
    press(page, "o")
    drag(page, -400, 40, "right")
    assert readout(page, "window") == "Window C 40 W 1 %"
    painted = [colour(page, x, 0.3)[0] for x in (0.125, 0.375, 0.625, 0.875)]
    # levels 0.396, 0.3975, 0.399, 0.4005 in a window from 0.395 to 0.405, in 4096 steps
    assert painted == pytest.approx([25.5, 63.75, 102, 140.25], abs=7)


def test_two_fingers_zoom(chromium: Browser, address: str) -> None:
    context = chromium.new_context(has_touch=True, viewport=VIEWPORT)
    page = context.new_page()
    open_film(page, address)
    before = placement(page)[2]
    x, y = point(page, 0.5, 0.5)
    touch = context.new_cdp_session(page)
    for apart in (40, 60, 80):
        fingers = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        kind = "touchStart" if apart == 40 else "touchMove"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
        settle(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert placement(page)[2] == pytest.approx(2 * before, rel=0.1)
    assert point(page, 0.5, 0.5) == pytest.approx((x, y), abs=3)
    context.close()


def test_a_screen_of_double_density_shows_the_same_film_and_names_the_same_region(
    chromium: Browser, address: str
) -> None:
    page = chromium.new_page(device_scale_factor=2)
    open_film(page, address)
    assert colour(page, 0.125, 0.8) == [40] * 3
    page.mouse.move(*point(page, 0.8, 0.3))
    expect(page.locator(".tip")).to_contain_text("Region 2")
    assert readout(page, "pixel").endswith(" at 409, 153")
    page.close()


def test_a_rerun_keeps_zoom_window_and_overlay(page: Page) -> None:
    focus(page)
    press(page, "+", "+", "ArrowLeft", "Shift+ArrowLeft", "]")
    before = (placement(page), readout(page, "window"), colour(page, 0.3, 0.3))
    rerun(page)
    assert (placement(page), readout(page, "window"), colour(page, 0.3, 0.3)) == before


def test_neither_a_rerun_nor_other_regions_send_the_film_again(
    window: BrowserContext, address: str
) -> None:
    page = window.new_page()
    received: list[int] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))),
    )
    open_film(page, address)
    assert max(received) > 512 * 512
    received.clear()
    rerun(page)
    page.get_by_test_id("stSidebar").get_by_text("Regions").click()
    expect(page.get_by_label("Opacity of the regions")).to_be_hidden()
    page.close()
    assert received
    assert sum(received) < 512 * 512 / 2  # the viewer's own scripts are a third


def test_another_film_is_fitted_and_the_overlay_choices_stay(page: Page) -> None:
    fitted = placement(page)
    focus(page)
    press(page, "+", "Shift+ArrowLeft", "]")
    page.get_by_test_id("stSidebar").get_by_text("second").click()
    expect(canvas_of(page)).to_have_attribute("aria-label", "The second film")
    expect(page.locator(".message")).to_be_hidden()
    assert placement(page) == fitted
    assert readout(page, "window") == "Window C 50 W 100 %"
    assert page.get_by_label("Opacity of the regions").input_value() == "60"
    assert colour(page, 0.125, 0.8) == [160] * 3


def test_a_viewer_that_was_taken_away_and_put_back_keeps_zoom_and_frees_the_film(
    page: Page,
) -> None:
    focus(page)
    press(page, "+", "ArrowLeft", "Shift+ArrowLeft")
    before = (placement(page), readout(page, "window"))
    shown = page.get_by_test_id("stSidebar").get_by_text("Show the film")
    shown.click()
    expect(canvas_of(page)).to_have_count(0)
    assert films_kept(page) == 0
    shown.click()
    page.wait_for_selector("canvas[data-frames]")
    assert (placement(page), readout(page, "window")) == before


def test_only_the_film_on_the_page_is_kept_in_the_browser(page: Page) -> None:
    for name in ("second", "first", "second"):
        page.get_by_test_id("stSidebar").get_by_text(name).click()
        expect(canvas_of(page)).to_have_attribute("aria-label", f"The {name} film")
    assert films_kept(page) == 1


def test_hovering_names_the_region_its_weight_and_the_grey_value(page: Page) -> None:
    page.mouse.move(*point(page, 0.8, 0.3))
    tip = page.locator(".tip")
    expect(tip).to_contain_text("Region 2")
    expect(tip).to_contain_text("\u22120.50 against pneumonia")
    expect(tip).to_contain_text("Rank 2 of 4")
    assert readout(page, "pixel").startswith("Grey 62.7 % at 409, 153")
    page.mouse.move(*point(page, 0.2, 0.8))
    expect(tip).to_contain_text("+0.005 for pneumonia")


def test_a_line_of_the_list_and_its_region_are_shown_together(kept_tab: Page, address: str) -> None:
    tab = kept_tab
    tab.set_viewport_size(VIEWPORT)
    open_film(tab, address, "?list=1")
    tip, pointed = tab.locator(".tip"), tab.locator(".fr-pointed")
    tab.get_by_text("Line 1").hover()
    expect(tip).to_contain_text("Left upper zone, region 2")
    expect(pointed).to_have_text("Line 1")
    tab.get_by_text("Other 3").hover()
    expect(tip).to_be_hidden()
    expect(pointed).to_have_count(0)
    tab.locator("tr", has_text="Line 3").focus()
    expect(tip).to_contain_text("Left lower zone, region 4")
    tab.locator("tr", has_text="Line 3").blur()
    expect(tip).to_be_hidden()
    tab.mouse.move(*point(tab, 0.2, 0.3))
    expect(pointed).to_have_text("Line 0")


def test_regions_of_a_box_lie_in_it_and_nowhere_else(kept_tab: Page, address: str) -> None:
    tab = kept_tab
    tab.set_viewport_size(VIEWPORT)
    open_film(tab, address, "?box=1")
    red, green, blue = colour(tab, 0.3, 0.3)
    assert red > green > blue
    assert len(set(colour(tab, 0.2, 0.2))) == 1
    tab.mouse.move(*point(tab, 0.7, 0.3))
    expect(tab.locator(".tip")).to_contain_text("Region 2")
    tab.mouse.move(*point(tab, 0.8, 0.3))
    expect(tab.locator(".tip")).to_be_hidden()


def test_clicking_a_region_tells_the_page_and_again_takes_it_back(page: Page) -> None:
    page.mouse.click(*point(page, 0.8, 0.3))
    expect(page.get_by_text("Chosen: Region 2")).to_be_visible()
    page.mouse.click(*point(page, 0.8, 0.3))
    expect(page.get_by_text("Chosen: none")).to_be_visible()


def test_a_choice_does_not_outlive_its_film(page: Page) -> None:
    page.mouse.click(*point(page, 0.8, 0.3))
    expect(page.get_by_text("Chosen: Region 2")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_text("second").click()
    expect(page.get_by_text("Chosen: none")).to_be_visible()


def test_regions_are_walked_by_weight_and_chosen_by_keyboard_alone(page: Page) -> None:
    page.get_by_role("button", name="Shortcuts").focus()
    page.keyboard.press("Tab")
    expect(page.locator(".stage")).to_be_focused()
    said = page.locator("[aria-live=polite].announcement")
    press(page, ".")
    expect(said).to_have_text(
        "Region 1, +1.00 for pneumonia. Rank 1 of 4 \u00b7 change in log odds; 0.7 doubles the odds"
    )
    press(page, ".", ".")
    expect(said).to_contain_text("Region 4, \u22120.25 against pneumonia. Rank 3 of 4")
    press(page, ",", "Enter")
    expect(page.get_by_text("Chosen: Region 2")).to_be_visible()


def test_shortcuts_open_and_escape_closes_them(page: Page) -> None:
    focus(page)
    press(page, "?")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_be_hidden()


def test_r_resets_everything_and_does_not_rerun_the_page(page: Page) -> None:
    before, shown = placement(page), colour(page, 0.3, 0.3)
    focus(page)
    press(page, "+", "i", "Shift+ArrowUp", "]", "s", "r")
    assert placement(page) == before
    assert colour(page, 0.3, 0.3) == shown
    expect(page.get_by_text("Run 1", exact=True)).to_be_visible()


def test_without_regions_their_controls_are_gone(page: Page) -> None:
    page.get_by_test_id("stSidebar").get_by_text("Regions").click()
    expect(page.get_by_label("Opacity of the regions")).to_be_hidden()
    assert colour(page, 0.3, 0.3) == [80] * 3
    focus(page)
    press(page, ".")
    expect(page.locator(".tip")).to_be_hidden()


def test_the_film_still_fits_after_the_window_shrinks(page: Page) -> None:
    page.set_viewport_size({"width": 800, "height": 800})
    page.wait_for_function(
        "canvas => canvas.clientWidth === canvas.width", arg=canvas_of(page).element_handle()
    )
    left, top, scale = placement(page)
    width, height = canvas_of(page).evaluate("canvas => [canvas.width, canvas.height]")
    assert 512 * scale == pytest.approx(min(width, height), abs=1)
    assert min(left, top) == pytest.approx(0, abs=1)


def test_damaged_bytes_become_a_sentence_in_the_stage(page: Page) -> None:
    page.evaluate("""() => {
        const shelf = globalThis[Symbol.for('first-read.films')];
        for (const key of shelf.films.keys()) {
            const counted = { arrived: 3, expected: 9 };
            shelf.films.set(key, { film: null, error: 'bytes are missing', counted });
        }
        for (const listener of shelf.listeners) listener();
    }""")
    damage = "The film is damaged: 3 bytes arrived and 9 were expected. Reload the page to fetch it"
    expect(page.locator(".message")).to_contain_text(damage)


def test_the_reset_button_does_what_its_key_does(page: Page) -> None:
    start = placement(page)
    focus(page)
    for key in ("+", "ArrowLeft", "i"):
        page.keyboard.press(key)
    assert placement(page) != start
    page.get_by_role("button", name="Reset").click()
    assert placement(page) == start
    expect(page.get_by_role("button", name="Invert")).to_have_attribute("aria-pressed", "false")
