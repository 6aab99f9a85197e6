"""The Teaching page in two windows at once, and from one session to the next, without a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pages.test_teaching import (
    READER,
    Hands,
    begin,
    films,
    hands,
    kept,
    open_film,
    open_page,
    words_of,
)

from core.domain.review import Verdict
from core.store.teaching import SqlTeachingStore
from ui.components.answer.answer import AnswerEvent
from ui.teaching import data

__all__ = ["films", "hands", "kept"]


def test_what_a_window_says_of_a_read_that_another_window_made_is_not_stored(
    hands: Hands, kept: SqlTeachingStore
) -> None:
    session_id = begin(hands, with_model=True)
    late = open_page(session=session_id)
    hands.lock(Verdict.NORMAL, 3)
    assert "went on in another window" not in words_of(hands.page)
    hands.answer = AnswerEvent(Verdict.PNEUMONIA, 1, lock=True)
    for _ in range(2):  # the verdict, and the lock
        late.run()
        assert "This session went on in another window" in words_of(late)
    _, film = open_film(kept, session_id)
    assert (film.read.label, film.final) == (Verdict.NORMAL, None)
    hands.answer = None
    late.button(key="teaching-overtaken").click().run()
    assert "Your second read" in words_of(late)
    hands.page = late
    hands.lock(Verdict.PNEUMONIA, 2)
    _, film = open_film(kept, session_id)
    assert (film.final.label, film.final.confidence) == (Verdict.PNEUMONIA, 2)


def test_a_new_session_begins_with_the_films_of_the_last_one(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = replace(data.SOURCES["synthetic"], key="again", title="The same again")
    monkeypatch.setitem(data.SOURCES, "again", again)
    hands.page.run()
    hands.page.selectbox(key="teaching-source").set_value("again").run()
    hands.page.text_input(key="reader-name").set_value(READER).run()
    hands.page.query_params["session"] = "0" * 32
    hands.page.run()
    hands.page.segmented_control(key="teaching-view").set_value("progress").run()
    hands.page.segmented_control(key="teaching-view").set_value("train").run()
    assert hands.page.selectbox(key="teaching-source").value == "again"
