"""Whom a film shows and how it was taken, beside the score on the page Worklist."""

from __future__ import annotations

import numpy as np
import pytest
from fixtures.dicom_films import content_of, film
from pages.test_review import (
    CHEST,
    chest,
    choose_verdict,
    name_reader,
    open_page,
    press,
    said_of,
    upload,
    words_of,
)

from core.domain.review import Verdict
from core.store.reads import SqlReviewStore
from ui.review import read_panel

ASK = "Show the score all the same"


def dicom(name: str, **stated: str) -> tuple[str, bytes, str]:
    stored = np.round(chest(3, "lobar") * 4095).astype(np.uint16)
    return name, content_of(film(stored, BodyPartExamined="CHEST", **stated)), "application/dicom"


ADULT = dicom("adult.dcm", PatientAge="062Y", ViewPosition="AP")


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float | None]]:
    """Return what the worklist is handed."""
    rows, build = [], read_panel.WorklistRow

    def note(**fields):
        rows.append((fields["side"], fields["probability"]))
        return build(**fields)

    monkeypatch.setattr(read_panel, "WorklistRow", note)
    return rows


def test_an_age_that_is_not_stated_is_said_beside_the_score(store: SqlReviewStore) -> None:
    words = words_of(upload(open_page(), CHEST))
    assert "The age is not stated." in words
    assert "measured on children of 1 to 5 years only" in words
    assert "Quality check passed" in words


def test_a_childs_film_says_its_projection_and_nothing_of_its_age(store: SqlReviewStore) -> None:
    page = upload(open_page(), dicom("child.dcm", PatientAge="003Y", ViewPosition="PA"))
    words = words_of(page)
    assert "Projection: PA, as the file states." in words
    assert "age" not in words.replace("page", "")
    assert ASK not in [button.label for button in page.button]


def test_an_adults_score_is_shown_only_on_request(
    store: SqlReviewStore, handed: list[tuple[str, float | None]]
) -> None:
    page = upload(open_page(), ADULT)
    words = words_of(page)
    assert "Patient age: adult." in words
    assert "Projection: AP, as the file states." in words
    assert not said_of(page)
    assert "threshold, which" not in words
    assert handed[-1] == ("none", None)
    press(page, ASK)
    assert "Likelihood ratio" in said_of(page)
    assert handed[-1][0] != "none"


def test_a_read_signed_without_the_score_says_so(store: SqlReviewStore) -> None:
    page = upload(open_page(), ADULT)
    name_reader(page)
    choose_verdict(page, Verdict.NORMAL)
    press(page, "Sign")
    (record,) = store.recent()
    assert record.regions == {"score": "not shown"}
