"""Everything that a browser receives before the lock, searched for any trace of the model."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.app_server import Server, wait_until_idle
from browser.received import SIDE, Received
from playwright.sync_api import BrowserContext, Page, expect

from core.domain.model import Prediction
from core.files import sha256_of
from core.phantom.builtin import DRAWING_VERSION, built_in_files
from core.pipeline import Engine, open_engine, read_film
from core.settings import PROJECT_ROOT, SERVED_RUN

pytestmark = pytest.mark.browser

READER = "Dr. Ada Reader"
ARRIVAL = [
    f"IM-9007-{DRAWING_VERSION}.png",
    f"person9010_bacteria_{DRAWING_VERSION}.png",
    f"IM-9001-{DRAWING_VERSION}.png",
    f"person9018_bacteria_{DRAWING_VERSION}.png",
]
LISTED = re.compile(rb'(?:"key": ?|\[)"([0-9a-f]{64})"')
FIRST_READ_SCREEN = re.compile("Read new chest films blind|Triage new chest films")


def traces_of(prediction: Prediction, received: bytes) -> list[str]:
    """Return where a film's probability or score stands, in digits or as a number's bytes."""
    text = received.decode("latin-1")
    numbers = {"probability": prediction.probability, "score": prediction.score}
    return [
        name
        for name, value in numbers.items()
        if f"{abs(value):.8f}"[:6] in text
        or any(struct.pack(kind, value) in received for kind in ("<d", "<f", ">d", ">f"))
    ]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return open_engine(PROJECT_ROOT / "models", SERVED_RUN)


@pytest.fixture(scope="module")
def films() -> list[Path]:
    by_name = {path.name: path for path in built_in_files()}
    return [by_name[name] for name in ARRIVAL]


@pytest.fixture(scope="module")
def predictions(films: list[Path], engine: Engine) -> list[Prediction]:
    found = [read_film(path.read_bytes(), engine).prediction for path in films]
    assert all(found)
    return [one for one in found if one is not None]


def start(folder: Path, **settings: str) -> Server:
    environment = {
        "FIRSTREAD_DATABASE_URL": f"sqlite:///{folder / 'reads.sqlite3'}",
        "FIRSTREAD_READ_FIRST": "true",
    }
    return Server(PROJECT_ROOT / "streamlit_app.py", environment | settings)


def upload(window: BrowserContext, server: Server, films: list[Path]) -> tuple[Page, Received]:
    page = window.new_page()
    received = Received(page)
    page.goto(server.address)
    expect(page.get_by_text(FIRST_READ_SCREEN)).to_be_visible()
    page.set_input_files("input[type=file]", files=films)
    for one in films:
        row = page.get_by_role("option").filter(has_text=one.name)
        expect(row.locator("img")).to_be_visible()
    wait_until_idle(page)
    return page, received


def names_of(page: Page) -> list[str]:
    # Not the inner texts: a row that is scrolled out of sight may have none.
    return page.locator(".film .name").all_text_contents()


def orders_in(received: Received, films: list[Path]) -> list[list[str]]:
    """Return the order of the films in every message that lists rows or thumbnails of them all."""
    names = {sha256_of(path): path.name for path in films}
    listed = [[key.decode() for key in LISTED.findall(one)] for one in received.messages]
    return [[names[key] for key in keys] for keys in listed if set(keys) == set(names)]


def lock(page: Page) -> None:
    page.get_by_placeholder("Signing as (your name)").fill(READER)
    page.get_by_placeholder("Signing as (your name)").press("Tab")
    wait_until_idle(page)
    page.get_by_role("radio", name="Normal").click()
    wait_until_idle(page)
    page.get_by_role("button", name="Lock the first read").click()
    expect(page.get_by_text(re.compile(r"Likelihood ratio (above |below )?\d"))).to_be_visible()


@pytest.fixture
def blind(tmp_path: Path) -> Iterator[Server]:
    server = start(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def triage(tmp_path: Path) -> Iterator[Server]:
    server = start(tmp_path, FIRSTREAD_TRIAGE="true")
    yield server
    server.stop()


def test_before_the_lock_nothing_that_the_browser_receives_tells_of_the_model(
    window: BrowserContext, blind: Server, films: list[Path], predictions: list[Prediction]
) -> None:
    page, received = upload(window, blind, films)
    for one in reversed(films):  # each film is opened once
        page.get_by_role("option").filter(has_text=one.name).click()
        expect(page.get_by_role("img", name=f"Film {one.name}")).to_be_visible()
        wait_until_idle(page)
    before = received.everything()
    assert SIDE.findall(before.decode("latin-1")) == []
    assert [traces_of(one, before) for one in predictions] == [[]] * len(films)
    orders = orders_in(received, films)
    assert orders
    assert orders == [ARRIVAL] * len(orders)
    assert names_of(page) == ARRIVAL
    offered = page.get_by_label("Sort films").locator("option").all_inner_texts()
    assert "Most suspicious first" not in offered
    for order in offered:  # ties of any order stay in the order of arrival
        page.get_by_label("Sort films").select_option(order)
        in_order = sorted(ARRIVAL) if order == "Name" else ARRIVAL
        assert names_of(page) == in_order
    lock(page)  # the search finds what it looks for, once it is sent
    assert SIDE.search(received.everything().decode("latin-1"))


def test_the_search_finds_the_side_and_the_order_where_the_site_sorts_by_suspicion(
    window: BrowserContext, triage: Server, films: list[Path], predictions: list[Prediction]
) -> None:
    page, received = upload(window, triage, films)
    assert SIDE.search(received.everything().decode("latin-1"))
    assert [traces_of(one, received.everything()) for one in predictions] == [[]] * len(films)
    assert names_of(page) != ARRIVAL
