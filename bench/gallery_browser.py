"""Turning the pages of the error gallery in a browser that is already open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from playwright.sync_api import Page

from bench.app_server import processor_s, run_app
from bench.start import open_browser
from core.errors import FirstReadError

ADDRESS = "errors?split=all&cell=tp"
"""The cell with most films, among all that the served run has learned from or is measured on."""
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


@dataclass(frozen=True, slots=True)
class Turns:
    """Pages turned one way.

    Attributes
    ----------
    taken_s : sequence of float
        From each click to the last picture.
    processor_s : float
        Of the server, for one page.
    """

    taken_s: Sequence[float]
    processor_s: float


def turn_pages(cache: Path) -> tuple[Turns, Turns]:
    """Turn pages forwards at first sight, then back.

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
        forwards = _turn_often(page, "stPaginationNext", app.pid)
        backwards = _turn_often(page, "stPaginationPrev", app.pid)
    return forwards, backwards


def _turn_often(page: Page, button: str, server: int) -> Turns:
    before = processor_s(server)
    taken = [_turn(page, button) for _ in range(TURNS)]
    return Turns(taken, (processor_s(server) - before) / TURNS)


def _turn(page: Page, button: str) -> float:
    taken: float = page.evaluate(TURN, [button, PATIENCE_MS])
    if not isfinite(taken):
        raise FirstReadError("a page of the gallery was not drawn within a minute.")
    page.wait_for_timeout(400)  # the run that drew it ends
    return taken
