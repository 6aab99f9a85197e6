"""``python -m bench.screenshot``: take the pictures of README and docs/, with synthetic films only.

``python -m bench.screenshot --all FOLDER`` takes every page in both themes and four widths instead;
720 px is a laptop at 200 %.

The app runs as on a fresh machine: no data folder, an empty review store, and the usual order of
reading, in which a first read is locked before the model is shown.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin

import numpy as np
from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from bench.app_server import PROJECT_ROOT, run_app

DOCS = PROJECT_ROOT / "docs"
WAIT_MS = 120_000
READER = "Dr. A. Reader"
SIGN = re.compile(r"^Sign\b")
"""A button's name ends with its keys; another one counts the reads that are unsigned."""
AT_REST = "document.querySelector('[data-test-script-state=notRunning]') !== null"
SIZES: tuple[ViewportSize, ...] = (
    {"width": 1440, "height": 900},
    {"width": 1024, "height": 768},
    {"width": 720, "height": 450},
    {"width": 390, "height": 844},
)
THEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")


def take_first_start(page: Page) -> None:
    """Wait for what a newcomer sees first: the synthetic films in the worklist."""
    expect(page.get_by_role("option").locator("img:visible").first).to_be_visible()
    page.locator("canvas").first.wait_for()


def take_review(page: Page) -> None:
    """Read a synthetic film, and wait for its regions."""
    lock_first_read(page, 2, "Pneumonia")  # of the surer films no region alone moves it


def take_regions(page: Page) -> None:
    """Hide the two strongest regions of the film that is open."""
    page.get_by_role("link", name="What if, layers, files").click()
    page.get_by_role("radio", name="What if").click()
    expect(page.get_by_text("Nothing is hidden")).to_be_visible()
    page.get_by_role("radio", name="Dark lung").click()
    page.wait_for_timeout(2000)
    page.get_by_role("application").focus()
    for key in (".", "Enter", ".", "Enter"):
        page.keyboard.press(key)
        page.wait_for_timeout(1500)
    expect(page.get_by_text("With parts hidden")).to_be_visible()


def take_records(page: Page) -> None:
    """Sign four films, each after a first read, and look at what is kept of them."""
    page.get_by_role("link", name="Worklist").click()
    for place, verdict in ((1, "Pneumonia"), (8, "Pneumonia"), (4, "Unsure"), (7, "Normal")):
        lock_first_read(page, place, verdict)
        page.get_by_role("button", name=SIGN).click()
        expect(page.get_by_role("button", name="Correct this read")).to_be_visible()
    page.get_by_role("link", name="Records").click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()


def take_errors(page: Page) -> None:
    """Look at the synthetic normal films that an early run calls pneumonia."""
    page.get_by_role("link", name="Errors").click()
    page.get_by_role("combobox", name="Run", exact=True).click()
    page.get_by_role("option", name="f01", exact=True).click()
    page.get_by_role("radio", name=re.compile("false positives")).click()
    expect(page.get_by_text("not evidence of clinical performance")).to_be_visible()
    expect(page.locator("[role=option]").first).to_be_visible()
    page.wait_for_timeout(5000)


def take_runs(page: Page) -> None:
    """Compare the runs on the official test split."""
    page.get_by_role("link", name="Compare runs").click()
    expect(page.get_by_text("Tick the runs to compare")).to_be_visible()
    page.wait_for_timeout(8000)


def take_model_card(page: Page) -> None:
    """Look at what is known of the served run."""
    page.get_by_role("link", name="Model card").click()
    expect(page.get_by_text("Out of 1,000 children")).to_be_visible()
    expect(page.get_by_role("button", name="PDF")).to_be_visible()
    page.wait_for_timeout(5000)


def take_subgroups(page: Page) -> None:
    """Look at the findings in which the served run is worse, and at the films it gets wrong."""
    page.get_by_role("link", name="Subgroups").click()
    sentence = page.get_by_text(re.compile(r"gets \d+ of \d+ synthetic films wrong"))
    expect(sentence).to_be_visible()
    page.wait_for_timeout(5000)


def take_lesson(page: Page) -> None:
    """Look at what made a model call nearly every normal pneumonia."""
    page.get_by_role("link", name="Compare runs").click()
    page.get_by_role("button", name="Lesson").click()
    expect(page.get_by_text("The effect on the loss")).to_be_visible()
    page.wait_for_timeout(5000)


def take_teaching(page: Page) -> None:
    """Read a film with pneumonia blind, mark it, and see what it was."""
    page.get_by_role("link", name="Teaching").click()
    normals = page.get_by_role("spinbutton", name="Proportion normal (%)")
    normals.fill("0")
    normals.press("Tab")
    page.get_by_role("button", name=re.compile("^Start")).click()
    expect(page.get_by_role("button", name="Lock the read")).to_be_visible()
    page.wait_for_timeout(1000)
    for key in ("m", *["ArrowLeft"] * 7, *["ArrowDown"] * 3, "Enter", "Escape", "p", "4"):
        page.keyboard.press(key)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Your read was")).to_be_visible()
    page.wait_for_timeout(2000)


def lock_first_read(page: Page, place: int, verdict: str) -> None:
    """Open one film of the worklist, lock a first read and ask for the model's regions."""
    page.locator("[role=option]").nth(place).click()
    name = page.get_by_placeholder("Signing as")
    if name.input_value() != READER:
        name.fill(READER)
        name.press("Tab")
    expect(page.get_by_text(f"Reading: {READER}")).to_be_visible()
    page.wait_for_timeout(1000)
    page.get_by_role("radio", name=verdict).click()
    expect(page.get_by_role("radio", name=verdict)).to_be_checked()
    page.get_by_role("button", name="Lock the first read").click()
    page.get_by_role("button", name="Show the model's regions").click()
    expect(page.get_by_text("Lung that differs most from healthy lung")).to_be_visible()
    page.wait_for_timeout(1000)


def take_refused(page: Page) -> None:
    """Upload a picture that is no film, and see why it is refused."""
    page.get_by_role("link", name="Worklist").click()
    ruled = np.add.outer(np.arange(600), np.arange(800)) % 64 * 3
    picture = BytesIO()
    Image.fromarray(ruled.astype(np.uint8)).save(picture, "PNG")
    page.locator('input[type="file"]').set_input_files(
        {"name": "ruled.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    page.locator("[role=option]").filter(has_text="ruled").click()
    expect(page.get_by_text("Not recognised").first).to_be_visible()


def show_tab(link: str, tab: str, awaited: str) -> Callable[[Page], None]:
    """Return what opens one tab of a page, and waits for a word that stands only there."""

    def take(page: Page) -> None:
        page.get_by_role("link", name=link).click()
        page.get_by_role("tab", name=re.compile(f"^{tab}")).click()
        expect(page.get_by_text(awaited).locator("visible=true").first).to_be_visible()
        page.wait_for_timeout(3000)

    return take


def take_case(page: Page) -> None:
    """Open a film that an early run calls pneumonia."""
    take_errors(page)
    page.locator("[role=option]").first.dblclick()
    expect(page.locator("canvas").first).to_be_visible()
    page.wait_for_timeout(3000)


def take_first_steps(page: Page) -> None:
    """Look at what a first visit begins with."""
    page.get_by_role("button", name="Help and keys").click()
    page.get_by_role("button", name="Show the first steps").click()
    expect(page.get_by_role("button", name="Open the worklist")).to_be_visible()


def take_help(page: Page) -> None:
    """Open the list of keys."""
    page.get_by_role("button", name="Help and keys").click()
    expect(page.get_by_role("dialog", name="First steps")).to_be_visible()


def take_archive(page: Page) -> None:
    """Look at how an archive would be reached; without one the page has no link."""
    page.goto(urljoin(page.url, "/archive"))
    page.get_by_role("tab", name="Connection").click()
    expect(page.get_by_text("Where it is")).to_be_visible()


def take_reader_study(page: Page) -> None:
    """Look at how a reader study is made, and how many films it needs."""
    page.get_by_role("link", name="Reader study").click()
    page.get_by_role("radio", name="New study").click()
    expect(page.get_by_text("How many films and readers?")).to_be_visible()


PICTURES: dict[str, Callable[[Page], None]] = {
    "first-start": take_first_start,
    "review": take_review,
    "regions": take_regions,
    "records": take_records,
    "errors": take_errors,
    "runs": take_runs,
    "model-card": take_model_card,
    "subgroups": take_subgroups,
    "lesson": take_lesson,
    "teaching": take_teaching,
}


MORE: dict[str, Callable[[Page], None]] = {
    "readers": show_tab("Records", "Readers and model", "Each value has its 95 %"),
    "drift": show_tab("Records", "Drift", "The alarm is at"),
    "audit-trail": show_tab("Records", "Audit trail", "form one chain"),
    "cases": show_tab("Compare runs", "Case matrix", "films"),
    "wards": show_tab("Compare runs", "Out of 1,000 children", "prevalence"),
    "training": show_tab("Compare runs", "Training and shortcuts", "perturbation"),
    "model-card-details": show_tab("Model card", "All facts", "Shortcut"),
    "checklists": show_tab("Model card", "Checklists", "Filled from the records"),
    "case": take_case,
    "refused": take_refused,
    "first-steps": take_first_steps,
    "help": take_help,
    "site": show_tab("Site", "Acceptance test", "How many films"),
    "archive": take_archive,
    "reader-study": take_reader_study,
}
"""Of no use in docs/, but looked at with the others."""
FILLS_WINDOW = ("first-start", "review", "regions", "teaching", "case", "refused")
"""The film on these pages takes its height from the window."""


def take_one(page: Page, folder: Path, name: str) -> None:
    """Write the picture of what the page shows now."""
    page.wait_for_timeout(1000)
    page.wait_for_function(AT_REST)
    page.screenshot(path=folder / f"{name}.png")


def grow_to_whole(page: Page, size: ViewportSize) -> None:
    """Make the window as tall as its page, so that all of it is in the picture."""
    for _ in range(2):  # what comes into view may take more room than was kept for it
        page.wait_for_timeout(1000)  # the plots follow the new width
        tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": max(tall, size["height"])})


def take_each_width(page: Page, folder: Path, name: str) -> None:
    """Write what the page shows now in both themes and all widths, and put it back.

    A page is taken whole, but for those whose film fills the window.
    """
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for size in SIZES:
            page.set_viewport_size(size)
            if name not in FILLS_WINDOW:
                grow_to_whole(page, size)
            take_one(page, folder, f"{name}-{size['width']}-{theme}")
    page.set_viewport_size(SIZES[0])
    page.emulate_media(color_scheme=THEMES[0])


def as_fresh_machine(folder: str) -> dict[str, str]:
    """Return the settings of a machine on which nothing was started before."""
    return {
        "FIRSTREAD_DATA": "data/none",
        "FIRSTREAD_CACHE": f"{folder}/cache",
        "FIRSTREAD_FOREIGN_RUNS": f"{folder}/foreign",
        "FIRSTREAD_READ_FIRST": "true",
        "FIRSTREAD_OFFER_SYNTHETIC": "true",
    }


def take_pictures(folder: Path = DOCS, *, each_width: bool = False) -> None:
    """Start the app and write one picture after the other.

    Parameters
    ----------
    each_width : bool
        Whether every page is taken in both themes and all widths.
    """
    folder.mkdir(exist_ok=True, parents=True)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as fresh,
        run_app(as_fresh_machine(fresh)) as app,
        sync_playwright() as playwright,
    ):
        app.wait_until_it_answers()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZES[0], color_scheme=THEMES[0], device_scale_factor=1)
        page.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        page.goto(app.address)
        for name, arrange in (PICTURES | MORE if each_width else PICTURES).items():
            arrange(page)
            (take_each_width if each_width else take_one)(page, folder, name)
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page, theme and width")
    asked = parser.parse_args().all
    take_pictures(asked or DOCS, each_width=asked is not None)
