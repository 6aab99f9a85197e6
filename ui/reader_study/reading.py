"""The next film of a reader's session: film, case text, what the arm shows, and the read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import streamlit as st

from core.domain.mark import MAX_MARKS, Mark
from core.domain.reader import reader_key
from core.domain.regions import SETTINGS, Way
from core.errors import FirstReadError
from core.jobs.batch import UploadedFilm
from core.jobs.explanations import ExplanationTask
from core.language.numbers import time_text
from core.language.words import msg, tr
from core.reader_studies.design import ARM_WORDS, Arm, StudyRead
from core.reader_studies.study import KeptStudy, Progress, not_yet_text
from ui.app.explanations import request_explanation
from ui.app.progress import follow
from ui.app.region_panel import draw_explanation, overlay_of
from ui.app.resources import get_film_view
from ui.app.session import Visit, show_not_kept
from ui.components.panels import draw_measured, draw_scale
from ui.components.plain_text import plain
from ui.components.rating.rating import read_rating_event, show_rating
from ui.components.viewer.viewer import Marking, read_marks_event, show_film
from ui.library.copies import load_film
from ui.library.runs import get_engine_of, get_runs
from ui.reader_study.data import RESULTS, SHOW, Stand, get_studies, now, prediction_of, stand_of

VIEWER, RATING = "study-viewer", "study-rating"
VIEW_HEIGHT = "var(--fr-view)"
KEYS = (
    ("p n", msg("Pneumonia, normal")),
    ("0 1 2 3 4 5 6 7 8 9", msg("How likely pneumonia is: type a number from 0 to 100")),
    ("Ctrl Enter", msg("Lock the read")),
)


@dataclass(frozen=True, slots=True)
class OpenFilm:
    """The film that is read now.

    Attributes
    ----------
    token : str
        Names this reader's read of it.
    """

    study: KeptStudy
    progress: Progress
    read: StudyRead
    token: str

    @property
    def film_id(self) -> str:
        """Of the film, in its library."""
        return self.read.case.film_id


def film_of(stand: Stand) -> OpenFilm | None:
    """Return the film that the visitor reads next; None if none may be read now."""
    progress = stand.progress
    if stand.study.closed_at is not None or progress is None or progress.following is None:
        return None
    if progress.opens_at is None or now() < progress.opens_at:
        return None
    place = f"{progress.session}-{progress.place}"
    token = f"{stand.study.study_id}-{place}-{reader_key(stand.name or '')}"
    return OpenFilm(stand.study, progress, progress.following, token)


def record_read(visit: Visit, stand: Stand) -> Stand:
    """Store what was locked in the browser, and return how far the visitor is then.

    Where the database cannot be written, `Visit.not_kept` says why, and the next run tries again.
    """
    visit.not_kept = ""
    film = film_of(stand)
    said = None if film is None else read_rating_event(RATING, film.token)
    if film is None or said is None:
        return stand
    edges = read_marks_event(VIEWER, film.token) if film.study.with_marks else None
    answer = replace(said, marks=tuple(Mark(*one) for one in edges or ()))
    try:
        get_studies().read(film.study, film.progress, answer, visit.acting)
    except FirstReadError as exc:
        visit.not_kept = exc.sentence
        return stand
    return stand_of(visit, stand.study)


def draw_reading(visit: Visit, stand: Stand) -> None:
    """Draw the next film of the visitor's session, or why there is none."""
    film = film_of(stand)
    if film is None:
        visit.study_film = ""
        _draw_none(visit, stand)
        return
    prediction = prediction_of(film.study, film.film_id)
    if film.read.arm is not Arm.ALONE and prediction is None:
        st.error(
            tr(
                "Run {run} is not here, or it has changed. This film cannot be shown as planned.",
                run=film.study.run_id,
            ),
            icon=":material/link_off:",
        )
        _draw_leave(visit)
        return
    way_side, film_side, read_side = st.columns([1.0, 3.5, 1.35], gap="small")
    with way_side, st.container(key="study-way"):
        _draw_way(visit, film)
    try:
        upload = load_film(film.study.library, film.film_id)
        task = _explain(film, upload)
    except FirstReadError as exc:
        film_side.error(plain(str(exc)), icon=":material/image_not_supported:")
        return
    visit.wait_for(task)
    if task is not None and not task.finished:  # the film and its regions come at once
        with film_side:
            follow(visit, task)
        return
    if sentence := _note_opened(visit, film):
        with film_side:
            st.warning(plain(sentence), icon=":material/save:")
            _draw_again()
        return
    with film_side:
        _draw_film(visit, film, upload, task)
    with read_side:
        _draw_read(visit, film, upload, task)
    _make_ahead(film)


def _make_ahead(film: OpenFilm) -> None:
    """Begin the regions of the film that follows, so that it comes without a wait."""
    following = film.progress.plan[film.progress.place + 1 : film.progress.place + 2]
    for read in following:
        if read.arm is Arm.REGIONS:
            with suppress(FirstReadError):  # which is said when its turn comes
                upload = load_film(film.study.library, read.case.film_id)
                engine = get_engine_of(film.study.run_id)
                request_explanation(upload, engine, settings=SETTINGS[Way.CAM], asked=False)


def _draw_none(visit: Visit, stand: Stand) -> None:
    progress = stand.progress
    if stand.study.closed_at is not None:
        words, icon = tr("This study is closed. Nothing more is read in it."), "lock"
    elif progress is None:
        words = tr(
            "{reader} does not read in this study. Choose the name that the study has for you.",
            reader=plain(visit.reader or tr("Nobody")),
        )
        icon = "person_off"
    elif progress.opens_at is None:
        words = tr("You have read every film in every arm. Thank you.")
        icon = "task_alt"
    else:
        words, icon = tr(not_yet_text(progress, time_text(progress.opens_at))), "schedule"
    st.subheader(plain(stand.study.design.name))
    st.info(words, icon=f":material/{icon}:")
    if progress is not None and progress.opens_at is None and stand.study.closed_at is None:
        st.caption(tr("The results are shown here once the study is closed."))
    if stand.study.closed_at is not None:
        st.button(
            tr("Results"),
            icon=":material/table_chart:",
            key="study-results",
            on_click=st.query_params.update,
            args=({SHOW: RESULTS},),
        )
    _draw_leave(visit)


def _draw_way(visit: Visit, film: OpenFilm) -> None:
    progress, films = film.progress, len(film.progress.plan)
    number = tr("Film {number} of {films}", number=progress.place + 1, films=films)
    st.markdown(f"**{number}**")
    st.progress(progress.place / films)
    st.caption(
        tr(
            "Session {session} of {sessions}",
            session=progress.session + 1,
            sessions=progress.sessions,
        )
    )
    st.markdown(f":gray-badge[{tr('You read {arm}', arm=ARM_WORDS[film.read.arm])}]")
    st.caption(plain(film.study.design.name))
    st.caption(
        tr(
            "Every read is stored and cannot be changed. The reference is not shown before the "
            "study is closed."
        )
    )
    _draw_leave(visit)


def _draw_leave(visit: Visit) -> None:
    def leave() -> None:
        visit.study_film = ""
        st.query_params.clear()

    st.button(
        tr("Leave"),
        icon=":material/arrow_back:",
        key="study-leave",
        help=tr("Continue later with the same film."),
        on_click=leave,
    )


def _explain(film: OpenFilm, upload: UploadedFilm) -> ExplanationTask | None:
    if film.read.arm is not Arm.REGIONS:
        return None
    return request_explanation(upload, get_engine_of(film.study.run_id), settings=SETTINGS[Way.CAM])


def _note_opened(visit: Visit, film: OpenFilm) -> str:
    """Store when the film comes onto the screen, once a showing; return why not, if it cannot be.

    Without that moment no time is known, so that the film is not shown.
    """
    if visit.study_film != film.token:
        try:
            get_studies().open_film(film.study, film.progress, visit.acting)
        except FirstReadError as exc:
            return exc.sentence
        visit.study_film = film.token
    return ""


def _draw_again() -> None:
    st.button(tr("Try again"), icon=":material/refresh:", key="study-again")


def _draw_film(
    visit: Visit, film: OpenFilm, upload: UploadedFilm, task: ExplanationTask | None
) -> None:
    number = tr(
        "Film {number} of {films}", number=film.progress.place + 1, films=len(film.progress.plan)
    )
    explanation = None if task is None else task.result
    marking = Marking(film.token, most=MAX_MARKS, draft=True) if film.study.with_marks else None
    show_film(
        replace(get_film_view(upload), alt_text=number),
        regions=overlay_of(visit, upload.key, explanation, of_others=False),
        key=VIEWER,
        height=VIEW_HEIGHT,
        page_keys=tuple((key, tr(words)) for key, words in KEYS),
        marking=marking,
    )


def _draw_read(
    visit: Visit, film: OpenFilm, upload: UploadedFilm, task: ExplanationTask | None
) -> None:
    show_not_kept(visit)
    if visit.not_kept:
        _draw_again()
    if film.read.case.text:
        st.markdown(f"**{tr('The child')}**")
        st.markdown(plain(film.read.case.text))
    prediction = prediction_of(film.study, film.film_id)
    if film.read.arm is not Arm.ALONE and prediction is not None:
        st.markdown(f"**{tr('The model')}**")
        draw_scale(prediction)
        if task is not None:
            engine = get_engine_of(film.study.run_id)
            draw_explanation(visit, upload.key, task, engine, fixed=True)
    st.markdown(f"**{tr('Your read')}**")
    note = tr("If there is a lesion, mark where: m, then click, drag a box, or arrows and Enter.")
    show_rating(key=RATING, token=film.token, note=note if film.study.with_marks else "")
    if film.read.arm is not Arm.ALONE and prediction is not None:
        draw_measured(prediction, get_runs()[film.study.run_id])
