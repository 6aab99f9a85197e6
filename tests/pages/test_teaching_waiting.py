"""The Teaching page before there is any film to train with."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from fixtures import app_pages
from fixtures.review_records import lead
from fixtures.teaching_cases import make_case
from streamlit.testing.v1 import AppTest

from core.jobs.examples import ExamplesTask
from core.settings import SERVED_RUN
from core.teaching.session import Plan
from ui.teaching.data import get_teaching_store

open_page = partial(app_pages.open_page, "teaching")


@pytest.fixture
def drawing(store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Offer synthetic films that are being generated, with no data folder; nothing is drawn."""
    monkeypatch.setenv("FIRSTREAD_OFFER_SYNTHETIC", "true")
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "no data"))
    monkeypatch.setenv("FIRSTREAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(ExamplesTask, "start", lambda task: task)
    monkeypatch.setattr(ExamplesTask, "finished", False)
    monkeypatch.setattr(ExamplesTask, "drawn", 7)
    return monkeypatch


def open_session(**asked: int) -> AppTest:
    """Begin a session on one synthetic film that is not there, and open it."""
    plan = Plan(library="synthetic", films=1, run_id=SERVED_RUN, **asked)
    session = get_teaching_store().start(plan, [make_case(1)], lead("Ada"))
    return open_page(session=session.session_id)


def words_of(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.warning)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_while_the_films_are_drawn_the_page_says_how_many_there_are(drawing) -> None:
    page = open_page()

    [bar] = page.get("progress")
    assert "7 of 60 synthetic films generated" in bar.proto.text
    assert "this happens once" in words_of(page)


def test_while_runs_read_the_drawn_films_the_page_waits_and_does_not_run_again_for_ever(
    drawing,
) -> None:
    drawing.setattr(ExamplesTask, "drawn", 60)

    [bar] = open_page().get("progress")
    assert "All 60 synthetic films are ready" in bar.proto.text


def test_a_session_whose_films_are_drawn_anew_waits_for_them(drawing) -> None:
    page = open_session()
    assert "continues once its films are ready" in page.header[0].value
    [bar] = page.get("progress")
    assert "7 of 60 synthetic films generated" in bar.proto.text


def test_a_session_on_a_film_of_an_earlier_drawing_can_be_ended(
    drawing, synthetic_cache, monkeypatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_CACHE", str(synthetic_cache))
    drawing.setattr(ExamplesTask, "drawn", 60)
    drawing.setattr(ExamplesTask, "finished", True)
    page = open_session(limit_s=1)
    assert "it may be of an earlier version" in page.error[0].value
    page.button(key="teaching-end-gone").click().run()
    assert not page.exception
    assert "Session of Ada" in page.header[0].value


def test_drawing_that_failed_midway_is_its_reason_and_no_longer_announced(drawing) -> None:
    drawing.setattr(ExamplesTask, "finished", True)
    drawing.setattr(ExamplesTask, "sentence", "There is no room.")

    said = words_of(open_page())
    assert "Synthetic films: There is no room." in said
    assert "being generated" not in said
