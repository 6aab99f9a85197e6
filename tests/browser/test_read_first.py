"""Films read before the model, by the order of the site; the ledger is recomputed by hand."""

from __future__ import annotations

import csv
import io
import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from browser.app_server import Server, download_text, wait_until_idle
from fixtures.review_records import lead, record
from playwright.sync_api import Page, expect
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from core.domain.model import OperatingPoint, Prediction
from core.domain.quality import Finding, QualityReport, Severity
from core.domain.review import Verdict
from core.files import sha256_of
from core.phantom.builtin import DRAWING_VERSION, built_in_files
from core.reads.export import DRAWN, INSIDE_DRAWN
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.store.audit_log import verify_records
from core.store.engine import Database
from core.store.reads import SqlReviewStore

pytestmark = pytest.mark.browser

READER = "Dr. Ada Reader"
READS = {
    f"person9010_bacteria_{DRAWING_VERSION}.png": ("Pneumonia", "Normal"),
    f"person9018_bacteria_{DRAWING_VERSION}.png": ("Normal", "Pneumonia"),
    f"IM-9007-{DRAWING_VERSION}.png": ("Pneumonia", "Pneumonia"),
}
"""Of each film the verdict of the first read and of the signed one."""

READ_LONG_AGO = 10
"""Films that the reader has signed before this test, so that there is a curve to compare."""

DRAWN_ON = f"person9018_bacteria_{DRAWING_VERSION}.png"
NUMBER = re.compile(r"Likelihood ratio (above |below )?\d")
CELLS = """() => [...document.querySelectorAll("[role=grid] tr")].map(
    row => [...row.querySelectorAll("th, td")].map(cell => cell.textContent))"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('read-first') / 'reads.sqlite3'}"


@pytest.fixture(scope="module")
def read_before(url: str) -> None:
    """Store signed reads of other films, right and wrong, with the model's of those days."""
    store = SqlReviewStore(Database.open(url), read_first=False)
    others = [path for path in built_in_files() if path.name not in READS]
    ill = [path for path in others if path.name.startswith("person")][: READ_LONG_AGO // 2]
    well = [path for path in others if path.name.startswith("IM-")][: READ_LONG_AGO // 2]
    point = OperatingPoint(0.4, 0.97, 0.8, 624, 390, "validation")
    synthetic = Finding("synthetic", Severity.NOTE, None, None, "The film was drawn by a program.")
    for turn, path in enumerate([*ill, *well]):
        says = Verdict.NORMAL if (turn in (1, 6)) is (path in ill) else Verdict.PNEUMONIA
        said = record(
            film_sha256=sha256_of(path),
            film_name=path.name,
            reader=READER,
            verdict=says,
            confidence=1 + turn % 5,
            prediction=Prediction(0.05 + 0.37 * turn % 0.9, 0.0, SERVED_RUN, point),
            run_id=SERVED_RUN,
            quality=QualityReport((synthetic,)),
            order_known=False,
        )
        opened = said.read.read_at - timedelta(seconds=10 + 7 * turn)
        store.append(replace(said, opened_at=opened), lead(READER))
    store.database.close()


@pytest.fixture(scope="module")
def server(url: str, read_before: None) -> Iterator[Server]:
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": url,
            "FIRSTREAD_READ_FIRST": "true",
        },
    )
    yield running
    running.stop()


def upload(page: Page, server: Server, files: list[Path]) -> None:
    page.goto(server.address)
    expect(page.get_by_text("Read new chest films blind, then beside the model")).to_be_visible()
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
    expect(page.get_by_text("1 mark in your draft")).to_be_visible()


def read_first(page: Page, name: str) -> None:
    choose(page, name)
    expect(page.get_by_text("The model's result appears after you lock your read")).to_be_visible()
    expect(page.get_by_text(NUMBER)).to_have_count(0)
    expect(page.get_by_text("Show the model's regions")).to_have_count(0)
    if name == DRAWN_ON:
        draw_by_keys(page)
        expect_form_in_view(page)
    field = page.get_by_placeholder("Signing as (your name)")
    if field.input_value() != READER:
        field.fill(READER)
        field.press("Enter")  # leaves the field: the next key is no letter of the name
        expect(field).not_to_be_focused()
        wait_until_idle(page)
        page.keyboard.press("u")
        expect(page.get_by_role("radio", name="Unsure")).to_be_checked()
        expect(field).to_have_value(READER)
    say(page, READS[name][0])
    page.get_by_role("button", name="Lock the first read").click()
    expect(page.get_by_text(NUMBER)).to_be_visible()


def expect_form_in_view(page: Page) -> None:
    """Hold findings and comment to what is seen without scrolling."""
    findings, comment = page.get_by_role("region", name="Findings"), page.get_by_label("Comment")
    bar = page.locator(".st-key-read-bar").bounding_box()
    assert bar is not None
    for place in (findings, comment):
        expect(place).to_be_in_viewport(ratio=1)
        box = place.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= bar["y"]


def write_comment(page: Page, words: str) -> None:
    comment = page.get_by_placeholder("Comment")
    comment.fill(words)
    comment.press("Control+Enter")
    expect(page.get_by_text("Comment saved")).to_be_visible()
    expect(page.locator(".stage")).to_be_focused()  # the next key is the film's
    comment.press("a")
    expect(page.get_by_text("Comment saved")).not_to_be_visible()
    comment.press("Escape")
    expect(comment).not_to_be_focused()
    expect(page.get_by_text("Comment saved")).to_be_visible()
    wait_until_idle(page)


def sign(page: Page, name: str) -> None:
    if name == DRAWN_ON:
        expect(page.get_by_role("button", name="Show the model's regions")).to_be_visible()
        page.keyboard.press("o")
        expect(page.get_by_text(re.compile(r"Your box contains \d+ % of"))).to_be_visible()
        page.get_by_text("Findings and comment").click()
        expect_form_in_view(page)
        write_comment(page, "left base")
    say(page, READS[name][1])
    page.get_by_role("button", name="Sign").click()
    verdict = READS[name][1].lower()
    sure = "" if verdict == "unsure" else ", confidence 3 of 5"
    expect(page.get_by_text(f"Signed {verdict}{sure}, by {READER}")).to_be_visible()


def numbers_of(page: Page) -> dict[str, str]:
    """Return the table of readers by measure; the grid tells assistive software what it holds."""
    page.get_by_role("tab", name="Readers and model").click()
    page.wait_for_function(f"({CELLS})().some(row => row.includes('Kappa'))")
    return {row[0]: row[1] for row in page.evaluate(CELLS) if len(row) == 2}


def curves_of(page: Page) -> list[str]:
    """Return the areas under the reader's curve and the model's."""
    areas = page.get_by_role("table").last.locator("tbody tr td:last-child")
    return [cell.strip() for cell in areas.all_inner_texts()]


def share(right: list[bool]) -> str:
    """Return a rate as the table says it, with Wilson's interval."""
    if not right:
        return "none (n = 0)"
    low, high = proportion_confint(sum(right), len(right), method="wilson")
    return f"{sum(right) / len(right):.2f} ({low:.2f} to {high:.2f}, n = {len(right)})"


def kappa(one: list[bool], other: list[bool]) -> str:
    table = [
        [sum(pair == (a, b) for pair in zip(one, other, strict=True)) for b in (1, 0)]
        for a in (1, 0)
    ]
    found = cohens_kappa(table)
    return f"{found.kappa:.2f} ({found.kappa_low:.2f} to {found.kappa_upp:.2f}, n = {len(one)})"


def area(score: Callable[[str], float], ill: dict[str, bool]) -> str:
    """Return the share of pairs that a score puts in the right order, ties by half."""
    sick, well = [n for n in ill if ill[n]], [n for n in ill if not ill[n]]
    right = sum((score(a) > score(b)) + (score(a) == score(b)) / 2 for a in sick for b in well)
    return f"{right / len(sick) / len(well):.2f} ("


def test_the_ledger_says_of_all_films_what_is_counted_by_hand(
    page: Page, server: Server, url: str
) -> None:
    films = [path for path in built_in_files() if path.name in READS]
    upload(page, server, films)
    read_first(page, DRAWN_ON)
    other_tab = page.context.new_page()  # where nothing of the first tab is known
    upload(other_tab, server, films)
    choose(other_tab, DRAWN_ON)
    expect(other_tab.get_by_text("1 marked at your first read.")).to_be_visible()
    choose(other_tab, f"IM-9007-{DRAWING_VERSION}.png")
    expect(other_tab.get_by_text("appears after you lock your read")).to_be_visible()
    expect(other_tab.get_by_text(NUMBER)).to_have_count(0)
    other_tab.close()
    sign(page, DRAWN_ON)
    for name in READS.keys() - {DRAWN_ON}:
        read_first(page, name)
        sign(page, name)

    page.get_by_role("link", name="Records").click()
    page.get_by_text("First and corrected reads too").click()
    files = csv.DictReader(io.StringIO(download_text(page, f"CSV of {6 + READ_LONG_AGO}")))
    rows = list(files)
    first = {row["Film"]: row for row in rows if row["Kind"] == "first"}
    last = {row["Film"]: row for row in rows if row["Kind"] == "read"}
    assert first.keys() == READS.keys()
    assert len(last) == 3 + READ_LONG_AGO
    assert {name for name, row in first.items() if row[DRAWN]} == {DRAWN_ON}
    assert 0.0 <= float(last[DRAWN_ON][INSIDE_DRAWN]) <= 1.0

    mine = {name: row["Verdict"] == "pneumonia" for name, row in last.items()}
    model = {name: row["Model's verdict"] == "suspicious" for name, row in last.items()}
    ill = {name: row["Reference"] == "pneumonia" for name, row in last.items()}
    assert not any(row["Model's verdict"] == "unsure" for row in rows)
    changes = [
        (first[name]["Verdict"] == row["Reference"], row["Verdict"] == row["Reference"])
        for name, row in last.items()
        if name in first
    ]
    alone_right = [name for name in READS if first[name]["Verdict"] == last[name]["Reference"]]
    alone_wrong = READS.keys() - set(alone_right)
    seconds = [float((first.get(name) or row)["Seconds"]) for name, row in last.items()]
    expected = {
        "Reads counted": str(len(last)),
        "Agreement with model": share([mine[name] == model[name] for name in last]),
        "Kappa": kappa([mine[name] for name in last], [model[name] for name in last]),
        "Sensitivity": share([mine[name] for name in last if ill[name]]),
        "Model's sensitivity": share([model[name] for name in last if ill[name]]),
        "Specificity": share([not mine[name] for name in last if not ill[name]]),
        "Model's specificity": share([not model[name] for name in last if not ill[name]]),
        "Over-reliance": share([mine[n] == model[n] for n in alone_right if model[n] != ill[n]]),
        "Under-reliance": share([mine[n] != model[n] for n in alone_wrong if model[n] == ill[n]]),
        "Agreed when the model was wrong": share(
            [mine[n] == model[n] for n in last if model[n] != ill[n]]
        ),
        "Disagreed when the model was right": share(
            [mine[n] != model[n] for n in last if model[n] == ill[n]]
        ),
        "Changed wrong to right": str(changes.count((False, True))),
        "Changed right to wrong": str(changes.count((True, False))),
        "Median time to the first read": f"{statistics.median(seconds):.0f} s (n = {len(last)})",
    }
    said = numbers_of(page)
    assert {name: said[name] for name in expected} == expected
    assert (expected["Changed wrong to right"], expected["Changed right to wrong"]) == ("1", "1")

    def step(name: str) -> float:
        return (1 if mine[name] else -1) * int(last[name]["Confidence (1 to 5)"])

    own, machine = curves_of(page)
    assert own.startswith(area(step, ill))
    assert machine.startswith(area(lambda name: float(last[name]["Probability"]), ill))
    assert verify_records(Database.open(url)).intact
