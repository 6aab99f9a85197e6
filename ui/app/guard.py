"""Who may see a page, and the frame that every page stands in; the first call of every page."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.domain.reader import Act, Reader
from core.errors import FirstReadError
from core.language.words import tr
from core.settings import get_settings
from ui.app import archive_link
from ui.app.bar import draw_bar
from ui.app.identity import draw_log_in, recognise, take_name
from ui.app.language import settle_language
from ui.app.pages import FIRST, PAGES, STEPS
from ui.app.read_in_progress import leave
from ui.app.resources import get_database, get_served
from ui.app.session import Visit, get_visit
from ui.components.frame.frame import read_frame_event
from ui.components.panels import draw_standing_line
from ui.components.plain_text import plain
from ui.components.steps.steps import COOKIE_NAME, show_steps

MOVED: dict[str, tuple[str, dict[str, str]]] = {
    FIRST: (FIRST, {}),  # whose own address is the plain one
    "where_it_fails": ("subgroups", {}),
    "model_facts": ("model_card", {}),
    "exhibit": ("runs", {"lesson": "zoom"}),
}
"""Addresses beside those of the menu, as of earlier versions: the page, and what it is asked."""
_ROUTED = "first_read_routed"
_STEPS_SEEN = "first_steps_seen"

# A Material symbol as page icon would be fetched from outside.
_ICON = Path(__file__).with_name("icon.png")


def route() -> None:
    """Declare the pages and run the one that was asked for; only streamlit_app.py calls this."""
    st.set_page_config(page_icon=_ICON, layout="wide")
    st.session_state[_ROUTED] = True
    settle_language()
    visit = get_visit()
    written, wants_steps = read_frame_event()
    take_name(visit, written)
    known = False
    with suppress(FirstReadError):  # which the page's guard says, alone
        recognised = recognise(visit)
        if recognised:
            get_database().check()
        known = recognised
    pages = list_pages(visit.acting)
    steps = st.Page(_draw_steps, title=tr(STEPS.title), url_path="first_steps", visibility="hidden")
    entries = {page: PAGES[name] for name, page in pages.items()}
    entries |= {_moved(name): PAGES[today] for name, (today, _) in MOVED.items()}
    entries[steps] = STEPS
    page = st.navigation(list(entries), position="hidden")
    plain_address = page is pages[FIRST] and not st.query_params
    if known and (wants_steps or (plain_address and _visits_first())):
        st.switch_page(steps)
    entry = entries[page]
    st.set_page_config(page_title=f"{tr(entry.title)} · First Read")
    listed = {page: entries[page] for page in pages.values() if page.visibility == "visible"}
    draw_bar(visit, listed if known else {}, entry)
    page.run()
    _spare_collector(page.title)


def _visits_first() -> bool:
    """Return whether this browser has not seen the first steps yet."""
    seen = st.session_state.get(_STEPS_SEEN) or COOKIE_NAME in st.context.cookies
    return get_settings().first_steps and not seen


def _draw_steps() -> None:
    """Draw what a first visit begins with; it leads to the worklist."""
    visit = get_visit()
    with show_errors():
        if not recognise(visit):
            draw_log_in()
            return
        if show_steps(blind=get_settings().read_first):
            st.session_state[_STEPS_SEEN] = True
            st.switch_page(PAGES[FIRST].path)
        draw_standing_line(get_served(), visit.reader)


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


def list_pages(reader: Reader) -> dict[str, StreamlitPage]:
    """Return every page by name; those that a reader's roles do not open are not listed."""
    return {
        name: st.Page(
            entry.path,
            title=tr(entry.title),
            url_path="" if name == FIRST else name,
            default=name == FIRST,
            visibility="visible" if _is_listed(name, reader) else "hidden",
        )
        for name, entry in PAGES.items()
    }


def _is_listed(name: str, reader: Reader) -> bool:
    """Return whether a page has a link in the bar; those of the menu are found by address too."""
    if name == archive_link.NAME and not archive_link.in_the_bar(reader):
        return False
    return not reader.roles or reader.may(act_of(name))


def _moved(name: str) -> StreamlitPage:
    """Return a page without a place in the bar that leads an earlier address to today's."""

    def lead_on() -> None:
        today, adds = MOVED[name]
        st.switch_page(PAGES[today].path, query_params=st.query_params.to_dict() | adds)

    return st.Page(
        lead_on, title=tr(PAGES[MOVED[name][0]].title), url_path=name, visibility="hidden"
    )


def act_of(name: str) -> Act:
    """Return what opening a page is called in the table of rights."""
    return Act(f"open the page {PAGES[name].title}")


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
        pages = list_pages(get_visit().acting)
        st.navigation([*pages.values(), *map(_moved, MOVED)], position="hidden")
        st.switch_page(pages[name], query_params=st.query_params.to_dict())
    visit = get_visit()
    try:
        known = recognise(visit)
        if known:
            get_database().check()
    except FirstReadError as exc:
        st.error(plain(str(exc)), icon=":material/lock:")
        st.stop()
    if not known:
        draw_log_in()
        st.stop()
    try:
        visit.acting.require(act_of(name))
    except FirstReadError as exc:
        st.error(plain(str(exc)), icon=":material/lock:")
        st.stop()
    if name != "reader_study":
        visit.study_film = ""  # a film that was left is opened again, and its time begins again
    if name != "review":
        visit.list_of = None  # what is put away has left the list by the time it is opened again
        with suppress(FirstReadError):  # which the page says when it reads the database itself
            leave(visit)  # time spent elsewhere is none at a film
    return visit
