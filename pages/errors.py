"""See what a run gets wrong, film by film, and note why."""

import streamlit as st

from ui.app.guard import guard, show_errors
from ui.app.resources import get_served
from ui.app.session import Visit, show_notice
from ui.components.keys.keys import listen_for_keys
from ui.components.panels import draw_standing_line
from ui.components.plain_text import plain
from ui.errors.case import draw_case, follow_case_event
from ui.errors.controls import draw_choice, read_view
from ui.errors.gallery import draw_gallery, draw_pages, follow_gallery_event, keep_to_the_pages
from ui.library.films import find_films, get_case_notes
from ui.library.gallery_query import GALLERY
from ui.library.slices import find_known


def draw_errors(visit: Visit) -> None:
    """Draw the gallery, or the film that is open."""
    view, complaints = read_view()
    view = follow_case_event(follow_gallery_event(visit, view))
    notes = get_case_notes().standing(view.library)
    found = find_films(view, notes, find_known(view))
    view = keep_to_the_pages(view, found, complaints)
    GALLERY.go_to(view)
    show_notice(visit)
    if complaints:
        st.warning("  \n".join(map(plain, complaints)), icon=":material/link_off:")
    if view.film is None:
        choice_side, films_side = st.columns([1, 3.4], gap="medium")
        with choice_side:
            draw_choice(view, found)
            draw_pages(view, found)
        with films_side:
            draw_gallery(visit, view, found, notes)
    else:
        draw_case(visit, view, found, notes)
        listen_for_keys(harmless=True, subject=view.film)  # it saves a note


visit = guard("errors")
with show_errors():
    served = get_served()
    draw_errors(visit)
    draw_standing_line(served, visit.reader)
