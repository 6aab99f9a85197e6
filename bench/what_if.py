"""From hiding a region with a key to the probability that has moved, in Chromium."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from playwright.sync_api import Page

from bench.app_server import run_app
from bench.films import draw_film, encode_picture, open_served_engine, prepared_film
from bench.results import Section, Target, judge
from bench.start import PATIENCE_MS, open_browser, wait_until_usable
from bench.timing import rounds_text, seconds_of
from core.domain.mark import Mark
from core.domain.regions import CamSettings, Fill
from core.explain.what_if import hide_marked, hide_parts
from core.pipeline import Explainable, explain_film

TITLE = "A hidden region, and the probability without it"
COMMAND = "python -m bench what_if"
SIDE_PX = 3000
WARM_UP, ROUNDS = 3, 15
TO_PROBABILITY = Target(0.15, "s")
MARK = Mark(0.25, 0.4, 0.4, 0.6)
# From the key that hides the next region to the frame that shows another probability.
CHANGED_IN_MS = """() => new Promise((done) => {
  const panel = document.querySelector(".fr-what-if").closest("[data-testid=stColumn]");
  const words = () => panel.innerText;
  const stage = [...document.querySelectorAll("*")].map((node) => node.shadowRoot ?? node)
    .map((root) => root.querySelector?.(".stage")).find(Boolean);
  const press = (key) => stage.dispatchEvent(new KeyboardEvent("keydown", {
    key, bubbles: true, composed: true, cancelable: true }));
  const before = words();
  press("n");
  const began = performance.now();
  new MutationObserver((_, watch) => {
    if (words() === before) return;
    watch.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
  press("Enter");
})"""


def hide_in_chromium(content: bytes) -> list[float]:
    """Return the seconds that each hidden region took, one after another."""
    with tempfile.TemporaryDirectory() as name, open_browser() as browser, run_app() as server:
        server.wait_until_it_answers()
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(server.address)
        wait_until_usable(page)
        file = Path(name) / "film.png"
        file.write_bytes(content)
        page.locator("input[type=file]").set_input_files(file)
        page.locator(".fr-regions").wait_for(state="visible", timeout=PATIENCE_MS)
        page.get_by_role("link", name="What if, layers, files").click()
        page.get_by_role("radio", name="What if").click()
        page.get_by_text("Nothing is hidden").wait_for(state="visible", timeout=PATIENCE_MS)
        page.locator("canvas[role=img]").wait_for(state="visible", timeout=PATIENCE_MS)
        return [_hide_next(page) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]


def _hide_next(page: Page) -> float:
    page.wait_for_timeout(400)
    return float(page.evaluate(CHANGED_IN_MS)) / 1000


def measure(report: Callable[[str], None]) -> Section:
    """Time the computation alone, and then what a reader waits for."""
    engine = open_served_engine()
    film, run = prepared_film(engine), engine.classifier
    segments = explain_film(film, Explainable(run), CamSettings()).segments
    hide = partial(hide_parts, film, run, segments, (3,), (), Fill.DARK)
    test = partial(hide_marked, film, run, (MARK,))
    for work in (hide, test):
        work()
    alone = [seconds_of(hide) for _ in range(ROUNDS)]
    tested = [seconds_of(test) for _ in range(ROUNDS)]
    report(f"in Chromium: {WARM_UP} regions to warm up and {ROUNDS} more")
    seen = hide_in_chromium(encode_picture(draw_film(0, SIDE_PX, SIDE_PX), "PNG"))
    network = f"- The network's two readings of a film, alone: {1000 * median(alone):.1f} ms."
    ways = (
        "- A marked box hidden in sixteen ways, and sixteen boxes elsewhere: "
        f"{1000 * median(tested):.0f} ms."
    )
    lines = [
        network,
        ways,
        judge(
            f"In Chromium with a film of {SIDE_PX} x {SIDE_PX} pixels, from the key to the "
            "probability",
            median(seen),
            TO_PROBABILITY,
            rounds_text(seen),
        ),
    ]
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
