"""The summary of a teaching session without a browser: its films opened again, and its PDF."""

from __future__ import annotations

import json

import pytest
from fixtures.review_records import lead
from pages.test_teaching import READER, Hands, begin, films, hands, kept, words_of

from core.domain.review import Verdict
from core.store.teaching import SqlTeachingStore
from core.teaching.session import StepKind
from core.teaching.text import marks_text
from ui.components.cards.cards import CardsEvent
from ui.teaching import summary

__all__ = ["films", "hands", "kept"]


def test_the_summary_opens_a_missed_film_again_with_marks_and_regions_and_draws_it_in_the_pdf(
    hands: Hands, kept: SqlTeachingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = begin(hands, films=2, normal=0)
    hands.marks = ((0.01, 0.01, 0.02, 0.02),)
    hands.lock(Verdict.NORMAL, 2)
    hands.press("Next film")
    hands.lock(Verdict.PNEUMONIA, 2)  # right, and not marked
    hands.press("Summary")
    page = hands.page
    said = words_of(page)
    assert "Wrong or not fully marked: 2 of 2 films" in said
    first = kept.course(session_id).films[0]
    told = [json.loads(one.proto.json) for one in page.get("bidi_component") if one.proto.json]
    (shown_cards,) = (one for one in told if one.get("key") == summary.TO_OPEN)
    cards = shown_cards["cards"]
    assert shown_cards["pageKeys"]  # j, k and Enter work before a film is open
    assert [card["heading"] for card in cards] == ["Film 1", "Film 2"]
    assert (cards[0]["words"], cards[0]["quality"]) == (
        f"pneumonia, {first.case.subtype}",
        f"you read normal; {marks_text(first.score, 1)}",
    )
    assert page.dataframe[0].value["No."].tolist() == [1, 2]

    offered: list[bytes] = []
    monkeypatch.setattr(summary, "offer_file", lambda _, pdf, **_more: offered.append(pdf))
    page.session_state["teaching-pdf"] = True
    page.run()
    assert not page.exception
    assert offered[0].count(b"/Subtype /Image") == 2

    monkeypatch.setattr(
        summary, "read_cards_event", lambda _: CardsEvent("open", first.case.film_id)
    )
    page.run()
    monkeypatch.setattr(summary, "read_cards_event", lambda _: None)
    assert page.query_params["film"] == "1"
    shown = words_of(page)
    assert f"### Pneumonia, {first.case.subtype}" in shown
    assert "Your read was **wrong**: normal, 2 of 5" in shown
    labels = {one.label: one for one in page.button}
    assert labels["Prev"].disabled
    hands.press("Find the regions the score depends on")
    assert page.query_params["regions"] == "yes"
    steps = kept.course(session_id)
    assert not steps.films[0].regions_shown  # nothing is added to a session that is over
    hands.press("Next")
    assert "Film 2 of 2" in words_of(page)
    hands.press("Summary")
    assert "Wrong or not fully marked: 2 of 2 films" in words_of(page)


def test_a_film_that_was_not_read_is_not_opened_by_an_address(
    hands: Hands, kept: SqlTeachingStore
) -> None:
    session_id = begin(hands, films=2, normal=0)
    hands.lock(Verdict.NORMAL, 2)
    kept.note(session_id, 0, StepKind.ENDED, by=lead(READER))
    for film in ("2", "3", "0", "x", "²"):
        hands.page.query_params["film"] = film
        hands.page.run()
        assert "1 of 2 films read" in words_of(hands.page)
        assert "film" not in hands.page.query_params
