"""The Teaching page where there is no film to train with, or a session's film is gone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from fixtures import app_pages
from fixtures.review_records import lead
from fixtures.teaching_cases import make_case
from streamlit.testing.v1 import AppTest

from core.settings import SERVED_RUN
from core.teaching.session import Plan
from ui.teaching.data import get_teaching_store

open_page = partial(app_pages.open_page, "teaching")


@pytest.fixture
def without_films(store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Offer no synthetic films, with no data folder."""
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "no data"))
    return monkeypatch


def open_session(**asked: int) -> AppTest:
    """Begin a session on one synthetic film that is not there, and open it."""
    plan = Plan(library="synthetic", films=1, run_id=SERVED_RUN, **asked)
    session = get_teaching_store().start(plan, [make_case(1)], lead("Ada"))
    return open_page(session=session.session_id)


def words_of(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.warning, page.info, page.header)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_without_any_film_the_page_says_how_to_get_the_public_ones(without_films) -> None:
    page = open_page()
    assert "There are no films to practise with" in words_of(page)
    assert "python -m core data fetch" in words_of(page)


def test_a_session_on_synthetic_films_says_that_they_are_not_offered(without_films) -> None:
    page = open_session()
    assert "This session cannot continue here" in words_of(page)
    assert "are not offered here" in words_of(page)


def test_a_session_on_a_film_of_an_earlier_drawing_can_be_ended(without_films) -> None:
    without_films.setenv("FIRSTREAD_OFFER_SYNTHETIC", "true")
    page = open_session(limit_s=1)
    assert "it may be of an earlier version" in page.error[0].value
    page.button(key="teaching-end-gone").click().run()
    assert not page.exception
    assert "Session of Ada" in page.header[0].value
