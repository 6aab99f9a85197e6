"""The end of a session: its figures, its films to be opened again, and its PDF."""

from __future__ import annotations

import streamlit as st

from core.domain.mark import Mark
from core.errors import FirstReadError
from core.imaging.display import restore_proportions
from core.imaging.film_pictures import outlined_picture
from core.language.lists import said_rows
from core.language.numbers import day_text
from core.language.words import tr, trn
from core.library.own_cases import OwnCases
from core.teaching.outcomes import Outcome, outcomes_of
from core.teaching.report import NUMBER, DrawnFilm, session_as_pdf
from core.teaching.session import Course
from core.teaching.spaced_repetition import due_dates
from core.teaching.text import (
    TIME,
    TO_REVIEW,
    describe_outcomes,
    describe_plan,
    reference_text,
    said_text,
)
from ui.app.session import Visit
from ui.components.cards.cards import read_cards_event, show_cards
from ui.components.plain_text import plain
from ui.components.saver.saver import offer_file
from ui.library.blind_reads import awaits_blind_read
from ui.library.copies import load_film
from ui.library.films import add_pictures, film_card
from ui.review.report_films import decode_for_report
from ui.teaching.data import outcomes_in, source_of, truth_outlines
from ui.teaching.feedback import draw_again
from ui.teaching.progress import draw_figures, draw_plots

TO_OPEN = "teaching-to-open"
FILM = "film"
"""In the address: which film of a finished session is open, counted from 1."""


def draw_over(visit: Visit, course: Course) -> None:
    """Draw the summary of a session that is over, or the film of it that is open again."""
    wish = read_cards_event(TO_OPEN)
    film_ids = [film.case.film_id for film in course.films]
    if wish is not None and wish.act == "open" and wish.film in film_ids:
        st.query_params[FILM] = str(film_ids.index(wish.film) + 1)
    place = _open_place(course)
    if place is None:
        st.query_params.pop(FILM, None)
        draw_summary(visit, course)
        return
    awaited = awaits_blind_read(visit, _library(course), course.films[place].case.film_id)
    if awaited:
        st.info(tr(awaited), icon=":material/visibility_off:")
        st.button(tr("Summary"), on_click=st.query_params.pop, args=(FILM, None))
        return
    draw_again(visit, course, place, _places_to_review(course))


def _library(course: Course) -> str:
    return source_of(course.session.plan.library).library


def _open_place(course: Course) -> int | None:
    """Return the place of the film that the address opens; None if it has not been read."""
    named = st.query_params.get(FILM, "")
    place = int(named[:4]) - 1 if named.isascii() and named.isdecimal() else -1
    read = 0 <= place < len(course.films) and course.films[place].read is not None
    return place if read else None


def _by_place(course: Course) -> dict[int, Outcome]:
    """Return the outcome of each film that was read, by its place in the session."""
    read = (place for place, film in enumerate(course.films) if film.read is not None)
    return dict(zip(read, outcomes_of(course), strict=True))


def _places_to_review(course: Course) -> list[int]:
    return [place for place, outcome in _by_place(course).items() if outcome.to_review]


def draw_summary(visit: Visit, course: Course) -> None:
    """Draw what a session came to, film by film, and offer it as a PDF."""
    session, outcomes = course.session, _by_place(course)
    head, again_side, pdf_side = st.columns([3.4, 1.3, 0.9], vertical_alignment="bottom")
    head.header(
        trn(
            "Session of {reader}: {read} of {n} film read",
            "Session of {reader}: {read} of {n} films read",
            len(course.films),
            reader=plain(session.reader),
            read=len(outcomes),
        )
    )
    head.caption(tr(describe_plan(session.plan)))
    if again_side.button(tr("New session"), width="stretch", shortcut="Ctrl+Enter"):
        st.query_params.clear()
        st.rerun()
    if not outcomes:
        st.info(tr("No film of this session was read."), icon=":material/school:")
        return
    with pdf_side:
        _draw_pdf(visit, course)
    figures_side, plots_side = st.columns([1, 1.7], gap="large")
    with figures_side:
        draw_figures(list(outcomes.values()), with_model=session.plan.with_model)
        due = due_dates(outcomes_in(session.reader, session.plan.library))
        own = sorted(due[one.case.film_id] for one in outcomes.values() if one.case.film_id in due)
        if own:
            st.caption(tr("The first of these films is due again on {day}.", day=day_text(own[0])))
    with plots_side:
        draw_plots(list(outcomes.values()), learning=False)
    _draw_to_review(course, outcomes)
    _draw_table(outcomes)


def _draw_to_review(course: Course, outcomes: dict[int, Outcome]) -> None:
    """Draw the films that were read wrongly or not marked in full, to be opened."""
    found = {place: one for place, one in outcomes.items() if one.to_review}
    st.subheader(
        trn(
            "{what}: {wrong} of {n} film",
            "{what}: {wrong} of {n} films",
            len(outcomes),
            what=TO_REVIEW,
            wrong=len(found),
        )
    )
    if not found:
        st.caption(tr("Every film was read correctly, and every outlined focus was marked."))
        return
    st.caption(
        tr("Press one to see the film with your marks, the reference and the model's regions.")
    )
    cards = [
        film_card(
            one.case.film_id,
            heading=tr("Film {number}", number=place + 1),
            words=tr(reference_text(one.case)),
            quality=tr(said_text(one)),
        )
        for place, one in found.items()
    ]
    library = _library(course)
    if library != OwnCases.name:  # no picture of a patient's film is kept on disk
        cards, _ = add_pictures(library, cards)
    show_cards(cards, key=TO_OPEN, threshold=None, label=tr(TO_REVIEW))


def _draw_table(outcomes: dict[int, Outcome]) -> None:
    """Draw every film as a row; a chosen row opens the film."""
    st.subheader(tr("All films"))
    event = st.dataframe(
        said_rows(
            {NUMBER: place + 1, **row}
            for place, row in zip(outcomes, describe_outcomes(list(outcomes.values())), strict=True)
        ),
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        key="teaching-films",
        placeholder="",
        alt=tr("Every film of the session"),
        column_config={tr(TIME): st.column_config.NumberColumn(tr("Time (s)"), format="%.0f")},
    )
    chosen = event["selection"]["rows"]
    places = list(outcomes)
    if chosen and chosen[0] < len(places):
        st.query_params[FILM] = str(places[chosen[0]] + 1)
        st.rerun()
    st.caption(tr("Choose a row to see the film again."))


# --- the PDF: made when somebody asks for it, and kept nowhere ---


def _draw_pdf(visit: Visit, course: Course) -> None:
    box = st.popover(
        "PDF", icon=":material/picture_as_pdf:", width="stretch", key="teaching-pdf",
        on_change="rerun",
    )  # fmt: skip
    if not box.open:
        return
    with box, st.spinner(tr("Making the PDF")):
        pdf = session_as_pdf(course, _draw_films(visit, course))
        name = f"first-read-session-{course.session.session_id[:8]}.pdf"
        offer_file(
            tr("Save as PDF"), pdf, name=name, mime="application/pdf", key="teaching-pdf-file"
        )
        st.caption(tr("Figures, films wrong or not fully marked, and a line for each film."))


def _draw_films(visit: Visit, course: Course) -> list[DrawnFilm]:
    """Return the films to review as pictures with the lesion's outline."""
    by_place, library, drawn = _by_place(course), _library(course), []
    for place in _places_to_review(course):
        outcome = by_place[place]
        film_id, why = outcome.case.film_id, ""
        picture, sides, boxes = b"", (1, 1), list[Mark]()
        try:
            why = awaits_blind_read(visit, library, film_id)
            if not why:
                film = load_film(library, film_id)
                shown = decode_for_report(film, lambda: False)
                if film.original_px is not None:
                    shown = restore_proportions(shown, *film.original_px)
                truths = [one for one in truth_outlines(course, outcome.case) if one.kind != "lung"]
                masks = [one.mask for one in truths if one.mask is not None]
                boxes = [Mark(*one.box) for one in truths if one.box is not None]
                picture = outlined_picture(shown, masks)
                sides = shown.levels.shape
        except FirstReadError as exc:
            why = str(exc)
        drawn.append(DrawnFilm(place + 1, outcome, picture, sides, tuple(boxes), why))
    return drawn
