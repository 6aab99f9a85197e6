"""The worklist before the lock: the order of arrival, or the site's choice of another."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fixtures.review_records import record, sign
from pages.test_read_first import lock, read_first
from pages.test_review import CHEST, chest, name_reader, open_page, png, press, upload, words_of
from streamlit.testing.v1 import AppTest

from core.domain.reader import Role
from core.domain.review import ReadKind
from core.reads.export import describe_read
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore
from ui.app.identity import get_local_reader

__all__ = ["read_first"]

OF_FILE = {"key", "name"}
"""What tells two films of a worklist apart that say nothing else."""


def rows_sent(page: AppTest) -> dict[str, Any]:
    """Return what the worklist in the browser was sent last."""
    sent = [one for one in page.get("bidi_component") if "worklist" in one.proto.component_name]
    (worklist,) = [one for one in sent if one.proto.WhichOneof("data") != "bytes"]
    return json.loads(worklist.proto.json)


def has_reports(page: AppTest) -> bool:
    boxes = [one for one in page.get("popover") if one.proto.popover.label == "Reports"]
    return bool(boxes)


def test_a_role_that_may_not_sign_is_asked_for_nothing(store: SqlReviewStore) -> None:
    page = upload(open_page(), CHEST)
    film = page.session_state["first_read"].selected
    first = record(film_sha256=film, kind=ReadKind.FIRST, regions={})
    for one in (first, record(film_sha256=film, supersedes=first.record_id)):
        sign(store, one)
    page.run()
    assert [row["status"] for row in rows_sent(page)["rows"]] == ["yours to read"]
    assert "mark the finding" in words_of(page)
    assert has_reports(page)
    choose_local_reader(store.database, "Tess", Role.TRAINEE)
    get_local_reader.clear()
    page = upload(open_page(), CHEST)
    assert [row["status"] for row in rows_sent(page)["rows"]] == ["signed by another"]
    assert "mark the finding" not in words_of(page)
    assert not has_reports(page)


@pytest.mark.parametrize("turned", [False, True])
def test_before_the_lock_the_films_stand_in_the_order_of_arrival_and_look_alike(
    store: SqlReviewStore, turned: bool
) -> None:
    films = [CHEST, png("other.png", chest(5))]
    arrived = films[::-1] if turned else films
    page = upload(open_page(), *arrived)
    sent = rows_sent(page)
    assert [row["name"] for row in sent["rows"]] == [film[0] for film in arrived]
    assert sent["selected"] == sent["rows"][0]["key"]
    assert (sent["bySuspicion"], sent["operatingPoint"]) == (False, None)
    first, second = ({k: v for k, v in row.items() if k not in OF_FILE} for row in sent["rows"])
    assert first == second
    assert (first["side"], first["probability"]) == ("hidden", None)


def test_a_locked_read_shows_the_side_of_its_own_film_alone(store: SqlReviewStore) -> None:
    page = lock(upload(open_page(), CHEST, png("other.png", chest(5))))
    own, other = rows_sent(page)["rows"]
    assert (own["side"], other["side"]) == ("suspicious", "hidden")
    name_reader(page, "Dr. Grace Second")
    assert {row["side"] for row in rows_sent(page)["rows"]} == {"hidden"}


def test_a_site_may_sort_by_suspicion_and_every_read_records_that_its_reader_knew(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(lock(upload(open_page(), CHEST)), "Sign")
    monkeypatch.setenv("FIRSTREAD_TRIAGE", "true")
    page = upload(open_page(), png("other.png", chest(5)))
    sent = rows_sent(page)
    assert (sent["bySuspicion"], sent["rows"][0]["probability"]) == (True, None)
    assert sent["rows"][0]["side"] != "hidden"
    assert "Your read records that you know it." in words_of(page)
    press(lock(page), "Sign")
    assert [one.order_known for one in store.everything()] == [False, False, True, True]
    rows = [describe_read(one) for one in store.everything()]
    assert [row["Worklist"] for row in rows] == ["order of arrival"] * 2 + [
        "order of suspicion"
    ] * 2
    page.switch_page("pages/records.py").run()
    assert "Worklist" in page.dataframe[0].value.columns
    (kinds,) = [one for one in page.segmented_control if one.key == "records-order"]
    assert kinds.value is False
    assert counted_films(page) == "1"
    kinds.set_value(True).run()
    assert counted_films(page) == "1"


def counted_films(page: AppTest) -> str:
    """Return of how many films the numbers of the readers speak."""
    numbers = page.dataframe[1].value
    return str(numbers[numbers[""] == "Reads counted"].iloc[0, 1])


def test_the_first_screen_says_the_order_of_this_site(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "listed in the order of arrival" in words_of(open_page())
    monkeypatch.setenv("FIRSTREAD_TRIAGE", "true")
    assert "ranked by suspicion" in words_of(open_page())
