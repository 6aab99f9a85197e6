"""From a cell of the matrix to a film, its tag, and the same after a reload, in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser.app_server import DRAWN, Server, wait_until_idle
from fixtures.stand_in_films import served_predictions, write_stand_ins
from playwright.sync_api import Locator, Page, expect
from sklearn.metrics import confusion_matrix
from statsmodels.stats.proportion import proportion_confint

from core.domain.rate import probability_text
from core.runs.predictions import Predictions
from core.settings import PROJECT_ROOT, SERVED_RUN

pytestmark = pytest.mark.browser

READER = "Dr. Ada Reader"
HOLD_SLIDER = """(slider, value) => {
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
}"""
LET_GO = 'slider => slider.dispatchEvent(new Event("change", { bubbles: true }))'
MAIN = "document.querySelector('[data-testid=stMain]')"
CELLS = ("true positives", "false negatives", "false positives", "true negatives")


@pytest.fixture(scope="module")
def test_part() -> Predictions:
    return served_predictions().of_split("test")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory, test_part: Predictions) -> Path:
    folder = tmp_path_factory.mktemp("films")
    write_stand_ins(folder, test_part.films.film_id)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, films: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("errors")
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{folder / 'reads.sqlite3'}",
            "FIRSTREAD_DATA": str(films),
            "FIRSTREAD_CACHE": str(folder / "cache"),
        },
    )
    yield running
    running.stop()


def open_gallery(page: Page, server: Server, address: str = "split=test") -> None:
    page.goto(f"{server.address}/errors?{address}")
    expect(page.get_by_role("radiogroup", name="Cell of the confusion matrix")).to_be_visible()
    wait_until_idle(page)


def cards(page: Page) -> Locator:
    return page.locator(".cards .card")


def counts(page: Page) -> list[int]:
    page.evaluate(DRAWN)
    shown = [page.get_by_role("radio", name=re.compile(cell)).locator("b") for cell in CELLS]
    return [int(count.inner_text().replace(",", "")) for count in shown]


def counts_of_scikit_learn(part: Predictions, threshold: float) -> list[int]:
    (tn, fp), (fn, tp) = confusion_matrix(part.films.label, part.probability >= threshold)
    return [int(count) for count in (tp, fn, fp, tn)]


def rates(page: Page) -> list[list[str]]:
    rows = page.locator(".matrix tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


def rates_of_statsmodels(tp: int, fn: int, fp: int, tn: int) -> list[list[str]]:
    described = []
    for name, right, n in [
        ("Sensitivity", tp, tp + fn),
        ("Specificity", tn, tn + fp),
        ("PPV", tp, tp + fp),
        ("NPV", tn, tn + fn),
    ]:
        low, high = proportion_confint(right, n, method="wilson")
        described.append([name, f"{right / n:.3f}", f"{low:.3f} to {high:.3f}", str(n)])
    return described


def test_the_counts_follow_the_slider_while_it_is_held_and_the_films_once_it_is_let_go(
    server: Server, page: Page, test_part: Predictions
) -> None:
    open_gallery(page, server)
    assert counts(page) == counts_of_scikit_learn(test_part, operating_point())
    slider = page.get_by_role("slider", name="Threshold")
    for threshold in (0.01, 0.123, 0.5, 0.777, 0.999):
        slider.evaluate(HOLD_SLIDER, threshold)
        expected = counts_of_scikit_learn(test_part, threshold)
        assert counts(page) == expected
        assert rates(page) == rates_of_statsmodels(*expected)
    assert "threshold=point" in page.url
    page.reload()
    wait_until_idle(page)
    slider.focus()
    page.keyboard.press("ArrowRight")  # a step that is smaller than any snapping
    expect(page).to_have_url(re.compile(r"threshold=0\.\d+&"))
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("threshold=point"))
    slider.evaluate(HOLD_SLIDER, 0.9)
    slider.evaluate(LET_GO)
    missed = counts_of_scikit_learn(test_part, 0.9)[1]
    expect(page.get_by_text(f"{missed} false negatives")).to_be_visible()
    expect(page).to_have_url(re.compile(r"threshold=0\.9&"))
    page.get_by_role("button", name="Back to the operating point").click()
    expect(page).to_have_url(re.compile("threshold=point"))
    wait_until_idle(page)
    assert counts(page) == counts_of_scikit_learn(test_part, operating_point())


def operating_point() -> float:
    from core.runs.store import load_run

    return load_run(PROJECT_ROOT / "models" / SERVED_RUN).operating_point.threshold


def test_from_a_cell_to_a_film_to_a_tag_and_back_after_a_reload(
    server: Server, page: Page, test_part: Predictions
) -> None:
    open_gallery(page, server)
    page.get_by_role("radio", name=re.compile("false positives")).click()
    wrong = counts_of_scikit_learn(test_part, operating_point())[2]
    expect(page.get_by_text(f"{wrong} false positives")).to_be_visible()
    expect(page).to_have_url(re.compile("cell=fp"))
    expect(cards(page)).to_have_count(min(wrong, 24))
    expect(cards(page).locator("img:visible")).to_have_count(min(wrong, 24))
    wait_until_idle(page)

    first, second = (cards(page).nth(one).locator(".name").inner_text() for one in (0, 1))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name=f"Film {second}")).to_be_visible()
    expect(page.get_by_text("2 of ")).to_be_visible()
    expect(page.get_by_text("Nearest true positive")).to_be_visible()
    wait_until_idle(page)
    for key, stem in (("k", first), ("j", second)):  # the film is in sight after every step
        page.evaluate(f"{MAIN}.scrollTop = 400")
        page.keyboard.press(key)
        expect(page.get_by_role("img", name=f"Film {stem}")).to_be_visible()
        page.wait_for_function(f"{MAIN}.scrollTop === 0")
        wait_until_idle(page)
    name = page.get_by_placeholder("Signing as (your name)")
    name.fill(READER)
    name.press("Tab")
    expect(page.get_by_text(f"Reading: {READER}.")).to_be_visible()
    wait_until_idle(page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("t")
    expect(page.get_by_text("Tagged: look again.")).to_be_visible()
    wait_until_idle(page)
    comment = page.get_by_placeholder("Comment")
    comment.fill("behind the heart")
    comment.press("Control+Enter")  # in a field, too: a note does no harm
    expect(page.get_by_text("Noted.")).to_be_visible()
    wait_until_idle(page)
    expect(comment).to_have_value("behind the heart")

    page.reload()
    expect(page.get_by_role("img", name=f"Film {second}")).to_be_visible()
    wait_until_idle(page)
    page.keyboard.press("g")
    expect(page.get_by_role("button", name=re.compile(r"Notes \(1\)"))).to_be_visible()
    tagged = cards(page).filter(has_text="look again")
    expect(tagged).to_have_count(1)
    expect(tagged.locator(".name")).to_have_text(second)


def test_an_address_shows_the_same_in_a_fresh_process(
    server: Server, page: Page, test_part: Predictions
) -> None:
    part = test_part
    place = int(np.where(part.films.label == 1, part.probability, 2.0).argmin())
    film_id, probability = str(part.films.film_id[place]), part.probability[place]
    film = Path(film_id).stem
    open_gallery(page, server, "split=test&cell=fn&sort=loss&threshold=0.6")
    cards(page).filter(has_text=film).click()
    expect(page.get_by_role("img", name=f"Film {film}")).to_be_visible()
    wait_until_idle(page)
    address = page.url
    server.stop()
    server.start()
    page.goto(address)
    expect(page.get_by_role("img", name=f"Film {film}")).to_be_visible()
    expect(page.get_by_text(f"Probability {probability_text(probability)} where")).to_be_visible()
    wait_until_idle(page)
    assert page.url == address


def test_the_matrix_and_the_cards_are_used_by_keys_alone(server: Server, page: Page) -> None:
    open_gallery(page, server)
    page.get_by_role("radio", name=re.compile("false negatives")).focus()
    page.keyboard.press("ArrowLeft")
    chosen = page.get_by_role("radio", name=re.compile("true positives"))
    expect(chosen).to_be_checked()
    expect(chosen).to_be_focused()
    expect(page).to_have_url(re.compile("cell=tp"))
    wait_until_idle(page)
    page.get_by_role("listbox", name="Films").focus()
    page.keyboard.press("ArrowRight")
    expect(cards(page).nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("k")
    expect(cards(page).nth(0)).to_have_attribute("aria-selected", "true")
    first = cards(page).nth(0).locator(".name").inner_text()
    for _ in range(24):
        page.keyboard.press("j")
    expect(page).to_have_url(re.compile("page=2"))
    expect(cards(page).nth(0).locator(".name")).not_to_have_text(first)
    wait_until_idle(page)
    for button, number in (("stPaginationNext", 3), ("stPaginationPrev", 2)):  # follows the keys
        page.get_by_test_id(button).click()
        expect(page).to_have_url(re.compile(f"page={number}"))
        wait_until_idle(page)
    page.keyboard.press("k")
    expect(page).to_have_url(re.compile("page=1"))
    expect(cards(page).nth(23)).to_have_attribute("aria-selected", "true")
    expect(cards(page).nth(0).locator(".name")).to_have_text(first)

    page.goto(re.sub(r"page=\d+", "page=99", page.url))  # no key leads beyond the last page
    expect(page.get_by_text(re.compile("There is no page 99"))).to_be_visible()
    wait_until_idle(page)
    page.reload()
    expect(cards(page).first).to_be_visible()
    last = re.search(r"page=(\d+)", page.url)
    page.keyboard.press("End")
    for _ in range(cards(page).count() + 2):
        page.keyboard.press("j")
    wait_until_idle(page)
    expect(page.get_by_text(re.compile("There is no page"))).to_have_count(0)
    assert last is not None
    assert last.group(0) in page.url
