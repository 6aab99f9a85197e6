"""Upload films, see the model's first read and its regions, and sign a verdict."""

import streamlit as st

from core.errors import Cancelled, RadiographError
from core.jobs.batch import FilmState
from core.jobs.explanations import ExplanationTask
from core.settings import get_settings
from ui.app.guard import guard, show_errors
from ui.app.progress import follow
from ui.app.read_in_progress import ReadContext, film_left_open, open_read, record_progress
from ui.app.region_panel import overlay_of
from ui.app.resources import get_engine, get_film_view, get_served, get_store
from ui.app.session import Visit, show_notice
from ui.components.findings.findings import HELP
from ui.components.keys.keys import listen_for_keys
from ui.components.panels import draw_standing_line
from ui.components.plain_text import plain
from ui.components.viewer.viewer import Marking, show_film
from ui.components.worklist.worklist import show_worklist
from ui.review.marks import VIEWER, marking_of
from ui.review.read_panel import build_row, draw_read, purpose_text, suspicion_of
from ui.review.uploads import (
    draw_batch,
    draw_uploader,
    offer_examples,
    offer_removal,
    read_waiting,
)

VIEW_HEIGHT = 790
PAGE_KEYS = (
    ("j k", "Next, previous film of the worklist"),
    ("Ctrl Enter", "Sign"),
    *HELP,
)


def draw_empty(visit: Visit) -> None:
    """Say what the page does, and take the first films."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        heading, words = purpose_text()
        st.header(heading)
        st.write(words)
        draw_uploader(visit)
        offer_examples(visit)


def draw_worklist(visit: Visit) -> None:
    """List the films in the order that this site reads them, and keep which one is open."""
    films, reader, store = visit.films, visit.acting.name, get_store()
    signed = store.latest_for_films(list(films), reader)
    own = store.films_read_by(list(films), reader) if signed else set()
    rows = [
        build_row(film, visit.outcome(key), signed, reader, own, visit.scores_asked)
        for key, film in films.items()
    ]
    by_suspicion = get_settings().shows_order
    if visit.selected is None:
        visit.selected = film_left_open(visit, signed)
    if visit.selected is None:
        read = [row for row in rows if row.thumbnail_png is not None]
        if read or visit.job is None:
            listed = read or rows
            visit.selected = (max(listed, key=suspicion_of) if by_suspicion else listed[0]).key
    with st.popover("Add films", icon=":material/add:", width="stretch"):
        draw_uploader(visit)
        offer_removal(visit, signed)
        offer_examples(visit)
    with st.container():
        draw_batch(visit)
    scored = any(row.probability is not None for row in rows)
    point = get_engine().classifier.run_record.operating_point
    chosen = show_worklist(
        rows,
        selected=visit.selected,
        key="worklist",
        height=VIEW_HEIGHT - (60 if visit.job is None else 116),
        operating_point=point.threshold if scored else None,
        by_suspicion=by_suspicion,
    )
    if chosen is not None and chosen != visit.selected:
        visit.selected, visit.complaint = chosen, ""
        st.rerun()


def draw_film(read: ReadContext, task: ExplanationTask | None, marking: Marking | None) -> None:
    """Show the film with its regions, or the sentence that says why it cannot be shown."""
    outcome = read.visit.outcome(read.film.key)
    if outcome.state is FilmState.FAILED:
        st.error(plain(outcome.sentence), icon=":material/broken_image:")
        return
    try:
        view = get_film_view(read.film)
    except (RadiographError, Cancelled) as exc:  # a film that the batch has not come to yet
        st.error(plain(str(exc)), icon=":material/broken_image:")
        return
    explanation = None if task is None else task.result
    show_film(
        view,
        regions=overlay_of(read.visit, read.film.key, explanation, of_others=read.of_others),
        key=VIEWER,
        height=VIEW_HEIGHT,
        page_keys=PAGE_KEYS,
        marking=marking,
    )


def draw_films(visit: Visit) -> None:
    """Draw the worklist, the film that is open, and what is said of it."""
    list_side, film_side, read_side = st.columns([1.0, 3.7, 1.25], gap="small")
    with list_side:
        draw_worklist(visit)
    if visit.selected is None:
        with read_side:
            follow(visit, None)
    else:
        read = open_read(visit, visit.selected)
        record_progress(read)
        marking = marking_of(read)
        with read_side:  # first: it is there while a large film is still on its way
            task = draw_read(read)
        with film_side:
            draw_film(read, task, marking)
    listen_for_keys()


visit = guard("review")
with show_errors():
    served = get_served()
    visit.absorb_job()
    if visit.keep_to(served):
        visit.notice = f"Run {served.run_id} serves now: the films are read again."
        read_waiting(visit)
    show_notice(visit)
    with st.container():
        if visit.films:
            draw_films(visit)
        else:
            draw_empty(visit)
    draw_standing_line(served, visit.reader)
