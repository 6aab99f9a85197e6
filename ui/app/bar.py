"""The bar at the top of every page: the brand, the pages in groups, help, who acts, the title."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import groupby
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.language.words import tr
from ui.app.identity import draw_identity
from ui.app.language import chosen_language
from ui.app.pages import EVERYWHERE, FIRST, PAGES, PageEntry
from ui.app.session import Visit
from ui.app.watching import PLACE, alarm_heading, changes_text, open_alarm, sees_alarm
from ui.components.frame.frame import show_frame
from ui.components.plain_text import plain

_STYLE = Path(__file__).with_name("frame.css")


def draw_bar(visit: Visit, listed: Mapping[StreamlitPage, PageEntry], entry: PageEntry) -> None:
    """Draw the bar, and under it the title of the page with a line on what it is for.

    Parameters
    ----------
    listed : mapping of StreamlitPage to PageEntry
        The pages that the reader may open; none where nobody has logged in.
    entry : PageEntry
        The page that is open.
    """
    st.html(_STYLE)
    with st.container(key="bar", gap=None):
        with st.container(key="bar-row", horizontal=True, vertical_alignment="center", gap=None):
            with st.container(key="brand", width="content"):
                st.page_link(PAGES[FIRST].path, label="First Read")
            with st.container(key="pages", horizontal=True, gap=None):
                _draw_links(listed)
            if listed:
                keys = (*entry.keys, *EVERYWHERE)
                with st.container(key="help", width="content"):
                    show_frame(
                        tr(entry.title),
                        [tr(step) for step in entry.how_to],
                        [(tr(names), tr(act)) for names, act in keys],
                        visit.reader,
                        keeps_name=not visit.logged_in,
                        chosen_language=chosen_language(),
                    )
            if listed:
                _draw_alarm(visit)
            if listed or visit.logged_in:
                draw_identity(visit)
        title, purpose = escape(tr(entry.title)), escape(tr(entry.purpose))
        st.html(f'<div class="fr-head"><h1>{title}</h1><p>{purpose}</p></div>')


def _draw_alarm(visit: Visit) -> None:
    """Draw what the weekly check found, until somebody acknowledges it."""
    alarm = open_alarm() if sees_alarm(visit.acting) else None
    if alarm is None:
        return
    with (
        st.container(key="alarm", width="content"),
        st.popover(tr("Alarm"), icon=":material/trending_up:", type="primary"),
    ):
        st.markdown(f"**{plain(alarm_heading(alarm))}**")
        for words in changes_text(alarm):
            st.markdown(plain(words))
        if PLACE in PAGES:
            st.page_link(PAGES[PLACE].path, label=tr("See the course and acknowledge it"))


def _draw_links(listed: Mapping[StreamlitPage, PageEntry]) -> None:
    for group, pages in groupby(listed.items(), lambda one: one[1].group):
        with st.container(key=f"pages-{group.lower()}", horizontal=True, width="content", gap=None):
            st.html(f'<span class="fr-group">{tr(group)}</span>', width="content")
            for page, _ in pages:
                st.page_link(page)
