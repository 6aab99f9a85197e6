"""See why a run gives a film its score, and what if parts of the film were not there."""

import streamlit as st

from ui.app.guard import guard, show_errors
from ui.app.resources import get_served
from ui.app.session import Visit, show_notice
from ui.components.keys.keys import listen_for_keys
from ui.components.panels import draw_standing_line
from ui.components.plain_text import plain
from ui.regions.address import REGIONS, VISIT, RegionsView
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
from ui.review.uploads import offer_examples


def draw_empty(visit: Visit) -> None:
    """Say what the page shows, and how a film comes here."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header("Why a film has its score")
        st.write(
            "The regions that count for and against pneumonia, found in four ways; what the "
            "probability would be with parts of the film hidden; what the network's layers see. "
            "Films come here from the pages Review, Errors and Teaching."
        )
        st.page_link("pages/review.py", label="Add films on Review", icon=":material/radiology:")
        offer_examples(visit)


def draw_head(visit: Visit, view: RegionsView, subject: Subject | NotShown) -> None:
    """Draw which film is shown, and the choice of another one of the visit."""
    listed = films_to_choose(visit)
    if view.library == VISIT and len(listed) > 1:
        REGIONS.select(view, "Film", "film", listed)
    elif isinstance(subject, Subject):
        st.markdown(f"**{plain(subject.name)}** · run {subject.run_id}")


@st.fragment
def draw_film(visit: Visit, subject: Subject) -> None:
    """Draw the film and what is looked at; a click there runs no more than this."""
    view, complaints = REGIONS.read(st.query_params.to_dict())
    if complaints:
        st.warning("  \n".join(map(plain, complaints)), icon=":material/link_off:")
    with show_errors():
        draw_bench(visit, subject, view)


visit = guard("regions")
with show_errors():
    served = get_served()
    visit.absorb_job()
    show_notice(visit)
    view = settle(visit, REGIONS.read(st.query_params.to_dict())[0])
    with show_errors():
        subject = find_subject(visit, view)
        if subject is None:
            draw_empty(visit)
        else:
            draw_head(visit, view, subject)
        if isinstance(subject, NotShown):
            draw_not_shown(subject)
            if subject.read is not None:
                offer_regions(subject.read)
        if isinstance(subject, Subject):
            draw_film(visit, subject)
            listen_for_keys()
    draw_standing_line(served, visit.reader)
