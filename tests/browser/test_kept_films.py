"""Films outlast the visit: a killed server, a second browser, an erasure."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser.app_server import Server, wait_until_idle
from browser.test_first_minute import payload
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from core.phantom.builtin import built_in_files
from core.settings import PROJECT_ROOT
from core.store.drafts import SqlReviewSteps
from core.store.engine import Database

pytestmark = pytest.mark.browser

N = 30


@dataclass(frozen=True)
class Site:
    """A server with a database and films of its own."""

    server: Server
    folder: Path
    environment: dict[str, str]

    def kill(self) -> None:
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait(timeout=60)

    def files(self) -> list[Path]:
        return [path for path in (self.folder / "films").rglob("*") if path.is_file()]

    def bytes(self) -> bytes:
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return b"".join(path.read_bytes() for path in files)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    environment = {
        "FIRSTREAD_DATABASE_URL": f"sqlite:///{folder / 'reads.sqlite3'}",
        "FIRSTREAD_FILMS": str(folder / "films"),
        "FIRSTREAD_KEEP_FILMS_DAYS": "30",
        "FIRSTREAD_READ_FIRST": "true",
    }
    server = Server(PROJECT_ROOT / "streamlit_app.py", environment)
    yield Site(server, folder, environment)
    server.stop()


@pytest.fixture(scope="module")
def films() -> list[FilePayload]:
    drawn = built_in_files()[:N]
    return [payload(f"film-{n:02}.png", path.read_bytes()) for n, path in enumerate(drawn)]


def rows_of(page: Page) -> Locator:
    return page.locator("[role=option][data-quality]")


def row_of(page: Page, name: str) -> Locator:
    return rows_of(page).filter(has_text=name)


def open_review(page: Page, site: Site) -> None:
    page.goto(site.server.address)
    expect(page.get_by_role("button", name="Add films")).to_be_visible()


def wait_until_kept(site: Site, film: FilePayload) -> None:
    """Wait for the browser's last word, which comes some time after the key."""
    with closing(Database.open(site.environment["FIRSTREAD_DATABASE_URL"])) as database:
        sha256 = hashlib.sha256(film["buffer"]).hexdigest()
        for _ in range(240):
            draft = SqlReviewSteps(database).progress(sha256, "Dr. Ada Reader", 0).draft
            if draft is not None and draft.comment:
                return
            time.sleep(0.25)
    pytest.fail("the draft was not kept within a minute")


def lock_normal(page: Page) -> None:
    page.get_by_role("radio", name="Normal").click()
    wait_until_idle(page)
    page.get_by_role("button", name="Lock the first read").click()


def test_the_morning_goes_on_after_a_killed_server(
    site: Site, page: Page, chromium: Browser, films: list[FilePayload]
) -> None:
    page.goto(site.server.address)
    expect(page.get_by_text("Read new chest films blind, then beside the model")).to_be_visible()
    page.set_input_files("input[type=file]", files=films)
    expect(rows_of(page)).to_have_count(N)
    expect(row_of(page, "film-29").locator("img")).to_be_visible()
    wait_until_idle(page)
    name = page.get_by_placeholder("Signing as (your name)")
    name.fill("Dr. Ada Reader")
    name.press("Tab")
    wait_until_idle(page)
    lock_normal(page)
    expect(row_of(page, "film-00")).to_contain_text("first read locked")
    row_of(page, "film-01").click()
    expect(row_of(page, "film-01")).to_have_attribute("aria-selected", "true")
    # the list marks its film at once; the form is that film's when the film is shown
    expect(page.get_by_role("img", name="Film film-01.png")).to_be_visible()
    wait_until_idle(page)
    page.get_by_placeholder("Comment").fill("right base?")
    page.get_by_placeholder("Comment").press("Tab")
    wait_until_kept(site, films[1])

    site.kill()
    page.goto("about:blank")
    site.server.start()
    open_review(page, site)
    expect(rows_of(page)).to_have_count(N)
    expect(row_of(page, "film-00")).to_contain_text("first read locked")
    expect(row_of(page, "film-01")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_placeholder("Comment")).to_have_value("right base?")
    expect(page.locator("canvas[role=img]")).to_be_visible()

    # a second browser goes on with the next film
    other = chromium.new_context().new_page()
    open_review(other, site)
    name = other.get_by_placeholder("Signing as (your name)")
    name.fill("Dr. Bo Second")
    name.press("Tab")
    expect(other.get_by_text("Dr. Ada Reader is reading this film, until")).to_be_visible()
    other.reload()
    expect(row_of(other, "film-01")).to_contain_text("being read by Dr. Ada Reader")
    expect(row_of(other, "film-00")).to_contain_text("first read by another")
    expect(row_of(other, "film-02")).to_have_attribute("aria-selected", "true")
    wait_until_idle(other)
    row_of(page, "film-03").click()
    expect(row_of(page, "film-02")).to_contain_text("being read by Dr. Bo Second")
    other.context.close()


def test_a_film_is_found_and_the_address_says_so(site: Site, page: Page) -> None:
    open_review(page, site)
    expect(rows_of(page)).to_have_count(N)
    page.get_by_role("button", name="Find a film").click()
    page.get_by_label("Name, or beginning of the hash").fill("film-1")
    page.get_by_label("Name, or beginning of the hash").press("Enter")
    expect(page.get_by_text("Found by “film-1”.")).to_be_visible()
    expect(rows_of(page)).to_have_count(10 + 1)  # the open film stays
    assert "film-1" not in page.url
    page.goto(f"{site.server.address}/?show=first-read-locked")
    expect(rows_of(page)).to_have_count(1)
    expect(row_of(page, "film-00")).to_contain_text("first read by another")
    page.goto(f"{site.server.address}/?show=nothing")
    expect(page.get_by_text("The address names show 'nothing'")).to_be_visible()


def test_an_erased_film_leaves_no_byte_on_the_disk(
    site: Site, page: Page, films: list[FilePayload]
) -> None:
    sha256 = hashlib.sha256(films[3]["buffer"]).hexdigest()
    before = {path: path.read_bytes() for path in site.files()}
    assert b"film-03.png" in site.bytes()  # the worklist's names are not encrypted
    command = [sys.executable, "-m", "core", "films", "erase", sha256[:12]]
    done = subprocess.run(
        command,
        env={**os.environ, **site.environment},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "1 films were erased.", done.stderr
    open_review(page, site)
    expect(rows_of(page)).to_have_count(N - 1)
    on_disk = site.bytes()
    assert b"film-03.png" not in on_disk
    (gone,) = before.keys() - set(site.files())
    for start in (0, 100, len(before[gone]) - 64):
        assert before[gone][start : start + 64] not in on_disk
