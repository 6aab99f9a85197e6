"""From ``streamlit run`` to a Worklist that takes films, in a browser that is already open."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from bench.app_server import AppServer, mapped_files, run_app, tensorflow_files
from bench.films import draw_film, encode_picture
from bench.results import Section, Target, judge
from bench.timing import rounds_text
from ui.review.uploads import FORMATS

TITLE = "Start of the app"
COMMAND = "python -m bench start"
ROUNDS = 5
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 60_000
USABLE = Target(4.0, "s")
NO_TENSORFLOW = Target(0, "files")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open the system's Chromium, else the one that Playwright installs."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        yield browser
        browser.close()


def wait_until_usable(page: Page) -> None:
    """Wait until the Worklist shows its words and takes films."""
    page.get_by_text(FORMATS).wait_for(state="visible", timeout=PATIENCE_MS)
    page.locator("input[type=file]").wait_for(state="attached", timeout=PATIENCE_MS)


def read_one_film(page: Page, film: bytes) -> None:
    """Upload a film and wait until the viewer draws it."""
    upload = {"name": "drawn.png", "mimeType": "image/png", "buffer": film}
    page.locator("input[type=file]").set_input_files(upload)
    page.get_by_role("img", name="Film drawn.png").wait_for(state="visible", timeout=PATIENCE_MS)


def time_start(server: AppServer, page: Page) -> float:
    """Return the seconds from the start of the process to a usable page."""
    server.wait_until_it_answers()
    page.goto(server.address, wait_until="commit")
    wait_until_usable(page)
    return time.perf_counter() - server.began


def measure_start(browser: Browser, film: bytes) -> tuple[float, list[str]]:
    """Start the app, and return the seconds and the TensorFlow files in it after one film."""
    context = browser.new_context()  # nothing cached: as on the first visit
    page = context.new_page()
    with run_app({"FIRSTREAD_OFFER_SYNTHETIC": "true"}) as server:
        seconds = time_start(server, page)
        read_one_film(page, film)
        loaded = tensorflow_files(mapped_files(server.pid))
    context.close()
    return seconds, loaded


def measure(report: Callable[[str], None]) -> Section:
    """Start the app again and again, after one start that warms the disk's cache."""
    film = encode_picture(draw_film(2, 1024, 1200), "PNG")
    with open_browser() as browser:
        report(f"starting the app once to warm up and {ROUNDS} times more")
        measure_start(browser, film)
        starts = [measure_start(browser, film) for _ in range(ROUNDS)]
    seconds = [taken for taken, _ in starts]
    loaded = sorted({file for _, files in starts for file in files})
    lines = [
        judge(
            "`streamlit run` to a usable Worklist", median(seconds), USABLE, rounds_text(seconds)
        ),
        judge(
            "TensorFlow's libraries in the app's process, after one film was read",
            len(loaded),
            NO_TENSORFLOW,
            "; ".join(loaded),
        ),
    ]
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
