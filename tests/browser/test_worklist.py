"""The worklist in Chromium: its order, and what it does when it is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser.app_server import DRAWN, after_run, press_button, runs
from playwright.sync_api import BrowserContext, Locator, Page, expect

pytestmark = pytest.mark.browser

APP = Path(__file__).with_name("worklist_app.py")
NAMES = "nodes => nodes.map(node => node.textContent)"


@pytest.fixture
def page(bare: Page, address: str) -> Page:
    open_list(bare, address)
    return bare


@pytest.fixture
def bare(kept_tab: Page) -> Page:
    """Return the tab before anything is open in it."""
    kept_tab.set_viewport_size({"width": 1000, "height": 800})
    kept_tab.emulate_media(color_scheme="dark")
    return kept_tab


def open_list(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/{query}", timeout=90_000, wait_until="commit")
    page.wait_for_selector(".films[data-render-ms]", timeout=90_000)
    expect(page.get_by_text("Run 1", exact=True)).to_be_visible()


def films(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Films")


def film(page: Page, name: str) -> Locator:
    return page.locator(".film").filter(has=page.get_by_text(name, exact=True))


def shown_names(page: Page) -> list[str]:
    page.evaluate(DRAWN)
    return page.locator(".film .name").evaluate_all(NAMES)


def sort_by(page: Page, words: str) -> list[str]:
    page.get_by_label("Sort films").select_option(words)
    return shown_names(page)


def selected_name(page: Page) -> str:
    return page.locator(".film[aria-selected=true] .name").inner_text()


def scrolled(page: Page) -> float:
    return films(page).evaluate("list => list.scrollTop")


def is_inside(page: Page, node: Locator) -> bool:
    around, box = films(page).bounding_box(), node.bounding_box()
    above = box["y"] >= around["y"] - 1
    return above and box["y"] + box["height"] <= around["y"] + around["height"] + 1


def test_the_most_suspicious_film_is_first_and_films_without_a_score_last(page: Page) -> None:
    names = shown_names(page)
    assert names[:4] == ["film 9.jpeg", "person1.jpeg", "person2.jpeg", names[3]]
    assert names[3].startswith("person1946_bacteria")
    assert names[-4:] == ["person3.jpeg", "IM-0117-0001.jpeg", "holiday.png", "cut short.dcm"]


def test_the_header_counts_films_and_signed_ones(page: Page) -> None:
    expect(page.locator(".worklist .count")).to_have_text("12 films, 3 signed by you")


def test_a_click_reports_the_film_and_runs_the_page_once(page: Page) -> None:
    expect(page.get_by_text("Chosen: none")).to_be_visible()
    film(page, "person2.jpeg").click()
    expect(page.get_by_text("Chosen: film-10")).to_be_visible()
    after_run(page, 2)
    assert selected_name(page) == "person2.jpeg"
    film(page, "person2.jpeg").click()
    press_button(page, "Rerun")
    assert runs(page) == 3


def test_arrow_keys_choose_where_they_come_to_rest_and_enter_at_once(page: Page) -> None:
    films(page).focus()
    for key in ("Home", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.get_by_text("Chosen: film-10")).to_be_visible()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Chosen: film-7")).to_be_visible()
    assert is_inside(page, film(page, "cut short.dcm"))
    active = films(page).get_attribute("aria-activedescendant")
    assert page.locator(f"#{active} .name").inner_text() == "cut short.dcm"


def test_walking_past_films_runs_the_page_once(page: Page) -> None:
    films(page).evaluate("""list => {
        const down = () => new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true });
        list.focus();
        for (let press = 0; press < 3; press++) list.dispatchEvent(down());
    }""")
    expect(page.get_by_text("Chosen:")).not_to_contain_text("none")
    after_run(page, 2)
    press_button(page, "Rerun")
    assert runs(page) == 3


def test_a_film_opened_by_the_page_replaces_what_the_reader_chose(page: Page) -> None:
    film(page, "person2.jpeg").click()
    expect(page.get_by_text("Open: film-10")).to_be_visible()
    press_button(page, "Next")
    expect(page.get_by_text("Open: film-11")).to_be_visible()
    expect(film(page, "person3.jpeg")).to_have_attribute("aria-selected", "true")
    press_button(page, "Rerun")
    expect(page.get_by_text("Open: film-11")).to_be_visible()
    assert selected_name(page) == "person3.jpeg"
    film(page, "person2.jpeg").click()
    expect(page.get_by_text("Open: film-10")).to_be_visible()


def test_a_choice_is_not_undone_by_the_answer_to_an_earlier_one(bare: Page, address: str) -> None:
    page = bare
    open_list(page, address, "?slow=0.5")
    for name in ("film 9.jpeg", "person2.jpeg", "person4.jpeg"):
        film(page, name).click()
        page.wait_for_timeout(200)
    expect(page.get_by_text("Open: film-12")).to_be_visible()
    assert selected_name(page) == "person4.jpeg"


def test_a_page_that_does_not_answer_still_hears_the_choice(bare: Page, address: str) -> None:
    page = bare
    open_list(page, address, "?answers=no")
    film(page, "person2.jpeg").click()
    expect(page.get_by_text("Chosen: film-10")).to_be_visible()
    press_button(page, "Rerun")
    expect(page.get_by_text("Chosen: film-10")).to_be_visible()
    assert selected_name(page) == "person2.jpeg"


def test_names_sort_as_people_count(page: Page) -> None:
    names = sort_by(page, "Name")
    assert names.index("film 9.jpeg") + 1 == names.index("film 10.jpeg")
    assert names.index("IM-0117-0001.jpeg") < names.index("NORMAL2-IM-1427.jpeg")


def test_other_orders_put_refused_films_unread_films_or_uploads_first(page: Page) -> None:
    assert sort_by(page, "Worst quality first")[:2] == ["holiday.png", "cut short.dcm"]
    read_first = sort_by(page, "To read first")
    assert read_first[0] == "film 9.jpeg"
    assert read_first[-3:] == ["person1.jpeg", "person2.jpeg", "NORMAL2-IM-1427.jpeg"]
    uploaded = sort_by(page, "Order of upload")
    assert (uploaded[0], uploaded[-1]) == ("film 10.jpeg", "person4.jpeg")


def test_the_order_survives_a_rerun_and_a_reload_without_running_the_page(page: Page) -> None:
    names = sort_by(page, "Order of upload")
    press_button(page, "Rerun")
    assert runs(page) == 2
    assert shown_names(page) == names
    page.reload(wait_until="commit")
    page.wait_for_selector(".films[data-render-ms]", timeout=90_000)
    assert shown_names(page) == names


def test_a_name_with_html_in_it_is_text(page: Page) -> None:
    name = "<img src=x onerror='document.title=\"injected\"'><b>bold</b>.png"
    shown = film(page, name).locator(".name")
    expect(shown).to_have_attribute("title", name)
    assert shown.evaluate("node => node.childElementCount") == 0
    assert page.title() != "injected"


def test_thumbnails_arrive_by_no_url_of_the_server(window: BrowserContext, address: str) -> None:
    page = window.new_page()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    open_list(page, address)
    page.wait_for_function(
        "image => image.naturalWidth === 104",
        arg=film(page, "film 9.jpeg").locator("img").element_handle(),
    )
    expect(film(page, "cut short.dcm").locator("img")).to_be_hidden()
    page.close()
    assert not [url for url in fetched if "/media/" in url and "/static/media/" not in url]


def test_the_scale_marks_score_and_operating_point(page: Page) -> None:
    row = film(page, "film 9.jpeg")
    places = [row.locator(mark).bounding_box()["x"] for mark in (".tick", ".dot")]
    scale = row.locator(".scale").bounding_box()
    tick, dot = ((x - scale["x"]) / scale["width"] for x in places)
    assert tick == pytest.approx(0.42, abs=0.04)
    assert dot == pytest.approx(0.97 * 57 / 64, abs=0.02)
    expect(row.locator(".side")).to_have_text("suspicious")
    expect(film(page, "NORMAL2-IM-1427.jpeg").locator(".side")).to_have_text("unsure")
    expect(film(page, "holiday.png").locator(".scale")).to_be_hidden()
    expect(film(page, "holiday.png").locator(".side")).to_have_text("Not a chest film")
    expect(film(page, "IM-0117-0001.jpeg").locator(".side")).to_have_text("no score yet")


def test_an_option_is_described_in_words(page: Page) -> None:
    expect(page.get_by_role("option", name=re.compile("person1946"))).to_have_attribute(
        "aria-label",
        "person1946_bacteria_4874_with_a_long_name.jpeg. Suspicious for pneumonia. "
        "Quality: caution. The film is small: 180 x 150 px. to read",
    )


def test_an_unsure_film_keeps_its_place_and_says_so(page: Page) -> None:
    names = shown_names(page)
    place = names.index("NORMAL2-IM-1427.jpeg")  # 0.31, between 0.44 and 0.22
    assert names[place + 1] == "person4.jpeg"
    unsure = film(page, "NORMAL2-IM-1427.jpeg")
    expect(unsure).to_have_attribute("data-side", "unsure")
    expect(unsure).to_have_attribute(
        "aria-label",
        "NORMAL2-IM-1427.jpeg. Unsure: read with care. Quality: good. signed: normal",
    )


def test_signing_a_film_moves_it_and_a_removed_film_leaves(page: Page) -> None:
    page.get_by_text("Sign the first film").click()
    expect(page.locator(".worklist .count")).to_have_text("12 films, 4 signed by you")
    assert shown_names(page)[0] == "film 10.jpeg"
    page.get_by_text("Without the last film").click()
    expect(page.locator(".worklist .count")).to_have_text("11 films, 4 signed by you")
    assert "person4.jpeg" not in shown_names(page)
    page.get_by_text("Put the picture away").click()
    words = "8 films, 1 put away, 2 synthetic, 4 signed by you"  # 8 as the filter says
    expect(page.locator(".worklist .count")).to_have_text(words)


def test_two_hundred_films_keep_their_nodes_and_place_when_the_page_runs(
    bare: Page, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = bare
    open_list(page, address, "?films=200&current=film-7")
    first = films(page).get_attribute("data-render-ms")
    assert page.locator(".film").count() == 200
    assert is_inside(page, film(page, "film 7.jpeg"))
    films(page).evaluate("""list => {
        list.scrollTop = 2500;
        for (const node of list.children) node.kept = true;
    }""")
    press_button(page, "Rerun")
    assert scrolled(page) == 2500
    page.get_by_text("Sign the first film").click()
    expect(page.locator(".worklist .count")).to_have_text("200 films, 1 signed by you")
    assert films(page).evaluate("list => [...list.children].every(node => node.kept)")
    again = films(page).get_attribute("data-render-ms")
    with capsys.disabled():
        print(f"\n200 films: first {first} ms, one changed {again} ms")  # noqa: T201


def test_a_rerun_sends_no_thumbnail_again(window: BrowserContext, address: str) -> None:
    page = window.new_page()
    received: list[int] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))),
    )
    open_list(page, address, "?films=60&current=film-7")
    thumbnails = max(received)
    received.clear()
    press_button(page, "Next")
    page.close()
    assert received
    assert sum(received) < thumbnails / 4
