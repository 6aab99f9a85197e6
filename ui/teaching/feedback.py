"""A film after its read: reference, marks, the model's read, the sign, and films like it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain.findings import category_words
from core.error_analysis.gallery import Cell
from core.errors import FirstReadError
from core.jobs.explanations import ExplanationTask
from core.language.words import msg, tr
from core.library.films import SyntheticLibrary
from core.library.own_cases import OwnCases
from core.teaching.glossary import CATEGORIES, signs_for
from core.teaching.outcomes import Outcome, outcomes_of
from core.teaching.session import Case, Course, Phase, StepKind
from core.teaching.text import (
    answer_text,
    describe_plan,
    marks_text,
    reference_text,
    resistance_text,
    right_text,
)
from ui.app.progress import follow
from ui.app.query_params import YES, put
from ui.app.region_panel import draw_explanation, draw_region_panel
from ui.app.session import Visit
from ui.components.cards.cards import show_cards
from ui.components.plain_text import plain
from ui.library.copies import copy_text, draw_why_other
from ui.library.films import add_pictures, film_card
from ui.library.runs import get_engine_of, get_runs
from ui.regions.address import address_of
from ui.teaching.data import nearest_films, note_step, source_of
from ui.teaching.reading import FIND_KEY, draw_how_often_right, draw_model, film_of, show_film_at

NEAREST = "teaching-nearest"
NEAREST_WORDS = {
    Cell.TRUE_NEGATIVE: msg("Nearest normal"),
    Cell.TRUE_POSITIVE: msg("Nearest pneumonia"),
}


def next_key(place: int) -> str:
    """Return the key of the button that leads on from the answer of a film."""
    return f"teaching-next-{place}"


def draw_reveal(visit: Visit, course: Course, place: int, task: ExplanationTask | None) -> None:
    """Draw the answer of a film, and the result of the read."""
    last = place == len(course.films) - 1
    st.button(
        tr("Summary") if last else tr("Next film"),
        type="primary",
        icon=":material/arrow_forward:",
        shortcut="j",
        width="stretch",
        key=next_key(place),
        on_click=note_step,
        args=(visit, course.session.session_id, place, StepKind.SEEN),
    )
    if visit.complaint:
        st.warning(plain(visit.complaint), icon=":material/touch_app:")
    _draw_answer(visit, course, place, task, again=False)


def draw_again(visit: Visit, course: Course, place: int, to_review: Sequence[int]) -> None:
    """Draw a film of a session that is over, with all that is known of it.

    Parameters
    ----------
    to_review : sequence of int
        Places of the films read wrongly or not fully marked, in order: the keys lead from one to
        the next.
    """
    way_side, film_side, read_side = st.columns([1.0, 3.5, 1.35], gap="small")
    with way_side:
        _draw_way(course, place, to_review)
        draw_nearest(course, place)
    with film_side:
        asked, token = _regions_asked(), f"{course.session.session_id}-{place}-again"
        task = show_film_at(visit, course, place, token, Phase.REVEALED, asked=asked, again=True)
    with read_side:
        _draw_answer(visit, course, place, task, again=True)


def _draw_way(course: Course, place: int, to_review: Sequence[int]) -> None:
    """Draw the way back to the summary, and to the films to review before and after."""
    st.button(tr("Summary"), shortcut="g", width="stretch", key="again-summary", on_click=_open)
    before = [one for one in to_review if one < place]
    after = [one for one in to_review if one > place]
    left, right = st.columns(2, gap="small")
    ways = ((left, msg("Prev"), "k", before[-1:]), (right, msg("Next"), "j", after[:1]))
    for side, label, key, to in ways:
        side.button(
            tr(label),
            shortcut=key,
            width="stretch",
            disabled=not to,
            key=f"again-{label}",
            help=tr("Of the films wrong or not fully marked."),
            on_click=_open,
            args=tuple(to),
        )
    st.markdown(f"**{film_of(course, place)}**")
    st.caption(
        tr(
            "{plan}. Reader: {reader}.",
            plan=describe_plan(course.session.plan),
            reader=plain(course.session.reader),
        )
    )


def _open(place: int | None = None) -> None:
    """Open a film of a finished session, or its summary."""
    put(film="" if place is None else str(place + 1), regions="")


def _regions_asked() -> bool:
    return st.query_params.get("regions") == YES


def _draw_answer(
    visit: Visit, course: Course, place: int, task: ExplanationTask | None, *, again: bool
) -> None:
    read_before = sum(film.read is not None for film in course.films[:place])
    outcome = outcomes_of(course)[read_before]
    _draw_reference(outcome)
    if reference := source_of(course.session.plan.library).reference:
        st.caption(f":material/gavel: {tr(reference)}")
    draw_model(course, course.films[place])
    draw_copy(course, course.films[place].case)
    if outcome.final is not None:
        st.markdown(f":material/psychology: {tr(resistance_text(outcome))}")
    _draw_regions(visit, course, place, task, again=again)
    draw_how_often_right(course, course.films[place])
    _draw_signs(outcome)


def draw_copy(course: Course, case: Case) -> None:
    """Say which file of a film is shown, and why the Worklist gives it another probability."""
    library = source_of(course.session.plan.library).library
    if kind := copy_text(library, case.film_id):
        st.caption(f":material/aspect_ratio: {tr('Shown: {copy}.', copy=tr(kind))}")
    run = course.session.plan.run_id
    if run in get_runs():
        draw_why_other(library, case.film_id, run, case.probability)


def _draw_reference(outcome: Outcome) -> None:
    case = outcome.case
    icon = ":material/check_circle:" if outcome.right else ":material/cancel:"
    how = tr(
        "Your read was **{result}**: {read}",
        result=right_text(outcome),
        read=answer_text(outcome.read),
    )
    mark = tr("Mark: {marks}", marks=marks_text(outcome.score, len(outcome.read.marks)))
    st.markdown(
        f"### {tr(reference_text(case)).capitalize()}\n"
        f"{icon} {how}  \n"
        f":material/my_location: {mark}"
    )
    if case.label and case.subtype in CATEGORIES:
        category = category_words(CATEGORIES[case.subtype])
        st.caption(tr("The WHO calls it {category}.", category=category))
    if outcome.final is not None:
        second = tr("Second read: {read}", read=answer_text(outcome.final))
        st.markdown(f":material/repeat: {second}")
    if outcome.cut_off:
        counts = (
            tr("Time was up after {s} s: your choice counts.", s=outcome.limit_s)
            if outcome.answered
            else tr("Time was up after {s} s: you had chosen nothing.", s=outcome.limit_s)
        )
        st.caption(f":material/timer_off: {counts}")


def _draw_regions(
    visit: Visit, course: Course, place: int, task: ExplanationTask | None, *, again: bool
) -> None:
    run = get_runs().get(course.session.plan.run_id)
    if run is None or run.foreign:
        return
    if again and not _regions_asked():
        st.button(
            tr("Find the regions the score depends on"),
            icon=":material/blur_on:",
            shortcut=FIND_KEY[0],
            width="stretch",
            key="again-regions",
            on_click=lambda: put(regions=YES),
        )
    elif not again and not course.films[place].regions_shown:
        st.button(
            tr("Find the regions the score depends on"),
            icon=":material/blur_on:",
            shortcut=FIND_KEY[0],
            width="stretch",
            key=f"teaching-regions-{place}",
            on_click=note_step,
            args=(visit, course.session.session_id, place, StepKind.REGIONS),
        )
    follow(visit, task)
    if task is not None:
        source, film_id = source_of(course.session.plan.library), course.films[place].case.film_id
        engine, others = get_engine_of(run.run_id), source.external
        if source.library == OwnCases.name:  # which the page Regions does not open
            draw_explanation(visit, film_id, task, engine, of_others=others)
            return
        address = address_of(source.library, film_id, run.run_id, visit.way)
        draw_region_panel(visit, film_id, task, engine, address, of_others=others)


def _draw_signs(outcome: Outcome) -> None:
    case = outcome.case
    signs = signs_for(case.label, case.subtype)
    head = tr("What to look for") if case.label else tr("Pitfalls on a normal film")
    st.markdown(f"**{head}**")
    for turn, sign in enumerate(signs):
        with st.expander(tr(sign.name), expanded=turn == 0 and bool(case.label)):
            st.markdown(f"{tr(sign.words)}\n\n*{tr('Look for:')}* {tr(sign.look_for)}")
            st.caption("  \n".join(sign.references))


def draw_nearest(course: Course, place: int) -> None:
    """Draw the nearest normal film and the nearest one with pneumonia, of other patients."""
    case = course.films[place].case
    library = source_of(course.session.plan.library).library
    if library == OwnCases.name:  # no run is measured on them
        return
    try:
        near = nearest_films(course, case)
    except FirstReadError as exc:
        st.caption(plain(str(exc)))
        return
    near_cards = [
        film_card(near.films[cell], heading=tr(heading))
        for cell, heading in NEAREST_WORDS.items()
        if cell in near.films
    ]
    cards, _ = add_pictures(library, near_cards)
    st.caption(_how_near(by_features=near.by_features, patients=library != SyntheticLibrary.name))
    show_cards(cards, key=NEAREST, threshold=case.threshold, keys=False)


def _how_near(*, by_features: bool, patients: bool) -> str:
    if by_features and patients:
        return tr(
            "Nearest in the model's feature space, of other patients, and read correctly by it:"
        )
    if by_features:
        return tr("Nearest in the model's feature space and read correctly by it:")
    if patients:
        return tr("Nearest by the model's score only, of other patients, and read correctly by it:")
    return tr("Nearest by the model's score only and read correctly by it:")
