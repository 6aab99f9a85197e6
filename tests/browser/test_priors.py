"""Two films of one patient side by side in Chromium: linked, parted, and blind before the lock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.app_server import DRAWN, Server, wait_until_idle
from browser.test_first_minute import payload
from browser.test_kept_films import lock_normal, row_of, rows_of
from fixtures.prior_films import patient_film
from playwright.sync_api import Locator, Page, expect

from core.settings import PROJECT_ROOT

pytestmark = pytest.mark.browser

OLD_PX, NEW_PX = 400, 480
SHOW, CLOSE = "Prior film: 3 months earlier", "Close the prior film"
VIEW = """canvas => {
    const [x, y, scale] = canvas.dataset.view.split(" ").map(Number);
    return [x / canvas.width, y / canvas.height, scale];
}"""
OPEN, PRIOR = 0, 1


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    server = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{folder / 'reads.sqlite3'}",
            "FIRSTREAD_FILMS": str(folder / "films"),
            "FIRSTREAD_KEEP_FILMS_DAYS": "30",
            "FIRSTREAD_READ_FIRST": "true",
        },
    )
    yield server.address
    server.stop()


@pytest.fixture
def page(kept_tab: Page, address: str) -> Page:
    """Return the page Worklist with the newer of two films open, and no prior beside."""
    kept_tab.set_viewport_size({"width": 1440, "height": 900})
    kept_tab.goto(address)
    expect(kept_tab.get_by_test_id("stFileUploader").or_(rows_of(kept_tab).first)).to_be_visible()
    if not rows_of(kept_tab).count():
        films = [
            payload("old.dcm", patient_film("20251127", height_px=OLD_PX)),
            payload("new.dcm", patient_film("20260301", "lobar", height_px=NEW_PX)),
        ]
        kept_tab.set_input_files("input[type=file]", files=films)
        expect(rows_of(kept_tab).locator("img:visible")).to_have_count(2)
        name = kept_tab.get_by_placeholder("Signing as (your name)")
        name.fill("Dr. Ada Reader")
        name.press("Tab")
    open_film(kept_tab, "new.dcm")
    return kept_tab


def open_film(page: Page, name: str) -> None:
    wait_until_idle(page)
    row_of(page, name).click()
    opened = f".viewer:not(.companion) canvas[aria-label='Film {name}']"  # not as a prior
    expect(page.locator(opened)).to_be_visible()
    wait_until_idle(page)


def canvases(page: Page) -> Locator:
    return page.locator("canvas[role=img][data-view]")


def show_prior(page: Page) -> None:
    """Show the prior by its key, which the page takes wherever the focus is."""
    expect(page.get_by_role("button", name=SHOW)).to_be_visible()
    page.keyboard.press("y")
    expect(canvases(page)).to_have_count(2)
    wait_until_idle(page)


def view(page: Page, place: int) -> list[float]:
    """Return where a film's corner lies, in shares of its stage, and its scale."""
    page.evaluate(DRAWN)
    found: list[float] = canvases(page).nth(place).evaluate(VIEW)
    return found


def shown_width(page: Page, place: int) -> float:
    return view(page, place)[2] * (OLD_PX if place == PRIOR else NEW_PX)


def alike(page: Page) -> bool:
    """Return whether both films show the same part of themselves in the same place."""
    ours, its = view(page, OPEN), view(page, PRIOR)
    same_size = shown_width(page, OPEN) == pytest.approx(shown_width(page, PRIOR), rel=0.02)
    return same_size and ours[:2] == pytest.approx(its[:2], abs=0.01)


def wheel(page: Page, place: int) -> None:
    canvases(page).nth(place).hover(position={"x": 100, "y": 200})
    page.mouse.wheel(0, -300)


def drag(page: Page, place: int, button: str = "left") -> None:
    box = canvases(page).nth(place).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 300)
    page.mouse.down(button=button)
    page.mouse.move(box["x"] + 260, box["y"] + 340, steps=3)
    page.mouse.up(button=button)


def window_of(page: Page, place: int) -> str:
    page.evaluate(DRAWN)
    return page.locator(".readout [data-role=window]").nth(place).inner_text()


def test_a_key_shows_the_prior_beside_and_gives_the_width_back(page: Page) -> None:
    before = canvases(page).bounding_box()
    show_prior(page)
    labels = page.locator(".which:visible")
    expect(labels).to_have_text(["This film", "Prior film, 3 months earlier"])
    here, there = (canvases(page).nth(place).bounding_box() for place in (OPEN, PRIOR))
    assert here["y"] == there["y"]
    assert here["height"] == there["height"]
    assert here["x"] + here["width"] < there["x"]
    assert "2025" not in page.locator("body").inner_text()
    page.get_by_role("button", name=CLOSE).click()
    expect(canvases(page)).to_have_count(1)
    wait_until_idle(page)
    page.evaluate(DRAWN)
    assert canvases(page).bounding_box() == before


def test_zoom_place_and_window_of_one_film_are_those_of_the_other(page: Page) -> None:
    show_prior(page)
    for place in (OPEN, PRIOR):
        fitted, window = shown_width(page, place), window_of(page, place)
        wheel(page, place)
        assert shown_width(page, place) > 1.3 * fitted
        assert alike(page)
        corner = view(page, place)[:2]
        drag(page, place)
        assert view(page, place)[:2] != corner
        assert alike(page)
        drag(page, place, "right")
        assert window_of(page, place) != window
        assert window_of(page, OPEN) == window_of(page, PRIOR)
        page.keyboard.press("r")
        assert shown_width(page, place) == pytest.approx(fitted, rel=0.01)
        assert alike(page)


def test_parted_films_move_each_alone_until_they_are_linked_again(page: Page) -> None:
    show_prior(page)
    links = page.get_by_role("button", name="Linked")
    links.nth(PRIOR).click()
    expect(links.nth(OPEN)).to_have_attribute("aria-pressed", "false")
    still = view(page, OPEN)
    wheel(page, PRIOR)
    assert view(page, OPEN) == still
    moved = view(page, PRIOR)
    page.keyboard.press("8")
    expect(links.nth(PRIOR)).to_have_attribute("aria-pressed", "true")
    assert view(page, PRIOR) != moved
    assert alike(page)


def test_keys_act_on_one_film_once_and_marks_on_the_open_one_alone(page: Page) -> None:
    show_prior(page)
    page.locator(".stage").nth(PRIOR).focus()
    fitted = shown_width(page, PRIOR)
    page.keyboard.press("+")
    assert shown_width(page, PRIOR) == pytest.approx(1.25 * fitted, rel=0.01)
    assert alike(page)
    page.keyboard.press("m")
    expect(page.locator("[data-act=mark]").nth(OPEN)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-act=mark]:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    page.get_by_placeholder("Comment").focus()
    page.keyboard.type("y")
    expect(page.get_by_placeholder("Comment")).to_have_value("y")
    expect(canvases(page)).to_have_count(2)


def test_at_the_width_of_a_phone_the_films_stand_below_each_other(page: Page) -> None:
    show_prior(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(DRAWN)
    here, there = (canvases(page).nth(place).bounding_box() for place in (OPEN, PRIOR))
    assert here["y"] + here["height"] < there["y"]
    assert here["width"] == there["width"]
    assert there["x"] + there["width"] <= 390


def test_nothing_of_the_model_stands_beside_the_film_before_its_lock(page: Page) -> None:
    show_prior(page)
    of_model = page.get_by_text("By the model:")
    expect(page.get_by_text("No settled read of it yet.")).to_be_visible()
    open_film(page, "old.dcm")
    lock_normal(page)
    page.get_by_role("button", name="Sign").click()
    signed = page.get_by_role("option", name="signed: normal")  # the list before may stand too
    expect(signed).to_be_visible()
    open_film(page, "new.dcm")
    expect(canvases(page)).to_have_count(2)  # which prior was beside is kept for the film
    expect(page.get_by_text("Signed normal, confidence 3 of 5, by Dr. Ada Reader.")).to_be_visible()
    assert of_model.count() == 0
    lock_normal(page)
    expect(of_model).to_be_visible()
    expect(page.get_by_text("More suspicious than 3 months earlier")).to_be_visible()
