"""Films on which the served run and the run that reads along differ, read without either score."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from core.domain.reader import Act
from core.domain.review import Verdict, verdict_words
from core.errors import Cancelled, FilmStoreError, FirstReadError, RadiographError
from core.jobs.kept_films import as_uploaded
from core.language.words import tr, trn
from ui.app.identity import draw_name_field, not_allowed
from ui.app.query_params import put
from ui.app.read_in_progress import leave
from ui.app.resources import get_film_view, get_films
from ui.app.session import Visit
from ui.app.watching import blind_queue, get_shadow
from ui.components.plain_text import plain
from ui.components.viewer.viewer import show_film

VIEWER = "blind-viewer"


def draw_blind_reads(visit: Visit) -> None:
    """Draw the film that comes next, and the form that says what it shows."""
    with suppress(FirstReadError):
        leave(visit)  # time spent here is none at the film of the worklist
    film_side, read_side = st.columns([3.7, 1.25], gap="small")
    waiting = blind_queue(visit)
    with read_side:
        st.markdown(f"#### {tr('Read blind, for the comparison')}")
        st.caption(
            tr(
                "Two runs take different sides on these films. Neither score is shown. What blind "
                "readers say settles which run is right."
            )
        )
        if waiting:
            _draw_form(visit, waiting)
        else:
            _draw_done(visit)
        st.button(
            tr("Back to the worklist"),
            icon=":material/arrow_back:",
            width="stretch",
            on_click=put,
            kwargs={"show": ""},
        )
    if waiting:
        with film_side:
            _draw_film(waiting[0])


def _draw_film(key: str) -> None:
    kept = get_films().find(key)
    if kept is None:
        return
    try:
        view = get_film_view(as_uploaded(kept, get_films()))
    except (RadiographError, FilmStoreError, Cancelled) as exc:
        st.error(plain(str(exc)), icon=":material/broken_image:")
        return
    show_film(view, key=VIEWER, height="var(--fr-view)")


def _draw_form(visit: Visit, waiting: list[str]) -> None:
    film, n = waiting[0], len(waiting)
    st.caption(trn("{n} film awaits your read.", "{n} films await your read.", n))
    if not_allowed(visit, Act.SIGN_READ):
        return
    verdict = st.segmented_control(
        tr("Your verdict"),
        list(Verdict),
        format_func=lambda one: tr(verdict_words(one)).capitalize(),
        key=f"blind-verdict-{film}",
        width="stretch",
    )
    visit.reader = draw_name_field(visit)
    if st.button(
        tr("Sign the blind read"),
        type="primary",
        icon=":material/draw:",
        shortcut="Ctrl+Enter",
        width="stretch",
        disabled=verdict is None,
        key=f"blind-sign-{film}",
    ):
        assert verdict is not None
        get_shadow().sign_blind(film, verdict, visit.acting)
        st.rerun()
    st.caption(
        tr(
            "It is kept for the comparison alone. It gets no report and does not change the film "
            "in the worklist."
        )
    )


def _draw_done(visit: Visit) -> None:
    if not visit.acting.name:
        visit.reader = draw_name_field(visit)
        st.info(tr("Enter your name: a blind read is of a person."), icon=":material/badge:")
        return
    if not_allowed(visit, Act.SIGN_READ):
        return
    st.info(
        tr("No film awaits your blind read. Films that you have opened elsewhere are left out."),
        icon=":material/done_all:",
    )
