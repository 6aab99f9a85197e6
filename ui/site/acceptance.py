"""The acceptance test, in its order: how many films, criteria, films, result."""

from __future__ import annotations

import streamlit as st

from core.jobs.site_tests import AcceptanceTask
from core.language.words import tr
from ui.app.identity import draw_name_field
from ui.app.session import Visit
from ui.components.plain_text import plain
from ui.site.declaration import Stated, draw_criteria, draw_sample_size
from ui.site.result import draw_result
from ui.site.source_choice import Choice, choose_labelled
from ui.site.tasks import BUSY, follow_task, get_desk, own_engine


def draw_acceptance(visit: Visit) -> None:
    """Draw the test that is under way or done, or what begins one."""
    task = get_desk().acceptance
    if task is not None and task.result is not None:
        draw_result(visit, task.result)
        return
    if task is not None:
        words = tr("Reading the films of {place}", place=plain(tr(task.title)))
        follow_task(task, words, "site-acceptance", _forget)
    if task is None or not task.running:
        _draw_steps(visit)


def _forget() -> None:
    get_desk().acceptance = None


def _draw_steps(visit: Visit) -> None:
    plan, criteria, films = st.columns(3, gap="medium")
    with plan.container(border=True, height="stretch"):
        st.markdown(f"#### 1. {tr('How many films')}")
        draw_sample_size()
    with criteria.container(border=True, height="stretch"):
        st.markdown(f"#### 2. {tr('Criteria')}")
        stated = draw_criteria()
    with films.container(border=True, height="stretch"):
        st.markdown(f"#### 3. {tr('Films')}")
        chosen = choose_labelled()
        by = draw_name_field(visit)
        sent = st.button(
            tr("Declare and read the films"),
            type="primary",
            icon=":material/play_arrow:",
            key="site-start",
            width="stretch",
        )
        st.caption(
            tr("The criteria are declared with your name and the time, before a film is read.")
        )
        if sent:
            _start(stated, chosen, by)


def _start(stated: Stated, chosen: Choice, by: str) -> None:
    lacking = [
        words
        for words, given in (
            (chosen.lacks, chosen.films is not None),
            (tr("Name the site."), bool(stated.site)),
            (tr("Enter your name."), bool(by.strip())),
        )
        if not given
    ]
    if lacking or chosen.films is None:
        st.error(" ".join(map(plain, lacking)), icon=":material/error:")
        return
    engine, files = own_engine()
    run = engine.classifier.run_record
    declared = stated.declare(by.strip())
    task = AcceptanceTask(stated.site, chosen.films, run, files, declared)
    if get_desk().begin(task):
        st.rerun()
    st.error(tr(BUSY), icon=":material/error:")
