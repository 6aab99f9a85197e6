"""The comparison of runs in Chromium: chosen by keyboard and mouse, imported, and found again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from browser.app_server import Server, wait_until_idle
from playwright.sync_api import FilePayload, Page, expect
from sklearn.metrics import confusion_matrix

from core.evaluation.operating_point import choose_operating_point
from core.library.film_codes import find_film
from core.runs.predictions import Predictions, read_predictions
from core.runs.store import load_run
from core.settings import PROJECT_ROOT
from ui.library.copies import film_name

pytestmark = pytest.mark.browser

KINDS, EACH = ("", "bacteria", "virus"), 12
IMPORTED = len(KINDS) * EACH
"""Films of the small foreign run."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{tmp_path / 'reads.sqlite3'}",
            "FIRSTREAD_FOREIGN_RUNS": str(tmp_path / "foreign"),
        },
    )
    yield running
    running.stop()


def said_by(run_id: str, split: str) -> Predictions:
    return read_predictions(load_run(PROJECT_ROOT / "models" / run_id)).of_split(split)


def small_run() -> FilePayload:
    said = said_by("f03", "test")
    films = said.films
    # Every part of the test is measured, and needs two films of each class.
    kinds = [(films.subtype == kind) & (films.label == (kind != "")) for kind in KINDS]
    rows = [row for kind in kinds for row in np.flatnonzero(kind & ~films.patient_in_train)[:EACH]]
    lines = [f"{said.films.film_id[row]},{said.probability[row]:.6f}" for row in rows]
    content = "\n".join(["film_id,probability", *lines]).encode()
    return {"name": "theirs.csv", "mimeType": "text/csv", "buffer": content}


def words_on_f04_at(sensitivity: float, prevalence: float) -> str:
    """Return what the page is to say of f04 at the threshold of that sensitivity."""
    validation, test = said_by("f04", "validation"), said_by("f04", "test")
    point = choose_operating_point(
        validation.probability, validation.films.label, sensitivity, "validation"
    )
    matrix = confusion_matrix(test.films.label, test.probability >= point.threshold)
    missed = 1000 * prevalence * matrix[1, 0] / matrix[1].sum()
    return f"Of 1,000 children, {1000 * prevalence:.0f} with pneumonia, f04 misses {missed:.0f} ("


def change(page: Page, name: str, said: str) -> None:
    """Wait until the address says so and the page stands still."""
    expect(page).to_have_url(re.compile(rf"[?&]{name}={re.escape(said)}(&|$)"))
    wait_until_idle(page)


def open_tab(page: Page, words: str, name: str) -> None:
    page.get_by_role("tab", name=words).click()
    change(page, "tab", name)


def import_small_run(page: Page) -> None:
    """Import a run that lacks films: refused first, then taken with that said."""
    page.get_by_role("button", name="Import a run").click()
    page.locator("input[type=file]").set_input_files(files=[small_run()])
    page.get_by_label("Name of the run").fill("theirs")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text(f"Missing: {624 - IMPORTED} of the 624 films of test")).to_be_visible()
    page.get_by_text("Films of a part may be missing").click()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Run theirs is imported")).to_be_visible()
    change(page, "runs", "f03%2Cf04%2Ctheirs")
    left_out = f"Official test split: {IMPORTED} films"
    expect(page.get_by_text(left_out)).to_be_visible()
    page.keyboard.press("Escape")


def what_a_run_makes_of(run_id: str, film: str, sensitivity: float) -> str:
    """Return in words what an ill film is to a run at the threshold of that sensitivity."""
    validation, test = said_by(run_id, "validation"), said_by(run_id, "test")
    point = choose_operating_point(
        validation.probability, validation.films.label, sensitivity, "validation"
    )
    place = test.films.film_id.tolist().index(film)
    return "true positive" if test.probability[place] >= point.threshold else "false negative"


def test_runs_are_compared_by_keyboard_and_mouse_imported_and_found_again(
    server: Server, page: Page
) -> None:
    page.goto(f"{server.address}/runs?runs=f03,f04&part=test")
    expect(page.get_by_text("Official test split: 624 films")).to_be_visible()
    wait_until_idle(page)

    page.get_by_role("radio", name="at equal sensitivity").click()
    change(page, "at", "97")
    slider = page.get_by_role("slider", name="Sensitivity on validation, %")
    slider.focus()
    for said in ("97.5", "98"):  # one press a run of the page: a rerun may swallow the next one
        slider.press("ArrowRight")
        change(page, "at", said)
    open_tab(page, "Out of 1,000 children", "ward")
    ill = page.get_by_role("slider", name="Pneumonia prevalence in your ward (%)")
    ill.focus()
    for said in ("11", "12", "13", "14", "15"):
        ill.press("ArrowRight")
        change(page, "prevalence", said)
    expect(page.get_by_text(words_on_f04_at(0.98, 0.15))).to_be_visible()

    open_tab(page, "Case matrix", "cases")
    page.locator(".js-plotly-plot .barlayer .point:visible").nth(2).click(force=True)
    expect(page).to_have_url(re.compile(r"[?&]film=[0-9a-f]{12}"))
    expect(page.get_by_text("Reference: pneumonia")).to_be_visible()
    wait_until_idle(page)
    case = page.url
    named = parse_qs(urlsplit(case).query)
    run = named["cell"][0]
    film = find_film(named["film"][0], said_by(run, "test").films.film_id.tolist())
    made_of_it = what_a_run_makes_of(run, film, 0.98)
    page.get_by_role("link", name=f"Open the film in the error gallery of {run}").click()
    expect(page.get_by_text(f"{film_name(film)} · {made_of_it}")).to_be_visible()
    expect(page).to_have_url(re.compile(f"run={run}"))
    page.goto(case)
    expect(page.get_by_text("Reference: pneumonia")).to_be_visible()
    wait_until_idle(page)

    page.get_by_role("radio", name="each run's own").click()
    change(page, "at", "own")
    import_small_run(page)

    combo = page.get_by_role("combobox", name=re.compile("Films"))
    combo.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"part=test_new_patients"))
    wait_until_idle(page)

    address = page.url
    said = page.get_by_text(re.compile("Official test split, patients not in training")).first
    sentence = said.inner_text()
    colleague = page.context.new_page()
    colleague.goto(address)
    expect(colleague.get_by_text(sentence).first).to_be_visible()
    wait_until_idle(colleague)
    assert colleague.url == address
