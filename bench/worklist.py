"""A worklist of 20,000 films: its queries alone, and opening it and a film of it in Chromium."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from statistics import median

from playwright.sync_api import Page
from sqlalchemy import insert

from bench.app_server import run_app
from bench.films import draw_film, encode_picture, open_served_engine
from bench.results import Section, Target, judge
from bench.start import open_browser
from bench.timing import rounds_text, seconds_of
from core.domain.worklist import FilmStatus, MachineReading, WorklistFilter
from core.errors import FirstReadError
from core.pipeline import FilmReading, read_film
from core.reads.signing import utc_now
from core.runs.store import reading_identity
from core.store.engine import Database
from core.store.films.keys import encrypt, new_key
from core.store.films.objects import FilmObjects
from core.store.films.readings import reading_to_json, suspicion_of
from core.store.films.worklist import SqlFilms
from core.store.schema import films as table
from ui.app.kept_films import PAGE

TITLE = "A worklist of 20,000 films"
COMMAND = "python -m bench worklist"
FILMS, WITH_FILES, SIGNED_EVERY = 20_000, 200, 3
ROUNDS = 9
TO_OPEN, TO_FILM = Target(1.0, "s"), Target(0.5, "s")
PATIENCE_MS = 60_000
OPENED = """async patience => {
    const began = performance.now();
    const shadows = () => [...document.querySelectorAll("*")].map(one => one.shadowRoot);
    const found = () => shadows().filter(Boolean).map(one => one.querySelector(
        "[role=option][data-quality] img:not([hidden])")).find(Boolean);
    while (performance.now() - began < patience) {
        if (found()) return performance.now() / 1000;
        await new Promise(requestAnimationFrame);
    }
    return Infinity;
}"""
"""Seconds since the address was asked for until the first film of the list has its picture."""
CHOSEN = """async ([place, patience]) => {
    const all = selector => [...document.querySelectorAll("*")].filter(one => one.shadowRoot)
        .flatMap(one => [...one.shadowRoot.querySelectorAll(selector)]);
    const row = all("[role=option][data-quality]")[place];
    const name = row.querySelector(".name").textContent;
    const began = performance.now();
    row.click();
    while (performance.now() - began < patience) {
        const film = all("canvas[role=img]")[0];
        if (film?.getAttribute("aria-label")?.includes(name) && film.dataset.view) {
            await new Promise(requestAnimationFrame);
            return (performance.now() - began) / 1000;
        }
        await new Promise(requestAnimationFrame);
    }
    return Infinity;
}"""


def fill(database: Database, folder: Path, reading: FilmReading, content: bytes) -> SqlFilms:
    """Put films into the list; those of its first page have a file."""
    objects = FilmObjects(str(folder / "films"))
    films = SqlFilms(database, objects, key_path=folder / "films.key")
    run = open_served_engine()
    identity = reading_identity(run.classifier.run_record, run.gate.sha256)
    said = MachineReading(
        identity,
        reading.thumbnail,
        reading.height_px,
        reading.width_px,
        reading.source_format,
        reading.quality,
        reading.prediction,
    )
    begun, rows = utc_now() - timedelta(days=20), []
    for number in range(FILMS):
        film = f"{number:064x}"
        key, address = new_key(), objects.new_address(films.keyring.site)
        if number < WITH_FILES * 2:
            objects.write(address, encrypt(key, content, "film" + film))
        signed = number % SIGNED_EVERY == 0
        rows.append(
            {
                "film_sha256": film,
                "name": f"film-{number:05}.png",
                "arrived_at": begun + timedelta(minutes=number),
                "arrival": "upload",
                "added_by": "Dr. Ada",
                "status": (FilmStatus.SIGNED if signed else FilmStatus.NEW).value,
                "status_at": begun,
                "address": address,
                "wrapped_key": films.keyring.wrap(key, film),
                "patient": f"{number // 4:064x}",
                "taken_at": begun + timedelta(minutes=number),
                "burned_in": False,
                "inverted": False,
                "quarter_turns": 0,
                "reading": reading_to_json(said),
                "reading_identity": identity,
                "suspicion": suspicion_of(said),
                "thumbnail": encrypt(key, reading.thumbnail, "thumbnail" + film),
            }
        )
    with database.writing() as connection:
        connection.execute(insert(table), rows)
    return films


def judge_queries(films: SqlFilms, identity: str) -> list[str]:
    """Time what the page asks the database for, alone."""
    every = WorklistFilter(every=True)
    asked = {
        "the open films": lambda: films.page(WorklistFilter(), PAGE),
        "all films, the last page": lambda: films.page(every, PAGE, FILMS - PAGE),
        "films by a part of their name": lambda: films.page(WorklistFilter(words="-199"), PAGE),
        "how many have each status": films.counts,
        "what no machine has read": lambda: films.unread(identity, 500),
        "a patient's earlier films": lambda: films.priors(f"{19_999:064x}"),
    }
    lines = []
    for what, query in asked.items():
        query()
        taken = [seconds_of(query) for _ in range(ROUNDS)]
        lines.append(f"- {what.capitalize()}: {1000 * median(taken):.0f} ms.")
    return lines


def open_often(page: Page, address: str) -> list[float]:
    """Open the page again and again, with the server and the browser's scripts warm."""
    taken = []
    for _ in range(ROUNDS + 1):
        page.goto("about:blank")
        page.goto(address, wait_until="commit")
        taken.append(float(page.evaluate(OPENED, PATIENCE_MS)))
        page.wait_for_timeout(2500)
    return taken[1:]


def choose_often(page: Page) -> list[float]:
    """Open one film after the other."""
    taken = []
    for place in range(2, ROUNDS + 3):
        seconds = float(page.evaluate(CHOSEN, [place, PATIENCE_MS]))
        if not math.isfinite(seconds):
            raise FirstReadError("a film was not shown within a minute.")
        taken.append(seconds)
        page.wait_for_timeout(1500)
    return taken[1:]


def measure(report: Callable[[str], None]) -> Section:
    """Fill a list, time its queries, and then what a reader waits for."""
    content = encode_picture(draw_film(0, 1200, 1000), "PNG")
    engine = open_served_engine()
    reading = read_film(content, engine)
    identity = reading_identity(engine.classifier.run_record, engine.gate.sha256)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        url = f"sqlite:///{place / 'reads.sqlite3'}"
        with closing(Database.open(url)) as database:
            lines = judge_queries(fill(database, place, reading, content), identity)
        settings = {
            "FIRSTREAD_DATABASE_URL": url,
            "FIRSTREAD_FILMS": str(place / "films"),
            "FIRSTREAD_KEEP_FILMS_DAYS": "30",
            "FIRSTREAD_OFFER_SYNTHETIC": "false",
            "FIRSTREAD_READ_FIRST": "true",
        }
        with run_app(settings) as app, open_browser() as browser:
            app.wait_until_it_answers()
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            opened = open_often(page, app.address)
            chosen = choose_often(page)
    lines += [
        judge(
            "In Chromium, from the address to the list's first picture",
            median(opened),
            TO_OPEN,
            rounds_text(opened),
        ),
        judge(
            "In Chromium, from a click in the list to the film (1200 x 1000 pixels)",
            median(chosen),
            TO_FILM,
            rounds_text(chosen),
        ),
    ]
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
