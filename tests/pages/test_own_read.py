"""Whose read it is: a draft stays with its reader, and the way on to the next film."""

from __future__ import annotations

import pytest
from pages.test_read_first import BOX, draft, labels, lock
from pages.test_review import (
    CHEST,
    HAND,
    READER,
    chest,
    choose_verdict,
    name_reader,
    open_page,
    png,
    press,
    upload,
    verdict_of,
    words_of,
)
from streamlit.testing.v1 import AppTest

from core.domain.mark import Mark
from core.domain.review import Verdict
from core.store.reads import SqlReviewStore
from core.store.unfinished import Unfinished, unfinished_of
from ui.app.read_in_progress import CHANGED
from ui.review import marks as drawn_marks
from ui.review import sign_form


@pytest.fixture(autouse=True)
def _read_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple]:
    """Return what is marked in the browser, by film: components do not run here."""
    marks: dict[str, tuple] = {}
    monkeypatch.setattr(
        drawn_marks, "read_marks_event", lambda _key, token: marks.get(token.partition("-")[0])
    )
    return marks


@pytest.mark.parametrize("pressed", [False, True], ids=["name alone", "name and lock at once"])
def test_one_readers_draft_is_never_another_readers_read(
    store: SqlReviewStore, marked, pressed: bool
) -> None:
    page = upload(open_page(), CHEST)
    key = page.session_state["first_read"].selected
    name_reader(page)
    draft(page, Verdict.PNEUMONIA, "Ada's words")
    marked[key] = (BOX,)
    page.run()
    marked.clear()  # which the browser has taken over for this form alone
    if pressed:
        next(one for one in page.button if one.label == "Lock the first read").click()
    name_reader(page, "Dr. Grace Second")
    assert (verdict_of(page).value, page.text_area[0].value) == (None, "")
    assert "mark the finding on the film" in words_of(page)
    assert "this is the new reader's own form" in words_of(page)
    assert store.count() == 0
    press(page, "Lock the first read")
    assert "Choose a verdict first." in words_of(page)
    lock(page, Verdict.NORMAL, "Dr. Grace Second")
    (first,) = store.history(key)
    assert (first.reader, first.read.comment, first.drawn) == ("Dr. Grace Second", "", ())
    name_reader(page)
    assert verdict_of(page).value == Verdict.PNEUMONIA
    assert page.text_area[0].value == "Ada's words"
    assert "1 mark in your draft" in words_of(page)


def test_who_writes_a_name_goes_on_with_what_they_wrote_before(
    store: SqlReviewStore, marked
) -> None:
    page = upload(open_page(), CHEST)
    key = page.session_state["first_read"].selected
    draft(page, Verdict.PNEUMONIA, "left base")
    marked[key] = (BOX,)
    page.run()
    next(one for one in page.button if one.label == "Lock the first read").click()
    name_reader(page)  # one run brings the name and the press
    (first,) = store.history(key)
    assert (first.reader, first.read.comment, first.drawn) == (READER, "left base", (Mark(*BOX),))
    name_reader(page, "")
    assert (verdict_of(page).value, page.text_area[0].value) == (None, "")


def test_a_read_is_refused_when_its_reader_is_another_than_the_form_was_drawn_for(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    choose_verdict(page, Verdict.PNEUMONIA)
    monkeypatch.setattr(sign_form, "draw_name_field", lambda _visit: "Dr. Grace Second")
    press(page, "Lock the first read")
    assert CHANGED in words_of(page)
    assert store.count() == 0


def primary(page: AppTest) -> list[str]:
    """Return the buttons that lead on, but for that of the menu of roles."""
    leading = [one.label for one in page.button if one.proto.type == "primary"]
    return [label for label in leading if label != "Use"]


def test_a_new_visit_says_what_is_unfinished_and_leads_back_to_it(store: SqlReviewStore) -> None:
    other = png("other.png", chest(5))
    page = upload(open_page(), CHEST, other, HAND)
    visit = page.session_state["first_read"]
    first, drafted, _ = visit.films
    lock(page)
    visit.selected = drafted
    page.run()
    draft(page, Verdict.PNEUMONIA, "left base")
    again = open_page()
    words = "You have 1 locked first read that is not signed and 1 draft."
    assert words in words_of(again)
    assert "Add the film again to go on" in words_of(again)
    again = upload(again, CHEST, other)
    assert again.session_state["first_read"].selected == drafted
    assert "You have" not in words_of(again)
    press(again, "Go on: 1 unsigned")  # of the films that are not open
    assert again.session_state["first_read"].selected == first
    press(again, "Sign")
    press(again, "Correct this read")
    assert primary(again) == ["Sign a correction"]
    again.text_area[0].set_value("other words").run()
    press(again, "Go on: 1 draft")
    assert again.session_state["first_read"].selected == drafted
    press(again, "Go on: 1 draft")  # the correction, whose form is open at once
    assert again.session_state["first_read"].selected == first
    assert again.text_area[0].value == "other words"
    press(again, "Cancel")
    assert "Sign a correction" not in labels(again)
    press(again, "Correct this read")
    assert again.text_area[0].value == ""
    assert unfinished_of(store.database, READER) == Unfinished((), (drafted,))
    press(again, "Go on: 1 draft")
    assert again.session_state["first_read"].selected == drafted
    assert not [button for button in again.button if button.label.startswith("Go on")]
    assert unfinished_of(store.database, READER) == Unfinished((), (drafted,))
    assert unfinished_of(store.database, "") == Unfinished()


def test_films_that_are_not_kept_leave_the_list_one_by_one_or_all(store: SqlReviewStore) -> None:
    page = upload(open_page(), CHEST, HAND, png("other.png", chest(5)))
    visit = page.session_state["first_read"]
    _, *others = visit.films
    press(page, "Remove the open film from the list")
    assert list(visit.films) == others
    assert "Remove them now" not in labels(page)
    next(one for one in page.checkbox if one.label == "Remove all 2 films").check().run()
    press(page, "Remove them now")
    assert (visit.films, visit.selected) == ({}, None)
    assert "Read new chest films blind" in words_of(page)


def test_after_the_signature_the_page_leads_on_to_the_next_film_that_waits(
    store: SqlReviewStore,
) -> None:
    page = upload(open_page(), CHEST, HAND, png("other.png", chest(5)))
    visit = page.session_state["first_read"]
    first, hand, other = visit.films
    assert visit.selected == first
    assert "Next unread film" not in labels(page)
    press(lock(page), "Sign")
    assert visit.done == first  # the button has the focus
    press(page, "Next unread film")
    assert visit.selected == hand
    press(page, "Not to be read here")
    press(page, "Next unread film")
    assert (visit.selected, visit.done) == (other, "")
    press(lock(page), "Sign")
    assert "No other film in the list waits for your read." in words_of(page)
