"""The site: by which threshold the run reads here, and the test that accepts it."""

import streamlit as st

from ui.app.guard import guard, show_errors
from ui.app.resources import get_served
from ui.app.session import show_notice
from ui.components.panels import draw_standing_line
from ui.site.in_force import draw_in_force
from ui.site.tabs import TABS, names_of_tabs

visit = guard("site")
with show_errors():
    show_notice(visit, "long")
    draw_in_force(visit)
    for tab, (_, draw) in zip(st.tabs(names_of_tabs(), key="site-tabs"), TABS, strict=True):
        with tab, show_errors():
            draw(visit)
    draw_standing_line(get_served(), visit.reader)
