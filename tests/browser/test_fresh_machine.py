"""A newcomer on a machine without any film: every page is of use, from the first minute on.

One start serves all tests: with a home, a cache and a database that are empty, and no data folder.
Once the app is seen to draw, films are lent to it from the session's set, which is the same, so
that the sixty are not drawn twice.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from app_server import Server, download_text, wait_until_idle
from playwright.sync_api import Browser, Page, ViewportSize, expect

from core.examples import OFFERED
from core.phantom_folder import BUILT_IN_FILMS, built_in_folder, write_whole
from core.settings import PROJECT_ROOT, SERVED_RUN

pytestmark = pytest.mark.browser

VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
READER = "Dr. New Comer"
OPEN = "Open 12 synthetic films"
SOME_DRAWN = re.compile(r"[1-9]\d* of 60 synthetic films drawn|Of all 60 synthetic films")
DRAWING = re.compile(r"\d+ of 60 synthetic films drawn")
PATIENCE_S = 300


@dataclass(frozen=True)
class Machine:
    """A running app and the cache that it fills."""

    address: str
    cache: Path

    @property
    def films(self) -> set[Path]:
        """Places of the films that are drawn."""
        folder = built_in_folder(self.cache)
        return {path.relative_to(folder) for path in folder.glob("t*/*/*.png")}

    @property
    def prepared(self) -> bool:
        return bool(list(self.cache.glob("phantoms/*.done")))

    def lend(self, drawn: Path, n: int) -> None:
        """Put films of another cache, with their masks, beside those that are drawn, up to n."""
        folder, ours = built_in_folder(drawn), built_in_folder(self.cache)
        for film in sorted(folder.glob("t*/*/*.png")):
            if len(self.films) >= n:
                return
            for path in sorted(folder.rglob(film.name)):  # the film comes after its masks
                place = ours / path.relative_to(folder)
                place.parent.mkdir(parents=True, exist_ok=True)
                write_whole(place, path.read_bytes())


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory,
    synthetic_cache: Path,  # drawn before, lest both draw at a time
) -> Iterator[Machine]:
    """Start the app as `make run` does, where nothing was started before, with two of the runs."""
    home = tmp_path_factory.mktemp("home")
    (home / "models").mkdir()
    for name in ("f01", SERVED_RUN, "lungs", "split.json"):
        (home / "models" / name).symlink_to(PROJECT_ROOT / "models" / name)
    environment = {
        "HOME": str(home),
        "FIRSTREAD_MODELS": str(home / "models"),
        "FIRSTREAD_DATABASE_URL": f"sqlite:///{home / 'reads.sqlite3'}",
        "FIRSTREAD_DATA": str(home / "no data"),
        "FIRSTREAD_CACHE": str(home / "cache"),
        "FIRSTREAD_OFFER_SYNTHETIC": "true",
    }
    migrate = [sys.executable, "-m", "core", "db", "migrate"]
    subprocess.run(migrate, env=os.environ | environment, cwd=PROJECT_ROOT, check=True)
    running = Server(PROJECT_ROOT / "streamlit_app.py", environment)
    yield Machine(running.address, home / "cache")
    running.stop()


@pytest.fixture(scope="module")
def prepared(machine: Machine, page: Page, synthetic_cache: Path) -> Machine:
    """Wait until the films are drawn and read."""
    page.goto(machine.address)  # the first visitor begins the work
    expect(page.get_by_text(SOME_DRAWN)).to_be_visible()
    machine.lend(synthetic_cache, BUILT_IN_FILMS)
    for _ in range(PATIENCE_S):
        if machine.prepared:
            return machine
        time.sleep(1)
    pytest.fail(f"the films are not prepared after {PATIENCE_S} s")


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport=VIEWPORT)
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def test_in_the_first_minute_every_page_is_of_use_and_a_film_is_read(
    page: Page, machine: Machine, synthetic_cache: Path
) -> None:
    page.goto(machine.address)
    expect(page.get_by_text("Put new films in order of suspicion")).to_be_visible()
    expect(page.get_by_test_id("stFileUploaderDropzoneInput")).to_be_enabled()
    expect(page.get_by_text("python -m core data fetch")).to_be_visible()

    page.get_by_role("link", name="Errors").click()
    expect(page.get_by_text("What a run gets wrong, film by film")).to_be_visible()
    expect(page.get_by_text(DRAWING)).to_be_visible()
    page.get_by_role("link", name="Compare runs").click()
    expect(page.get_by_text(re.compile("Official test split: 624 films"))).to_be_visible()
    expect(page.get_by_text(DRAWING)).to_be_visible()
    page.get_by_role("link", name="Records").click()
    expect(page.get_by_text("No signed reads yet")).to_be_visible()

    page.get_by_test_id("stTopNav").get_by_role("link", name="Review").click()
    expect(page.get_by_text(SOME_DRAWN)).to_be_visible()
    machine.lend(synthetic_cache, OFFERED)
    page.get_by_role("button", name=OPEN).click()
    page.locator("[role=option]").first.click()
    expect(page.get_by_text("It shows no patient")).to_be_visible()
    expect(page.get_by_text("Synthetic film, no patient")).to_be_visible()
    expect(page.get_by_text(re.compile("uspicious for pneumonia|Unsure: read"))).to_be_visible()
    assert OFFERED <= len(machine.films) < BUILT_IN_FILMS
    assert not machine.prepared


def test_what_the_served_run_makes_of_all_films_is_said(page: Page, prepared: Machine) -> None:
    page.goto(prepared.address)

    expect(page.get_by_role("button", name=OPEN)).to_be_visible()
    expect(page.get_by_text(re.compile(r"finds \d+ of 30 pneumonias"))).to_be_visible()
    assert len(prepared.films) == BUILT_IN_FILMS


def test_a_synthetic_film_is_explained_signed_and_found_in_the_records(
    page: Page, prepared: Machine
) -> None:
    page.goto(prepared.address)
    page.get_by_role("button", name=OPEN).click()
    expect(page.get_by_role("option").locator("img:visible")).to_have_count(12)
    expect(page.get_by_role("option", name=re.compile(", synthetic"))).to_have_count(12)
    expect(page.get_by_text("Regions the score depends on most")).to_be_visible()
    page.get_by_role("radio", name="Pneumonia").click()
    page.get_by_placeholder("Signing as (your name)").fill(READER)
    page.get_by_placeholder("Signing as (your name)").press("Tab")
    expect(page.get_by_text(f"Reading: {READER}.")).to_be_visible()
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_text("Signed pneumonia, confidence 3 of 5")).to_be_visible()

    page.get_by_role("link", name="Records").click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    kept = download_text(page, "CSV of 1")
    assert "note: synthetic" in kept
    assert READER in kept


def test_errors_are_looked_at_and_runs_compared_on_the_synthetic_films(
    page: Page, prepared: Machine
) -> None:
    page.goto(f"{prepared.address}/errors?cell=tn")
    expect(page.get_by_text(re.compile("among 60 films"))).to_be_visible()
    cards = page.get_by_role("option")
    expect(cards.locator("img:visible").first).to_be_visible()
    expect(cards.get_by_text("synthetic", exact=True)).to_have_count(cards.count())

    page.goto(f"{prepared.address}/runs?part=synthetic")
    expect(page.get_by_text(re.compile("Synthetic films: 60 films"))).to_be_visible()
    expect(page.get_by_text("Case matrix")).to_be_visible()


@pytest.mark.parametrize("name", sorted(p.stem for p in (PROJECT_ROOT / "pages").glob("*.py")))
def test_no_page_of_a_fresh_machine_is_empty_or_broken(
    page: Page, prepared: Machine, name: str
) -> None:
    page.goto(f"{prepared.address}/{name}")

    expect(page.get_by_text("Not for diagnosis")).to_be_visible()
    wait_until_idle(page)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    main = page.get_by_test_id("stMain")
    assert main.locator("button, a, canvas, [role=option]").count() > 0
    assert len(main.inner_text()) > 100
