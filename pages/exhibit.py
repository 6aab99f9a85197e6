"""The exhibit: a model that called nearly every normal pneumonia, and which mistake did that."""

import streamlit as st

from ui.app.guard import guard, spoken_errors
from ui.app.resources import get_served
from ui.components.panels import draw_standing_line
from ui.runs.exhibit import draw_exhibit

visit = guard("exhibit")
with spoken_errors():
    st.header("A model that called nearly every normal pneumonia")
    st.badge("Exhibit: runs with mistakes on purpose. None of them can serve.", color="orange")
    draw_exhibit()
with spoken_errors():
    draw_standing_line(get_served(), visit.reader)
