"""``python -m bench.screenshot``: take the README's picture, with drawn films in it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from playwright.sync_api import FilePayload, Page, expect, sync_playwright

from bench.app_server import PROJECT_ROOT, run_app
from bench.films import draw_film, encode_picture

PICTURE = PROJECT_ROOT / "docs" / "review.png"
SEEDS_WITH_OPACITY, SEEDS_WITHOUT = (0, 1, 2), (3, 4, 5)
WAIT_MS = 60_000


def draw_files() -> list[FilePayload]:
    """Return the films that the picture shows, as files."""
    films = [(seed, True) for seed in SEEDS_WITH_OPACITY]
    films += [(seed, False) for seed in SEEDS_WITHOUT]
    return [
        {
            "name": f"drawn film {place}.png",
            "mimeType": "image/png",
            "buffer": encode_picture(draw_film(seed, 1024, 1200, opacity=opacity), "PNG"),
        }
        for place, (seed, opacity) in enumerate(films, start=1)
    ]


def fill_page(page: Page, address: str) -> None:
    """Upload the films, open the most suspicious one and wait for its regions."""
    page.goto(address)
    page.set_input_files("input[type=file]", files=draw_files(), timeout=WAIT_MS)
    expect(page.get_by_role("option").locator("img:visible")).to_have_count(6, timeout=WAIT_MS)
    page.locator("[role=option]").first.click()
    expect(page.get_by_text("Regions the score depends on most")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("radio", name="Pneumonia").click()
    page.get_by_placeholder("Signing as").fill("Dr. A. Reader")
    page.get_by_placeholder("Signing as").press("Tab")
    expect(page.get_by_text(re.compile("Reading: Dr"))).to_be_visible(timeout=WAIT_MS)
    page.wait_for_timeout(1000)


def take_picture(picture: Path = PICTURE) -> None:
    """Start the app, fill it and write the picture."""
    with run_app() as app, sync_playwright() as playwright:
        app.wait_until_it_answers()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(
            viewport={"width": 1440, "height": 900}, color_scheme="dark", device_scale_factor=1
        )
        fill_page(page, app.address)
        picture.parent.mkdir(exist_ok=True)
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    take_picture()
