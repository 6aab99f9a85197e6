"""Readers read the same films without and with the model; what that changed."""

import streamlit as st

from core.language.words import tr
from ui.app.guard import guard, show_errors
from ui.app.resources import get_served
from ui.app.session import Visit, show_notice
from ui.components.keys.keys import listen_for_keys
from ui.components.panels import draw_standing_line
from ui.components.plain_text import plain
from ui.reader_study.data import RESULTS, SHOW, STUDY, get_studies, stand_of
from ui.reader_study.overview import draw_views
from ui.reader_study.reading import draw_reading, record_read
from ui.reader_study.results import draw_results


def draw_study(visit: Visit, study_id: str) -> None:
    """Draw the next film of a study, or its results."""
    study = get_studies().study(study_id)
    if study is None:
        st.warning(
            tr("There is no study {study} here.", study=plain(repr(study_id[:40]))),
            icon=":material/link_off:",
        )
        draw_views(visit)
        return
    stand = stand_of(visit, study)
    if st.query_params.get(SHOW) == RESULTS:
        draw_results(visit, stand)
        return
    draw_reading(visit, record_read(visit, stand))


visit = guard("reader_study")
with show_errors():
    served = get_served()
    show_notice(visit)
    with st.container():
        if STUDY in st.query_params:
            draw_study(visit, st.query_params[STUDY])
        else:
            draw_views(visit)
    listen_for_keys(harmless=STUDY not in st.query_params, subject=st.query_params.get(STUDY, ""))
    draw_standing_line(served, visit.reader)
