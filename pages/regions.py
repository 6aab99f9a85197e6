"""See why a run gives a film its score, and what if parts of the film were not there."""

import streamlit as st

from core.language.words import tr
from ui.app.guard import guard, show_errors
from ui.app.resources import get_served
from ui.app.session import Visit, show_notice
from ui.components.keys.keys import listen_for_keys
from ui.components.panels import draw_standing_line
from ui.components.plain_text import plain
from ui.regions.address import REGIONS, VISIT, RegionsView, read_for
from ui.regions.panels import draw_bench
from ui.regions.subject import (
    NotShown,
    Subject,
    draw_not_shown,
    films_to_choose,
    find_subject,
    settle,
)
from ui.review.read_panel import offer_regions


def draw_empty() -> None:
    """Say what the page shows, and how a film comes here."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header(tr("Why a film has its score"))
        st.write(
            tr(
                "The regions that count for and against pneumonia, found in four ways; "
                "what the score would be with parts of the film hidden; what the "
                "network's layers see. Films come here from the pages Worklist, Errors "
                "and Teaching."
            )
        )
        st.page_link("pages/review.py", label=tr("Open the worklist"), icon=":material/radiology:")


def draw_choice(visit: Visit, view: RegionsView) -> bool:
    """Draw the choice of a film of the visit; return whether there is one to choose."""
    listed = films_to_choose(visit, view.film)
    if view.library != VISIT or not listed or (len(listed) == 1 and view.film in listed):
        return False
    REGIONS.select(view, tr("Film"), "film", listed)
    return True


@st.fragment
def draw_film(visit: Visit, subject: Subject) -> None:
    """Draw the film and what is looked at; a click there runs no more than this."""
    evidence = subject.engine.classifier.has_evidence
    view, complaints = read_for(st.query_params.to_dict(), evidence=evidence)
    if complaints:
        st.warning("  \n".join(map(plain, complaints)), icon=":material/link_off:")
    with show_errors():
        draw_bench(visit, subject, view)


visit = guard("regions")
with show_errors():
    served = get_served()
    visit.absorb_job()
    show_notice(visit)
    asked, complaints = REGIONS.read(st.query_params.to_dict())
    view = settle(visit, asked)
    chosen = draw_choice(visit, view)
    with show_errors():
        subject = find_subject(visit, view)
        if not isinstance(subject, Subject) and complaints:
            st.warning("  \n".join(map(plain, complaints)), icon=":material/link_off:")
        if subject is None:
            draw_empty()
        elif isinstance(subject, NotShown):
            draw_not_shown(subject, offer_regions)
        else:
            if not chosen:
                run = tr("run {run}", run=subject.run_id)
                st.markdown(f"**{plain(subject.name)}** · {run}")
            draw_film(visit, subject)
            listen_for_keys()
    draw_standing_line(served, visit.reader)
