"""A site in Chromium: accepted from a folder, adopted, and the next film is read by it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.app_server import Server, wait_until_idle
from pages.test_review import CHEST
from playwright.sync_api import Page, expect

from core.settings import PROJECT_ROOT
from core.store.engine import Database
from core.store.reads import SqlReviewStore
from core.store.site_settings import list_site_settings

pytestmark = pytest.mark.browser

LEAD = "Dr. Lena Lead"
EACH = 8


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'reads.sqlite3'}"


@pytest.fixture
def server(url: str) -> Iterator[Server]:
    running = Server(PROJECT_ROOT / "streamlit_app.py", {"FIRSTREAD_DATABASE_URL": url})
    yield running
    running.stop()


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    """Return a folder of synthetic films with their labels beside it."""
    folder, rows = tmp_path / "ward", ["film,label"]
    folder.mkdir()
    for word in ("normal", "pneumonia"):
        shipped = sorted((PROJECT_ROOT / "synthetic" / "test" / word.upper()).glob("*.png"))
        for number, path in enumerate(shipped[:EACH]):
            shutil.copy(path, folder / f"{word}-{number}.png")
            rows.append(f"{word}-{number}.png,{word}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    return folder


def state(page: Page, name: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=name)
    field.fill(value)
    field.press("Tab")
    wait_until_idle(page)


def test_a_site_is_accepted_from_a_folder_and_the_next_film_is_read_by_its_threshold(
    page: Page, server: Server, url: str, ward: Path
) -> None:
    page.goto(f"{server.address}/site")
    expect(page.get_by_text("reads by its own threshold")).to_be_visible()
    wait_until_idle(page)
    page.get_by_role("textbox", name="Name of the site").fill("Ward 3")
    page.get_by_placeholder("Signing as (your name)").fill(LEAD)
    state(page, "Tuning films", "8")
    for name in ("Sensitivity at least", "Specificity at least", "ROC AUC at least"):
        state(page, name, "0.01")
    state(page, "Calibration error at most", "0.99")
    page.get_by_role("textbox", name="Folder, zip file or address").fill(str(ward))
    page.set_input_files("input[type=file]", str(ward.parent / "labels.csv"))
    expect(page.get_by_text("labels.csv")).to_be_visible()
    wait_until_idle(page)
    page.get_by_role("button", name="Declare and read the films").click()
    expect(page.get_by_text("meets every criterion")).to_be_visible()
    wait_until_idle(page)
    page.get_by_role("button", name="Adopt threshold and calibration").click()
    page.get_by_role("textbox", name="Reason").locator("visible=true").fill("measured here")
    page.get_by_role("button", name="Read by it from now on").click()
    expect(page.get_by_text("Adopted as version 1.")).to_be_visible()
    database = Database.open(url)
    (line,) = list_site_settings(database)
    setting = line.adopted.setting
    assert (setting.site, setting.adopted_by, setting.go) == ("Ward 3", LEAD, True)

    wait_until_idle(page)
    page.get_by_role("link", name="Worklist").click()
    expect(page.get_by_role("heading", name="Triage new chest films")).to_be_visible()
    wait_until_idle(page)
    name, content, kind = CHEST
    page.set_input_files(
        "input[type=file]", files={"name": name, "mimeType": kind, "buffer": content}
    )
    threshold = f"{setting.point.threshold:.2f}"
    scale = page.get_by_role("img", name=re.compile(rf"threshold {re.escape(threshold)}$"))
    expect(scale).to_be_visible()
    expect(page.locator(".fr-line")).to_contain_text(f"Site threshold {threshold}, version 1")
    wait_until_idle(page)
    page.get_by_role("radio", name="Pneumonia").click()
    wait_until_idle(page)
    page.get_by_role("button", name=re.compile("^Sign")).click()
    expect(page.get_by_text("Signed pneumonia, confidence")).to_be_visible()
    (signed,) = SqlReviewStore(database).everything()
    assert signed.prediction.operating_point == setting.point
    assert signed.prediction.operating_point.chosen_on.endswith("site setting 1")
    database.close()
