"""A newcomer on a machine without any film: every page shows films or results at once.

One start serves all tests, from a folder that holds what git tracks and nothing else, with all of
its runs and the default settings: a reader locks a first read before the model is shown.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser.app_server import Server, download_text, wait_until_idle
from playwright.sync_api import Locator, Page, expect

from core.phantom.builtin import BUILT_IN_FILMS
from core.settings import PROJECT_ROOT

pytestmark = pytest.mark.browser

READER = "Dr. New Comer"
REMOVE = "Remove the synthetic films"
READ_FIRST = "The model's result appears after you lock your read."
MODEL_SAYS = re.compile("uspicious for pneumonia|Unsure: read")
AT_ONCE_MS = 30_000
"""Meant for 5 s; a machine that runs two other tests beside is given more."""
TRIFLES = ("tests", "bench", "docs")

SHOWN: dict[str, Callable[[Page], Locator]] = {
    "archive": lambda page: page.get_by_text("No archive is set"),
    "errors": lambda page: page.locator(".cards .card img:visible"),
    "model_card": lambda page: page.locator(".cards .card img:visible"),
    "reader_study": lambda page: page.get_by_text("There is no reader study yet"),
    "records": lambda page: page.get_by_text("No signed reads yet"),
    "regions": lambda page: page.get_by_text("Why a film has its score"),
    "review": lambda page: page.get_by_role("option").locator("img:visible"),
    "site": lambda page: page.get_by_text("reads by its own threshold"),
    "runs": lambda page: page.get_by_text(re.compile("Official test split: 624 films")),
    "teaching": lambda page: page.get_by_role("button", name=re.compile("^Start")),
    "subgroups": lambda page: page.locator(".cards .card img:visible"),
}
"""What each page shows a newcomer: films, results, or what it is for."""


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
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone")
    lay_out(folder)
    return folder


@pytest.fixture(scope="module")
def machine(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the app as `make run` does, where nothing was started before and nothing is set."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("FIRSTREAD_")]:
            patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        migrate = [sys.executable, "-m", "core", "db", "migrate"]
        subprocess.run(migrate, cwd=clone, check=True)
        running = Server(clone / "streamlit_app.py")
    yield running.address
    running.stop()


@pytest.mark.parametrize("name", sorted(p.stem for p in (PROJECT_ROOT / "pages").glob("*.py")))
def test_every_page_shows_films_or_results_at_once_and_none_is_broken(
    page: Page, machine: str, clone: Path, name: str
) -> None:
    page.goto(f"{machine}/{name}")
    if name == "review":
        page.get_by_role("button", name="Open the worklist").click()
    expect(SHOWN[name](page).first).to_be_visible(timeout=AT_ONCE_MS)
    expect(page.get_by_text("Not for diagnosis")).to_be_visible()
    wait_until_idle(page)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    assert not list((clone / "var" / "cache").glob("synthetic_scores/**/*"))  # all is shipped


def open_worklist(page: Page, machine: str) -> None:
    """Go by way of the first steps, which a newcomer's browser sees once."""
    page.goto(machine)
    page.get_by_role("button", name="Open the worklist").click()
    expect(listed(page)).to_have_count(BUILT_IN_FILMS)


def listed(page: Page) -> Locator:
    """Return the synthetic films of the worklist."""
    return page.get_by_role("option", name=re.compile(", synthetic"))


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


def test_the_worklist_is_full_and_a_film_of_it_is_read_signed_and_found_in_the_records(
    page: Page, machine: str
) -> None:
    open_worklist(page, machine)
    expect(page.get_by_test_id("stFileUploaderDropzoneInput")).to_be_enabled()
    lock_first_read(page, 5)
    expect(page.get_by_text("not evidence of clinical performance")).to_be_visible()
    expect(page.get_by_text("Synthetic film, no patient")).to_be_visible()
    page.get_by_role("button", name="Show the model's regions").click()
    expect(page.get_by_text("Lung that differs most from healthy lung")).to_be_visible()
    wait_until_idle(page)
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_text("Signed pneumonia, confidence 3 of 5")).to_be_visible()

    page.get_by_role("link", name="Records").click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    kept = download_text(page, "CSV of")
    assert "note: synthetic" in kept
    assert READER in kept


def test_no_film_is_missing_in_errors_while_all_stand_unread_in_the_worklist(
    page: Page, machine: str
) -> None:
    open_worklist(page, machine)
    page.get_by_role("link", name="Errors").click()
    expect(page.get_by_text(f"among {BUILT_IN_FILMS} films")).to_be_visible()
    expect(page.get_by_text("python -m core data fetch")).to_be_visible()
    cards = page.locator(".cards .card")
    expect(cards.first).to_be_visible()
    marked = cards.filter(has=page.get_by_text("synthetic", exact=True))
    expect(marked.first).to_be_visible()
    assert marked.count() == cards.count()
    page.goto(f"{machine}/errors?library=public")
    expect(cards.first).to_be_visible()
    expect(page.locator(".cards .picture:visible")).to_have_count(0)  # words alone, no empty box
    page.goto(f"{machine}/runs?part=synthetic")
    expect(page.get_by_text(re.compile("Synthetic films: 60 films"))).to_be_visible()
    expect(page.get_by_text("Case matrix")).to_be_visible()


def test_one_press_empties_the_worklist_and_another_fills_it(page: Page, machine: str) -> None:
    open_worklist(page, machine)
    page.get_by_role("button", name=REMOVE).click()
    expect(listed(page)).to_have_count(0)
    page.get_by_role("button", name=f"Show {BUILT_IN_FILMS} synthetic films").click()
    expect(listed(page)).to_have_count(BUILT_IN_FILMS)
