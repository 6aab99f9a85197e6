"""An earlier film of the same patient beside the open one, on the page Worklist."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from fixtures import app_pages
from fixtures.app_pages import address_of
from fixtures.prior_films import patient_film
from fixtures.review_records import lead
from pages.test_review import (
    READER,
    File,
    choose_verdict,
    name_reader,
    open_page,
    press,
    upload,
    words_of,
)
from streamlit.testing.v1 import AppTest

from core.domain.review import Verdict
from core.errors import FilmStoreError
from core.jobs.batch import UploadedFilm
from core.settings import PROJECT_ROOT
from core.store.reads import SqlReviewStore
from ui.app import resources
from ui.components.viewer.film_bytes import FilmView
from ui.review import priors

OLD: File = ("old.dcm", patient_film("20251127", height_px=400), "application/dicom")
NEW: File = ("new.dcm", patient_film("20260301", "lobar", height_px=480), "application/dicom")
OF_ANOTHER: File = (
    "other.dcm",
    patient_film("20250101", patient="MRN-2", height_px=400),
    "application/dicom",
)
SHOW, CLOSE = "Prior film: 3 months earlier", "Close the prior film"
OF_MODEL = ("suspicious", "ratio", "probability", "score of")


@pytest.fixture(autouse=True)
def _kept(store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "30")
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")


def open_newest(*files: File) -> AppTest:
    """Open the app with films that were uploaded one after the other; the last one is open."""
    page = open_page()
    for file in files:
        upload(page, file)
    name_reader(page)
    return page


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def sent_to_viewers(page: AppTest) -> list[dict]:
    """Return what the viewers of the page are told of their films."""
    told = [json.loads(one.proto.json) for one in page.get("bidi_component") if one.proto.json]
    return [one for one in told if "pair" in one]


def open_from_list(page: AppTest, name: str) -> None:
    """Open a film of the list by its name."""
    visit = page.session_state["first_read"]
    visit.selected = next(key for key, film in visit.films.items() if film.name == name)
    page.run()


def lock_read(page: AppTest, verdict: Verdict) -> None:
    choose_verdict(page, verdict)
    press(page, "Lock the first read")


def test_a_prior_stands_beside_the_open_film_when_it_is_asked_for(store: SqlReviewStore) -> None:
    page = open_newest(OF_ANOTHER, OLD, NEW)
    (alone,) = sent_to_viewers(page)
    assert alone["pair"] is None
    assert ["y", "Newest prior film beside, or away"] in alone["pageKeys"]
    press(page, SHOW)
    opened, prior = sent_to_viewers(page)
    assert opened["alt"] == "Film new.dcm"
    assert prior["alt"] == "Film old.dcm"
    assert opened["pair"]["name"] == prior["pair"]["name"]
    assert prior["pair"]["label"] == "Prior film, 3 months earlier"
    assert prior["pair"]["companion"]
    assert not opened["pair"]["companion"]
    assert opened["marking"]["edit"]
    assert prior["marking"] is None
    assert prior["regions"] is None
    press(page, CLOSE)
    assert len(sent_to_viewers(page)) == 1
    assert SHOW in labels(page)
    icons = {one.label: one.icon for one in page.button if one.label.startswith("Erase")}
    assert icons["Erase this film"] != icons["Erase all 2 films of this patient"]


def code_of(file: File) -> str:
    return hashlib.sha256(file[1]).hexdigest()[:12]


def follow(**address: str) -> AppTest:
    """Open the app at an address, as whoever reloads it or was sent it."""
    router = str(PROJECT_ROOT / "streamlit_app.py")
    page = AppTest.from_file(router, default_timeout=app_pages.PATIENCE_S)
    for name, text in address.items():
        page.query_params[name] = text
    page.run()
    assert not page.exception
    return page


def test_the_address_brings_the_prior_back_after_a_reload(store: SqlReviewStore) -> None:
    page = open_newest(OLD, NEW, OF_ANOTHER)
    open_from_list(page, "new.dcm")
    press(page, SHOW)
    assert address_of(page) == {"film": code_of(NEW), "prior": code_of(OLD)}
    address = address_of(page)
    open_from_list(page, "other.dcm")  # so that the reader left another film open
    again = follow(**address)
    assert [one["alt"] for one in sent_to_viewers(again)] == ["Film new.dcm", "Film old.dcm"]
    open_from_list(again, "other.dcm")  # what is chosen afterwards stands
    assert address_of(again) == {}
    open_from_list(again, "new.dcm")
    press(again, CLOSE)
    assert address_of(again) == {}


@pytest.mark.parametrize(
    ("film", "prior", "words", "opened"),
    [
        ("0" * 12, code_of(OLD), "which is not kept here", None),
        ("%", code_of(OLD), "which is not kept here", None),
        (code_of(NEW), code_of(OF_ANOTHER), "which is no prior film of this one", "Film new.dcm"),
        (code_of(NEW), "", "which is no prior film of this one", "Film new.dcm"),
    ],
    ids=["unknown film", "no hash", "film of another patient", "no prior"],
)
def test_an_address_of_a_pair_that_is_none_is_a_sentence(
    store: SqlReviewStore, film: str, prior: str, words: str, opened: str | None
) -> None:
    open_newest(OLD, NEW, OF_ANOTHER)
    page = follow(film=film, prior=prior)
    assert words in words_of(page)
    (alone,) = sent_to_viewers(page)
    assert opened in (None, alone["alt"])


def test_a_film_without_an_earlier_one_of_its_patient_offers_none(store: SqlReviewStore) -> None:
    page = open_newest(OF_ANOTHER, NEW, OLD)
    (alone,) = sent_to_viewers(page)
    assert alone["alt"] == "Film old.dcm"
    assert "y" not in dict(alone["pageKeys"])
    assert not [label for label in labels(page) if "rior film" in label]


def test_of_several_priors_any_can_be_chosen_and_is_kept_for_its_film(
    store: SqlReviewStore,
) -> None:
    oldest = patient_film("20230301", height_px=420)
    page = open_newest(OLD, ("oldest.dcm", oldest, "application/dicom"), NEW)
    (choice,) = [box for box in page.selectbox if box.label == "Prior film"]
    none, newest, first = choice.options
    assert (none, newest) == ("No prior film beside", "Prior 1: 3 months earlier")
    choice.set_value(hashlib.sha256(oldest).hexdigest()).run()
    assert first == "Prior 2: 3 years earlier"
    assert sent_to_viewers(page)[1]["alt"] == "Film oldest.dcm"
    open_from_list(page, "old.dcm")
    assert len(sent_to_viewers(page)) == 1
    open_from_list(page, "new.dcm")
    assert sent_to_viewers(page)[1]["alt"] == "Film oldest.dcm"


def test_nothing_of_the_model_is_told_of_a_prior_before_the_open_film_is_read(
    store: SqlReviewStore,
) -> None:
    page = open_newest(OLD)
    lock_read(page, Verdict.NORMAL)
    page.text_area[0].set_value("As the model says.").run()
    press(page, "Sign")
    upload(page, NEW)
    press(page, SHOW)
    said = words_of(page)
    assert f"Signed normal, confidence 3 of 5, by {READER}." in said
    assert "As the model says" not in said
    assert not [words for words in OF_MODEL if words in said]
    assert "prob" not in json.dumps(sent_to_viewers(page))
    lock_read(page, Verdict.PNEUMONIA)
    said = words_of(page)
    assert "**More suspicious than 3 months earlier**" in said
    assert "By the model: not suspicious then, suspicious now. Likelihood ratio: " in said


def test_the_score_of_a_prior_that_waits_to_be_read_stays_hidden_after_the_lock(
    store: SqlReviewStore,
) -> None:
    page = open_newest(OLD, NEW)
    press(page, SHOW)
    assert "No settled read of it yet." in words_of(page)
    lock_read(page, Verdict.PNEUMONIA)
    assert "once you have locked a first read of the prior film too" in words_of(page)
    assert "suspicious than" not in words_of(page)
    open_from_list(page, "old.dcm")
    lock_read(page, Verdict.NORMAL)
    open_from_list(page, "new.dcm")
    assert f"First read normal, confidence 3 of 5, by {READER}." in words_of(page)
    assert "**More suspicious than 3 months earlier**" in words_of(page)


def test_no_change_is_told_where_another_run_read_the_prior(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_newest(OLD, NEW)
    press(page, SHOW)
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "false")
    page.run()
    assert "**More suspicious than 3 months earlier**" in words_of(page)
    monkeypatch.setattr(priors, "get_identity", lambda: "of another run and gate")
    page.run()
    assert "No score of the prior film by the same run: no change is stated." in words_of(page)
    assert "suspicious than" not in words_of(page)


def test_an_erased_prior_is_not_beside_any_more(store: SqlReviewStore) -> None:
    page = open_newest(OLD, NEW)
    press(page, SHOW)
    resources.get_films().erase([hashlib.sha256(OLD[1]).hexdigest()], lead(READER), "film")
    page.run()
    assert len(sent_to_viewers(page)) == 1


def test_a_prior_that_cannot_be_shown_says_why_and_the_open_film_stays(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_newest(OLD, NEW)

    def fail(film: UploadedFilm) -> FilmView:
        raise FilmStoreError(f"The file of {film.name} is damaged.")

    monkeypatch.setattr(priors, "get_film_view", fail)
    press(page, SHOW)
    assert [error.value for error in page.error] == ["The file of old.dcm is damaged."]
    assert [told["alt"] for told in sent_to_viewers(page)] == ["Film new.dcm"]
