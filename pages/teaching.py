"""Train: read films blind, see what they were, come back when they are due."""

import streamlit as st

from core.domain.reader import Act
from core.language.words import tr
from ui.app.guard import guard, show_errors
from ui.app.resources import get_served
from ui.app.session import Visit, show_notice
from ui.components.keys.keys import listen_for_keys
from ui.components.panels import draw_standing_line
from ui.components.plain_text import plain
from ui.teaching.case_sets import draw_sets
from ui.teaching.data import get_teaching_store, may_go_on
from ui.teaching.feedback import draw_nearest, draw_reveal, next_key
from ui.teaching.implants import draw_practice
from ui.teaching.progress import draw_progress
from ui.teaching.reading import (
    draw_film,
    draw_navigation,
    draw_overtaken,
    draw_read,
    phase_of,
    record_progress,
    was_overtaken,
)
from ui.teaching.setup import VIEWS, draw_missing, draw_setup
from ui.teaching.summary import draw_over


def draw_session(visit: Visit, session_id: str) -> str:
    """Draw the film that a session stands at, or its summary once it is over.

    Return the key of the button that leads on from an answer; empty where there is none.
    """
    course = get_teaching_store().course(session_id)
    if course is None:
        st.warning(
            tr(
                "There is no session {session} here: start one.",
                session=plain(repr(session_id[:40])),
            ),
            icon=":material/link_off:",
        )
        draw_views(visit)
        return ""
    place = course.place
    own = may_go_on(visit, course)
    if place is None and (own or visit.acting.may(Act.SEE_GROUP)):
        draw_over(visit, course)
        return ""
    if place is None or not own:
        st.warning(
            tr(
                "This session belongs to {owner}, and you read as {reader}: start one of your own.",
                owner=plain(course.session.reader),
                reader=plain(visit.reader),
            ),
            icon=":material/person_off:",
        )
        draw_views(visit)
        return ""
    if draw_missing(visit, course, place):
        return ""
    course = record_progress(visit, course, place)
    way_side, film_side, read_side = st.columns([1.0, 3.5, 1.35], gap="small")
    revealed = phase_of(course, place) == "revealed"
    with way_side, st.container(key="teaching-way"):
        draw_navigation(visit, course, place)
        if revealed:
            draw_nearest(course, place)
    with film_side:
        task = draw_film(visit, course, place)
    with read_side:
        if was_overtaken(visit, course, place):
            draw_overtaken(visit)
        elif revealed:
            draw_reveal(visit, course, place, task)
            return next_key(place)
        else:
            draw_read(visit, course, place)
    return ""


def draw_views(visit: Visit) -> None:
    """Draw what there is to do outside a session."""
    visit.shown_read = ""
    view = st.segmented_control(
        tr("View"),
        list(VIEWS),
        format_func=lambda name: tr(VIEWS[name]),
        default="train",
        required=True,
        label_visibility="collapsed",
        key="teaching-view",
    )
    if view == "progress":
        draw_progress(visit)
    elif view == "sets":
        draw_sets(visit)
    elif view == "implants":
        draw_practice(visit)
    else:
        draw_setup(visit)


visit = guard("teaching")
with show_errors():
    served = get_served()
    show_notice(visit)
    session_id, onward = st.query_params.get("session", ""), ""
    with st.container():
        if "session" in st.query_params:
            onward = draw_session(visit, session_id)
        else:
            draw_views(visit)
    starts = "session" not in st.query_params
    listen_for_keys(onward, f"{session_id} {onward}", harmless=starts)
    draw_standing_line(served, visit.reader)
