"""A film is signed, and its report taken away: as a PDF, as text, and with the whole list."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import pytest
from browser.app_server import Server, download_text, wait_until_idle
from fixtures.film_reports import pages_of, words_of_page
from playwright.sync_api import Locator, Page, expect

from core.phantom.builtin import built_in_files
from core.settings import PROJECT_ROOT
from core.store.audit_log import verify_records
from core.store.engine import Database
from core.store.read_hashes import hash_of_read
from core.store.reads import SqlReviewStore

pytestmark = pytest.mark.browser

READER = "Dr. Łukasz Ñandú"
COMMENT = "Verdichtung rechts basal."


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('reports') / 'reads.sqlite3'}"


@pytest.fixture(scope="module")
def server(url: str) -> Iterator[Server]:
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": url,
            "FIRSTREAD_READ_FIRST": "true",
        },
    )
    yield running
    running.stop()


def save(page: Page, button: Locator) -> bytes:
    """Press a button that saves a file, and return the file, which never lay at an address."""
    with page.expect_download() as started:
        button.click()
    assert started.value.url.startswith("blob:")
    assert started.value.suggested_filename.endswith(".pdf")
    return started.value.path().read_bytes()


def say(page: Page, verdict: str) -> None:
    wait_until_idle(page)
    page.get_by_role("radio", name=verdict).click()
    expect(page.get_by_role("radio", name=verdict)).to_be_checked()
    wait_until_idle(page)


def lock_and_sign(page: Page) -> None:
    say(page, "Normal")
    page.get_by_role("button", name="Lock the first read").click()
    expect(page.get_by_role("button", name="Show the model's regions")).to_be_visible()
    expect(page.get_by_role("button", name="Report", exact=True)).to_have_count(0)
    say(page, "Pneumonia")
    page.get_by_text("Findings and comment").click()
    field = page.get_by_placeholder("Comment")
    field.fill(COMMENT)
    field.press("Tab")
    wait_until_idle(page)
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_text("Signed pneumonia, confidence 3 of 5")).to_be_visible()


def test_a_signed_film_is_handed_on_as_pdf_as_text_and_with_its_list(
    page: Page, server: Server, url: str
) -> None:
    films = [path for path in built_in_files() if path.name.startswith("person")][:2]
    page.goto(server.address)
    page.set_input_files("input[type=file]", files=films)
    for film in films:
        row = page.get_by_role("option").filter(has_text=film.name)
        expect(row.locator("img")).to_be_visible()
    wait_until_idle(page)
    expect(page.get_by_role("button", name="Report", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Reports", exact=True)).to_have_count(0)
    field = page.get_by_placeholder("Signing as (your name)")
    field.fill(READER)
    field.press("Tab")
    for film in films:
        row = page.get_by_role("option").filter(has_text=film.name)
        row.click()
        expect(page.get_by_role("img", name=f"Film {film.name}")).to_be_visible()
        lock_and_sign(page)

    page.get_by_role("button", name="Report", exact=True).click()
    (only,) = pages_of(save(page, page.get_by_role("button", name="Save as PDF")))
    words = words_of_page(only)
    store = SqlReviewStore(Database.open(url))
    signed = store.recent()[0]
    assert signed.film_name == films[-1].name
    hashed = hash_of_read(store.database, signed.record_id)
    told = f"{READER}, {signed.read.read_at:%Y-%m-%d %H:%M} UTC"
    point = signed.prediction.operating_point.threshold
    stated = (
        "Not for diagnostic use", films[-1].name, "Signed read: pneumonia, confidence 3 of 5", told,
        f"“{COMMENT}”", "Blind first read Normal, confidence 3 of 5.",
        f"threshold {point:.2f}", "Synthetic film. The film alone.", signed.film_sha256,
        signed.record_id, hashed,
    )  # fmt: skip
    assert not [fact for fact in stated if fact not in words]
    assert len(only.images) == 2, "the film without and with regions"
    text = page.get_by_test_id("stCode").inner_text()
    assert f"Signed by {told}." in text
    assert hashed in text
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Reports", exact=True).click()
    page.get_by_role("button", name="Reports of this list (PDF)").click()
    pages = pages_of(save(page, page.get_by_role("button", name="Save 2 reports (PDF)")))
    whole = [words_of_page(one) for one in pages]
    assert [film.name in said for film, said in zip(films, whole, strict=True)] == [True, True]
    rows = list(csv.DictReader(download_text(page, re.compile(r"\(CSV\)")).splitlines()))
    assert [row["Film"] for row in rows] == [film.name for film in films]
    assert [row["Comment"] for row in rows] == [COMMENT] * 2
    assert verify_records(store.database).intact
    store.database.close()
