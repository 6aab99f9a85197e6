"""Three films read before the model, by the order of the site; the ledger recomputed by hand."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_server import Server, download_text, wait_until_idle
from playwright.sync_api import Browser, Page, expect

from core.examples import drawn_files
from core.review_ledger import verify_records
from core.review_table import DRAWN, INSIDE_DRAWN
from core.settings import PROJECT_ROOT

pytestmark = pytest.mark.browser

READER = "Dr. Ada Reader"
READS = {
    "person9010_bacteria_1.png": ("Pneumonia", "Normal"),
    "person9002_bacteria_1.png": ("Normal", "Pneumonia"),
    "IM-9007-0001.png": ("Pneumonia", "Pneumonia"),
}
"""Of each film the verdict of the first read and of the signed one."""

DRAWN_ON = "person9002_bacteria_1.png"
PROBABILITY = re.compile(r"probability (above |below )?\d\.\d\d")
CELLS = """() => [...document.querySelectorAll("[role=grid] tr")].map(
    row => [...row.querySelectorAll("th, td")].map(cell => cell.textContent))"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('read-first') / 'reads.sqlite3'}"


@pytest.fixture(scope="module")
def server(url: str, synthetic_cache: Path) -> Iterator[Server]:
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": url,
            "FIRSTREAD_CACHE": str(synthetic_cache),
            "FIRSTREAD_READ_FIRST": "true",
            "FIRSTREAD_LIME_SAMPLES": "100",
        },
    )
    yield running
    running.stop()


def new_page(chromium: Browser) -> Page:
    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    return page


def upload(page: Page, server: Server, files: list[Path]) -> None:
    page.goto(server.address)
    expect(page.get_by_text("Put new films in order of suspicion")).to_be_visible()
    page.set_input_files("input[type=file]", files=files)
    for one in files:
        row = page.get_by_role("option").filter(has_text=one.name)
        expect(row.locator("img")).to_be_visible()


def choose(page: Page, name: str) -> None:
    row = page.get_by_role("option").filter(has_text=name)
    row.click()
    expect(row).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("img", name=f"Film {name}")).to_be_visible()
    wait_until_idle(page)


def say(page: Page, verdict: str) -> None:
    wait_until_idle(page)
    page.get_by_role("radio", name=verdict).click()
    expect(page.get_by_role("radio", name=verdict)).to_be_checked()
    wait_until_idle(page)


def draw_by_keys(page: Page) -> None:
    for key in ("b", *["ArrowLeft"] * 6, *["ArrowUp"] * 6, "b", "Escape"):
        page.keyboard.press(key)
    expect(page.get_by_text("1 marked on the film")).to_be_visible()


def read_first(page: Page, name: str) -> None:
    choose(page, name)
    expect(
        page.get_by_text("What the model says of this film, and why, comes after")
    ).to_be_visible()
    expect(page.get_by_text(PROBABILITY)).to_have_count(0)
    expect(page.get_by_text("Show the model's regions")).to_have_count(0)
    if name == DRAWN_ON:
        draw_by_keys(page)
    field = page.get_by_placeholder("Signing as (your name)")
    if field.input_value() != READER:
        field.fill(READER)
        field.press("Tab")
        wait_until_idle(page)
    say(page, READS[name][0])
    page.get_by_role("button", name="Lock the first read").click()
    expect(page.get_by_text(PROBABILITY)).to_be_visible()


def sign(page: Page, name: str) -> None:
    if name == DRAWN_ON:
        page.get_by_role("button", name="Show the model's regions").click()
        expect(page.get_by_text(re.compile(r"that you drew first holds \d+% of"))).to_be_visible()
    say(page, READS[name][1])
    page.get_by_role("button", name="Sign").click()
    verdict = READS[name][1].lower()
    expect(page.get_by_text(f"Signed {verdict}, confidence 3 of 5, by {READER}")).to_be_visible()


def numbers_of(page: Page) -> dict[str, str]:
    """Return the table of readers by measure; the grid tells assistive software what it holds."""
    page.get_by_role("tab", name="Readers and model").click()
    page.wait_for_function(f"({CELLS})().some(row => row.includes('Kappa'))")
    return {row[0]: row[1] for row in page.evaluate(CELLS) if len(row) == 2}


def share(right: list[bool]) -> str:
    """Return a rate as the table begins to say it."""
    return f"{sum(right) / len(right):.2f} (" if right else "none (n = 0)"


def test_the_ledger_says_of_three_films_what_is_counted_by_hand(
    chromium: Browser, server: Server, url: str, synthetic_cache: Path
) -> None:
    films = [path for path in drawn_files(synthetic_cache) if path.name in READS]
    page = new_page(chromium)
    upload(page, server, films)
    read_first(page, DRAWN_ON)
    other_tab = page.context.new_page()  # where nothing of the first tab is known
    upload(other_tab, server, films)
    choose(other_tab, DRAWN_ON)
    expect(other_tab.get_by_text("1 marked at your first read.")).to_be_visible()
    choose(other_tab, "IM-9007-0001.png")
    expect(other_tab.get_by_text("comes after your own first read")).to_be_visible()
    expect(other_tab.get_by_text(PROBABILITY)).to_have_count(0)
    other_tab.close()
    sign(page, DRAWN_ON)
    for name in READS.keys() - {DRAWN_ON}:
        read_first(page, name)
        sign(page, name)

    page.get_by_role("link", name="Records").click()
    page.get_by_text("Corrected reads too").click()
    rows = list(csv.DictReader(io.StringIO(download_text(page, "CSV of 6"))))
    first = {row["Film"]: row for row in rows if row["Kind"] == "first"}
    last = {row["Film"]: row for row in rows if row["Kind"] == "read"}
    assert first.keys() == last.keys() == READS.keys()
    assert {name for name, row in first.items() if row[DRAWN]} == {DRAWN_ON}
    assert 0.0 <= float(last[DRAWN_ON][INSIDE_DRAWN]) <= 1.0

    mine = {name: row["Verdict"] == "pneumonia" for name, row in last.items()}
    model = {name: row["Model's side"] == "above" for name, row in last.items()}
    ill = {name: row["Reference"] == "pneumonia" for name, row in last.items()}
    assert not any(row["Model's side"] == "unsure" for row in rows)
    agreed = sum(mine[name] == model[name] for name in READS) / 3
    mine_ill, model_ill = sum(mine.values()) / 3, sum(model.values()) / 3
    by_chance = mine_ill * model_ill + (1 - mine_ill) * (1 - model_ill)
    changes = [
        (first[name]["Verdict"] == row["Reference"], row["Verdict"] == row["Reference"])
        for name, row in last.items()
    ]
    alone_right = [name for name in READS if first[name]["Verdict"] == last[name]["Reference"]]
    alone_wrong = READS.keys() - set(alone_right)
    expected = {
        "Films": "3",
        "Agreement with model": f"{agreed:.2f} (",
        "Kappa": f"{(agreed - by_chance) / (1 - by_chance):.2f} (",
        "Sensitivity": share([mine[name] for name in READS if ill[name]]),
        "Model's sensitivity": share([model[name] for name in READS if ill[name]]),
        "Specificity": share([not mine[name] for name in READS if not ill[name]]),
        "Model's specificity": share([not model[name] for name in READS if not ill[name]]),
        "Over-reliance": share([mine[n] == model[n] for n in alone_right if model[n] != ill[n]]),
        "Under-reliance": share([mine[n] != model[n] for n in alone_wrong if model[n] == ill[n]]),
        "Changed wrong to right": str(changes.count((False, True))),
        "Changed right to wrong": str(changes.count((True, False))),
    }
    said = numbers_of(page)
    assert {name: said[name][: len(words)] for name, words in expected.items()} == expected
    assert (expected["Changed wrong to right"], expected["Changed right to wrong"]) == ("1", "1")
    expect(page.get_by_text(re.compile("no curve from 2 reads of films with pneu"))).to_be_visible()
    assert verify_records(url).intact
    page.context.close()
