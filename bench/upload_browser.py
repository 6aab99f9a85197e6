"""A large film from the file dialog to its probability and regions, and how fluid it is then."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

from bench.app_server import run_app
from bench.start import PATIENCE_MS, open_browser, wait_until_usable

NUMBER = re.compile(r"Likelihood ratio (above |below )?\d")
KEYS = ("ArrowLeft", "+", "ArrowRight", "-") * 8
# Two animation frames later the change is painted; reading the attribute comes after that.
PAINTED_IN_MS = """canvas => new Promise(done => requestAnimationFrame(() =>
    requestAnimationFrame(() => done(Number(canvas.dataset.frameMs)))))"""


@dataclass(frozen=True, slots=True)
class InChromium:
    """What one file took in every round, in s from the choice of the file, and frames in ms."""

    to_probability: list[float] = field(default_factory=list)
    to_regions: list[float] = field(default_factory=list)
    frames_ms: list[float] = field(default_factory=list)

    def measure_round(self, page: Page, address: str, file: Path) -> None:
        """Upload one film to a page of its own, wait for both, and move the film about."""
        page.goto(address)
        wait_until_usable(page)
        began = time.perf_counter()
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_text(NUMBER).first.wait_for(state="visible", timeout=PATIENCE_MS)
        self.to_probability.append(time.perf_counter() - began)
        page.locator(".fr-regions").wait_for(state="visible", timeout=PATIENCE_MS)
        self.to_regions.append(time.perf_counter() - began)
        canvas = page.locator("canvas[role=img]")
        canvas.wait_for(state="visible", timeout=PATIENCE_MS)
        page.locator("[role=application]").focus()
        for key in KEYS:
            page.keyboard.press(key)
            self.frames_ms.append(float(canvas.evaluate(PAINTED_IN_MS)))


def upload_in_chromium(rounds: Mapping[str, list[bytes]]) -> dict[str, InChromium]:
    """Upload files to the real app, one kind after another in each round, the first to warm up.

    Parameters
    ----------
    rounds : mapping of str to list of bytes
        By kind, one file a round; all are different, so that nothing is known from before.
    """
    found = {what: InChromium() for what in rounds}
    with tempfile.TemporaryDirectory() as name, open_browser() as browser, run_app() as server:
        server.wait_until_it_answers()
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        for turn in range(min(map(len, rounds.values()))):
            for what, files in rounds.items():
                file = Path(name) / f"film-{turn}{'.dcm' if 'DICOM' in what else '.png'}"
                file.write_bytes(files[turn])
                kept = found[what] if turn else InChromium()
                kept.measure_round(page, server.address, file)
    return found
