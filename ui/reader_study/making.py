"""The form of a new study: films, arms, washout, readers, and how many films it needs."""

from __future__ import annotations

from secrets import randbelow

import streamlit as st

from core.domain.reader import Act
from core.errors import FirstReadError
from core.language.words import Message, msg, tr, trn
from core.reader_studies.choosing import Candidate, choose_films, named_films
from core.reader_studies.design import ARM_WORDS, WASHOUT_DAYS, Arm, ReaderStudy, StudyCase
from core.reader_studies.study import MOST_FILMS, MOST_WASHOUT_DAYS
from core.store.reader_studies import MAX_CASE_TEXT, MAX_NAME
from ui.app.identity import draw_name_field, not_allowed
from ui.app.session import Visit
from ui.components.plain_text import plain
from ui.library.runs import name_offered
from ui.reader_study.data import advising_runs, candidates, film_sources, get_studies
from ui.reader_study.sample_size import draw_sample_size

MADE = "studies-made"
"""In the session: how many studies this visit has made."""

USUAL_FILMS, USUAL_WRONG = 8, 2
"""Eight films a reader, some with wrong advice, as in D. Prinster et al., Radiology 313 (2024)
e233261; a quarter of them here."""
USUAL_ARMS = (Arm.ALONE, Arm.REGIONS)
SEEDS = 2**31
READERS_TEXT = msg("One name a line; with a log-in, the address of the log-in")


def draw_making(visit: Visit) -> None:
    """Draw the form, and the sample size beside it."""
    sources = film_sources()
    if not_allowed(visit, Act.MAKE_STUDY):
        return
    if not sources:
        st.info(tr("The films are not there yet."), icon=":material/hourglass_empty:")
        return
    form_side, size_side = st.columns([1.3, 1], gap="large")
    with form_side:
        st.header(tr("Make a study"))
        draw_name_field(visit)
        _draw_form(visit, sources)
    with size_side:
        st.header(tr("How many films and readers?"))
        draw_sample_size()


def _draw_form(visit: Visit, sources: dict[str, str]) -> None:
    title = st.text_input(tr("Title"), max_chars=MAX_NAME, key="study-title")
    library_side, run_side = st.columns(2)
    library = library_side.selectbox(
        tr("Films from"), list(sources), format_func=lambda one: tr(sources[one]), key="study-films"
    )
    names = name_offered(library)
    run = run_side.selectbox(
        tr("Run that reads along"),
        advising_runs(library),
        format_func=lambda one: names.get(one, one),
        key="study-run",
    )
    if run is None:
        st.info(tr("No run has read these films yet."), icon=":material/hourglass_empty:")
        return
    pool = candidates(library, run)
    arms = st.multiselect(
        tr("Arms"),
        list(Arm),
        list(USUAL_ARMS),
        format_func=lambda arm: tr(ARM_WORDS[arm]).capitalize(),
        help=tr("Each reader reads each film once in every arm, in as many sessions as arms."),
        key="study-arms",
    )
    chosen, texts, complaint = _draw_films(pool)
    left, right = st.columns(2, vertical_alignment="bottom")
    washout = left.number_input(
        tr("Washout between sessions (days)"),
        0,
        MOST_WASHOUT_DAYS,
        WASHOUT_DAYS,
        help=tr("Four weeks are usual. The next session stays closed until it is over."),
        key="study-washout",
    )
    with_marks = right.toggle(tr("Readers mark where they see a lesion"), key="study-marks")
    written = st.text_area(
        tr("Readers"), placeholder=tr(READERS_TEXT), height=110, key="study-readers"
    )
    readers = tuple(" ".join(line.split()) for line in written.splitlines() if line.strip())
    if st.button(
        tr("Make the study"),
        type="primary",
        icon=":material/groups:",
        width="stretch",
        key="study-make",
    ):
        visit.complaint = complaint or _make(
            visit,
            title,
            library,
            run,
            chosen,
            texts,
            tuple(arms),
            readers,
            int(washout),
            with_marks,
        )
        if not visit.complaint:
            st.rerun()
    if visit.complaint:
        st.warning(plain(visit.complaint), icon=":material/touch_app:")


def _draw_films(
    pool: tuple[Candidate, ...],
) -> tuple[tuple[Candidate, ...], dict[str, str], str]:
    """Return the films that are chosen, their case texts, and what stands in the way."""
    own = st.toggle(tr("Name the films myself"), key="study-own-films")
    if own:
        listed = st.text_area(
            tr("Films"),
            placeholder=tr("One film a line: its name, then after a comma the case text"),
            help=tr("Names are those of the page Errors. Readers see the text and not the name."),
            height=140,
            key="study-list",
        )
        pairs = [line.partition(",")[::2] for line in listed.splitlines() if line.strip()]
        names = [name.strip() for name, _ in pairs]
        try:
            films = named_films(pool, names)
        except FirstReadError as exc:
            st.warning(plain(exc.sentence), icon=":material/link_off:")
            return (), {}, exc.sentence
        texts = [" ".join(text.split()) for _, text in pairs]
        told = {one.film_id: text for one, text in zip(films, texts, strict=True)}
        st.caption(trn("{n} film.", "{n} films.", len(films)))
        return films, told, ""
    wrong_there = sum(one.misled for one in pool)
    left, right = st.columns(2)
    most = min(MOST_FILMS, len(pool))
    number = left.number_input(
        tr("Number of films"),
        4,
        most,
        min(USUAL_FILMS, most),
        step=2,
        help=tr("Half of them have pneumonia. They are drawn by chance, one film of a patient."),
        key="study-n",
    )
    wrong = right.number_input(
        tr("Films on which the model is wrong"),
        0,
        max(1, wrong_there),
        min(USUAL_WRONG, wrong_there),
        help=tr("They show whether wrong advice misleads. Readers are not told which they are."),
        key="study-wrong",
    )
    st.caption(
        tr(
            "Of {n} films the run is wrong on {wrong}, by its own side of the threshold.",
            n=len(pool),
            wrong=wrong_there,
        )
    )
    text = st.text_area(
        tr("Case text for every film"),
        placeholder=tr("Such as: child of 1 to 5 years, cough and fever"),
        max_chars=MAX_CASE_TEXT,
        height=70,
        key="study-text",
    )
    seed = st.session_state.setdefault("study-seed", randbelow(SEEDS))
    try:
        found = choose_films(pool, int(number), int(wrong), seed)
    except FirstReadError as exc:
        return (), {}, exc.sentence
    return found, {one.film_id: " ".join(text.split()) for one in found}, ""


def _make(
    visit: Visit,
    title: str,
    library: str,
    run: str,
    films: tuple[Candidate, ...],
    texts: dict[str, str],
    arms: tuple[Arm, ...],
    readers: tuple[str, ...],
    washout: int,
    with_marks: bool,
) -> Message | str:
    """Store the study; return why not, if it cannot be."""
    seed = st.session_state["study-seed"] if "study-seed" in st.session_state else randbelow(SEEDS)
    ordered = tuple(arm for arm in Arm if arm in arms)
    try:
        design = ReaderStudy(
            " ".join(title.split()),
            tuple(StudyCase(one.film_id, one.ill, texts[one.film_id]) for one in films),
            ordered,
            readers,
            seed,
            washout,
        )
        advice = {one.film_id: one.advice for one in films}
        kept = get_studies().make(design, library, run, advice, visit.acting, with_marks=with_marks)
    except FirstReadError as exc:
        return exc.sentence
    st.session_state.pop("study-seed", None)
    st.session_state[MADE] = st.session_state.get(MADE, 0) + 1  # the page shows the studies again
    visit.notice = tr(
        "The study {title} is made. Its readers find it here.", title=kept.design.name
    )
    st.query_params.clear()
    return ""
