"""Choosing the run that reads films, with the reason, and who chose what before."""

from __future__ import annotations

import streamlit as st

from core.domain.reader import Act, Reader
from core.errors import FirstReadError
from core.language.numbers import time_text
from core.language.words import tr
from core.pipeline import open_engine
from core.runs.store import name_run
from core.serving.choice import VARIABLE, DecidedBy, decision_text
from core.serving.requirements import check_demands
from core.settings import get_settings
from core.store.served_runs import choose_served_run, list_served_choices
from ui.app.identity import not_allowed
from ui.app.resources import get_database, get_decision, serve_anew
from ui.app.session import Visit
from ui.components.plain_text import plain
from ui.runs.data import ListedRuns


def serve_from_now_on(run_id: str, reason: str, chosen_by: Reader) -> None:
    """Let another run read films, and record who chose it and why; here it serves at once.

    Raises
    ------
    NotAllowed
        If the reader has no role that chooses; then the run is not even opened.
    ReviewStoreError
        If the reason or the name is missing, or the choice cannot be recorded.
    ModelError
        If the run cannot serve; then nothing is recorded.
    """
    chosen_by.require(Act.CHOOSE_SERVED_RUN)
    settings = get_settings()
    open_engine(settings.models, run_id, settings.inference_threads)
    choose_served_run(get_database(), run_id=run_id, reason=reason, chosen_by=chosen_by)
    serve_anew()


def draw_serving(visit: Visit, listed: ListedRuns) -> None:
    """Draw which run serves and why, what each run lacks, and the form that chooses another."""
    decision, names = get_decision(), list(listed.runs)
    st.markdown(decision_text(decision))
    run_id = st.selectbox(
        tr("Run"),
        names,
        index=names.index(decision.run_id) if decision.run_id in names else 0,
        format_func=lambda one: name_run(listed.runs[one].record),
        key="runs-serve-run",
    )
    if run_id is None:
        return
    try:
        lacking = [one for one in check_demands(listed.runs[run_id].record.folder) if not one.met]
    except FirstReadError as exc:  # of that run alone: the page goes on
        st.warning(plain(str(exc)), icon=":material/broken_image:")
        _draw_log()
        return
    if lacking:
        reasons = [
            tr(
                "no {name}: {found}; {remedy}",
                name=tr(one.name),
                found=tr(one.found),
                remedy=tr(one.remedy),
            )
            for one in lacking
        ]
        head = tr("{run} cannot be the active model:", run=run_id)
        st.markdown("\n".join([head, *(f"- {reason}" for reason in reasons)]))
    else:
        meets = tr("{run} meets every requirement for the active model.", run=run_id)
        st.caption(f":material/check: {meets}")
    if decision.decided_by is DecidedBy.ENVIRONMENT:
        st.info(
            tr(
                "{variable} decides on this machine. To change the active model here, "
                "remove it and restart First Read.",
                variable=VARIABLE,
            ),
            icon=":material/lock:",
        )
    elif run_id == decision.run_id:
        st.caption(tr("This is the active model. Choose another run to change it."))
    elif not lacking and not not_allowed(visit, Act.CHOOSE_SERVED_RUN):
        _draw_form(visit, run_id)
    _draw_log()


def _draw_form(visit: Visit, run_id: str) -> None:
    with st.form("runs-serve", border=False):
        reason = st.text_area(tr("Reason"), max_chars=1000, height=80, key="runs-serve-reason")
        chosen_by = visit.reader
        if not visit.logged_in:
            chosen_by = st.text_input(tr("Chosen by"), value=visit.reader, max_chars=100)
        sent = st.form_submit_button(
            tr("Make {run} the active model", run=run_id),
            type="primary",
            icon=":material/swap_horiz:",
        )
    if not sent:
        return
    try:
        with st.spinner(tr("Opening {run}", run=run_id)):
            serve_from_now_on(run_id, reason, Reader(chosen_by, visit.roles))
    except FirstReadError as exc:
        st.error(tr("Not changed: {why}", why=plain(str(exc))), icon=":material/error:")
        return
    visit.notice = tr("Active model: {run}. The choice is recorded.", run=run_id)
    st.rerun()


def _draw_log() -> None:
    choices = list_served_choices(get_database())
    if not choices:
        return
    st.dataframe(
        [
            {
                tr("Chosen at (UTC)"): time_text(choice.chosen_at),
                tr("Run"): choice.run_id,
                tr("By"): choice.chosen_by,
                tr("Reason"): choice.reason,
            }
            for choice in reversed(choices)
        ],
        hide_index=True,
        height="content" if len(choices) <= 5 else 220,
        key="runs-serve-log",
        alt=tr("Changes of the active model, newest first"),
    )
