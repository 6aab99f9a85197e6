"""The list of films beside the viewer, with what adds films to it and finds them in it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.domain.reader import Act
from core.domain.review import ReviewRecord
from core.language.words import tr
from core.settings import get_settings
from core.store.dismissals import dismissals_of
from ui.app.kept_films import PAGE, claimed_by_another
from ui.app.read_in_progress import film_left_open
from ui.app.resources import get_engine, get_store
from ui.app.session import Visit
from ui.components.worklist.worklist import show_worklist
from ui.review.examples import (
    draw_examples_left,
    lists_examples,
    offer_beside,
    offer_examples_removal,
)
from ui.review.next_film import next_unread
from ui.review.read_panel import build_row, suspicion_of
from ui.review.reports import draw_list_reports
from ui.review.shared_worklist import free_rows, status_words
from ui.review.unfinished import at_hand, draw_unfinished, others_unfinished
from ui.review.uploads import draw_batch, draw_uploader, offer_removal
from ui.review.worklist_query import WorklistView, draw_filters, seeks_disputes

UNFINISHED_HEIGHT, AGAIN_HEIGHT, LEFT_HEIGHT = 56, 134, 110
ADD_HEIGHT, BATCH_HEIGHT, REPORTS_HEIGHT, FILTERS_HEIGHT, PAGES_HEIGHT = 60, 56, 56, 112, 48
"""Of what stands above the list, in CSS pixels."""
EXAMPLES_HEIGHT = 202
"""Of the open uploader and the words on the synthetic films."""


def height_below(above_px: int) -> str:
    """Return as CSS what the window leaves below something that stands above a film or the list."""
    return f"calc(var(--fr-view) - {above_px}px - var(--fr-lines, 0px))"


def draw_worklist(visit: Visit, view: WorklistView, total: int) -> None:
    """List the films in the order that this site reads them, and keep which one is open."""
    films, reader, store = visit.films, visit.acting.name, get_store()
    signed = store.latest_for_films(list(films), reader)
    own = store.films_read_by(list(films), reader) if signed else set()
    dismissed = dismissals_of(store.database, list(films))
    rows = [
        build_row(
            film,
            visit.outcome(key),
            signed,
            reader,
            own,
            visit.scores_asked,
            status_words(visit, key, own, seeks=seeks_disputes(visit, view)),
            dismissed=key in dismissed,
            signs=visit.acting.may(Act.SIGN_READ),
        )
        for key, film in films.items()
    ]
    by_suspicion = get_settings().shows_order
    if visit.selected is None:
        left = film_left_open(visit, signed)
        if left is not None and not claimed_by_another(visit, visit.listed.get(left)):
            visit.selected = left
    if visit.selected is None:
        free = free_rows(visit, rows)
        if free and (visit.job is None or any(row.thumbnail_png for row in free)):
            visit.selected = (max(free, key=suspicion_of) if by_suspicion else free[0]).key
    examples = lists_examples(visit)
    with st.container():
        _draw_adding(visit, signed, examples=examples)
    with st.container():
        left_list = draw_examples_left(visit)
    with st.container():
        draw_unfinished(visit)
    # each in a container of its own: as they come and go, the list keeps its place on the page
    with st.container():
        reports = draw_list_reports(visit, signed)
    with st.container():
        draw_batch(visit)
    keeps = get_settings().keeps_films and not examples
    own_total = total - sum(film.shipped for film in films.values())
    if keeps:
        with st.container(gap="small"):
            draw_filters(visit, view, own_total)
    above = EXAMPLES_HEIGHT if examples else ADD_HEIGHT
    above += BATCH_HEIGHT * (visit.job is not None) + REPORTS_HEIGHT * reports
    left = others_unfinished(visit)
    if left.films:
        above += UNFINISHED_HEIGHT if at_hand(visit, left) else AGAIN_HEIGHT
    above += FILTERS_HEIGHT * keeps + PAGES_HEIGHT * (keeps and own_total > PAGE)
    above += LEFT_HEIGHT * left_list
    ordered = sorted(rows, key=suspicion_of, reverse=True) if by_suspicion else rows
    visit.following = next_unread(visit, ordered)
    scored = any(row.probability is not None for row in rows)
    point = get_engine().classifier.run_record.operating_point
    chosen = show_worklist(
        rows,
        selected=visit.selected,
        key="worklist",
        height=height_below(above),
        operating_point=point.threshold if scored else None,
        by_suspicion=by_suspicion,
    )
    if chosen is not None and chosen != visit.selected:
        visit.selected, visit.complaint, visit.done = chosen, "", ""
        st.rerun()


def _draw_adding(visit: Visit, signed: Mapping[str, ReviewRecord], *, examples: bool) -> None:
    """Draw what adds films to the list and removes them; it stands open above synthetic ones."""
    if examples:
        draw_uploader(visit)
        offer_examples_removal(visit)
        return
    # each upload begins another popover, closed; not where films did not find room
    round_of = 0 if visit.left_out else visit.upload_round
    add = f"add-films-{round_of}"
    with st.popover(tr("Add films"), icon=":material/add:", width="stretch", key=add):
        draw_uploader(visit)
        offer_removal(visit, signed)
        offer_beside(visit)
