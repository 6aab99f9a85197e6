"""What makes a settled dispute a teaching case."""

from __future__ import annotations

import streamlit as st

from core.domain.review import ReviewRecord
from core.domain.worklist import WorklistFilm
from core.errors import FirstReadError
from core.jobs.kept_films import as_uploaded
from core.language.numbers import day_text
from core.language.words import tr
from core.settings import get_settings
from core.store.films.teaching_films import why_no_case
from ui.app.resources import get_films, get_teaching_films
from ui.app.session import Visit
from ui.app.teaching_films import film_without_metadata
from ui.components.plain_text import plain


def draw_teaching_case(visit: Visit, settled: ReviewRecord, film: WorklistFilm) -> None:
    """Draw the button that makes a teaching case, or say why there is none, or who made it.

    Parameters
    ----------
    settled : ReviewRecord
        The arbitration.
    """
    made = get_teaching_films().case_of(film.film_sha256)
    if made is not None:
        case = tr(
            "Teaching case {case}, made by {maker} on {day}. Consent: {consent}",
            case=made.case_id,
            maker=plain(made.made_by),
            day=day_text(made.made_at),
            consent=plain(made.consent),
        )
        st.caption(f":material/school: {case}")
        return
    consent = get_settings().teaching_consent
    why = why_no_case(settled, consent)
    if not why and film.burned_in:
        why = tr(
            "This film's file says that writing is burned into the picture, which "
            "may name the patient: it becomes no teaching case."
        )
    if why:
        st.caption(f":material/school: {plain(why)}")
        return
    if st.button(tr("Make a teaching case"), icon=":material/school:", width="stretch"):
        _make(visit, settled, film, consent)
    st.caption(
        tr(
            "Look for names on the picture first: they stay on it. The film is kept as "
            "pixels alone, for longer than the worklist. Consent: {consent}",
            consent=plain(consent),
        )
    )


def _make(visit: Visit, settled: ReviewRecord, film: WorklistFilm, consent: str) -> None:
    try:
        content = film_without_metadata(as_uploaded(film, get_films()))
        get_teaching_films().make(settled, content, consent, visit.acting, film.patient)
    except FirstReadError as exc:
        st.warning(tr("Not made. {why}", why=plain(str(exc))), icon=":material/touch_app:")
        return
    visit.notice = tr("The teaching case is stored: Teaching offers it under Own cases.")
    st.rerun()
