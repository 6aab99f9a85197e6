"""Synthetic films on the Review page of a machine without any film."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from fixtures.app_pages import open_app as open_page
from streamlit.testing.v1 import AppTest

from core.store.reads import SqlReviewStore
from ui.review.read_panel import build_row

OPEN = "Open 12 synthetic films"


@pytest.fixture
def offering(
    store: SqlReviewStore, synthetic_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SqlReviewStore:
    """Offer synthetic films, with no data folder."""
    monkeypatch.setenv("FIRSTREAD_OFFER_SYNTHETIC", "true")
    monkeypatch.setenv("FIRSTREAD_CACHE", str(synthetic_cache))
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "no data"))
    return store


def run_until(page: AppTest, happened) -> AppTest:
    for _ in range(480):
        if happened(page):
            return page
        time.sleep(0.25)
        page.run()
    pytest.fail("the page did not come so far within two minutes")


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def captions(page: AppTest) -> str:
    return "\n".join(caption.value for caption in page.caption)


def test_a_machine_without_films_offers_synthetic_ones_and_says_how_to_get_real_ones(offering):
    page = run_until(open_page(), lambda page: "normal films normal" in captions(page))

    assert OPEN in labels(page)
    assert "python -m core data fetch" in captions(page)
    found = re.search(
        r"Of all 60 films the quality gate accepts (\d+)\. The served run finds "
        r"(\d+) of 30 pneumonias and calls (\d+) of 30 normal films normal",
        captions(page),
    )
    assert found
    through, found_ill, cleared = map(int, found.groups())
    assert through >= 57
    assert found_ill + cleared >= 42


def test_opened_films_are_read_like_uploads_and_say_that_they_are_synthetic(offering):
    page = run_until(open_page(), lambda page: OPEN in labels(page))

    next(button for button in page.button if button.label == OPEN).click().run()
    run_until(page, lambda page: page.session_state["first_read"].job is None)

    visit = page.session_state["first_read"]
    assert [film.name for film in visit.films.values()] == [
        f"synthetic-{number:02}.png" for number in range(1, 13)
    ]
    readings = [visit.outcome(key).reading for key in visit.films]
    assert all(reading is not None for reading in readings)
    codes = [{finding.code for finding in reading.quality.findings} for reading in readings]
    assert all("synthetic" in one for one in codes)
    rows = [build_row(film, visit.outcome(key), {}, "") for key, film in visit.films.items()]
    assert all(row.synthetic for row in rows)
    words = "\n".join(text.value for text in page.markdown)
    assert "not evidence of clinical performance" in words


def test_a_site_that_reads_patients_only_is_offered_none(offering, monkeypatch):
    monkeypatch.setenv("FIRSTREAD_OFFER_SYNTHETIC", "false")

    page = open_page()

    assert OPEN not in labels(page)
    assert "ynthetic" not in captions(page)


def test_films_that_cannot_be_drawn_are_one_sentence_and_uploads_go_on(
    offering, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FIRSTREAD_CACHE", str(tmp_path / "file" / "cache"))

    page = run_until(open_page(), lambda page: "cannot be written to" in captions(page))

    assert OPEN not in labels(page)
    assert len(page.get("file_uploader")) == 1
