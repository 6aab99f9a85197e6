"""What the reader has begun before this visit and not finished, and the way on."""

from __future__ import annotations

import streamlit as st

from core.domain.review import ReadKind
from core.errors import ReviewStoreError
from core.language.words import msg, tr
from core.settings import get_settings
from core.store.unfinished import Unfinished, unfinished_of
from ui.app.kept_films import take_up
from ui.app.read_in_progress import open_read
from ui.app.resources import get_database
from ui.app.session import Visit

AGAIN = msg("Add the film again to go on: films are not kept here.")


def draw_unfinished(visit: Visit) -> None:
    """Say what is unfinished beside the open film, until the reader goes on or closes the line.

    It is counted again when the reader, the open film or what they have stored changes.
    """
    now = visit.acting.name, visit.selected, len(visit.stored)
    if visit.greeted != now:
        if visit.greeted is None or visit.greeted[0] != now[0]:
            visit.hides_unfinished = False
        visit.greeted = now
        try:
            visit.unfinished = unfinished_of(get_database(), now[0])
        except ReviewStoreError:
            visit.unfinished = None  # the page says it where it reads the film
    left = others_unfinished(visit)
    if not left.films:
        return
    known = at_hand(visit, left)
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="unfinished"):
        words = tr("You have {what}.", what=left.words)
        if known:
            st.button(
                tr("Go on: {what}", what=left.short),
                icon=":material/pending_actions:",
                key="go-on",
                help=words,
                on_click=_go_on,
                args=(visit, known),
            )
        else:
            st.caption(f":material/pending_actions: {words} {tr(AGAIN)}")
        st.button(
            ":material/close:",
            type="tertiary",
            key="go-on-close",
            help=tr("Close"),
            on_click=_close,
            args=(visit,),
        )


def at_hand(visit: Visit, left: Unfinished) -> list[str]:
    """Return the unfinished films that can be opened without being added again."""
    return [key for key in left.films if key in visit.films or get_settings().keeps_films]


def others_unfinished(visit: Visit) -> Unfinished:
    """Return what is unfinished and not open; nothing once the reader has closed the line."""
    left, here = visit.unfinished, visit.selected
    if left is None or visit.hides_unfinished:
        return Unfinished()
    return Unfinished(
        tuple(key for key in left.locked if key != here),
        tuple(key for key in left.drafted if key != here),
    )


def _go_on(visit: Visit, films: list[str]) -> None:
    """Open the first of the films, and the form of a correction that was begun."""
    film = films[0]
    take_up(visit, film)
    if film in visit.films:
        visit.selected, visit.complaint, visit.done = film, "", ""
        read = open_read(visit, film)
        if read.own and read.own[-1].kind is not ReadKind.FIRST:
            visit.correct(read.token)


def _close(visit: Visit) -> None:
    visit.hides_unfinished = True
