"""A session of a reader study by keys alone; the page is loaded again in between."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.app_server import Server, wait_until_idle
from browser.barriers import barriers
from fixtures.review_records import lead
from fixtures.teaching_cases import lend_models
from playwright.sync_api import Page, expect

from core.domain.reader import Role
from core.domain.review import Verdict
from core.phantom.dataset import open_built_in_set
from core.reader_studies.design import Arm, ReaderStudy, StudyCase, plan_session
from core.reader_studies.study import Advice, KeptStudy
from core.runs.listing import list_runs
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.store.engine import Database
from core.store.local_reader import choose_local_reader
from core.store.reader_studies import SqlReaderStudies

pytestmark = pytest.mark.browser

READER = "Dr. Ada"
FILMS, LOADED_AGAIN_AT = 4, 2
REGIONS = "Lung that differs most from healthy lung"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[SqlReaderStudies]:
    opened = SqlReaderStudies(Database.open(f"sqlite:///{tmp_path / 'reads.sqlite3'}"))
    choose_local_reader(opened.database, READER, Role.READER)
    yield opened
    opened.database.close()


@pytest.fixture
def study(kept: SqlReaderStudies) -> KeptStudy:
    """Return a study of four synthetic films; what the run said of them is planted."""
    films = open_built_in_set().films[:FILMS]
    (run,) = (one for one in list_runs(PROJECT_ROOT / "models") if one.run_id == SERVED_RUN)
    threshold = run.operating_point.threshold
    ill = {film.film_id: film.settings.finding != "normal" for film in films}
    cases = tuple(StudyCase(film, is_ill, "Cough.") for film, is_ill in ill.items())
    design = ReaderStudy(
        "Spring", cases, (Arm.ALONE, Arm.REGIONS), (READER, "Dr. Osei"), seed=2, washout_days=0
    )
    advice = {film: Advice(0.95, threshold, "suspicious") for film in ill}
    return kept.make(design, "synthetic", SERVED_RUN, advice, lead("Dr. Maker"), with_marks=True)


@pytest.fixture
def server(kept: SqlReaderStudies, tmp_path: Path) -> Iterator[Server]:
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{tmp_path / 'reads.sqlite3'}",
            "FIRSTREAD_DATA": str(tmp_path / "no data"),
            "FIRSTREAD_MODELS": str(lend_models(tmp_path / "models")),
            "FIRSTREAD_OFFER_SYNTHETIC": "true",
        },
    )
    yield running
    running.stop()


def read_films(page: Page, study: KeptStudy, session: int, first: int, last: int) -> None:
    """Read films of a session by keys; say pneumonia and mark every second one."""
    plan = plan_session(study.design, READER, session)
    for place in range(first, last):
        expect(page.get_by_text(f"Film {place + 1} of {FILMS}", exact=True)).to_be_visible()
        expect(page.get_by_text(f"Session {session + 1} of 2", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Lock the read")).to_be_enabled()
        with_model = plan[place].arm is Arm.REGIONS
        expect(page.get_by_text(re.compile("probability 0.95"))).to_have_count(int(with_model))
        expect(page.get_by_text(REGIONS)).to_have_count(int(with_model))
        wait_until_idle(page)
        if place == 0:
            assert barriers(page, "the first film") == []
        page.keyboard.press("Control+Enter")
        expect(page.get_by_text("Choose pneumonia or normal first")).to_be_visible()
        if place % 2:
            for key in ("m", "ArrowLeft", "ArrowLeft", "Enter", "Escape"):
                page.keyboard.press(key)
            wait_until_idle(page)
        page.keyboard.press("p" if place % 2 else "n")
        page.keyboard.type("85" if place % 2 else "7")
        expect(page.locator(".rating output")).to_have_text("85" if place % 2 else "7")
        page.keyboard.press("Control+Enter")


def test_a_reader_reads_a_session_by_keys_and_goes_on_after_a_reload(
    page: Page, server: Server, kept: SqlReaderStudies, study: KeptStudy
) -> None:
    page.goto(f"{server.address}/reader_study")
    page.get_by_role("button", name="Start").click()
    read_films(page, study, 0, 0, LOADED_AGAIN_AT)
    expect(page.get_by_text(f"Film {LOADED_AGAIN_AT + 1} of {FILMS}", exact=True)).to_be_visible()
    wait_until_idle(page)
    for key in ("m", "ArrowLeft", "Enter", "Escape"):
        page.keyboard.press(key)
    page.keyboard.type("42")
    expect(page.locator(".rating output")).to_have_text("42")
    wait_until_idle(page)
    page.reload()
    expect(page.locator(".rating output")).to_have_text("42")  # what was begun is still there
    read_films(page, study, 0, LOADED_AGAIN_AT, FILMS)
    expect(page.get_by_text("Session 2 of 2", exact=True)).to_be_visible()
    readings = kept.readings(study)
    said = [(one.answer.verdict, one.answer.rating, len(one.answer.marks)) for one in readings]
    usual = [(Verdict.NORMAL, 7, 0), (Verdict.PNEUMONIA, 85, 1)]
    marked_before_the_reload = (Verdict.NORMAL, 7, 1)
    assert said == [*usual, marked_before_the_reload, usual[1]]
    assert [one.openings for one in readings] == [1] * LOADED_AGAIN_AT + [2] + [1] * (FILMS - 3)
