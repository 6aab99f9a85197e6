"""The open film of a session: the blind read, the second read after the model's, and their keys."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime

import streamlit as st

from core.datasets.copies import SQUARE_COPY
from core.domain.mark import MAX_MARKS, Mark
from core.domain.rate import probability_text
from core.domain.reader import Reader
from core.domain.review import verdict_words
from core.errors import FirstReadError, ReviewStoreError
from core.jobs.explanations import ExplanationTask
from core.language.words import msg, tr
from core.reads.signing import utc_now
from core.teaching.mark_scoring import score_marks
from core.teaching.session import (
    TRANSPORT_S,
    Answer,
    Course,
    FilmState,
    Phase,
    StepKind,
    answer_as_json,
    cut_off_answer,
)
from core.teaching.text import describe_plan
from ui.app.explanations import request_explanation, usual_settings
from ui.app.progress import Watch
from ui.app.region_panel import overlay_of
from ui.app.resources import get_film_view
from ui.app.session import Visit, show_not_kept
from ui.app.ward import run_as_it_read
from ui.components.answer.answer import AnswerEvent, read_answer_event, show_answer
from ui.components.panels import draw_measured, draw_scale
from ui.components.plain_text import plain
from ui.components.viewer.viewer import Marking, read_marks_event, show_film
from ui.library.copies import copy_text, load_film
from ui.library.runs import get_engine_of, get_runs
from ui.teaching.data import (
    get_teaching_store,
    lesion_truth,
    note_step,
    prediction_of,
    prepare_nearest,
    source_of,
    truth_outlines,
)

VIEWER = "teaching-viewer"
VIEW_HEIGHT = "var(--fr-view)"
ANSWER = "teaching-answer"
READ_KEYS = (
    ("p n", msg("Pneumonia, normal")),
    ("l t e", msg("Consolidation, other infiltrate, effusion")),
    ("1 2 3 4 5", msg("How sure you are")),
    ("Ctrl Enter", msg("Lock the read")),
)
REVEALED_KEYS = (("j", msg("Next film")),)
AGAIN_KEYS = (
    ("j k", msg("Next, previous film wrong or not fully marked")),
    ("g", msg("Summary")),
)
FIND_KEY = ("o", msg("Find the regions that the model's score depends on"))
"""Of a revealed film, until they are on it: then the film's own key shows and hides them."""
CLOCK_S = 1.0


@st.cache_resource(show_spinner=False)
def running_since() -> datetime:
    """Return when this process first heard of a session: before that, no clock ran."""
    return utc_now()


def phase_of(course: Course, place: int) -> Phase:
    """Return what is done with the film at a place now."""
    return course.films[place].phase(with_model=course.session.plan.with_model)


def record_progress(visit: Visit, course: Course, place: int) -> Course:
    """Store what was done in the browser since the last run, and return where that leads.

    Where the database cannot be written, `Visit.not_kept` says why: the answer and the marks stay
    in the browser, and the next run tries again.
    """
    visit.not_kept = ""
    if was_overtaken(visit, course, place):
        return course
    try:
        course = _record(course, place, visit.acting)
    except ReviewStoreError as exc:
        visit.not_kept = exc.sentence
    else:  # no call of Streamlit in between: it may end the run
        visit.shown_read = _token(course, place)
    return course


def was_overtaken(visit: Visit, course: Course, place: int) -> bool:
    """Return whether another window made the read that this one shows.

    What is said here next would be taken for the read that follows.
    """
    shown = visit.shown_read
    of_session = shown.startswith(f"{course.session.session_id}-")
    return of_session and shown != _token(course, place)


def draw_overtaken(visit: Visit) -> None:
    """Say that the session went on elsewhere, and ask before it goes on here."""
    st.warning(
        tr("This session went on in another window. What you chose here was not stored."),
        icon=":material/tab:",
    )
    st.button(
        tr("Continue here"),
        icon=":material/arrow_forward:",
        width="stretch",
        key="teaching-overtaken",
        on_click=_show_anything,
        args=(visit,),
    )


def _show_anything(visit: Visit) -> None:
    visit.shown_read = ""


def _record(course: Course, place: int, by: Reader) -> Course:
    store, session_id, film = get_teaching_store(), course.session.session_id, course.films[place]
    phase = phase_of(course, place)
    if film.opened_at is None:
        store.note(session_id, place, StepKind.OPENED, by=by)
    if phase is not Phase.REVEALED:
        said = read_answer_event(ANSWER, _token(course, place))
        if film.time_is_up(course.session.plan.limit_s, utc_now(), running_since()):
            _lock(course, place, cut_off_answer(film.draft), by, cut_off=True)
            return store.course(session_id) or course
        answer = _event_answer(course, place, said)
        if answer != film.draft:
            store.note(session_id, place, StepKind.DRAFT, answer_as_json(answer), by=by)
        if said is not None and said.lock and not answer.lacks:
            _lock(course, place, answer, by)
    return store.course(session_id) or course


def _event_answer(course: Course, place: int, said: AnswerEvent | None) -> Answer:
    """Return the draft with what was said and marked in the browser."""
    draft = course.films[place].draft
    if said is not None:
        findings = said.findings
        draft = replace(draft, label=said.label, confidence=said.confidence, findings=findings)
    marks = read_marks_event(VIEWER, _token(course, place))
    if marks is None or phase_of(course, place) is not Phase.BLIND:
        return draft
    return replace(draft, marks=tuple(Mark(*edges) for edges in marks))


def _lock(course: Course, place: int, answer: Answer, by: Reader, *, cut_off: bool = False) -> None:
    """Store the blind read with what became of its marks, or the second read."""
    store, session_id = get_teaching_store(), course.session.session_id
    if phase_of(course, place) is Phase.SECOND:
        store.note(session_id, place, StepKind.FINAL, answer_as_json(answer), by=by)
        return
    case = course.films[place].case
    score = score_marks(answer.marks, lesion_truth(course, case), ill=case.label == 1)
    said = answer_as_json(answer) | {"score": asdict(score), "cut_off": cut_off}
    store.note(session_id, place, StepKind.READ, said, by=by)


def _token(course: Course, place: int) -> str:
    return f"{course.session.session_id}-{place}-{phase_of(course, place)}"


def film_of(course: Course, place: int) -> str:
    """Return which film of the session it is, in words."""
    return tr("Film {number} of {films}", number=place + 1, films=len(course.films))


def draw_navigation(visit: Visit, course: Course, place: int) -> None:
    """Draw how far the session is, and the way out of it."""
    st.markdown(f"**{film_of(course, place)}**")
    st.progress(place / len(course.films))
    st.caption(tr(describe_plan(course.session.plan)))
    st.caption(tr("Reader: {reader}. Every step is stored.", reader=plain(course.session.reader)))
    leave_side, end_side = st.columns(2, gap="small")
    if leave_side.button(
        tr("Leave"), width="stretch", key="teaching-leave", help=tr("Continue later.")
    ):
        st.query_params.clear()
        st.rerun()
    with end_side.popover(tr("End"), width="stretch"):
        st.write(tr("The remaining films stay unread, and the summary is shown."))
        if st.button(tr("End the session"), key="teaching-end"):
            note_step(visit, course.session.session_id, place, StepKind.ENDED)
            if not visit.complaint:
                st.rerun()
            st.warning(plain(visit.complaint), icon=":material/touch_app:")


def draw_film(visit: Visit, course: Course, place: int) -> ExplanationTask | None:
    """Draw the open film, with marks, and once it is revealed with truth and regions."""
    phase, asked = phase_of(course, place), course.films[place].regions_shown
    return show_film_at(visit, course, place, _token(course, place), phase, asked=asked)


def show_film_at(
    visit: Visit,
    course: Course,
    place: int,
    token: str,
    phase: Phase,
    *,
    asked: bool,
    again: bool = False,
) -> ExplanationTask | None:
    """Draw a film of a session.

    Parameters
    ----------
    token : str
        Tells one showing of the film from the next.
    asked : bool
        Whether regions are found, of a film that is revealed.
    again : bool
        Whether the session is over.
    """
    film = course.films[place]
    case, source = film.case, source_of(course.session.plan.library)
    revealed = phase is Phase.REVEALED
    try:
        upload = load_film(source.library, case.film_id)
        shown = replace(get_film_view(upload), alt_text=film_of(course, place))
        truths = truth_outlines(course, case) if revealed else []
    except FirstReadError as exc:
        st.error(plain(str(exc)), icon=":material/image_not_supported:")
        return None
    run = course.session.plan.run_id
    asked = revealed and asked and run in get_runs()
    settings = usual_settings(visit.way)
    task = request_explanation(upload, get_engine_of(run), settings=settings) if asked else None
    visit.wait_for(task)
    explanation = None if task is None else task.result
    keys = AGAIN_KEYS if again else REVEALED_KEYS if revealed else READ_KEYS
    keys = (*keys, FIND_KEY) if revealed and not asked else keys
    keys = tuple((key, tr(words)) for key, words in keys)
    marks = tuple(mark.edges for mark in (film.read or film.draft).marks)
    show_film(
        shown,
        regions=overlay_of(visit, case.film_id, explanation, of_others=source.external),
        key=VIEWER,
        height=VIEW_HEIGHT,
        page_keys=keys,
        marking=Marking(token, marks, phase is Phase.BLIND, MAX_MARKS),
        truths=truths,
    )
    return task


def draw_read(visit: Visit, course: Course, place: int) -> None:
    """Draw what the trainee says of the film, before or after the model's read."""
    show_not_kept(visit)
    if visit.not_kept:
        st.button(tr("Try again"), icon=":material/refresh:", key="teaching-again")
    film, phase = course.films[place], phase_of(course, place)
    second, marks = phase is Phase.SECOND, len(film.draft.marks)
    note = tr("If there is a lesion, mark where: m, then click, drag a box, or arrows and Enter.")
    if second:
        draw_model(course, film)
        st.markdown(f"**{tr('Your second read')}**")
        st.caption(tr("Keep your read or change it; the first one stays as it is."))
    else:
        st.markdown(f"**{tr('Your read')}**")
        _draw_square_copy(course, film)
        prepare_nearest(course)
        limit_s = course.session.plan.limit_s
        if limit_s is not None:
            _run_clock(Watch(), limit_s, film.clock_from(running_since()) or utc_now())
    show_answer(
        film.draft,
        key=ANSWER,
        token=_token(course, place),
        lock=tr("Lock the second read") if second else tr("Lock the read"),
        note="" if second else tr("{marks} marked.", marks=marks) if marks else note,
    )
    if second:
        draw_how_often_right(course, film)


def _draw_square_copy(course: Course, film: FilmState) -> None:
    """Say of a film that its file is small; films of either class have such files alone."""
    library = source_of(course.session.plan.library).library
    if copy_text(library, film.case.film_id).startswith(SQUARE_COPY):
        st.caption(f":material/aspect_ratio: {tr('Shown: {copy}.', copy=tr(SQUARE_COPY))}")


def draw_model(course: Course, film: FilmState) -> None:
    """Draw the model's read as it was kept with the session."""
    prediction = prediction_of(course, film.case)
    if prediction is None:
        st.markdown(
            tr(
                "**Model: {verdict}**: {probability}",
                verdict=verdict_words(film.case.model_says),
                probability=probability_text(film.case.probability),
            )
        )
    else:
        draw_scale(prediction)
    note = source_of(course.session.plan.library).note
    if note:
        st.caption(tr(note))


def draw_how_often_right(course: Course, film: FilmState) -> None:
    """Say how often the model was right on this side: below what the reader does next."""
    prediction = prediction_of(course, film.case)
    if prediction is not None:
        run = run_as_it_read(prediction, get_runs()[prediction.run_id])
        draw_measured(prediction, run)


@st.fragment(run_every=CLOCK_S)
def _run_clock(watch: Watch, limit_s: int, opened_at: datetime) -> None:
    left = limit_s - (utc_now() - opened_at).total_seconds()
    watch.rerun_if(news=left < -TRANSPORT_S)
    words = (
        tr("{left:.0f} s left", left=left) if left > 0 else tr("Time is up: your choice counts.")
    )
    st.progress(min(1.0, max(0.0, left / limit_s)), text=words)
    st.caption(tr("Then the film closes. A read without a verdict counts as not answered."))
