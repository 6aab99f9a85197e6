"""The page Worklist on a phone and on a small laptop: the film first, everything in reach."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from browser.app_server import Server, wait_until_idle
from playwright.sync_api import FilePayload, Locator, Page, expect

from core.phantom.builtin import built_in_files
from core.settings import PROJECT_ROOT

pytestmark = pytest.mark.browser

WAIT_MS = 90_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("reads")
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{folder / 'reads.sqlite3'}",
            "FIRSTREAD_READ_FIRST": "true",
        },
    )
    yield running
    running.stop()


def open_review(page: Page, server: Server, width_px: int, height_px: int) -> None:
    page.set_viewport_size({"width": width_px, "height": height_px})
    page.goto(server.address)
    page.locator("input[type=file]").first.wait_for(state="attached")
    films: list[FilePayload] = [
        {"name": f"synthetic-{n:02}.png", "mimeType": "image/png", "buffer": path.read_bytes()}
        for n, path in enumerate(built_in_files()[:6], start=1)
    ]
    page.set_input_files("input[type=file]", files=films)
    page.locator(".worklist").wait_for()
    expect(page.get_by_text("Upload frontal chest films")).to_have_count(0, timeout=300)
    expect(page.locator(".film")).to_have_count(len(films), timeout=WAIT_MS)
    expect(page.get_by_role("button", name="Lock the first read")).to_be_visible(timeout=WAIT_MS)
    wait_until_idle(page)
    wait_until_still(page)


def wait_until_still(page: Page) -> None:
    """Wait until nothing moves any more: typefaces and folded parts come late."""
    places = ".viewer, .worklist, .st-key-read-scroll, .st-key-read-bar"
    seen: list[dict[str, float]] = []
    for _ in range(60):
        before, seen = seen, [box_of(one) for one in page.locator(places).all()]
        if before == seen:
            return
        page.wait_for_timeout(250)
    pytest.fail(f"the page still moves: {seen}")


def box_of(place: Locator) -> dict[str, float]:
    box = place.bounding_box()
    assert box is not None
    return dict(box)


def test_on_a_phone_the_film_comes_first_then_its_read_then_the_worklist(
    page: Page, server: Server
) -> None:
    open_review(page, server, 390, 844)
    viewer, worklist = box_of(page.locator(".viewer")), box_of(page.locator(".worklist"))
    said, bar = (
        box_of(page.locator(".st-key-read-scroll")),
        box_of(page.locator(".st-key-read-bar")),
    )
    assert viewer["y"] < 150  # under the bar and its pages
    assert viewer["y"] + viewer["height"] < said["y"] < 844 - 60
    hidden = page.get_by_text("The model's result appears after you lock your read")
    assert said["y"] < box_of(hidden)["y"] < said["y"] + said["height"] <= bar["y"] + 1
    hidden.click(trial=True)  # nothing lies over it
    assert bar["y"] + bar["height"] < worklist["y"]
    assert worklist["height"] <= 0.31 * 844
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    last = page.locator(".film").last
    last.scroll_into_view_if_needed()
    last.click()
    expect(last).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("img", name="Film synthetic-06.png")).to_be_visible()
    wait_until_idle(page)
    page.get_by_role("radio", name="Unsure").click()
    expect(page.get_by_role("radio", name="Unsure")).to_be_checked()


def test_at_200_percent_the_film_comes_first_and_names_are_whole(
    page: Page, server: Server
) -> None:
    open_review(page, server, 720, 450)
    cut = "nodes => nodes.filter(node => node.scrollWidth > node.clientWidth).map(n => n.innerText)"
    assert page.locator(".film .name").evaluate_all(cut) == []
    viewer, worklist = box_of(page.locator(".viewer")), box_of(page.locator(".worklist"))
    assert viewer["y"] + viewer["height"] <= worklist["y"]
    assert viewer["width"] > 0.9 * 720
    assert page.evaluate("document.documentElement.scrollWidth") == 720


def test_at_1024_px_nothing_in_the_bar_covers_another_thing(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(f"{server.address}/records")
    field = page.locator(".st-key-who button")
    field.click()
    page.get_by_label("Your name").fill("Dr. Wilhelmina Featherstonehaugh-Cholmondeley")
    page.get_by_label("Your name").press("Enter")
    expect(page.get_by_text("Reading: Dr. Wilhelmina")).to_be_visible()
    page.keyboard.press("Escape")
    bar = page.locator(".st-key-bar")
    things = [*bar.get_by_role("link").all(), *bar.get_by_role("button").all()]
    things.append(page.get_by_role("button", name="Main menu"))
    boxes = sorted((box_of(one) for one in things), key=lambda box: box["x"])
    assert len(boxes) == 14
    for left, right in pairwise(boxes):
        assert left["x"] + left["width"] <= right["x"] + 1
    assert boxes[-1]["x"] + boxes[-1]["width"] <= 1024
    assert max(box["y"] + box["height"] for box in boxes) <= 45


def test_on_a_small_laptop_names_and_verdicts_are_whole(page: Page, server: Server) -> None:
    open_review(page, server, 1024, 768)
    cut = "nodes => nodes.filter(node => node.scrollWidth > node.clientWidth).map(n => n.innerText)"
    assert page.locator(".film .name, .film .status").evaluate_all(cut) == []
    row = page.locator(".film").first
    row.locator(".status").evaluate("node => node.textContent = 'signed: pneumonia, disputed'")
    above, status = box_of(row.locator(".side")), box_of(row.locator(".status"))
    assert above["y"] + above["height"] <= status["y"] + 1
    assert status["y"] + status["height"] <= box_of(page.locator(".film").nth(1))["y"]
    column = box_of(page.get_by_role("button", name="Lock the first read"))
    for name in ("Pneumonia", "Normal", "Unsure"):
        verdict = page.get_by_role("radio", name=name)
        box = box_of(verdict)
        assert column["x"] <= box["x"] + 1
        assert box["x"] + box["width"] <= column["x"] + column["width"] + 1
        assert verdict.evaluate("node => node.scrollWidth <= node.clientWidth")
    assert box_of(page.locator(".viewer"))["width"] > 0.55 * 1024
    row.locator(".status").evaluate("node => node.textContent = 'pneumonia'")
    assert box_of(row.locator(".status"))["height"] < 20  # on one line, and no letter below it
    chip = page.locator(".st-key-read .stMarkdownBadge").first
    chip.evaluate("node => node.textContent = 'Not suspicious for pneumonia, in bold words'")
    assert chip.evaluate("node => node.scrollWidth <= node.clientWidth")
    page.keyboard.press("l")
    places = page.get_by_label("Findings").get_by_role("button", name="Lower")
    expect(places.last).to_be_in_viewport(ratio=1)
    page.keyboard.press("Shift+Digit6")
    expect(places.last).to_have_attribute("aria-pressed", "true")


def test_a_bar_that_wraps_keeps_its_rows_in_line_and_pictures_fit_their_column(
    page: Page, server: Server
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.address}/model_card")
    expect(page.locator(".fr-children")).to_be_visible(timeout=WAIT_MS)
    wait_until_idle(page)
    links = [box_of(one) for one in page.locator(".st-key-pages a").all()]
    rows = sorted({round(box["y"]) for box in links})
    assert len(rows) == 2
    assert rows[1] - rows[0] >= 24  # room for a finger
    starts = [min(box["x"] for box in links if round(box["y"]) == row) for row in rows]
    assert starts[0] == pytest.approx(starts[1], abs=1.0)
    title = box_of(page.get_by_role("heading", level=1))
    assert max(box["y"] + box["height"] for box in links) <= title["y"]

    page.set_viewport_size({"width": 720, "height": 450})
    children = box_of(page.locator(".fr-children"))
    assert children["x"] + children["width"] <= 720


def test_a_table_that_goes_on_to_the_right_says_so_until_its_end_is_in_sight(
    page: Page, server: Server
) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(f"{server.address}/runs")
    table = page.get_by_test_id("stDataFrame").first
    within = table.locator(".dvn-scroller")
    expect(within).to_be_visible(timeout=WAIT_MS)
    wait_until_idle(page)
    assert within.evaluate("node => node.scrollWidth > node.clientWidth")
    fades = "node => Number(getComputedStyle(node, '::after').opacity)"
    assert table.evaluate(fades) > 0.9
    within.evaluate("node => { node.scrollLeft = node.scrollWidth; }")
    page.wait_for_timeout(300)
    assert table.evaluate(fades) == 0
    page.set_viewport_size({"width": 720, "height": 450})
    button = page.get_by_test_id("stPopoverButton").filter(has_text="Columns").locator("p")
    assert button.evaluate("node => node.scrollWidth <= node.clientWidth")


def test_words_in_a_plot_are_as_dark_as_captions_on_the_light_page(
    page: Page, server: Server
) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{server.address}/subgroups")
    tick = page.locator("[data-testid=stPlotlyChart] .ytick text").first
    tick.wait_for(timeout=WAIT_MS)
    assert tick.evaluate("node => getComputedStyle(node).fill") == "rgb(86, 90, 96)"
