"""What the reader has begun before this visit and not finished, and the way on."""

from __future__ import annotations

import streamlit as st

from core.errors import ReviewStoreError
from core.settings import get_settings
from core.store.unfinished import Unfinished, unfinished_of
from ui.app.kept_films import take_up
from ui.app.resources import get_database
from ui.app.session import Visit

AGAIN = "Add the film again to go on: films are not kept here."


def draw_unfinished(visit: Visit) -> None:
    """Say once a visit what is unfinished, until the reader goes on or closes the line."""
    name = visit.acting.name
    if visit.greeted != name:
        visit.greeted = name
        try:
            visit.unfinished = unfinished_of(get_database(), name)
        except ReviewStoreError:
            visit.unfinished = None  # the page says it where it reads the film
    left = visit.unfinished
    if left is None or not left.films:
        return
    with st.container(border=True, gap="xsmall", key="unfinished"):
        st.markdown(f":material/pending_actions: You have {left.words}.")
        known = [key for key in left.films if key in visit.films or get_settings().keeps_films]
        with st.container(horizontal=True, gap="small"):
            if known:
                st.button(
                    "Go on",
                    icon=":material/arrow_forward:",
                    key="go-on",
                    on_click=_go_on,
                    args=(visit, known),
                )
            st.button("Close", type="tertiary", key="go-on-close", on_click=_close, args=(visit,))
        if not known:
            st.caption(AGAIN)


def _go_on(visit: Visit, films: list[str]) -> None:
    """Open the first of the films that is not open, and say no more of it."""
    film = next((key for key in films if key != visit.selected), films[0])
    take_up(visit, film)
    if film in visit.films:
        visit.selected, visit.complaint, visit.done = film, "", ""
    left = visit.unfinished or Unfinished()
    gone = {film, visit.selected}
    visit.unfinished = Unfinished(
        tuple(key for key in left.locked if key not in gone),
        tuple(key for key in left.drafted if key not in gone),
    )


def _close(visit: Visit) -> None:
    visit.unfinished = None
