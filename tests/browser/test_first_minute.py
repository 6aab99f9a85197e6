"""The whole way in Chromium: upload, probability, regions, verdict, restart."""

from __future__ import annotations

import io
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from browser.app_server import Server, wait_until_idle
from browser.tabs import VIEWPORT, unfold
from fixtures.dicom_films import content_of, film
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from core.domain.arrays import FloatImage
from core.explain.region_words import UNLIKE_HEALTHY
from core.phantom.film import draw_film
from core.phantom.hand import draw_hand
from core.phantom.settings import draw_settings
from core.runs.predictions import read_predictions
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings
from ui.app.pages import EVERYWHERE, PAGES

pytestmark = pytest.mark.browser

READER = "Dr. Ada Reader"
COLOURED_PIXELS = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let orange = 0, blue = 0;
    for (let i = 0; i < data.length; i += 4) {
        const warmth = data[i] - data[i + 2];
        if (warmth > 8) orange += 1;
        else if (warmth < -8) blue += 1;
    }
    return { orange, blue };
}"""


@dataclass(frozen=True)
class Films:
    """What is uploaded: a plain picture file, a DICOM file, and one that must be refused."""

    picture: FilePayload
    dicom: FilePayload
    refused: FilePayload
    are_real: bool = False

    @property
    def all(self) -> list[FilePayload]:
        return [self.picture, self.dicom, self.refused]


def payload(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def png_of(pixels: FloatImage) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@cache
def synthetic_films(seed: int = 1) -> Films:
    """Return films that are others for another seed, which nobody has signed."""
    stored = np.round(draw_film(draw_settings(seed + 2)).pixels * 4095).astype(np.uint16)
    return Films(
        payload("phantom.png", png_of(draw_film(draw_settings(seed, "lobar")).pixels)),
        payload("phantom.dcm", content_of(film(stored))),
        payload("hand.png", png_of(draw_hand(seed - 1))),
    )


@cache
def real_films(data: Path) -> Films:
    def read(path: Path) -> FilePayload:
        return payload(path.name, path.read_bytes())

    # Of surer films no region alone moves the probability, and nothing is coloured; of those in the
    # band below the point the model takes no side. Served and stored probabilities differ by 0.03.
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    said = read_predictions(run).of_split("test")
    doubt = said.probability - run.operating_point.threshold - 0.04
    doubt[(said.films.label == 0) | (doubt < 0.0)] = np.inf
    return Films(
        read(data / "kermany224" / str(said.films.film_id[np.argmin(doubt)])),
        read(data / "dicom_cr" / "files" / "gdcm-CR-MONO1-10-chest.dcm"),
        read(data / "dicom_cr" / "files" / "RG2_J2KI.dcm"),
        are_real=True,
    )


@pytest.fixture(params=["synthetic", "real"])
def films(request: pytest.FixtureRequest) -> Films:
    """Synthetic films, real ones, or those at hand: real ones where there are any."""
    lacks_films = not (get_settings().data / "kermany224" / "train").is_dir()
    if request.param == "synthetic" or (request.param == "at hand" and lacks_films):
        return synthetic_films()
    return real_films(request.getfixturevalue("real_data"))


@contextmanager
def app_of(folder: Path) -> Iterator[Server]:
    """Start the app with a database of its own."""
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {"FIRSTREAD_DATABASE_URL": f"sqlite:///{folder / 'reads.sqlite3'}"},
    )
    yield running
    running.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a process that the tests of this file use in their order, first those that look."""
    with app_of(tmp_path_factory.mktemp("started")) as running:
        yield running


def upload(page: Page, server: Server, films: Films) -> None:
    page.goto(server.address)
    expect(page.get_by_text("Triage new chest films")).to_be_visible()
    page.set_input_files("input[type=file]", files=films.all)
    expect(page.get_by_text(re.compile(r"^(3 films|2 films, 1 put away)"))).to_be_visible()
    for one in films.all:
        expect(row_of(page, one).locator("img")).to_be_visible()


def row_of(page: Page, one: FilePayload) -> Locator:
    return page.get_by_role("option").filter(has_text=one["name"])


def choose(page: Page, one: FilePayload) -> None:
    row_of(page, one).click()
    expect(row_of(page, one)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("img", name=f"Film {one['name']}")).to_be_visible()
    wait_until_idle(page)


def coloured(page: Page) -> dict[str, int]:
    counts: dict[str, int] = page.locator("canvas[role=img]").evaluate(COLOURED_PIXELS)
    return counts


def read_with_regions(page: Page, one: FilePayload, *, may_be_bare: bool = False) -> None:
    choose(page, one)
    expect(page.get_by_text(re.compile(r"Likelihood ratio (above |below )?\d"))).to_be_visible()
    unfold(page, "How the result was measured")
    expect(page.get_by_text(re.compile("chosen to find 97 of 100"))).to_be_visible()
    expect(page.get_by_text("Lung that differs most from healthy lung")).to_be_visible()
    expect(page.get_by_text("only the dashed box")).to_be_visible()
    expect(page.get_by_role("button", name="Show regions")).to_be_visible()
    bare = page.locator(".fr-regions").get_by_text(UNLIKE_HEALTHY.none)
    if may_be_bare and bare.is_visible():
        assert sum(coloured(page).values()) == 0
        return
    page.wait_for_function(
        f"canvas => {{ const n = ({COLOURED_PIXELS})(canvas); return n.orange + n.blue > 2000; }}",
        arg=page.locator("canvas[role=img]").element_handle(),
    )
    page.keyboard.press("o")
    page.wait_for_timeout(400)
    assert sum(coloured(page).values()) == 0
    page.keyboard.press("o")


def expect_bar_in_view(page: Page) -> None:
    """Hold the bar of verdict and signature to the film's lower edge, inside of the window."""
    bar, film = (page.locator(one).bounding_box() for one in (".st-key-read-bar", ".viewer"))
    assert bar is not None
    assert film is not None
    ends = [box["y"] + box["height"] for box in (bar, film)]
    assert ends[0] == pytest.approx(ends[1], abs=8)
    assert max(ends) < (page.viewport_size or {})["height"]


def sign(page: Page, verdict: str) -> None:
    page.get_by_role("radio", name=verdict).click()
    name = page.get_by_placeholder("Signing as (your name)")
    if name.input_value() != READER:
        name.fill(READER)
        name.press("Tab")
    expect(page.get_by_role("radio", name=verdict)).to_be_checked()
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_text(f"Signed {verdict.lower()}, confidence 3 of 5")).to_be_visible()


WORDS_OF_PAGES: dict[str, str | re.Pattern[str]] = {
    "review": "Triage new chest films",
    "regions": "Why a film has its score",
    "errors": re.compile("at its operating point, among"),
    "subgroups": "Doubtful labels",
    "runs": re.compile("Tick the runs to compare"),
    "model_card": "Out of 1,000 children",
    "site": "1. How many films",
    "teaching": "Read blind, then see the answer",
    "records": "No signed reads yet",
    "reader_study": "There is no reader study yet",
}


IN_THE_BAR = [name for name in PAGES if name != "archive"]


def test_a_deep_link_goes_through_the_router_on_a_fresh_process(server: Server, page: Page) -> None:
    page.goto(f"{server.address}/records")
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    expect(page.get_by_text(WORDS_OF_PAGES["records"])).to_be_visible()


@pytest.mark.parametrize("name", WORDS_OF_PAGES)
def test_a_deep_link_leads_to_a_page_that_says_its_name_and_purpose_and_where_it_stands(
    server: Server, page: Page, name: str
) -> None:
    page.goto(f"{server.address}/{name}")
    expect(page.get_by_text(WORDS_OF_PAGES[name]).last).to_be_visible()
    expect(page.get_by_text("Not for diagnosis")).to_be_visible()
    entry = PAGES[name]
    expect(page).to_have_title(f"{entry.title} · First Read")
    expect(page.get_by_role("heading", level=1)).to_have_text([entry.title])
    expect(page.get_by_text(entry.purpose, exact=True)).to_be_visible()
    bar = page.get_by_role("navigation", name="Pages")
    expect(bar.get_by_role("link")).to_have_text([PAGES[one].title for one in IN_THE_BAR])
    expect(bar.locator("[aria-current=page]")).to_have_text([entry.title])
    expect(bar.locator(".fr-group")).to_have_text(["Read", "Learn", "Model"])
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name=entry.title)
    expect(keys.get_by_role("listitem")).to_have_text(list(entry.how_to))
    expect(keys.locator("dt")).to_have_text([one for one, _ in (*entry.keys, *EVERYWHERE)])
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.get_by_role("button", name="Help and keys").click()
    expect(keys).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Help and keys")).to_be_focused()


def test_the_brand_leads_home(server: Server, page: Page) -> None:
    page.goto(f"{server.address}/records")
    page.get_by_role("link", name="First Read").click()
    expect(page).to_have_title("Worklist · First Read")


def test_a_name_that_is_being_written_when_a_link_is_followed_goes_along(
    server: Server, page: Page
) -> None:
    upload(page, server, synthetic_films(seed=9))
    page.get_by_placeholder("Signing as (your name)").fill("Dr. Eve Early")
    server.process.send_signal(signal.SIGSTOP)  # both messages wait, and the later one wins
    page.get_by_placeholder("Signing as (your name)").press("Tab")
    page.get_by_role("link", name="Records").click()
    page.wait_for_timeout(300)
    server.process.send_signal(signal.SIGCONT)
    expect(page.get_by_text("Reading: Dr. Eve Early.")).to_be_visible()
    expect(page.get_by_text(WORDS_OF_PAGES["records"])).to_be_visible()


EARLIER: dict[str, tuple[str, str | re.Pattern[str]]] = {
    "where_it_fails?section=labels": ("/subgroups?", "Doubtful labels"),
    "model_facts?tab=checklists": ("/model_card?", re.compile("CLAIM")),
    "exhibit": ("/runs?lesson=zoom", "None of them can serve"),
    "review?from=mail": ("/?from=mail", "Films: JPEG, PNG, TIFF, BMP or DICOM"),
}


@pytest.mark.parametrize("address", EARLIER)
def test_an_address_of_an_earlier_version_leads_to_the_page_of_today(
    server: Server, page: Page, address: str
) -> None:
    page.goto(f"{server.address}/{address}")
    place, words = EARLIER[address]
    expect(page.get_by_text(words).first).to_be_visible()
    expect(page).to_have_url(re.compile(re.escape(place)))
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_every_page_is_in_the_deep_link_test() -> None:
    pages = {path.stem for path in (PROJECT_ROOT / "pages").glob("*.py")}
    assert pages == {*WORDS_OF_PAGES, "archive"}  # in the bar only where an archive is set


@pytest.mark.parametrize("films", ["synthetic"], indirect=True)
def test_a_draft_survives_another_film_and_another_page(
    server: Server, page: Page, films: Films
) -> None:
    upload(page, server, films)
    choose(page, films.picture)
    page.get_by_role("radio", name="Pneumonia").click()
    page.get_by_placeholder("Comment").fill("left base")
    page.get_by_placeholder("Comment").press("Tab")
    choose(page, films.refused)
    expect(page.get_by_placeholder("Comment")).to_have_count(0)
    page.get_by_role("link", name="Records").click()
    expect(page.get_by_text("No signed reads yet")).to_be_visible()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Worklist").click()
    choose(page, films.picture)
    expect(page.get_by_placeholder("Comment")).to_have_value("left base")
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()


def test_keys_alone_go_through_the_list_and_sign(server: Server, page: Page) -> None:
    upload(page, server, synthetic_films(seed=5))
    expect(page.get_by_text("Lung that differs most from healthy lung")).to_be_visible()
    expect_bar_in_view(page)
    page.set_viewport_size({"width": 1024, "height": 768})
    expect(page.get_by_role("button", name="Sign")).to_be_in_viewport(ratio=1)
    expect_bar_in_view(page)
    page.set_viewport_size(VIEWPORT)
    selected = page.locator("[role=option][aria-selected=true]")
    first = selected.get_attribute("aria-label") or ""
    page.keyboard.press("j")
    expect(selected).not_to_have_attribute("aria-label", first)
    page.keyboard.press("k")
    expect(selected).to_have_attribute("aria-label", first)
    wait_until_idle(page)
    field = page.get_by_placeholder("Signing as (your name)")
    field.fill("")  # another test's reader may stand there
    field.press("Enter")
    expect(page.get_by_text("No reader named.")).to_be_visible()
    page.get_by_role("radio", name="Unsure").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="Unsure")).to_be_checked()
    wait_until_idle(page)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Enter your name first")).to_be_visible()
    expect(field).to_be_focused()
    page.keyboard.type(READER)
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Reading: {READER}.")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Signed unsure, by")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_contain_text("Lock, then sign")
    page.keyboard.press("?")
    expect(page.get_by_role("button", name="Next unread film")).to_be_focused()
    page.keyboard.press("Enter")
    expect(selected).not_to_have_attribute("aria-label", re.compile("signed"))
    wait_until_idle(page)  # the film comes with its own viewer
    page.keyboard.press("?")
    page.get_by_role("button", name="How to, and the first steps").click()
    expect(page.get_by_role("dialog", name="Shortcuts")).to_be_hidden()
    expect(page.get_by_role("dialog", name="Worklist")).to_contain_text("Show the first steps")
    page.keyboard.press("Escape")
    expect(page.locator(".stage")).to_be_focused()


def test_films_are_read_signed_and_found_again_after_a_restart(
    server: Server, page: Page, films: Films
) -> None:
    upload(page, server, films)
    read_with_regions(page, films.picture, may_be_bare=films.are_real)
    sign(page, "Pneumonia")
    read_with_regions(page, films.dicom, may_be_bare=True)
    sign(page, "Normal")

    choose(page, films.refused)
    expect(page.get_by_text("Not read by the model")).to_be_visible()
    expect(page.get_by_text("Refused", exact=True)).not_to_have_count(0)
    expect(page.get_by_text(re.compile(r"Likelihood ratio (above |below )?\d"))).to_have_count(0)
    assert sum(coloured(page).values()) == 0
    page.get_by_role("button", name="Not to be read here").click()
    expect(row_of(page, films.refused)).to_contain_text("not to be read here")

    server.stop()
    server.start()
    upload(page, server, films)
    expect(row_of(page, films.refused)).to_contain_text("not to be read here")
    signed = (films.picture, films.dicom)
    for one, verdict in zip(signed, ("pneumonia", "normal"), strict=True):
        expect(row_of(page, one)).to_contain_text(f"signed: {verdict}")
        choose(page, one)
        expect(
            page.get_by_text(f"Signed {verdict}, confidence 3 of 5, by {READER}")
        ).to_be_visible()
