"""Upload films, see the model's first read and its regions, and sign a verdict."""

import streamlit as st

from core.errors import Cancelled, FilmStoreError, RadiographError
from core.jobs.batch import FilmState
from core.jobs.explanations import ExplanationTask
from core.language.words import tr
from core.settings import get_settings
from ui.app.guard import guard, show_errors
from ui.app.identity import NAME
from ui.app.kept_films import PAGE, claim, list_films, read_unread
from ui.app.progress import follow
from ui.app.read_in_progress import ReadContext, open_read, record_progress
from ui.app.region_panel import overlay_of
from ui.app.resources import erase_expired, get_film_view, get_served
from ui.app.session import Visit, show_notice
from ui.app.watching import watch
from ui.components.findings.findings import HELP
from ui.components.keys.keys import listen_for_keys
from ui.components.panels import draw_standing_line
from ui.components.plain_text import plain
from ui.components.viewer.viewer import Marking, show_film
from ui.review import dismissal, sign_form
from ui.review.blind_queue import draw_blind_reads
from ui.review.examples import list_examples, offer_examples
from ui.review.film_list import draw_worklist, height_below
from ui.review.marks import VIEWER, marking_of
from ui.review.next_film import BUTTON, KEYS
from ui.review.priors import Priors, draw_prior, lay_out, priors_of
from ui.review.read_panel import (
    ASK,
    ASK_BUTTON,
    ASK_KEY,
    draw_read,
    offers_regions,
    purpose_text,
)
from ui.review.read_places import lay_out_read
from ui.review.shared_worklist import draw_claim, draw_kept
from ui.review.unfinished import draw_unfinished
from ui.review.uploads import draw_uploader, read_waiting
from ui.review.worklist_query import BLIND, WorklistView, read_worklist

PAGE_KEYS = (*HELP, *sign_form.KEYS, *KEYS, *dismissal.KEYS)
NAMELESS = (sign_form.NO_NAME, dismissal.NO_NAME)


def draw_empty(visit: Visit) -> None:
    """Say what the page does, and take the first films."""
    with st.columns([1, 2, 1])[1]:
        heading, words = purpose_text()
        st.header(heading)
        st.write(words)
        draw_uploader(visit)
        draw_unfinished(visit)
        offer_examples(visit)


def draw_film(
    read: ReadContext, task: ExplanationTask | None, marking: Marking | None, priors: Priors
) -> None:
    """Show the film with its regions, or the sentence that says why it cannot be shown."""
    outcome = read.visit.outcome(read.film.key)
    if outcome.state is FilmState.FAILED:
        st.error(plain(tr(outcome.sentence)), icon=":material/broken_image:")
        return
    try:
        view = get_film_view(read.film)
    except (RadiographError, FilmStoreError, Cancelled) as exc:  # the rest of the page stays
        st.error(plain(str(exc)), icon=":material/broken_image:")
        return
    explanation = None if task is None else task.result
    asks = ((ASK_KEY, ASK),) if offers_regions(read) else ()
    show_film(
        view,
        regions=overlay_of(read.visit, read.film.key, explanation, of_others=read.of_others),
        key=VIEWER,
        height=height_below(priors.height),
        page_keys=PAGE_KEYS + asks + priors.keys,
        marking=marking,
        pair=priors.pair,
    )


def draw_films(visit: Visit, view: WorklistView, total: int) -> None:
    """Draw the worklist, the film that is open, and what is said of it."""
    list_side, film_side, read_side = st.columns([1.0, 3.7, 1.25], gap="small")
    with list_side:
        draw_worklist(visit, view, total)
    if visit.selected is None:
        with read_side:
            follow(visit, None)
    else:
        read = open_read(visit, visit.selected)
        record_progress(read)
        marking, priors = marking_of(read), priors_of(read)
        with read_side:  # first: it is there while a large film is still on its way
            places = lay_out_read()
            with places.scroll:
                kept = claim(visit, visit.selected) if get_settings().keeps_films else None
                draw_claim(visit, kept)
                task = draw_read(read, priors, places)
                draw_kept(visit, kept)
        with film_side:
            here, there = lay_out(read, priors)
            with here:
                draw_film(read, task, marking, priors)
            draw_prior(priors, there, height_below(priors.height))
    if visit.complaint in NAMELESS:
        focus = NAME, str(visit.nameless)
    elif visit.done:
        focus = BUTTON, visit.done
    elif visit.locked == visit.selected:
        focus = ASK_BUTTON, f"{visit.locked} locked"
    else:
        focus = (VIEWER if visit.gone_on == visit.selected else "", f"{visit.gone_on} opened")
    listen_for_keys(*focus, after=VIEWER)


visit = guard("review")
with show_errors():
    served = get_served()
    visit.absorb_job()
    if visit.keep_to(served):
        visit.notice = tr("Run {run} serves now: the films are read again.", run=served.run_id)
        read_waiting(visit)
    erase_expired()
    watch()
    view, complaints, total = WorklistView(), [], len(visit.films)
    if get_settings().keeps_films:
        view, complaints = read_worklist(visit, st.query_params.to_dict())
        total = list_films(visit, view.asked(visit), view.page * PAGE)
        read_unread(visit)
    total = list_examples(visit, total, narrowed=view.narrowed or bool(visit.find))
    show_notice(visit)
    with st.container():
        with st.container():
            if complaints:
                st.warning("  \n".join(map(plain, complaints)), icon=":material/link_off:")
        opening = st.empty()  # of its own: else it would stand grey beside the first films
        if view.show == BLIND:
            draw_blind_reads(visit)
        elif visit.films or view.narrowed or view.page or visit.find:
            opening.empty()
            draw_films(visit, view, total)
        else:
            with opening.container():
                draw_empty(visit)
    draw_standing_line(served, visit.reader)
