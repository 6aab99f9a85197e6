"""A newcomer on a machine without any film: every page is of use, from the first minute on.

One start serves all tests, from a folder that holds what git tracks and nothing else, with all of
its runs and the default settings: a reader locks a first read before the model is shown.
Once the app is seen to draw, films are lent to it from the session's set, which is the same, so
that the sixty are not drawn twice.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser.app_server import Server, download_text, wait_until_idle
from playwright.sync_api import Locator, Page, expect

from core.files import write_whole
from core.jobs.examples import OFFERED
from core.phantom.builtin import BUILT_IN_FILMS, built_in_folder
from core.settings import PROJECT_ROOT

pytestmark = pytest.mark.browser

READER = "Dr. New Comer"
OPEN = "Open 12 synthetic films"
SOME_DRAWN = re.compile(r"[1-9]\d* of 60 synthetic films generated|Of all 60 films")
DRAWING = re.compile(r"\d+ of 60 synthetic films generated")
READ_FIRST = "The model's result appears after you lock your read."
MODEL_SAYS = re.compile("uspicious for pneumonia|Unsure: read")
PATIENCE_S = 900
TRIFLES = ("tests", "bench", "docs")

NO_PAGE_ELSE: dict[str, Callable[[Page], Locator]] = {
    "errors": lambda page: page.get_by_text(re.compile(r"\d+ false negatives? of run")),
    "model_card": lambda page: page.get_by_text("Out of 100 children"),
    "records": lambda page: page.get_by_role("button", name=re.compile("CSV of")),
    "regions": lambda page: page.get_by_text("Why a film has its score"),
    "review": lambda page: page.get_by_role("button", name="Add films"),
    "runs": lambda page: page.get_by_text(re.compile("Official test split: 624 films")),
    "teaching": lambda page: page.get_by_role("button", name=re.compile("^Start")),
    "subgroups": lambda page: page.get_by_text(
        re.compile(r"of \d+ tests on the validation patients")
    ),
}
"""What each page shows a newcomer, and no other page does."""


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
        """True once the served run has read the films; the other runs read them after it."""
        return bool(list(self.cache.glob("phantoms/*.checked")))

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


def lay_out(folder: Path) -> None:
    """Put into a folder what a clone of the repository would hold, as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if not name.startswith(TRIFLES) and (PROJECT_ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT_ROOT / name, folder / name)


@pytest.fixture(scope="module")
def machine(
    tmp_path_factory: pytest.TempPathFactory,
    synthetic_cache: Path,  # drawn before, lest both draw at a time
) -> Iterator[Machine]:
    """Start the app as `make run` does, where nothing was started before and nothing is set."""
    home, clone = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("clone")
    lay_out(clone)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("FIRSTREAD_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(home))
        migrate = [sys.executable, "-m", "core", "db", "migrate"]
        subprocess.run(migrate, cwd=clone, check=True)
        running = Server(clone / "streamlit_app.py")
    yield Machine(running.address, clone / "var" / "cache")
    running.stop()


@pytest.fixture(scope="module")
def prepared(machine: Machine, kept_tab: Page, synthetic_cache: Path) -> Machine:
    """Wait until the films are drawn and read."""
    kept_tab.goto(f"{machine.address}/errors")  # the first visitor begins the work
    expect(kept_tab.get_by_text(SOME_DRAWN)).to_be_visible()
    kept_tab.goto("about:blank")  # what is shown meanwhile costs the time of those who work
    machine.lend(synthetic_cache, BUILT_IN_FILMS)
    for _ in range(PATIENCE_S):
        if machine.prepared:
            return machine
        time.sleep(1)
    pytest.fail(f"the films are not prepared after {PATIENCE_S} s")


def lock_first_read(page: Page, place: int) -> None:
    """Open an unread film of the list, see nothing of the model, and lock a read of one's own."""
    page.locator("[role=option]").filter(has_text="to read").nth(place).click()
    expect(page.get_by_text(READ_FIRST)).to_be_visible()
    expect(page.get_by_text(MODEL_SAYS)).to_have_count(0)
    page.get_by_placeholder("Signing as (your name)").fill(READER)
    page.get_by_placeholder("Signing as (your name)").press("Tab")
    expect(page.get_by_text(f"Reading: {READER}.")).to_be_visible()
    wait_until_idle(page)
    page.get_by_role("radio", name="Pneumonia").click()
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()
    wait_until_idle(page)
    page.get_by_role("button", name="Lock the first read").click()
    expect(page.get_by_text(MODEL_SAYS)).to_be_visible()


def open_and_leave_cases(page: Page, n: int) -> None:
    """Open films one after the other, while others are being drawn, and come back to the cards."""
    for place in range(n):
        page.locator(".cards .card").nth(place).click()
        expect(page.get_by_role("button", name="Next Shortcut")).to_be_visible()
        expect(page).to_have_url(re.compile(r"film=[0-9a-f]{12}"))
        wait_until_idle(page)
        expect(page).to_have_url(re.compile(r"film=[0-9a-f]{12}"))
        page.get_by_role("button", name="Gallery Shortcut").click()
        expect(page.get_by_text(re.compile(r"\d+ false negatives of run"))).to_be_visible()
        expect(page).not_to_have_url(re.compile("film="))
        wait_until_idle(page)  # until then the cards of the case's neighbours may still stand there


def test_in_the_first_minute_every_page_is_of_use_and_a_film_is_read(
    page: Page, machine: Machine, synthetic_cache: Path
) -> None:
    page.goto(machine.address)
    expect(page.get_by_text("Read new chest films blind, then beside the model")).to_be_visible()
    expect(page.get_by_test_id("stFileUploaderDropzoneInput")).to_be_enabled()
    expect(page.get_by_text("python -m core data fetch")).to_be_visible()

    page.get_by_role("link", name="Errors").click()
    expect(page.get_by_text("What a run gets wrong, film by film")).to_be_visible()
    expect(page.get_by_text(DRAWING)).to_be_visible()
    page.get_by_role("button", name="See the runs' results on the public films").click()
    expect(page.get_by_text("no picture on this machine").first).to_be_visible()
    open_and_leave_cases(page, 4)
    expect(page.get_by_text(DRAWING)).to_be_visible()
    page.get_by_role("link", name="Compare runs").click()
    expect(page.get_by_text(re.compile("Official test split: 624 films"))).to_be_visible()
    expect(page.get_by_text(DRAWING)).to_be_visible()
    page.get_by_role("link", name="Subgroups").click()
    expect(NO_PAGE_ELSE["subgroups"](page)).to_be_visible()
    page.get_by_role("link", name="Teaching").click()
    expect(page.get_by_text("being generated and read; this happens once")).to_be_visible()
    page.get_by_role("link", name="Records").click()
    expect(page.get_by_text("No signed reads yet")).to_be_visible()

    page.get_by_test_id("stTopNav").get_by_role("link", name="Review").click()
    expect(page.get_by_text(SOME_DRAWN)).to_be_visible()
    machine.lend(synthetic_cache, OFFERED)
    page.get_by_role("button", name=OPEN).click()
    lock_first_read(page, 0)
    expect(page.get_by_text("not evidence of clinical performance")).to_be_visible()
    expect(page.get_by_text("Synthetic film, no patient")).to_be_visible()
    assert OFFERED <= len(machine.films) < BUILT_IN_FILMS
    assert not machine.prepared


def test_what_the_served_run_makes_of_all_films_is_said(page: Page, prepared: Machine) -> None:
    page.goto(prepared.address)  # where the first test's films are kept
    page.get_by_role("button", name="Add films").click()

    expect(page.get_by_role("button", name=OPEN)).to_be_visible()
    expect(page.get_by_text(re.compile(r"finds \d+ of 30 pneumonias"))).to_be_visible()
    assert len(prepared.films) == BUILT_IN_FILMS


def test_a_synthetic_film_is_explained_signed_and_found_in_the_records(
    page: Page, prepared: Machine
) -> None:
    page.goto(prepared.address)
    page.get_by_role("button", name="Add films").click()
    page.get_by_role("button", name=OPEN).click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option").locator("img:visible")).to_have_count(12)
    expect(page.get_by_role("option", name=re.compile(", synthetic"))).to_have_count(12)
    lock_first_read(page, 5)
    page.get_by_role("button", name="Show the model's regions").click()
    expect(page.get_by_text("Lung unlike healthy that counts most")).to_be_visible()
    wait_until_idle(page)
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_text("Signed pneumonia, confidence 3 of 5")).to_be_visible()

    page.get_by_role("link", name="Records").click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    kept = download_text(page, "CSV of")
    assert "note: synthetic" in kept
    assert READER in kept


def test_errors_are_looked_at_and_runs_compared_on_the_synthetic_films(
    page: Page, prepared: Machine
) -> None:
    page.goto(f"{prepared.address}/errors?cell=tn")
    # those that stand in the worklist and are not read are left out
    expect(page.get_by_text(re.compile(r"among [45]\d films"))).to_be_visible()
    cards = page.get_by_role("option")
    expect(cards.locator("img:visible").first).to_be_visible()
    expect(cards.get_by_text("synthetic", exact=True)).to_have_count(cards.count())

    page.goto(f"{prepared.address}/runs?part=synthetic")
    expect(page.get_by_text(re.compile("Synthetic films: 60 films"))).to_be_visible()
    expect(page.get_by_text("Case matrix")).to_be_visible()


@pytest.mark.parametrize("name", sorted(p.stem for p in (PROJECT_ROOT / "pages").glob("*.py")))
def test_every_page_of_a_fresh_machine_shows_what_it_is_for_and_none_is_broken(
    page: Page, prepared: Machine, name: str
) -> None:
    page.goto(f"{prepared.address}/{name}")

    expect(page.get_by_text("Not for diagnosis")).to_be_visible()
    wait_until_idle(page)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(NO_PAGE_ELSE[name](page).first).to_be_visible()
