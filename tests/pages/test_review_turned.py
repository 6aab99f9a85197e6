"""A film that does not lie upright: turned, then read, marked, signed and explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fixtures.app_pages import open_app
from pages.test_read_first import labels, lock, marked, marking_sent, sent_to_browser
from pages.test_review import CHEST, chest, png, press, run_until, upload, words_of
from streamlit.testing.v1 import AppTest

from core.domain.film import Turn
from core.domain.mark import Mark
from core.domain.review import ReadKind, Verdict
from core.explain.export import read_explanation
from core.store.reads import SqlReviewStore
from ui.app.session import Visit
from ui.regions import panels

__all__ = ["marked"]

UPRIGHT = chest(3, "lobar")
ON_ITS_SIDE = png("side.png", np.rot90(UPRIGHT, -Turn.LEFT.quarters))
OVER = png("over.png", np.rot90(UPRIGHT, 2))
MIRRORED = png("mirrored.png", UPRIGHT[:, ::-1])
REFUSED = "The film does not look upright"


def visit_of(page: AppTest) -> Visit:
    visit: Visit = page.session_state["first_read"]
    return visit


def turned(page: AppTest) -> AppTest:
    press(page, "Turn and read again")
    return run_until(page, lambda: visit_of(page).job is None and REFUSED not in words_of(page))


@pytest.mark.parametrize("stored", [ON_ITS_SIDE, OVER], ids=["on its side", "upside down"])
def test_a_film_that_is_not_upright_is_read_after_one_press_and_can_be_put_back(
    stored: tuple[str, bytes, str], store: SqlReviewStore
) -> None:
    page = upload(open_app(), CHEST)
    original = visit_of(page).outcome(visit_of(page).selected or "").reading
    page = upload(open_app(), stored)
    assert REFUSED in words_of(page)
    key = visit_of(page).selected
    before = visit_of(page).outcome(key).reading
    turned(page)
    reading = visit_of(page).outcome(key).reading
    assert reading.prediction.probability == pytest.approx(
        original.prediction.probability, abs=1e-6
    )
    assert reading.thumbnail == original.thumbnail != before.thumbnail
    assert "The reader turned the film" in words_of(page)
    assert "Turn and read again" not in labels(page)
    press(page, "Undo the turn")
    run_until(page, lambda: REFUSED in words_of(page))
    assert visit_of(page).outcome(key).reading.thumbnail == before.thumbnail
    assert "The reader turned the film" not in words_of(page)


@pytest.mark.parametrize("stored", [CHEST, MIRRORED], ids=["upright", "mirrored"])
def test_no_turn_is_offered_for_a_film_that_is_not_turned(
    stored: tuple[str, bytes, str], store: SqlReviewStore
) -> None:
    page = upload(open_app(), stored)
    assert visit_of(page).outcome(visit_of(page).selected or "").reading is not None
    assert not {"Turn and read again", "Undo the turn"} & set(labels(page))


def test_the_read_keeps_the_turn_and_marks_follow_the_film(
    store: SqlReviewStore, marked: dict[str, tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    page = turned(upload(open_app(), ON_ITS_SIDE))
    key, mark = visit_of(page).selected or "", Mark(0.125, 0.25, 0.5, 0.375)
    marked[key] = (mark.edges,)
    page.run()
    lock(page)
    press(page, "Sign")
    first, signed = store.history(key)
    assert (first.kind, signed.kind) == (ReadKind.FIRST, ReadKind.READ)
    assert first.quality.turn is signed.quality.turn is Turn.LEFT
    assert first.drawn == (mark,)
    assert str(list(mark.edges)) in marking_sent(page)
    marked.clear()
    again = upload(open_app(), ON_ITS_SIDE)  # as it is stored: on its side
    assert REFUSED in words_of(again)
    assert str(list(mark.turned(-1).edges)) in marking_sent(again)
    turned(again)
    assert str(list(mark.edges)) in marking_sent(again)


def test_a_refused_film_is_read_first_once_it_is_turned(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    page = upload(open_app(), OVER)
    assert "Not to be read here" in labels(page)
    turned(page)
    assert "uspicious for pneumonia" not in words_of(page)
    assert "Lock the first read" in labels(page)
    lock(page, Verdict.PNEUMONIA)
    assert "uspicious for pneumonia" in words_of(page)


def test_the_exported_explanation_says_how_the_film_was_turned(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    write = panels.explanation_as_json

    def note(*of) -> str:
        written.append(write(*of))
        return written[-1]

    monkeypatch.setattr(panels, "explanation_as_json", note)
    page = turned(upload(open_app(), OVER))
    page.switch_page("pages/regions.py")
    page.query_params["look"] = "files"
    page.run()
    run_until(page, lambda: bool(written))
    assert read_explanation(written[-1].encode()).turned is Turn.OVER
    assert "The reader turned the film by 180 degrees" in sent_to_browser(page)


def test_a_kept_film_stays_turned_for_the_next_visit(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "1")
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    page = turned(upload(open_app(), OVER))
    key = visit_of(page).selected or ""
    again = open_app()
    assert visit_of(again).films[key].turn is Turn.OVER
    assert "The reader turned the film by 180 degrees" in words_of(again)
    press(again, "Undo the turn")
    run_until(again, lambda: REFUSED in words_of(again))
    third = open_app()
    assert visit_of(third).films[key].turn is Turn.NONE
    assert "Turn and read again" in labels(third)
