"""No barrier where films are kept: priors, files that fail, disputes, and what a lead sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from browser.app_server import Server, wait_until_idle
from browser.barriers import barriers, expect_focus_on, goes_on_from_there
from browser.test_first_minute import payload, png_of
from browser.test_kept_films import row_of
from fixtures.prior_films import patient_film
from fixtures.review_records import lead, record, sign
from playwright.sync_api import Page, expect

from core.domain.mark import Mark
from core.domain.model import Prediction
from core.domain.quality import QualityReport
from core.domain.reader import Role
from core.domain.review import ReadKind, Verdict
from core.domain.worklist import ArrivingFilm, MachineReading
from core.files import sha256_of
from core.imaging.decoding import decode_radiograph
from core.imaging.png import thumbnail_png
from core.phantom.builtin import built_in_files
from core.phantom.hand import draw_hand
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN, Settings
from core.store.engine import Database
from core.store.films.worklist import open_films
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore

pytestmark = pytest.mark.browser

DISPUTED = built_in_files()[0]
SHA256 = sha256_of(DISPUTED)


def dispute(database: Database, settings: Settings) -> None:
    """Keep a film of which two readers, with a mark each, say the opposite."""
    content = DISPUTED.read_bytes()
    films = open_films(database, settings)
    films.keep(ArrivingFilm(SHA256, "disputed.png", content), lead("Dr. Ada"))
    thumbnail = thumbnail_png(decode_radiograph(content, file_name="disputed.png"))
    point = load_run(PROJECT_ROOT / "models" / SERVED_RUN).operating_point
    said = Prediction(0.07, -2.5, SERVED_RUN, point)
    reading = MachineReading("run and gate", thumbnail, 400, 400, "PNG", QualityReport(()), said)
    films.note_reading(SHA256, reading)
    store = SqlReviewStore(database, read_first=True)
    for reader, verdict in (("Dr. Ada", Verdict.PNEUMONIA), ("Dr. Bo", Verdict.NORMAL)):
        shared = {
            "film_sha256": SHA256,
            "film_name": "disputed.png",
            "reader": reader,
            "verdict": verdict,
            "prediction": said,
            "run_id": SERVED_RUN,
            "quality": QualityReport(()),
            "regions": {},
        }
        first = record(kind=ReadKind.FIRST, drawn=(Mark(0.1, 0.2, 0.3, 0.4),), **shared)
        sign(store, first)
        sign(store, record(supersedes=first.record_id, **shared))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("site")
    settings = Settings(
        database_url=f"sqlite:///{folder / 'reads.sqlite3'}",
        films=str(folder / "films"),
        keep_films_days=30,
        read_first=True,
    )
    with closing(Database.open(settings.database_url)) as database:
        choose_local_reader(database, "Dr. Senior", Role.LEAD)
        dispute(database, settings)
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": settings.database_url,
            "FIRSTREAD_FILMS": settings.films,
            "FIRSTREAD_KEEP_FILMS_DAYS": "30",
            "FIRSTREAD_READ_FIRST": "true",
            "FIRSTREAD_TEACHING_CONSENT": "Ethics vote 12/2026",
        },
    )
    yield running
    running.stop()


def open_film(page: Page, name: str) -> None:
    wait_until_idle(page)
    row_of(page, name).click()
    expect(row_of(page, name)).to_have_attribute("aria-selected", "true")
    wait_until_idle(page)


def test_a_morning_with_priors_and_files_that_fail_meets_no_barrier(
    page: Page, server: Server
) -> None:
    found: list[str] = []
    films = [
        payload("old.dcm", patient_film("20251127", height_px=400)),
        payload("new.dcm", patient_film("20260301", "lobar", height_px=480)),
        payload("hand.png", png_of(draw_hand(0))),
        payload("cut.png", DISPUTED.read_bytes()[:2000]),
    ]
    page.goto(server.address)
    page.get_by_role("button", name="Add films").press("Enter")
    page.set_input_files("input[type=file]", files=films)
    for name in ("old.dcm", "new.dcm", "hand.png"):
        expect(row_of(page, name).locator("img:visible")).to_be_visible()

    open_film(page, "cut.png")
    expect(page.get_by_test_id("stAlert").first).to_be_visible()
    found += barriers(page, "a file that cannot be read")

    open_film(page, "hand.png")
    expect(page.get_by_text("Not recognised as a frontal chest film").first).to_be_visible()
    found += barriers(page, "a picture that was refused")
    page.get_by_role("button", name="Not to be read here").press("Enter")
    expect_focus_on(page, "Next unread film")
    page.get_by_role("button", name="Put it back in the worklist").press("Enter")
    expect(page.get_by_role("button", name="Not to be read here")).to_be_visible()
    expect_focus_on(page, "Not to be read here")

    open_film(page, "new.dcm")
    expect(page.get_by_role("button", name="Prior film: 3 months earlier")).to_be_visible()
    wait_until_idle(page)
    page.keyboard.press("y")
    expect(page.locator("canvas[role=img][data-view]")).to_have_count(2)
    found += barriers(page, "an open prior")
    page.get_by_role("button", name="Close the prior film").press("Enter")
    expect(page.locator("canvas[role=img][data-view]")).to_have_count(1)
    goes_on_from_there(page)

    page.get_by_role("radio", name="Pneumonia").focus()
    page.keyboard.press("Space")
    wait_until_idle(page)
    page.get_by_role("button", name="Lock the first read").press("Enter")
    page.get_by_role("button", name="Prevalence not set: set it").press("Enter")
    expect(page.get_by_role("button", name="Use this prevalence")).to_be_visible()
    found += barriers(page, "the ward's prevalence")
    page.keyboard.press("Escape")
    expect_focus_on(page, "Prevalence not set: set it")
    page.get_by_role("button", name="About this film").press("Enter")
    expect(page.get_by_role("button", name="Erase this film")).to_be_visible()
    found += barriers(page, "about this film")
    assert not found, "\n".join(found)


def test_a_lead_settles_imports_and_changes_the_model_without_a_barrier(
    page: Page, server: Server
) -> None:
    found: list[str] = []
    page.goto(f"{server.address}/records?dispute={SHA256[:12]}")
    expect(page.get_by_role("button", name="Sign the arbitration")).to_be_visible()
    expect(page.locator("canvas[role=img]")).to_be_visible()
    found += barriers(page, "an open dispute")
    page.get_by_role("button", name="Show what the model said").press("Enter")
    expect(page.locator(".fr-scale")).to_be_visible()
    found += barriers(page, "an open dispute with the model's result")
    for tab in ("Readers and model", "Drift", "Audit trail"):
        page.get_by_role("tab", name=tab).press("Enter")
        found += barriers(page, f"Records, {tab}")

    page.goto(f"{server.address}/runs")
    for name, inside in (
        ("Import a run", "The imported run can be compared and browsed"),
        ("Change active model", "This is the active model"),
    ):
        page.get_by_role("button", name=name).press("Enter")
        expect(page.get_by_text(inside)).to_be_visible()
        found += barriers(page, name)
        page.keyboard.press("Escape")
        expect_focus_on(page, name)
    assert not found, "\n".join(found)
