"""A session of ten films with the model, by keys alone; browser and server are killed half-way."""

from __future__ import annotations

import re
import signal
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.app_server import Server, wait_until_idle
from browser.own_chromium import OwnChromium
from browser.received import SIDE, Received
from browser.tabs import forget_all
from fixtures.teaching_cases import lend_models
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from core.domain.review import Verdict
from core.settings import PROJECT_ROOT
from core.store.engine import Database
from core.store.teaching import SqlTeachingStore
from core.teaching.session import Course, FilmState

pytestmark = pytest.mark.browser

READER = "Dr. Ada Trainee"
PROBABILITY = re.compile(r"probability (above |below )?\d\.\d\d")
FILMS, KILLED_AT = 10, 6
MODEL = "Show me the model's read after my own, for a second read"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("teaching")


@pytest.fixture(scope="module")
def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'reads.sqlite3'}"


@pytest.fixture
def kept(url: str) -> Iterator[SqlTeachingStore]:
    opened = SqlTeachingStore(Database.open(url))
    yield opened
    opened.database.close()


@pytest.fixture(scope="module")
def server(folder: Path, url: str) -> Iterator[Server]:
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": url,
            "FIRSTREAD_DATA": str(folder / "no data"),
            "FIRSTREAD_MODELS": str(lend_models(folder / "models")),
            "FIRSTREAD_OFFER_SYNTHETIC": "true",
            "FIRSTREAD_READ_FIRST": "true",
        },
    )
    yield running
    running.stop()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def begin_by_keys(page: Page, address: str) -> str:
    page.goto(f"{address}/teaching")
    expect(page.get_by_role("button", name=re.compile("^Start"))).to_be_visible()
    while page.evaluate("document.activeElement.placeholder ?? ''") != "Signing as (your name)":
        press(page, "Tab")
    page.keyboard.type(READER[:-1])
    while page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''") != MODEL:
        press(page, "Tab")
    press(page, "Space")
    expect(page.get_by_role("switch", name=MODEL)).to_be_checked()
    wait_until_idle(page)
    while page.evaluate("document.activeElement.placeholder ?? ''") != "Signing as (your name)":
        press(page, "Shift+Tab")
    press(page, "End")
    page.keyboard.type(READER[-1])
    press(page, "Control+Enter")  # in a field: what was written counts, and the session begins
    expect(page.get_by_text("Film 1 of 10", exact=True)).to_be_visible()
    expect(page.get_by_text(f"Reading: {READER}.")).to_be_visible()
    found = re.search("session=([0-9a-f]{32})", page.url)
    assert found is not None
    return found.group(1)


def answer(page: Page, place: int) -> None:
    """Say pneumonia and normal in turn; mark every pneumonia as a consolidation."""
    expect(page.get_by_text(f"Film {place + 1} of {FILMS}", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Lock the read")).to_be_enabled()
    if place % 2 == 0:
        press(page, "m", "ArrowLeft", "ArrowLeft", "Enter", "Escape", "l")
    press(page, "p" if place % 2 == 0 else "n", str(1 + place % 5))


def lock(page: Page, place: int) -> None:
    """Lock the read, see the model's, and lock the second read; every third film's is changed."""
    press(page, "Control+Enter")
    expect(page.get_by_role("button", name="Lock the second read")).to_be_enabled()
    expect(page.get_by_text(PROBABILITY).first).to_be_visible()
    if place % 3 == 0:
        press(page, "n" if place % 2 == 0 else "p")
    press(page, "Control+Enter")
    following = "Next film" if place + 1 < FILMS else "Summary"
    expect(page.get_by_role("button", name=following).last).to_be_visible()


def said_in(course: Course) -> list[tuple[Verdict | None, int | None, int]]:
    reads = [film.read or film.draft for film in course.films]
    return [(read.label, read.confidence, len(read.marks)) for read in reads]


def changed_their_mind(film: FilmState) -> bool:
    assert film.read is not None
    assert film.final is not None
    return film.read.label is not film.final.label


def expected(films: int) -> list[tuple[Verdict | None, int | None, int]]:
    said = [
        (Verdict.NORMAL if place % 2 else Verdict.PNEUMONIA, 1 + place % 5, 1 - place % 2)
        for place in range(films)
    ]
    return [*said, *[(None, None, 0)] * (FILMS - films)]


def test_ten_films_by_keys_alone_survive_a_killed_browser_and_a_killed_server(
    page: Page,
    chromium: Browser,
    mortal: OwnChromium,
    server: Server,
    kept: SqlTeachingStore,
) -> None:
    second = page
    page = mortal.open_tab(chromium.browser_type)
    session_id = begin_by_keys(page, server.address)
    for place in range(KILLED_AT):
        answer(page, place)
        lock(page, place)
        wait_until_idle(page)
        press(page, "j")
    answer(page, KILLED_AT)  # and not locked
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()
    wait_until_kept(page, kept, session_id)
    address = page.url
    mortal.kill()
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()

    server.start()
    page = second
    page.goto(address)
    expect(page.get_by_text(f"Film {KILLED_AT + 1} of {FILMS}", exact=True)).to_be_visible()
    expect(page.get_by_text("1 marked.")).to_be_visible()
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()
    expect(page.get_by_role("radio", name="2")).to_be_checked()
    consolidation = page.get_by_role("button", name="Consolidation")
    expect(consolidation).to_have_attribute("aria-pressed", "true")
    lock(page, KILLED_AT)
    wait_until_idle(page)
    press(page, "j")
    for place in range(KILLED_AT + 1, FILMS):
        answer(page, place)
        lock(page, place)
        wait_until_idle(page)
        press(page, "j")
    expect(page.get_by_role("heading", name=f"Session of {READER}: 10 of 10")).to_be_visible()
    course = kept.course(session_id)
    assert course is not None
    assert said_in(course) == expected(FILMS)
    assert [len(film.read.findings.categories) for film in course.films if film.read] == [1, 0] * 5
    finals = [len(film.final.findings.categories) for film in course.films if film.final]
    assert finals == [0, 0, 1, 0, 1, 0, 0, 0, 1, 0]  # normal at the second read has none
    changed = [place for place, film in enumerate(course.films) if changed_their_mind(film)]
    assert changed == [0, 3, 6, 9]
    assert course.place is None


def wait_until_kept(page: Page, kept: SqlTeachingStore, session_id: str) -> None:
    """Wait until the draft of the open film is in the database: the last key is on its way."""
    for _ in range(200):
        course = kept.course(session_id)
        assert course is not None
        if said_in(course) == expected(KILLED_AT + 1):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"kept is {said_in(course)}")


def test_a_session_tells_nothing_of_the_model_before_the_blind_read(
    page: Page, window: BrowserContext, server: Server, kept: SqlTeachingStore
) -> None:
    reader = "Dr. Blind Reader"
    page.goto(f"{server.address}/teaching")
    page.get_by_placeholder("Signing as (your name)").fill(reader)
    page.get_by_placeholder("Signing as (your name)").press("Tab")
    wait_until_idle(page)
    page.get_by_text("Show me the model's read after my own").click()
    wait_until_idle(page)
    page.get_by_role("button", name=re.compile("^Start")).click()
    expect(page.get_by_text("Film 1 of 10", exact=True)).to_be_visible()
    link = page.url
    forget_all(window, page)

    page = window.new_page()
    received = Received(page)
    page.goto(link)  # the address of the session, on a fresh browser
    expect(page.get_by_role("button", name="Lock the read")).to_be_visible()
    wait_until_idle(page)
    (course,) = kept.courses_of(reader)
    before = received.everything()
    texts = before.decode("latin-1")
    assert SIDE.findall(texts) == []
    for case in course.session.cases:
        assert f"{case.probability:.8f}"[:6] not in texts
        assert struct.pack("<d", case.probability) not in before
        assert case.film_id not in texts
    page.keyboard.press("n")
    page.keyboard.press("3")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Lock the second read")).to_be_visible()
    assert SIDE.search(received.everything().decode("latin-1"))

    lock_button = page.get_by_role("button", name="Lock the second read")
    page.set_viewport_size({"width": 1024, "height": 768})
    wait_until_idle(page)
    assert bottom_of(lock_button) <= 768
    name = lock_button.locator("span")
    assert name.evaluate("node => node.getClientRects().length") == 1
    page.set_viewport_size({"width": 390, "height": 844})
    wait_until_idle(page)
    leave = page.get_by_role("button", name="Leave")
    order = [bottom_of(one) for one in (page.locator(".viewer"), lock_button, leave)]
    assert order == sorted(order)


def bottom_of(place: Locator) -> float:
    box = place.bounding_box()
    assert box is not None
    return box["y"] + box["height"]
