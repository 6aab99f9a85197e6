"""Beginning a teaching session, or going on with one that was interrupted."""

from __future__ import annotations

from secrets import randbelow

import streamlit as st

from core.datasets.fetch import how_to_get_films
from core.errors import FirstReadError
from core.language.numbers import time_text
from core.language.words import msg, tr, trn
from core.library.films import PublicLibrary
from core.library.own_cases import OwnCases
from core.settings import get_settings
from core.store.teaching import CaseSet
from core.teaching.session import (
    MAX_FILMS,
    USUAL_SHARE_NORMAL,
    Course,
    Difficulty,
    Plan,
    StepKind,
    difficulty_words,
)
from ui.app.identity import draw_name_field
from ui.app.resources import get_libraries, get_library
from ui.app.session import Visit
from ui.components.plain_text import plain
from ui.library.blind_reads import films_of_studies
from ui.teaching.data import (
    begin_session,
    get_sources,
    get_teaching_store,
    note_step,
    served_run_id,
    source_of,
    teaching_reader,
)
from ui.teaching.own_cases import count_own_cases

VIEWS = {
    "train": msg("Train"),
    "implants": msg("Implanted lesions"),
    "progress": msg("My progress"),
    "sets": msg("Case sets"),
}
"""What there is to do outside a session."""

USUAL_FILMS = 10
SEEDS = 10**6
LIMITS = {
    None: msg("not timed"),
    30: msg("30 s a film"),
    60: msg("1 min a film"),
    120: msg("2 min a film"),
}


def draw_setup(visit: Visit) -> None:
    """Draw what a session may be, and the sessions of this reader that are not over."""
    sources = get_sources()
    if not sources:
        _draw_no_films()
        return
    form_side, resume_side = st.columns([1.3, 1], gap="large")
    with form_side:
        st.header(tr("Read blind, then see the answer"))
        st.write(
            tr(
                "You choose pneumonia or normal and your confidence, and mark the lesion. Then you "
                "see the reference, the outlined lesion, the model's read and what to look for. "
                "Films are repeated at intervals that depend on how well you read them."
            )
        )
        visit.reader = draw_name_field(visit)
        _draw_form(visit, list(sources))
    with resume_side:
        _draw_unfinished(visit)


def draw_missing(visit: Visit, course: Course, place: int) -> bool:
    """Say that the film of a session is not here; return False where it is."""
    source = source_of(course.session.plan.library)
    if source.library == OwnCases.name or source.library in get_libraries():
        return _draw_gone(visit, course, place)
    st.header(tr("This session cannot continue here"))
    st.info(
        tr("{films} are not offered here.", films=source.title),
        icon=":material/image_not_supported:",
    )
    return True


def _draw_gone(visit: Visit, course: Course, place: int) -> bool:
    """Say that a film is there no more, as one of an earlier drawing, and offer to end."""
    session = course.session
    library = get_library(source_of(session.plan.library).library)
    if course.films[place].case.film_id in films_of_studies(visit, library.name):
        st.header(tr("This session waits"))
        st.info(
            tr(
                "You have yet to read this film in a reader study. The session would show you the "
                "answer, so it goes on once you have read the film there."
            ),
            icon=":material/visibility_off:",
        )
        return True
    try:
        library.read_bytes(course.films[place].case.film_id)
    except FirstReadError as exc:
        st.header(tr("This session cannot continue"))
        st.error(plain(str(exc)), icon=":material/image_not_supported:")
        st.write(tr("Your reads are kept, and the summary shows the results."))
        if st.button(tr("End the session"), key="teaching-end-gone", type="primary"):
            note_step(visit, session.session_id, place, StepKind.ENDED)
            if not visit.complaint:
                st.rerun()
            st.warning(plain(visit.complaint), icon=":material/touch_app:")
        return True
    return False


def _draw_no_films() -> None:
    """Say why no session can begin."""
    st.header(tr("Read blind, then see the answer"))
    st.write(tr("There are no films to practise with on this machine."))
    if not get_library(PublicLibrary.name).has_films:
        st.caption(tr(how_to_get_films(get_settings().data)))


def _draw_form(visit: Visit, sources: list[str]) -> None:
    case_set = _set_of_address()
    if case_set is not None:
        st.info(
            trn(
                "Case set “{name}” of {made_by}: {n} film.",
                "Case set “{name}” of {made_by}: {n} films.",
                len(case_set.film_ids),
                name=plain(case_set.name),
                made_by=plain(case_set.made_by),
            ),
            icon=":material/link:",
        )
    titles = get_sources()
    source = st.selectbox(
        tr("Films"),
        sources,
        format_func=lambda key: tr(titles[key].title),
        disabled=case_set is not None,
        key="teaching-source",
        persist_state="session",
    )
    shown = source if case_set is None else case_set.library
    usual = USUAL_FILMS
    if shown == OwnCases.name:
        usual = min(USUAL_FILMS, max(1, count_own_cases()))
        st.caption(f":material/gavel: {tr(source_of(shown).reference)}")
    left, middle, right = st.columns(3)
    films = left.number_input(
        tr("Number of films"), 1, MAX_FILMS, usual, disabled=case_set is not None
    )
    normal = middle.number_input(
        tr("Proportion normal (%)"),
        0,
        100,
        round(100 * USUAL_SHARE_NORMAL),
        step=10,
        disabled=case_set is not None,
        help=tr(
            "Of children X-rayed for suspected pneumonia, about 80 in 100 have none "
            "on the film (16 % of 2,574 and 22 % of 1,142 had it: Neuman 2011, "
            "Ramgopal 2022)."
        ),
    )
    difficulty = right.selectbox(
        tr("Difficulty"),
        list(Difficulty),
        format_func=lambda one: tr(difficulty_words(one)).capitalize(),
        disabled=case_set is not None,
        help=tr(
            "How much the runs disagree on a film, how many of them are wrong, and "
            "the readers' own errors. Cases that are due come first, at any "
            "difficulty."
        ),
    )
    model_side, time_side = st.columns([1.6, 1], vertical_alignment="bottom")
    with_model = model_side.toggle(
        tr("Show me the model's read after my own, for a second read"),
        help=tr("The model is not always right."),
    )
    limit_s = time_side.selectbox(
        tr("Time"),
        list(LIMITS),
        format_func=lambda limit: tr(LIMITS[limit]),
        help=tr(
            "When time is up, the film closes and your choice is your read. Without "
            "a verdict it counts as wrong. The clock starts when a film is first "
            "shown and keeps running while you are away. After an outage of the app "
            "it starts again."
        ),
    )
    plan = Plan(
        library=source if case_set is None else case_set.library,
        films=int(films) if case_set is None else len(case_set.film_ids),
        share_normal=normal / 100.0,
        difficulty=difficulty,
        with_model=with_model,
        limit_s=limit_s,
        seed=randbelow(SEEDS),
        run_id=served_run_id(),
        case_set=None if case_set is None else case_set.set_id,
    )
    if st.button(
        tr("Start"),
        type="primary",
        icon=":material/play_arrow:",
        shortcut="Ctrl+Enter",
        width="stretch",
        key="teaching-start",
    ):
        _begin(visit, plan)
    if visit.complaint:
        st.warning(plain(visit.complaint), icon=":material/touch_app:")


def _set_of_address() -> CaseSet | None:
    """Return the case set that the address names, or None with a sentence if it is not known."""
    named = st.query_params.get("set")
    if not named:
        return None
    found = get_teaching_store().case_set(named)
    if found is None:
        st.warning(
            tr(
                "There is no case set {case_set} here: ask for its link again.",
                case_set=plain(repr(named[:40])),
            ),
            icon=":material/link_off:",
        )
    return found


def _begin(visit: Visit, plan: Plan) -> None:
    try:
        session_id = begin_session(plan, visit.acting)
    except FirstReadError as exc:
        visit.complaint = exc.sentence
        return
    visit.complaint = ""
    st.query_params.from_dict({"session": session_id})
    st.rerun()


def _draw_unfinished(visit: Visit) -> None:
    reader = teaching_reader(visit)
    if not reader:
        st.caption(tr("Enter your name to see the sessions that you have not finished."))
        return
    courses = get_teaching_store().courses_of(reader)
    unfinished = [course for course in reversed(courses) if course.place is not None]
    if unfinished:
        st.subheader(tr("Not finished"))
    for course in unfinished[:5]:
        film, films = (course.place or 0) + 1, len(course.films)
        words = tr("Continue: film {film} of {films}", film=film, films=films)
        _draw_way_back(course, words)
    finished = [course for course in reversed(courses) if course.place is None]
    if finished:
        st.subheader(tr("Finished"))
    for course in finished[:8]:
        right = sum(
            film.read is not None and film.read.label is film.case.reference
            for film in course.films
        )
        _draw_way_back(course, tr("{right} of {read} right", right=right, read=len(course.read)))


def _draw_way_back(course: Course, words: str) -> None:
    session = course.session
    st.button(
        f"{time_text(session.started_at)} · {words}",
        key=f"teaching-open-{session.session_id}",
        on_click=st.query_params.from_dict,
        args=({"session": session.session_id},),
        width="stretch",
    )
