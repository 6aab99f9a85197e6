"""Roles on the pages: what each role may open, what the local user chooses, and what is drawn."""

from __future__ import annotations

import gc

import pytest
import streamlit as st
from fixtures.app_pages import open_app
from streamlit.testing.v1 import AppTest

from core.domain.reader import WHO_MAY, Reader, Role
from core.store.local_reader import choose_local_reader, read_local_reader
from core.store.reads import SqlReviewStore
from ui.app import guard
from ui.app.guard import PAGES, act_of
from ui.app.resources import get_database

REFUSED = [(name, role) for name in PAGES for role in Role if role not in WHO_MAY[act_of(name)]]


def open_page(name: str) -> AppTest:
    page = open_app().switch_page(PAGES[name].path).run()
    assert not page.exception
    return page


def acting(page: AppTest) -> Reader:
    return page.session_state["first_read"].acting


def take_role(role: Role, name: str = "Ada") -> None:
    choose_local_reader(get_database(), name, role)
    st.cache_resource.clear()


@pytest.mark.parametrize(("name", "role"), REFUSED)
def test_a_page_is_refused_to_the_wrong_role_and_draws_nothing_of_its_own(
    store: SqlReviewStore, name: str, role: Role
) -> None:
    take_role(role)
    page = open_page(name)
    assert f"The role {role} may not open the page {PAGES[name].title}" in page.error[0].value
    assert not page.dataframe
    assert not page.button


def test_the_local_user_changes_name_and_role_and_finds_them_after_a_restart(
    store: SqlReviewStore,
) -> None:
    page = open_app()
    assert acting(page) == Reader("", frozenset({Role.LEAD}))
    assert any("There is no log-in here" in caption.value for caption in page.caption)
    next(box for box in page.text_input if box.label == "Your name").set_value(" Dr  Ada ")
    next(box for box in page.selectbox if box.label == "Role").set_value(Role.TRAINEE)
    next(button for button in page.button if button.label == "Use").click()
    page.run()
    page.switch_page("pages/records.py").run()
    assert "The role trainee may not open the page Records" in page.error[0].value
    chosen = Reader("Dr Ada", frozenset({Role.TRAINEE}))
    assert read_local_reader(get_database()) == chosen
    st.cache_resource.clear()
    assert acting(open_page("records")) == chosen


def test_a_window_says_once_that_another_one_has_changed_the_role(store: SqlReviewStore) -> None:
    page = open_app()
    next(box for box in page.selectbox if box.label == "Role").set_value(Role.TEACHER)
    next(button for button in page.button if button.label == "Use").click()
    page.run()
    assert not page.toast  # it was changed here
    take_role(Role.TRAINEE)
    page.run()
    words = "Your role is trainee now. It was changed in another window, and holds in all."
    assert [toast.value for toast in page.toast] == [words]
    assert acting(page).roles == {Role.TRAINEE}
    page.run()
    assert not page.toast


def test_a_name_that_only_the_link_brought_is_taken_over_and_kept(
    store: SqlReviewStore,
) -> None:
    page = open_app()
    page.session_state["frame"] = {"said": {"number": 1, "name": "Dr. Eve"}}
    page.run()
    assert acting(page) == Reader("Dr. Eve", frozenset({Role.LEAD}))
    assert read_local_reader(get_database()).name == "Dr. Eve"


def test_a_teacher_sees_which_run_serves_and_may_not_choose_or_import(
    store: SqlReviewStore,
) -> None:
    take_role(Role.TEACHER)
    page = open_page("runs")
    page.selectbox(key="runs-serve-run").set_value("f03").run()
    said = "\n".join(caption.value for caption in page.caption)
    assert "The role teacher may not change the active model" in said
    assert "The role teacher may not import a run" in said
    assert not [button for button in page.button if button.label.startswith("Let ")]
    assert not [button for button in page.button if button.label == "Import"]


# --- what every run costs -------------------------------------------------------------------------


def test_what_a_page_has_loaded_is_looked_through_once_by_the_garbage_collector(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[int] = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(1))
    monkeypatch.setattr(guard, "_spared", set())
    page = open_app()
    assert not page.exception
    assert guard._spared == {"Worklist"}
    page.run()
    assert frozen == [1]
