"""The studies there are, how far the visitor is in each, and the way in."""

from __future__ import annotations

import streamlit as st

from core.language.lists import joined
from core.language.numbers import day_text, time_text
from core.language.words import msg, tr, trn
from core.reader_studies.design import ARM_WORDS
from core.reader_studies.study import KeptStudy, finished_readers
from ui.app.identity import draw_name_field
from ui.app.session import Visit
from ui.components.plain_text import plain
from ui.reader_study.data import (
    RESULTS,
    SHOW,
    STUDY,
    Stand,
    get_studies,
    may_see_results,
    now,
    stand_of,
)
from ui.reader_study.making import MADE, draw_making
from ui.reader_study.reading import film_of

VIEWS = {"studies": msg("Studies"), "new": msg("New study")}


def draw_views(visit: Visit) -> None:
    """Draw what there is to do outside a study."""
    visit.study_film = ""
    view = st.segmented_control(
        tr("View"),
        list(VIEWS),
        format_func=lambda name: tr(VIEWS[name]),
        default="studies",
        required=True,
        label_visibility="collapsed",
        key=f"study-view-{st.session_state.get(MADE, 0)}",
    )
    if view == "new":
        draw_making(visit)
    else:
        _draw_studies(visit)


def _draw_studies(visit: Visit) -> None:
    words_side, list_side = st.columns([1, 1.5], gap="large")
    with words_side:
        st.header(tr("Do readers read better with the model?"))
        st.write(
            tr(
                "Several readers read the same films without and with the model. Each film comes "
                "in every arm. Between two sessions lies a washout, in which films are forgotten."
            )
        )
        draw_name_field(visit)
    with list_side:
        studies = get_studies().studies()
        if not studies:
            st.info(tr("There is no reader study yet."), icon=":material/groups:")
            st.caption(tr("A teacher or a lead makes one under New study."))
        for study in studies:
            _draw_study(visit, stand_of(visit, study))


def _draw_study(visit: Visit, stand: Stand) -> None:
    study = stand.study
    with st.container(border=True):
        st.markdown(f"**{plain(study.design.name)}**")
        st.caption(tr(describe_study(study)))
        st.markdown(tr(_state_text(stand)))
        progress, ways = stand.progress, st.container(horizontal=True)
        if film_of(stand) is not None and progress is not None:
            ways.button(
                tr("Continue") if progress.read > 0 else tr("Start"),
                type="primary",
                icon=":material/radiology:",
                key=f"study-read-{study.study_id}",
                on_click=st.query_params.from_dict,
                args=({STUDY: study.study_id},),
            )
        if may_see_results(visit, stand):
            ways.button(
                tr("Results"),
                icon=":material/table_chart:",
                key=f"study-results-{study.study_id}",
                on_click=st.query_params.from_dict,
                args=({STUDY: study.study_id, SHOW: RESULTS},),
            )


def describe_study(study: KeptStudy) -> str:
    """Return in one line what was settled."""
    design = study.design
    return tr(
        "{films}, {readers}. Arms: {arms}. Washout: {days} days. Made by {maker} on {day}.",
        films=trn("{n} film", "{n} films", len(design.cases)),
        readers=trn("{n} reader", "{n} readers", len(design.readers)),
        arms=tr(joined(ARM_WORDS[arm] for arm in design.arms)),
        days=design.washout_days,
        maker=plain(study.made_by),
        day=day_text(study.made_at),
    )


def _state_text(stand: Stand) -> str:
    study, progress = stand.study, stand.progress
    if study.closed_at is not None:
        return tr("Closed on {day}.", day=day_text(study.closed_at))
    if progress is None:
        return tr(
            "{done} of {n} readers have finished.",
            done=len(finished_readers(study, stand.readings)),
            n=len(study.design.readers),
        )
    if progress.opens_at is None:
        return tr("You have read every film in every arm.")
    if progress.opens_at > now():
        return tr(
            "Session {session} of {sessions} opens on {when} UTC.",
            session=progress.session + 1,
            sessions=progress.sessions,
            when=time_text(progress.opens_at),
        )
    return tr(
        "Session {session} of {sessions}: {place} of {films} films read.",
        session=progress.session + 1,
        sessions=progress.sessions,
        place=progress.place,
        films=len(progress.plan),
    )
