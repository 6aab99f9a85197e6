"""A film that waits unread in the worklist: no other page shows its side, score or place."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import pytest
from fixtures import app_pages
from fixtures.review_records import record, sign
from pages.test_errors import missed_film
from pages.test_runs import films_of, right_of, table_with, words_of
from streamlit.testing.v1 import AppTest

from core.domain.review import ReadKind
from core.error_analysis.gallery import Cell
from core.library.film_codes import film_code
from core.settings import SERVED_RUN
from core.store.reads import SqlReviewStore
from pages import test_errors
from ui.errors import case
from ui.library import films as library_films
from ui.library.copies import load_film
from ui.model_card import films as card_films
from ui.runs import case_matrix

READER = "Dr. A"
N_TEST = 624
LEFT_OUT = "Films that await your own first read are left out here"


@pytest.fixture
def cards(
    store: SqlReviewStore, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Read first; return the films of the cards that were drawn, which the test may clear."""
    monkeypatch.setenv("FIRSTREAD_DATA", str(real_data))
    monkeypatch.setenv("FIRSTREAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    drawn: list[str] = []

    def note(shown, **_words) -> None:
        drawn.extend(card.key for card in shown)

    for module in (library_films, case, card_films, case_matrix):
        monkeypatch.setattr(module, "show_cards", note)
    return drawn


def put_in_worklist(page: AppTest, film_id: str) -> str:
    """Let a film of the public set wait in the visitor's worklist; return its sha256."""
    film = load_film("public", film_id)
    page.session_state["first_read"].films[film.key] = film
    return film.key


def read_it(store: SqlReviewStore, page: AppTest, key: str) -> None:
    sign(store, record(kind=ReadKind.FIRST, film_sha256=key, reader=READER, regions={}))
    page.session_state["reader-name"] = READER


def captions(page: AppTest) -> list[str]:
    return [one.value for one in page.caption if LEFT_OUT in one.value]


def counted(page: AppTest) -> int:
    """Return how many films the matrix counts."""
    (matrix,) = (
        data
        for one in page.get("bidi_component")
        for data in [json.loads(one.proto.json)]
        if "operatingPoint" in data and "ill" in data
    )
    return len(matrix["ill"]) + len(matrix["well"])


def test_no_cell_and_no_order_of_the_gallery_lists_it_and_the_counts_are_of_all_films(
    store: SqlReviewStore, cards: list[str]
) -> None:
    film_id, _ = missed_film()
    page = test_errors.open_page(split="test", cell="fn")
    assert film_id in cards
    missed = len(cards)
    assert f"**{missed} false negatives**" in words_of(page)
    key = put_in_worklist(page, film_id)
    said = set()
    for cell, sort in product(Cell, ("surest", "near")):
        cards.clear()
        page.query_params["cell"], page.query_params["sort"] = cell.value, sort
        page.run()
        assert not page.exception
        assert film_id not in cards
        assert counted(page) == N_TEST
        if cell is Cell.FALSE_NEGATIVE:
            assert len(cards) == missed - 1
        assert "The list of every cell lacks 1 film" in words_of(page)
        said |= set(captions(page))
    assert len(said) == 1  # it does not tell in which cell the film would be
    assert "1 in your worklist" in said.pop()
    read_it(store, page, key)
    cards.clear()
    page.query_params["cell"] = "fn"
    page.run()
    assert (film_id in cards, counted(page), captions(page)) == (True, N_TEST, [])
    # The list of a cell is as long if the unread film is in another.
    other = next(str(one) for one in films_of(SERVED_RUN).films.film_id if one not in cards)
    put_in_worklist(page, other)
    cards.clear()
    page.run()
    assert len(cards) == missed - 1


def test_no_contrast_and_no_neighbour_of_another_case_is_it(
    store: SqlReviewStore, cards: list[str]
) -> None:
    film_id, _ = missed_film()
    page = test_errors.open_page(split="test", film=film_code(film_id))
    near = set(cards)
    assert len(near) > 2
    for other in sorted(near):
        put_in_worklist(page, other)
    whole = len(cards)
    cards.clear()
    page.run()
    assert len(cards) == whole  # a gap would tell that such a film is near
    assert not near & set(cards)


def test_neither_the_case_matrix_nor_a_step_nor_a_link_of_compare_runs_shows_it(
    store: SqlReviewStore, cards: list[str]
) -> None:
    table = films_of("f03").films
    broken = str(table.film_id[right_of("f03") & ~right_of("f04") & (table.label == 0)][0])
    name = broken.rsplit("/", 1)[-1]
    page = app_pages.open_page("runs", runs="f03,f04", film=film_code(broken))

    def shows() -> list[bool]:
        options = page.selectbox(key="runs-case").options
        plots = [one for one in page.get("plotly_chart") if name in str(one.proto)]
        steps = [*table_with(page, "Change")["Film"]]
        pictured = broken in cards
        cards.clear()
        said = "Reference:" in words_of(page)
        return [name in options, bool(plots), name in steps, said, pictured]

    def counted() -> tuple[int, int]:
        """Return the films of the matrix, and those of which it says that they are not shown."""
        hidden = re.search(r"(\d+) films that every run gets right", words_of(page))
        return len(page.selectbox(key="runs-case").options) - 1, int(hidden[1])

    assert shows() == [True] * 5
    assert sum(counted()) == N_TEST
    key = put_in_worklist(page, broken)
    page.run()
    assert shows() == [False] * 5
    assert sum(counted()) == N_TEST - 1
    assert f"Of the {N_TEST} films compared, 1 awaits your first read" in words_of(page)
    assert "in your worklist and you have not read it" in words_of(page)
    assert len(captions(page)) == 1
    read_it(store, page, key)
    page.run()
    assert shows() == [True] * 5


def test_the_surest_errors_of_the_model_card_leave_it_out(
    store: SqlReviewStore, cards: list[str]
) -> None:
    page = app_pages.open_page("model_card", run=SERVED_RUN)
    film_id, whole = cards[-1], len(cards)  # a false alarm, of which there are more than are shown

    def listed() -> list[str]:
        """Return the films in the tables of all facts, which both exports hold too."""
        tables = "".join(one.proto.body for one in page.get("html"))
        return re.findall(r"<td>((?:test|train)/[^<]+)</td>", tables)

    assert film_id in listed()
    key = put_in_worklist(page, film_id)
    cards.clear()
    page.run()
    # Of the alarms another takes its place, and of the missed films, which all are shown, one is
    # left out too: a gap would tell where the film is.
    assert len(cards) == len(listed()) == whole - 1
    assert film_id not in cards
    assert film_id not in listed()
    assert len(captions(page)) == 1
    page.session_state["first_read"].films.pop(key)
    missed, _ = missed_film()
    put_in_worklist(page, missed)
    cards.clear()
    page.run()
    assert len(cards) == len(listed()) == whole - 1
    assert missed not in cards
