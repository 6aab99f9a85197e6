"""The viewer's tools in Chromium: turned films, lens, windows, lengths, processed contrast."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser.test_viewer import VIEWPORT, canvas_of, focus, open_film, placement, press, readout
from PIL import Image
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

APP = Path(__file__).with_name("viewer_app.py")
SIDE, ROWS = 512, 384
"""The film's columns and rows: no turn of it lies where another does."""
STRIPE = 16
"""Pixels across a faint stripe."""
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


def test_what_is_hidden_from_the_model_is_covered_where_it_lies_on_the_turned_film(
    page: Page, address: str
) -> None:
    turn = "a quarter, then flipped"
    open_film(page, address, f"?hide=1&mark=1&rows={ROWS}")
    focus(page)
    press(page, *TURNS[turn][0])
    page.mouse.click(*at(page, 0.8, 0.3, turn))
    expect(announced(page)).to_have_text("Region 2 is hidden")
    press(page, "b", *["ArrowLeft"] * 4, *["ArrowUp"] * 8, "b", "o")
    page.mouse.move(2, 2)
    # the box is 0.1 wide and 0.2 high as the reader sees it: on the film 0.2 wide and 0.1 high
    for place in ((0.9, 0.1), (0.35, 0.45)):
        assert max(painted(page, at(page, *place, turn))) < 60, place
    for place in ((0.45, 0.35), (0.9, 0.8)):
        assert max(painted(page, at(page, *place, turn))) >= 80, place


def test_arrows_move_the_cross_as_the_reader_sees_the_turned_film(page: Page) -> None:
    press(page, "q", "m", "ArrowRight", "ArrowRight", "Enter")
    marked = page.get_by_text("Marked:")
    expect(marked).to_have_text("Marked: (0.5, 0.45, 0.5, 0.45)")
    sign = page.locator(".readout .sign")
    press(page, "b", "ArrowRight", "b")  # a line is no box, and no point either
    expect(sign).to_contain_text("The box has no height yet: move up or down, then b")
    expect(page.get_by_text("Marked:")).to_have_count(1)
    press(page, "ArrowDown", "b")
    expect(page.get_by_text("Marked:")).to_have_count(2)
    expect(sign).to_have_text("Turned 90 degrees")


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


def strip(picture: Image.Image, *, turned: bool) -> bytes:
    """Return the lines below the film."""
    height = picture.width * SIDE // ROWS if turned else picture.width * ROWS // SIDE
    return picture.crop((0, height, *picture.size)).tobytes()


def test_the_saved_picture_is_turned_and_says_so(page: Page) -> None:
    turn = "a quarter clockwise"
    press(page, "o", *TURNS[turn][0])
    turned = saved(page)
    x, y = TURNS[turn][1](0.9, 0.3)
    assert turned.getpixel((int(x * turned.width), int(y * 3 * SIDE))) == (160, 160, 160)
    assert turned.width == 3 * ROWS  # at least 900 px wide
    press(page, "f", "q", "q")  # another turn of the same size, whose sign is another
    assert strip(saved(page), turned=True) != strip(turned, turned=True)


def window(page: Page) -> tuple[int, int]:
    """Return centre and width, in percent of the film's grey range."""
    _, _, centre, _, width, _ = readout(page, "window").split()
    return int(centre), int(width)


def test_windows_are_the_films_own_percentiles(page: Page) -> None:
    # of the middle two thirds the bands take 1/8, 3/8, 3/8 and 1/8
    darkest, darker, brighter, brightest = (100 * grey / 255 for grey in (40, 80, 120, 160))
    ends = {
        "lungs": (darkest, brightest),
        "mediastinum": (darker, brightest),
        "bones": (brighter, brightest),
        "full": (0, 100),
    }
    chosen = page.get_by_label("Window", exact=True)
    for name, (low, high) in ends.items():
        press(page, "v")
        expect(chosen).to_have_value(name)
        assert window(page) == pytest.approx(((low + high) / 2, high - low), abs=1), name


def test_a_window_is_chosen_from_the_menu_and_is_the_readers_own_once_changed(page: Page) -> None:
    chosen = page.get_by_label("Window", exact=True)
    press(page, "o")
    chosen.select_option("Lungs")
    assert painted(page, at(page, 0.1, 0.3))[0] < 5
    assert painted(page, at(page, 0.9, 0.3))[0] > 250
    focus(page)
    press(page, "Shift+ArrowLeft")
    expect(chosen).to_have_value("")
    press(page, "d")
    expect(chosen).to_have_value("full")
    assert window(page) == (50, 100)


def test_equalised_contrast_parts_faint_stripes_and_says_that_it_is_processed(
    page: Page, address: str
) -> None:
    open_film(page, address, f"?mark=1&faint=1&rows={ROWS}")
    focus(page)
    press(page, "o")
    stripes = [(stripe + 0.5) * STRIPE / SIDE for stripe in (14, 15)]
    before = [painted(page, at(page, x, 0.4))[0] for x in stripes]
    assert before == [100, 108]
    plain = saved(page)
    press(page, "c")
    after = [painted(page, at(page, x, 0.4))[0] for x in stripes]
    # each of 256 bins has 251/256 of an even share, the two greys' 2.5 more; 8 bins lie between
    assert after[1] - after[0] == pytest.approx(8 * 251 / 256 + 2.5, abs=1)
    expect(page.locator(".readout .sign")).to_have_text("Processed: contrast equalised")
    button = page.get_by_role("button", name="Equalise local contrast")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert strip(saved(page), turned=False) != strip(plain, turned=False)
    press(page, "c")
    assert [painted(page, at(page, x, 0.4))[0] for x in stripes] == before


def lens_pixel(page: Page, right: int) -> list[int]:
    """Return the colour so many pixels to the right of the lens's middle."""
    return page.locator(".lens").evaluate(
        """(lens, right) => [...lens.getContext("2d").getImageData(
            lens.width / 2 + right, lens.height / 2, 1, 1).data.slice(0, 3)]""",
        right,
    )


def test_the_lens_shows_the_film_three_times_as_large_where_the_pointer_is(page: Page) -> None:
    page.mouse.move(*at(page, 0.47, 0.3))
    press(page, "z")
    lens = page.locator(".lens")
    box = lens.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert middle == pytest.approx(at(page, 0.47, 0.3), abs=1.5)
    border = round(3 * (0.5 - 0.47) * SIDE * placement(page)[2])  # between two bands
    assert lens_pixel(page, border - 6) == [80] * 3  # without the colour of the region
    assert lens_pixel(page, border + 6) == [120] * 3
    press(page, "z")
    expect(lens).to_be_hidden()


def test_without_a_pointer_the_lens_stands_in_the_middle_and_follows_the_cross(page: Page) -> None:
    page.mouse.move(2, 2)
    press(page, "z")
    assert lens_pixel(page, -6) == [80] * 3
    assert lens_pixel(page, 6) == [120] * 3
    press(page, "m", *["ArrowRight"] * 12)
    assert lens_pixel(page, 0) == [160] * 3


def announced(page: Page) -> Locator:
    return page.locator("[aria-live=polite].announcement")


def test_a_length_uses_row_and_column_spacing(page: Page, address: str) -> None:
    open_film(page, address, f"?mark=1&rows={ROWS}&spacing=0.2 0.1")
    focus(page)
    press(page, "h", "o")
    for place in ((0.25, 0.25), (0.5, 0.5)):
        page.mouse.click(*at(page, *place))
    # 0.25 x 512 x 0.1 mm = 12.8 mm across, 0.25 x 384 x 0.2 mm = 19.2 mm down
    expect(announced(page)).to_have_text(re.compile(r"^23\.[012] mm at the detector$"))
    assert painted(page, at(page, 0.4, 0.4))[0] > 150
    press(page, "q")
    assert painted(page, at(page, 0.4, 0.4, "a quarter clockwise"))[0] > 150
    press(page, "x")
    expect(announced(page)).to_have_text("0 measured")
    assert painted(page, at(page, 0.4, 0.4, "a quarter clockwise")) == [80] * 3


def test_without_spacing_a_length_is_in_pixels_by_keys_alone(page: Page, address: str) -> None:
    open_film(page, address, f"?rows={ROWS}&spacing=")
    focus(page)
    press(page, "h", "Enter", *["ArrowRight"] * 4, *["Shift+ArrowDown"] * 5, "Enter")
    # 4 x 0.025 x 512 = 51.2 px across, 5 x 0.005 x 384 = 9.6 px down
    expect(announced(page)).to_have_text("52 px (no spacing stated)")
    press(page, "Escape", "x")
    expect(announced(page)).to_have_text("0 measured")


def test_measuring_neither_marks_nor_chooses_and_marking_ends_it(page: Page) -> None:
    press(page, "h")
    page.mouse.click(*at(page, 0.8, 0.3))
    press(page, "x")
    expect(announced(page)).to_have_text("0 measured")
    measure = page.get_by_role("button", name="Length", exact=True)
    press(page, "m")
    expect(measure).to_have_attribute("aria-pressed", "false")
    page.mouse.click(*at(page, 0.25, 0.75))
    expect(page.get_by_text("Marked:")).to_have_count(1)
    expect(page.get_by_text("Chosen: none")).to_be_visible()


def test_the_oldest_of_six_lengths_goes(page: Page) -> None:
    press(page, "h", *["Enter", "ArrowRight", "Enter"] * 6, "x")
    expect(announced(page)).to_have_text("4 measured")
