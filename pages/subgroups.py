"""See in which subgroups of films a run does worse, and which labels to doubt."""

import streamlit as st

from ui.app.guard import guard, show_errors
from ui.app.resources import get_served
from ui.components.panels import draw_standing_line
from ui.components.plain_text import plain
from ui.library.blind_reads import note_left_out
from ui.slices.controls import ADDRESS, draw_choice, read_view
from ui.slices.labels import draw_copies, draw_labels
from ui.slices.references import draw_references
from ui.slices.search import draw_slices

DRAWN = {
    "slices": draw_slices,
    "labels": draw_labels,
    "copies": draw_copies,
    "references": draw_references,
}


def draw_page() -> None:
    """Draw the section that the address asks for."""
    view, complaints = read_view()
    ADDRESS.go_to(view)
    if complaints:
        st.warning("  \n".join(map(plain, complaints)), icon=":material/link_off:")
    draw_choice(view)
    note_left_out(visit)
    with show_errors():
        DRAWN[view.section](view)


visit = guard("subgroups")
with show_errors():
    served = get_served()
    draw_page()
    draw_standing_line(served, visit.reader)
