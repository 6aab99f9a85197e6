"""Who may see a page, and the frame that every page stands in; the first call of every page."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.domain.reader import Act, Reader
from core.errors import FirstReadError
from ui.app.identity import draw_identity, draw_log_in, recognise
from ui.app.read_in_progress import leave
from ui.app.resources import get_database
from ui.app.session import Visit, get_visit
from ui.components.plain_text import plain

PAGES = {
    "review": ("pages/review.py", "Review", ":material/radiology:"),
    "regions": ("pages/regions.py", "Regions", ":material/filter_center_focus:"),
    "errors": ("pages/errors.py", "Errors", ":material/grid_view:"),
    "subgroups": ("pages/subgroups.py", "Subgroups", ":material/troubleshoot:"),
    "runs": ("pages/runs.py", "Compare runs", ":material/compare_arrows:"),
    "model_card": ("pages/model_card.py", "Model card", ":material/fact_check:"),
    "teaching": ("pages/teaching.py", "Teaching", ":material/school:"),
    "records": ("pages/records.py", "Records", ":material/menu_book:"),
}
FIRST = "review"
MOVED: dict[str, tuple[str, dict[str, str]]] = {
    FIRST: (FIRST, {}),  # whose own address is the plain one
    "where_it_fails": ("subgroups", {}),
    "model_facts": ("model_card", {}),
    "exhibit": ("runs", {"lesson": "zoom"}),
}
"""Addresses beside those of the menu, as of earlier versions: the page, and what it is asked."""
_ROUTED = "first_read_routed"

# A Material symbol as page icon would be fetched from outside.
_ICON = Path(__file__).with_name("icon.png")
_STYLE = Path(__file__).with_name("frame.css")


def route() -> None:
    """Declare the pages and run the one that was asked for; only streamlit_app.py calls this."""
    st.set_page_config(page_title="First Read", page_icon=_ICON, layout="wide")
    st.session_state[_ROUTED] = True
    visit = get_visit()
    place: Literal["top", "hidden"] = "top"
    try:
        recognise(visit)
    except FirstReadError:  # which the page's guard says, alone
        place = "top" if visit.logged_in else "hidden"
    pages = [*_pages(visit.acting).values(), *map(_moved, MOVED)]
    page = st.navigation(pages, position=place)
    page.run()
    draw_identity(visit)
    _spare_collector(page.title)


_spared: set[str] = set()


def _spare_collector(page: str) -> None:
    """Take what a page has loaded out of the garbage collector's rounds, once a process.

    A round stops every thread, and looks through every module that is loaded. With Streamlit's own
    round after each run, which .streamlit/config.toml turns off, 25 readers waited half a minute
    for a film.
    """
    if page not in _spared:
        _spared.add(page)
        gc.collect()
        gc.freeze()


def _pages(reader: Reader) -> dict[str, StreamlitPage]:
    """Return every page by name; those that a reader's roles do not open are not listed."""
    return {
        name: st.Page(
            path,
            title=title,
            icon=icon,
            url_path="" if name == FIRST else name,
            default=name == FIRST,
            visibility="visible" if not reader.roles or reader.may(act_of(name)) else "hidden",
        )
        for name, (path, title, icon) in PAGES.items()
    }


def _moved(name: str) -> StreamlitPage:
    """Return a page without a place in the menu that leads an earlier address to today's."""

    def lead_on() -> None:
        today, adds = MOVED[name]
        st.switch_page(PAGES[today][0], query_params=st.query_params.to_dict() | adds)

    return st.Page(lead_on, title=PAGES[MOVED[name][0]][1], url_path=name, visibility="hidden")


def act_of(name: str) -> Act:
    """Return what opening a page is called in the table of rights."""
    return Act(f"open the page {PAGES[name][1]}")


@contextmanager
def show_errors() -> Iterator[None]:
    """Show what First Read raises on purpose as one sentence; the page ends there."""
    try:
        yield
    except FirstReadError as exc:
        st.error(plain(str(exc)), icon=":material/error:")


def guard(name: str) -> Visit:
    """Let the visitor in to the page of that name, and return the visit.

    Whoever has to log in first, or has no role that opens the page, sees that and nothing else.

    On a fresh process Streamlit runs a deep-linked page without streamlit_app.py, and so without
    the router; such a run ends here and the page is asked for again through the router.
    """
    if not st.session_state.get(_ROUTED):
        pages = _pages(get_visit().acting)
        st.navigation([*pages.values(), *map(_moved, MOVED)], position="top")
        st.switch_page(pages[name], query_params=st.query_params.to_dict())
    st.html(_STYLE)
    visit = get_visit()
    try:
        known = recognise(visit)
        if known:
            get_database().check()
    except FirstReadError as exc:
        st.error(plain(str(exc)), icon=":material/lock:")
        if visit.logged_in:
            draw_identity(visit)  # the way out
        st.stop()
    if not known:
        draw_log_in()
        st.stop()
    try:
        visit.acting.require(act_of(name))
    except FirstReadError as exc:
        st.error(plain(str(exc)), icon=":material/lock:")
        draw_identity(visit)
        st.stop()
    if name != "review":
        with suppress(FirstReadError):  # which the page says when it reads the database itself
            leave(visit)  # time spent elsewhere is none at a film
    return visit
