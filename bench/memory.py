"""Resident memory of the real app after 200 films are uploaded and read, and some are opened."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from bench.app_server import (
    AppServer,
    mapped_files,
    memory_of_all,
    resident_mb,
    run_app,
    tensorflow_files,
)
from bench.films import encode_picture
from bench.results import Section, Target, judge
from bench.start import PATIENCE_MS, open_browser, wait_until_usable
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings

TITLE = "Memory after 200 films"
COMMAND = "python -m bench memory"
FILMS = 200
OPENED = 60
EVERY = 10
FILLED = 30
"""Opened films after which the films kept as they are shown are at their limit."""

HEIGHT_PX, WIDTH_PX = 1200, 1500
DRAWN = 4
JPEG_QUALITY = 75
"""Of digitised films in the public set: its originals of this size take about as much."""

SETTLE_MS = 1000
RESIDENT = Target(450, "MB")
FLAT = Target(0.3, "MB a film")
"""The project's own meaning of flat; a film's pixels alone would be 7 MB."""

NO_TENSORFLOW = Target(0, "files")


def write_films(folder: Path, count: int) -> list[Path]:
    """Write synthetic films as JPEG, each shifted so that its bytes are its own."""
    kinds = ("normal", "lobar")
    settings = [draw_settings(seed, kinds[seed % 2]) for seed in range(DRAWN)]
    drawn = [draw_film(each, height_px=HEIGHT_PX, width_px=WIDTH_PX).pixels for each in settings]
    paths = [folder / f"drawn-{number:03}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        shifted = np.roll(drawn[number % DRAWN], number // DRAWN, axis=1)
        path.write_bytes(encode_picture(shifted, "JPEG", JPEG_QUALITY))
    return paths


def upload(page: Page, films: list[Path]) -> None:
    """Upload films and wait until every one is read."""
    page.locator("input[type=file]").set_input_files(films)
    page.locator("canvas").first.wait_for(state="visible", timeout=PATIENCE_MS * 10)
    progress = page.get_by_text(f"of {len(films)} films read")
    progress.wait_for(state="hidden", timeout=PATIENCE_MS * 10)


def open_next(page: Page) -> None:
    """Go to the next film with its key, and wait until its regions are listed."""
    page.locator("body").press("j")
    page.wait_for_timeout(SETTLE_MS)  # until the list of the film before is gone
    page.locator(".fr-regions").wait_for(state="visible", timeout=PATIENCE_MS)


def watch(server: AppServer, page: Page, report: Callable[[str], None]) -> dict[int, float]:
    """Open films in turn; return the whole app's megabytes by how many were opened."""
    resident = {0: memory_of_all(server.pid)}
    for opened in range(1, OPENED + 1):
        open_next(page)
        if opened % EVERY == 0:
            resident[opened] = memory_of_all(server.pid)
            report(f"{opened} films opened and explained: {resident[opened]:.0f} MB")
    return resident


def judge_memory(
    resident: dict[int, float],
    empty_mb: float,
    uploaded_mb: float,
    server_mb: float,
    loaded: list[str],
) -> list[str]:
    """Hold what was seen to the targets."""
    steps = ", ".join(f"{opened}: {megabytes:.0f}" for opened, megabytes in resident.items())
    growth = (resident[OPENED] - resident[FILLED]) / (OPENED - FILLED)
    text = (
        f"the uploaded files {uploaded_mb:.0f} MB; with the processes that read and explain films: "
        f"with the empty page {empty_mb:.0f} MB, by films opened and explained {steps} MB"
    )
    return [
        judge(f"Resident memory of the server after {FILMS} films", server_mb, RESIDENT, text),
        judge(
            f"Growth of all, from the {FILLED}th to the {OPENED}th opened film",
            growth,
            FLAT,
        ),
        judge("TensorFlow's libraries in the app's process", len(loaded), NO_TENSORFLOW),
    ]


def measure(report: Callable[[str], None]) -> Section:
    """Use the app as a doctor would who goes through a large upload."""
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser, run_app() as server:
        films = write_films(Path(folder), FILMS)
        uploaded_mb = sum(film.stat().st_size for film in films) / 1e6
        server.wait_until_it_answers()
        page = browser.new_page()
        page.goto(server.address)
        wait_until_usable(page)
        empty_mb = memory_of_all(server.pid)
        report(f"empty page: {empty_mb:.0f} MB; uploading {FILMS} films")
        upload(page, films)
        resident = watch(server, page, report)
        server_mb = resident_mb(server.pid)
        loaded = tensorflow_files(mapped_files(server.pid))
    lines = judge_memory(resident, empty_mb, uploaded_mb, server_mb, loaded)
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
