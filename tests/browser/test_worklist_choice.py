"""Who chose the film that is open, and the bytes that carry the thumbnails."""

import json

import pytest

from ui.components.worklist.choice import Conversation, continue_conversation
from ui.components.worklist.worklist import WorklistRow, pack_thumbnails, show_worklist


def choice(film: str, number: int) -> dict[str, object]:
    return {"film": film, "number": number}


def row(key: str, thumbnail: bytes | None = None, status: str = "to read") -> WorklistRow:
    return WorklistRow(key, f"{key}.png", thumbnail, "not suspicious", 0.1, "good", "", status)


def test_before_any_choice_the_pages_film_counts() -> None:
    now = continue_conversation(Conversation(asked="a"), None, "a")
    assert (now.chosen, now.selected) == (None, "a")


def test_a_choice_counts_while_the_page_repeats_its_older_film() -> None:
    chosen = continue_conversation(Conversation(asked="a"), choice("b", 1), "a")
    repeated = continue_conversation(chosen, choice("b", 1), "a")
    assert chosen == repeated == Conversation(events_read=1, chosen="b", asked="a")


def test_the_page_takes_over_by_asking_for_another_film() -> None:
    echoed = Conversation(events_read=1, chosen="b", asked="b")
    now = continue_conversation(echoed, choice("b", 1), "c")
    assert (now.chosen, now.selected, now.events_read) == (None, "c", 1)


def test_an_old_choice_stays_overruled() -> None:
    overruled = Conversation(events_read=1, chosen=None, asked="c")
    assert continue_conversation(overruled, choice("b", 1), "c") == overruled


def test_the_page_may_return_to_the_film_that_was_overruled() -> None:
    overruled = Conversation(events_read=1, chosen=None, asked="c")
    assert continue_conversation(overruled, choice("b", 1), "b").selected == "b"


def test_an_echo_of_the_last_choice_does_not_undo_a_newer_one() -> None:
    reported = Conversation(events_read=1, chosen="b", asked="a")
    now = continue_conversation(reported, choice("c", 2), "b")
    assert (now.chosen, now.events_read) == ("c", 2)


def test_next_pressed_after_a_click_in_the_same_run_wins() -> None:
    now = continue_conversation(Conversation(asked="a"), choice("b", 1), "c")
    assert (now.selected, now.events_read) == ("c", 1)


def test_a_forgotten_browser_state_keeps_the_choice_that_was_heard() -> None:
    events_read = Conversation(events_read=3, chosen="b", asked="b")
    assert continue_conversation(events_read, None, "b") == events_read


def test_thumbnails_travel_end_to_end_behind_their_index() -> None:
    packed = pack_thumbnails("list", {"a": b"12345", "b": None, "c": b"67"})
    end = 4 + int.from_bytes(packed[:4], "little")
    header = json.loads(packed[4:end])
    assert header["list"] == "list"
    assert [(film, length) for film, _, length in header["thumbnails"]] == [("a", 5), ("c", 2)]
    assert packed[end:] == b"1234567"


@pytest.mark.parametrize(("status", "signed"), [("signed: normal", True), ("to read", False)])
def test_a_row_is_signed_if_its_status_says_so(status: str, signed: bool) -> None:
    assert row("a", status=status).signed is signed


def test_without_films_nothing_is_chosen() -> None:
    assert show_worklist([], selected="a", key="list") is None
