"""Disputes with the film: who sees it, what is hidden of the model, and the teaching case."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fixtures import app_pages
from fixtures.review_records import lead, record, sign
from pages.test_review import CHEST, choose_verdict, press, run_until, words_of
from streamlit.testing.v1 import AppTest

from core.domain.mark import Mark
from core.domain.model import Prediction
from core.domain.quality import QualityReport
from core.domain.reader import Role
from core.domain.review import ReadKind, Verdict
from core.domain.worklist import ArrivingFilm, FilmStatus, MachineReading
from core.imaging.decoding import decode_radiograph
from core.imaging.display import display_film
from core.imaging.png import thumbnail_png
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings
from core.store.films.teaching_films import open_teaching_films
from core.store.films.worklist import SqlFilms, open_films
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore
from ui.app.identity import get_local_reader
from ui.app.session import Visit
from ui.review.shared_worklist import status_words

FILM = hashlib.sha256(CHEST[1]).hexdigest()
POINT = load_run(PROJECT_ROOT / "models" / SERVED_RUN).operating_point
SAID = Prediction(0.07, -2.5, SERVED_RUN, POINT)
OF_ADA, OF_BO = Mark(0.1, 0.2, 0.3, 0.4), Mark(0.6, 0.5, 0.6, 0.5)
CONSENT = "Ethics vote 12/2026"
ASK = "Show what the model said"
MAKE = "Make a teaching case"
MODEL_WORDS = ("probability 0", "uspicious", "as it stood", "reader and model", "two readers")


@pytest.fixture
def films(store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqlFilms:
    """A site that reads first and keeps films: two readers disagree on one of them."""
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "30")
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    monkeypatch.setenv("FIRSTREAD_TEACHING_CONSENT", CONSENT)
    opened = open_films(store.database, get_settings())
    opened.keep(ArrivingFilm(FILM, "chest.png", CHEST[1]), lead("Dr. Ada"))
    thumbnail = thumbnail_png(decode_radiograph(CHEST[1], file_name="chest.png"))
    reading = MachineReading("run and gate", thumbnail, 400, 400, "PNG", QualityReport(()), SAID)
    opened.note_reading(FILM, reading)
    reads = (("Dr. Ada", Verdict.PNEUMONIA, OF_ADA), ("Dr. Bo", Verdict.NORMAL, OF_BO))
    for minute, (reader, verdict, mark) in enumerate(reads):
        shared = {
            "film_sha256": FILM,
            "film_name": "chest.png",
            "reader": reader,
            "verdict": verdict,
            "comment": f"said {reader}",
            "prediction": SAID,
            "run_id": SERVED_RUN,
            "quality": QualityReport(()),
            "regions": {},
            "read_at": datetime(2026, 3, 1, 8, minute, tzinfo=UTC),
        }
        first = record(kind=ReadKind.FIRST, drawn=(mark,), **shared)
        sign(store, first)
        sign(store, record(supersedes=first.record_id, **shared))
    return opened


def come_as(store: SqlReviewStore, role: Role, name: str) -> None:
    choose_local_reader(store.database, name, role)
    get_local_reader.clear()


def open_dispute() -> AppTest:
    return app_pages.open_page("records", dispute=FILM[:12])


def said(page: AppTest) -> str:
    """Return every word of the page, the reads among them."""
    html = [one.proto.body for one in page.get("html")]
    chosen = [option for box in page.selectbox for option in box.options]
    tabs = [tab.label for tab in page.tabs]
    buttons = [one.label for one in page.button]
    return "\n".join([words_of(page), *html, *chosen, *tabs, *buttons])


def drawn_on(page: AppTest) -> list[dict[str, object]] | None:
    """Return the marks that the viewer was sent; None if there is no viewer."""
    sent = [
        json.loads(one.proto.json)
        for one in page.get("bidi_component")
        if one.proto.WhichOneof("data") == "json"
    ]
    viewers = [one["truths"] for one in sent if "truths" in one]
    return viewers[0] if viewers else None


def test_the_arbiter_sees_the_film_with_both_readers_marks_and_nothing_of_the_model(
    films: SqlFilms, store: SqlReviewStore
) -> None:
    come_as(store, Role.LEAD, "Dr. Senior")
    page = open_dispute()
    assert drawn_on(page) == [
        {"kind": "reader", "box": list(OF_ADA.edges), "reader": [0, "Dr. Ada"]},
        {"kind": "reader", "box": list(OF_BO.edges), "reader": [1, "Dr. Bo"]},
    ]
    words = said(page)
    assert "said Dr. Ada" in words
    assert "said Dr. Bo" in words
    assert words.count("First read, locked:") == 2
    assert "because its readers disagree" in words
    assert not [line for line in words.splitlines() if any(word in line for word in MODEL_WORDS)]


def test_before_a_choice_the_page_says_what_to_do(films: SqlFilms, store: SqlReviewStore) -> None:
    come_as(store, Role.LEAD, "Dr. Senior")
    page = app_pages.open_page("records")
    assert any(one.value.startswith("Choose a film under") for one in page.info)
    assert "This film waits" not in said(page)


@pytest.mark.parametrize(
    ("readers", "words"),
    [(("Dr. Ada",), "the reader's verdict and"), (("Dr. Ada", "Dr. Bo"), "a reader's verdict and")],
    ids=["one-reader", "two-readers"],
)
def test_a_dispute_with_the_model_alone_says_why_it_waits(
    store: SqlReviewStore, readers: tuple[str, ...], words: str
) -> None:
    for reader in readers:
        sign(store, record(reader=reader))
    page = app_pages.open_page("records")
    assert f"This film waits because {words} the model's result differ." in said(page)


def test_the_models_side_comes_when_the_arbiter_asks_and_the_record_says_so(
    films: SqlFilms, store: SqlReviewStore
) -> None:
    come_as(store, Role.LEAD, "Dr. Senior")
    page = press(open_dispute(), ASK)
    assert not page.exception
    assert "probability 0.07" in said(page)
    assert ASK not in said(page)
    settle(page)
    assert store.history(FILM)[-1].regions  # that the model was shown


def settle(page: AppTest, verdict: Verdict = Verdict.PNEUMONIA) -> AppTest:
    (choice,) = [
        one for one in page.get("button_group") if one.label == "The senior reader's verdict"
    ]
    choice.set_value(verdict)
    next(area for area in page.text_area if area.label == "Reason").set_value("right base")
    press(page, "Sign the arbitration")
    assert not page.exception
    return page


def test_a_dispute_settled_without_the_model_becomes_a_case_with_one_press(
    films: SqlFilms, store: SqlReviewStore
) -> None:
    come_as(store, Role.LEAD, "Dr. Senior")
    page = settle(open_dispute())
    settled = store.history(FILM)[-1]
    assert (settled.kind, settled.regions) == (ReadKind.ARBITRATION, {})
    assert drawn_on(page) is not None  # the film stays
    assert f"Consent: {CONSENT}" in said(page)
    press(page, MAKE)
    assert not page.exception
    taught = open_teaching_films(store.database, get_settings())
    (case,) = taught.cases()
    assert (case.film_sha256, case.record_id) == (FILM, settled.record_id)
    assert (case.consent, case.made_by) == (CONSENT, "Dr. Senior")
    assert MAKE not in said(page)
    assert case.case_id in said(page)
    picture = decode_radiograph(taught.content(case.case_id), file_name="x")
    as_it_came = display_film(decode_radiograph(CHEST[1], file_name="x"))
    assert (display_film(picture).levels == as_it_came.levels).all()


def test_without_consent_no_case_is_offered_and_the_page_says_what_to_set(
    films: SqlFilms, store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_TEACHING_CONSENT", "")
    come_as(store, Role.LEAD, "Dr. Senior")
    page = settle(open_dispute())
    assert MAKE not in said(page)
    assert "set FIRSTREAD_TEACHING_CONSENT" in said(page)


def test_a_film_whose_file_says_that_writing_is_burned_in_becomes_no_case(
    films: SqlFilms, store: SqlReviewStore
) -> None:
    burned = "cd" * 32
    films.keep(ArrivingFilm(burned, "b.png", CHEST[1], burned_in=True), lead("Dr. Ada"))
    for reader, verdict in (("Dr. Ada", Verdict.PNEUMONIA), ("Dr. Bo", Verdict.NORMAL)):
        shared = {"film_sha256": burned, "reader": reader, "verdict": verdict, "regions": {}}
        first = record(kind=ReadKind.FIRST, **shared)
        sign(store, first)
        sign(store, record(supersedes=first.record_id, **shared))
    come_as(store, Role.LEAD, "Dr. Senior")
    page = settle(app_pages.open_page("records", dispute=burned[:12]))
    assert MAKE not in said(page)
    assert "writing is burned into the picture" in said(page)


@pytest.mark.parametrize(
    ("role", "name"), [(Role.READER, "Dr. Ada"), (Role.ADMIN, "Root"), (Role.LEAD, "Dr. Bo")]
)
def test_whoever_may_not_settle_it_sees_neither_the_film_nor_anybodys_marks(
    films: SqlFilms, store: SqlReviewStore, role: Role, name: str
) -> None:
    come_as(store, role, name)
    page = open_dispute()
    assert drawn_on(page) is None
    assert "Sign the arbitration" not in said(page)
    assert not page.exception


def test_a_reader_who_has_not_read_the_film_finds_no_dispute(
    films: SqlFilms, store: SqlReviewStore
) -> None:
    come_as(store, Role.READER, "Dr. Cy")
    page = open_dispute()
    assert "said Dr. Ada" not in said(page)
    assert drawn_on(page) is None


def test_a_film_that_is_not_kept_any_more_is_settled_by_the_reads_alone(
    films: SqlFilms, store: SqlReviewStore
) -> None:
    films.erase([FILM], lead("Dr. Ada"), "retention")
    come_as(store, Role.LEAD, "Dr. Senior")
    page = open_dispute()
    assert drawn_on(page) is None
    assert "not kept any more" in said(page)
    assert "said Dr. Bo" in said(page)
    settle(page)
    assert "No disagreements are open." in "".join(info.value for info in page.info)
    assert "awaits no arbitration" not in said(page)


def test_until_a_film_is_chosen_the_queue_shows_names_alone(
    films: SqlFilms, store: SqlReviewStore
) -> None:
    come_as(store, Role.LEAD, "Dr. Senior")
    page = app_pages.open_page("records")
    box = page.selectbox(key="records-dispute")
    assert (box.options, box.value) == (["chest.png"], None)
    assert "said Dr. Ada" not in said(page)
    box.select("chest.png").run()
    assert not page.exception
    assert app_pages.address_of(page) == {"dispute": FILM[:12]}
    assert drawn_on(page) is not None


def test_an_address_that_names_no_dispute_is_a_sentence(
    films: SqlFilms, store: SqlReviewStore
) -> None:
    come_as(store, Role.LEAD, "Dr. Senior")
    for code in ("0" * 12, FILM[:3]):
        page = app_pages.open_page("records", dispute=code)
        assert "awaits no arbitration" in said(page)
        assert drawn_on(page) is None


def links_to_dispute(page: AppTest) -> list[str]:
    links = [one.proto for one in page.get("page_link")]
    return [one.query_string for one in links if one.label == "Settle the dispute"]


@pytest.mark.parametrize(
    ("role", "name"),
    [(Role.LEAD, "Dr. Bo"), (Role.READER, "Cy")],
    ids=["who has signed it", "who settles nothing"],
)
def test_review_leads_nobody_else_to_the_dispute(
    films: SqlFilms, store: SqlReviewStore, role: Role, name: str
) -> None:
    come_as(store, role, name)
    page = app_pages.open_page("review", show="all")
    run_until(page, lambda: page.session_state["first_read"].selected is not None)
    assert links_to_dispute(page) == []
    assert "This film is disputed" not in words_of(page)


def test_an_arbiter_reads_the_film_blind_before_the_way_to_the_dispute_opens(
    films: SqlFilms, store: SqlReviewStore
) -> None:
    come_as(store, Role.LEAD, "Dr. Senior")
    page = app_pages.open_page("review", show="all")
    run_until(page, lambda: page.session_state["first_read"].selected is not None)
    assert links_to_dispute(page) == []
    assert "Lock your own blind read first; then you can settle the dispute." in words_of(page)
    choose_verdict(page, Verdict.NORMAL)
    press(page, "Lock the first read")
    assert links_to_dispute(page) == [f"dispute={FILM[:12]}"]
    assert "This film is disputed" not in words_of(page)
    assert "a reader who has signed cannot settle the dispute" in words_of(page)
    assert ASK in said(open_dispute())  # and may settle it
    press(page, "Sign")
    assert links_to_dispute(page) == []


def test_a_film_that_the_arbiter_has_read_is_not_offered_and_the_page_says_so(
    films: SqlFilms, store: SqlReviewStore
) -> None:
    come_as(store, Role.LEAD, "Dr. Bo")
    page = open_dispute()
    words = said(page)
    assert "Disputes (0 for you, 1 for others)" in words
    assert "1 film that you have read yourself await" in words
    assert not [box for box in page.selectbox if box.key == "records-dispute"]
    assert "You have read the film of this address" in words
    come_as(store, Role.READER, "Dr. Bo")  # who settles nothing, and sees it as before
    assert "Disputes (1)" in said(app_pages.open_page("records"))


def test_an_arbitration_that_is_unsure_has_no_confidence(
    films: SqlFilms, store: SqlReviewStore
) -> None:
    come_as(store, Role.LEAD, "Dr. Senior")
    page = open_dispute()
    (steps,) = [one for one in page.get("button_group") if one.label == "Confidence"]
    assert steps.options == ["1", "2", "3", "4", "5"]
    page = settle(page, Verdict.UNSURE)
    assert not [one for one in page.get("button_group") if one.label == "Confidence"]
    assert "Arbitration: <b>unsure</b>, by Dr. Senior" in said(page)


def test_a_list_names_a_dispute_to_who_has_read_the_film_or_looks_for_disputes(
    films: SqlFilms,
) -> None:
    visit = Visit(listed={FILM: replace(films.find(FILM), status=FilmStatus.DISPUTED)})
    assert status_words(visit, FILM, set()) == ""
    assert status_words(visit, FILM, set(), seeks=True) == "disputed"
    assert status_words(visit, FILM, {FILM}) == "disputed"
