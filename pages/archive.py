"""The hospital's archive: how it is reached, what came from it, and what went back."""

import streamlit as st

from core.domain.reader import Act
from ui.app.guard import guard, show_errors
from ui.app.resources import get_served
from ui.app.session import show_notice
from ui.archive.connection import draw_connection
from ui.archive.traffic import draw_films, draw_reports, draw_service, names_of_tabs
from ui.components.panels import draw_standing_line

visit = guard("archive")
with show_errors():
    show_notice(visit)
    draw_service()
    films, reports, connection = st.tabs(names_of_tabs(), key="archive-tabs")
    with films, show_errors():
        draw_films()
    with reports, show_errors():
        draw_reports()
    with connection, show_errors():
        draw_connection(visit, may_set=visit.acting.may(Act.SET_ARCHIVE))
    draw_standing_line(get_served(), visit.reader)
