"""The ward's prevalence in Chromium: a film's number before it is set and after, and in Regions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.app_server import Server, wait_until_idle
from browser.tabs import unfold
from pages.test_review import CHEST
from playwright.sync_api import Page, expect

from core.settings import PROJECT_ROOT
from core.store.engine import Database
from core.store.reads import SqlReviewStore
from core.store.ward import list_ward_prevalences

pytestmark = pytest.mark.browser

LEAD = "Dr. Lena Lead"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'reads.sqlite3'}"


@pytest.fixture
def server(url: str) -> Iterator[Server]:
    settings = {"FIRSTREAD_DATABASE_URL": url, "FIRSTREAD_READ_FIRST": "true"}
    running = Server(PROJECT_ROOT / "streamlit_app.py", settings)
    yield running
    running.stop()


def test_a_lead_sets_the_prevalence_and_reads_what_the_score_means_here(
    page: Page, server: Server, url: str
) -> None:
    page.goto(server.address)
    name, content, kind = CHEST
    page.set_input_files(
        "input[type=file]", files={"name": name, "mimeType": kind, "buffer": content}
    )
    expect(page.get_by_role("button", name="Lock the first read")).to_be_visible()
    wait_until_idle(page)
    expect(page.get_by_text("Likelihood ratio")).to_have_count(0)
    expect(page.get_by_role("button", name="Prevalence not set")).to_have_count(0)
    page.get_by_placeholder("Signing as (your name)").fill(LEAD)
    page.get_by_role("radio", name="Pneumonia").click()
    wait_until_idle(page)
    page.get_by_role("button", name="Lock the first read").click()

    said = page.locator(".fr-said")
    expect(said).to_contain_text(
        re.compile(r"Likelihood ratio [\d.]+ \(95 % [\d.]+ to [\d.]+\)\. A film")
    )
    expect(said).to_contain_text("times as common among children with pneumonia as among those")
    expect(said).not_to_contain_text(re.compile("probability", re.IGNORECASE))
    wait_until_idle(page)
    page.get_by_role("button", name="Prevalence not set: set it").click()
    page.get_by_label("Pneumonia prevalence in your ward").fill("15")
    page.get_by_role("button", name="Use this prevalence").click()
    expect(said).to_contain_text(
        re.compile(r"Probability here 0\.\d\d\. Of 100 such films here about \d+ have pneumonia")
    )
    expect(page.get_by_role("button", name="Prevalence here: 15 %")).to_be_visible()
    database = Database.open(url)
    (kept,) = list_ward_prevalences(database)
    assert (kept.value, kept.set_by) == (0.15, LEAD)

    wait_until_idle(page)
    number = re.search(r"Probability here ([\d.]+\d)", said.inner_text())[1]
    page.get_by_role("button", name="Show the model's regions").click()
    unfold(page, "How the score adds up")
    expect(page.get_by_text(f"Together: log odds (probability here: {number})")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Sign")).click()
    expect(page.get_by_text("Signed pneumonia, confidence")).to_be_visible()
    first, signed = SqlReviewStore(database, read_first=True).everything()
    assert first.shown_number is None
    assert signed.shown_number.text.startswith(f"probability here {number} (95 % ")
    database.close()

    wait_until_idle(page)
    page.get_by_role("link", name="What if, layers, files").click()
    expect(page.get_by_text(f"Together: log odds (probability here: {number})")).to_be_visible()
    expect(page.get_by_text("Probabilities hold where 15 % of the films")).to_be_visible()
    wait_until_idle(page)
    page.get_by_role("radio", name="What if").click()
    expect(page.get_by_text(f"Probability here {number}. Nothing is hidden.")).to_be_visible()
