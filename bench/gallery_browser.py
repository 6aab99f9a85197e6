"""Turning the pages of the error gallery in a browser that is already open."""

from __future__ import annotations

from math import isfinite
from pathlib import Path

from playwright.sync_api import Page

from bench.app_server import run_app
from bench.start import open_browser
from core.errors import FirstReadError

ADDRESS = "errors?split=validation&cell=tp"
"""The cell with most films of those that the served run was measured on."""
PATIENCE_MS = 60_000
TURNS = 20
TURN = """async ([name, patience]) => {
    const hosts = [...document.querySelectorAll("*")].filter(node => node.shadowRoot);
    const cards = () => hosts.flatMap(host => [...host.shadowRoot.querySelectorAll(".card")]);
    const drawn = card => {
        const image = card.querySelector("img");
        return !image.hidden && image.complete && image.naturalWidth > 0;
    };
    const names = () => cards().map(card => card.querySelector(".name").textContent).join();
    const before = names();
    const began = performance.now();
    document.querySelector(`[data-testid="${name}"]`).click();
    while (performance.now() - began < patience) {
        await new Promise(requestAnimationFrame);
        if (names() !== before && cards().length && cards().every(drawn)) {
            return (performance.now() - began) / 1000;
        }
    }
    return Infinity;
}"""


def turn_pages(cache: Path) -> tuple[list[float], list[float]]:
    """Return the seconds from a click to the last picture: forwards at first sight, then back.

    Parameters
    ----------
    cache : Path
        Empty folder for the small pictures.

    Raises
    ------
    FirstReadError
        If a page was not drawn within a minute.
    """
    settings = {"FIRSTREAD_CACHE": str(cache), "FIRSTREAD_OFFER_SYNTHETIC": "false"}
    with run_app(settings) as app, open_browser() as browser:
        app.wait_until_it_answers()
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{app.address}/{ADDRESS}")
        page.locator(".card img:visible").first.wait_for(state="visible", timeout=PATIENCE_MS)
        page.wait_for_timeout(2000)
        forwards = [_turn(page, "stPaginationNext") for _ in range(TURNS)]
        backwards = [_turn(page, "stPaginationPrev") for _ in range(TURNS)]
    return forwards, backwards


def _turn(page: Page, button: str) -> float:
    taken: float = page.evaluate(TURN, [button, PATIENCE_MS])
    if not isfinite(taken):
        raise FirstReadError("a page of the gallery was not drawn within a minute.")
    page.wait_for_timeout(400)  # the run that drew it ends
    return taken
