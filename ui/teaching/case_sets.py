"""A teacher's side: assembling and sharing case sets, and how a group read one."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from core.domain.rate import probability_text
from core.domain.reader import Act
from core.errors import FirstReadError
from core.language.lists import said_rows
from core.language.numbers import number
from core.language.words import Message, msg, tr, trn
from core.store.teaching import CaseSet
from core.tables import csv_table
from core.teaching.outcomes import Outcome, first_reads, outcomes_of, summarise
from core.teaching.session import MAX_FILMS, Case
from core.teaching.text import kind_text, marks_rate_text, rate_text
from ui.app.identity import draw_name_field, not_allowed
from ui.app.session import Visit
from ui.components.plain_text import plain
from ui.library.copies import film_name
from ui.teaching.data import get_pool, get_sources, get_teaching_store


def draw_sets(visit: Visit) -> None:
    """Draw the form for a set, the sets there are, and the results of the one that is chosen."""
    sources = get_sources()
    if not sources:
        st.info(tr("The films are not there yet."), icon=":material/hourglass_empty:")
        return
    make_side, list_side = st.columns([1, 1.5], gap="large")
    with make_side:
        st.subheader(tr("Assemble a set"))
        if not not_allowed(visit, Act.MAKE_CASE_SET):
            visit.reader = draw_name_field(visit)
            _draw_form(visit, list(sources))
    with list_side:
        st.subheader(tr("Sets and results"))
        case_sets = get_teaching_store().case_sets()
        if not case_sets:
            st.caption(tr("No set yet. Trainees open a set by its link and read it in that order."))
        else:
            _draw_results(visit, case_sets)


def _draw_form(visit: Visit, sources: list[str]) -> None:
    titles = get_sources()
    source = st.selectbox(
        tr("Films"),
        sources,
        format_func=lambda key: tr(titles[key].title),
        key="teaching-set-source",
    )
    pool = {case.film_id: case for case in get_pool(source)}
    event = st.dataframe(
        said_rows(_describe_case(case) for case in pool.values()),
        hide_index=True,
        height=300,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"teaching-pool-{source}",
        column_config={
            tr("Difficulty"): st.column_config.TextColumn(alignment="right"),
            tr("Model"): st.column_config.TextColumn(alignment="right"),
        },
    )
    ids = list(pool)
    chosen = [ids[row] for row in event["selection"]["rows"]]
    pasted = st.text_area(
        tr("or paste ids"),
        placeholder=tr("One id per line, from the table or from another teacher"),
        height=90,
        key="teaching-set-ids",
    )
    names = {film_name(film_id): film_id for film_id in ids}
    wanted = [*chosen, *(names.get(word, word) for word in re.split(r"[\s,;]+", pasted) if word)]
    unknown = [word for word in wanted if word not in pool]
    name = st.text_input(tr("Name of the set"), max_chars=100, key="teaching-set-name")
    if unknown:
        st.warning(
            tr("Not among these films: {ids}", ids=plain(", ".join(unknown[:5]))),
            icon=":material/link_off:",
        )
    st.caption(
        tr(
            "{films} films; {most} at most. Trainees do not see this table.",
            films=len(wanted),
            most=MAX_FILMS,
        )
    )
    if st.button(
        tr("Save the set"),
        type="primary",
        disabled=bool(unknown) or not wanted,
        key="teaching-set-save",
    ):
        _save(visit, name, source, list(dict.fromkeys(wanted)))
    if visit.complaint:
        st.warning(plain(visit.complaint), icon=":material/touch_app:")


def _describe_case(case: Case) -> dict[Message, object]:
    return {
        msg("Id"): film_name(case.film_id),
        msg("Reference"): kind_text(case),
        msg("Difficulty"): number(case.difficulty, ".2f"),
        msg("Model"): probability_text(case.probability),
        msg("Model is"): msg("wrong") if case.model_wrong else msg("right"),
    }


def _save(visit: Visit, name: str, source: str, film_ids: list[str]) -> None:
    try:
        kept = get_teaching_store().keep_set(name, source, film_ids, visit.acting)
    except FirstReadError as exc:
        visit.complaint = exc.sentence
    else:
        visit.complaint, visit.notice = "", tr("Saved: {name}.", name=kept.name)
        st.session_state["teaching-set-chosen"] = kept.set_id
        st.rerun()


def _draw_results(visit: Visit, case_sets: Sequence[CaseSet]) -> None:
    by_id = {case_set.set_id: case_set for case_set in case_sets}
    chosen = st.selectbox(
        tr("Set"),
        list(by_id),
        format_func=lambda set_id: trn(
            "{name} · {n} film · {made_by}",
            "{name} · {n} films · {made_by}",
            len(by_id[set_id].film_ids),
            name=by_id[set_id].name,
            made_by=by_id[set_id].made_by,
        ),
        key="teaching-set-chosen",
    )
    case_set = by_id[chosen]
    st.caption(tr("Link for trainees, after the address of this site:"))
    st.code(f"/teaching?set={case_set.set_id}", language=None)
    if not_allowed(visit, Act.SEE_GROUP):
        return
    with st.expander(tr("Ids of its films")):  # the names of public films say what they show
        st.code("\n".join(film_name(film_id) for film_id in case_set.film_ids), language=None)
    courses = get_teaching_store().courses_of_set(chosen, visit.acting)
    outcomes = first_reads(one for course in courses for one in outcomes_of(course))
    if not outcomes:
        st.caption(tr("Nobody has read a film of this set yet."))
        return
    st.caption(tr("Only a reader's first read of a film counts: after it they know the answer."))
    readers = [
        _describe_reader(name, [one for one in outcomes if one.reader == name])
        for name in sorted({one.reader for one in outcomes})
    ]
    of_films = _describe_films(case_set, outcomes)
    for rows, said in (
        (readers, tr("Each reader's figures")),
        (of_films, tr("Each film's figures")),
    ):
        figures = [tr(name) for name in rows[0] if name not in ("Reader", "Film", "Reference")]
        right = dict.fromkeys(figures, st.column_config.TextColumn(alignment="right"))
        st.dataframe(
            said_rows(rows), hide_index=True, height="content", column_config=right, alt=said
        )
    st.download_button(
        tr("Results as CSV"),
        csv_table(readers[0], (row.values() for row in readers), line_end="\n"),
        file_name=f"first-read-set-{case_set.set_id}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _describe_reader(name: str, outcomes: Sequence[Outcome]) -> dict[Message, str]:
    summary = summarise(outcomes)
    return {
        msg("Reader"): name,
        msg("Right"): rate_text(summary.right),
        msg("Found"): rate_text(summary.sensitivity),
        msg("Normals called normal"): rate_text(summary.specificity),
        msg("AUC"): rate_text(summary.auc),
        msg("Foci marked"): marks_rate_text(summary.marks),
        msg("Stayed correct when the model was wrong"): rate_text(summary.drill.held),
    }


def _describe_films(case_set: CaseSet, outcomes: Sequence[Outcome]) -> list[dict[Message, str]]:
    of_film = {
        film_id: [one for one in outcomes if one.case.film_id == film_id]
        for film_id in case_set.film_ids
    }
    return [
        {
            msg("Film"): film_name(film_id),
            msg("Reference"): kind_text(own[0].case) if own else msg("not read"),
            msg("Read correctly"): rate_text(summarise(own).right),
            msg("Foci marked"): marks_rate_text(summarise(own).marks),
        }
        for film_id, own in of_film.items()
    ]
