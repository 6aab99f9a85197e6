"""The site's own settled cases on the page Teaching."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from fixtures import app_pages
from fixtures.review_records import lead, record, sign
from pages.test_disputes import CONSENT, FILM, SAID, come_as, said
from pages.test_review import CHEST
from pages.test_teaching import Hands
from streamlit.testing.v1 import AppTest

from core.domain.model import Prediction
from core.domain.reader import Role
from core.domain.review import ReadKind, Verdict
from core.imaging.decoding import decode_radiograph
from core.imaging.display import display_film
from core.imaging.png import levels_png
from core.jobs.batch import UploadedFilm
from core.reads.arbitration import arbitrate, list_disputes
from core.settings import get_settings
from core.store.films.teaching_films import TeachingFilm, open_teaching_films
from core.store.films.worklist import SqlFilms
from core.store.reads import SqlReviewStore
from core.store.teaching import SqlTeachingStore
from pages import test_disputes
from ui.app.resources import get_engine
from ui.teaching import own_cases, reading

SENIOR = lead("Dr. Senior")
films = test_disputes.films


@pytest.fixture
def case(films: SqlFilms, store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch) -> TeachingFilm:
    """A dispute that was settled as pneumonia against the model, and kept for teaching."""
    (dispute,) = list_disputes(store.history(FILM))
    settled = arbitrate(dispute, SENIOR, Verdict.PNEUMONIA, 4, "right base")
    store.append(settled, SENIOR)
    shown = display_film(decode_radiograph(CHEST[1], file_name="x"))
    content = levels_png(shown.levels, synthetic=shown.synthetic)
    taught = open_teaching_films(store.database, get_settings())
    return taught.make(settled, content, CONSENT, SENIOR, "keyed hash")


@pytest.fixture
def hands(store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch) -> Hands:
    come_as(store, Role.TRAINEE, "Dr. Tea")
    hands = Hands(open_teaching())
    monkeypatch.setattr(reading, "read_answer_event", lambda _key, _token: hands.answer)
    monkeypatch.setattr(reading, "read_marks_event", lambda _key, _token: hands.marks)
    return hands


def open_teaching(**address: str) -> AppTest:
    return app_pages.open_page("teaching", **address)


def begin(hands: Hands) -> AppTest:
    page = hands.page
    page.selectbox(key="teaching-source").set_value("own").run()
    page.number_input[0].set_value(1)
    hands.press("Start")
    return page


def test_a_site_without_own_cases_offers_none(films: SqlFilms, store: SqlReviewStore) -> None:
    page = open_teaching()
    offered = [option for box in page.selectbox for option in box.options]
    assert not [option for option in offered if "Own cases" in option]


def test_a_trainee_reads_an_own_case_blind_and_then_sees_whose_verdict_it_is(
    case: TeachingFilm, hands: Hands, store: SqlReviewStore
) -> None:
    page = begin(hands)
    blind = said(page)
    assert "Your read" in blind
    for told in ("Pneumonia", "probability", "Dr. Senior", FILM[:8], "chest"):
        assert told not in blind
    hands.lock(Verdict.NORMAL, 4)
    shown = said(page)
    assert "### Pneumonia" in shown
    assert "Your read was **wrong**: normal, 4 of 5" in shown
    assert "A reader's verdict is not ground truth." in shown
    assert "probability 0.07" in shown
    assert "keyed hash" not in str(SqlTeachingStore(store.database).all_courses("own"))


def test_a_case_that_is_disputed_again_is_left_out(
    case: TeachingFilm, hands: Hands, store: SqlReviewStore
) -> None:
    shared = {"film_sha256": FILM, "reader": "Dr. Cy", "verdict": Verdict.NORMAL, "regions": {}}
    first = record(kind=ReadKind.FIRST, **shared)
    sign(store, first)
    sign(store, record(supersedes=first.record_id, **shared))
    page = begin(hands)
    assert "has films of 0 patients" in said(page)


def test_a_run_that_has_not_read_the_case_reads_it_now(
    case: TeachingFilm, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def read_again(film: UploadedFilm) -> Prediction:
        asked.append(film.content)
        return replace(SAID, probability=0.6)

    monkeypatch.setattr(own_cases, "read_again", read_again)
    (known,) = own_cases.own_cases(Counter(), Counter())
    assert (known.probability, asked) == (SAID.probability, [])
    run = replace(get_engine().classifier.run_record, run_id="another")
    monkeypatch.setattr(own_cases, "served_run", lambda: run)
    for _ in range(2):
        (read,) = own_cases.own_cases(Counter(), Counter())
        assert read.probability == 0.6
    assert len(asked) == 1
