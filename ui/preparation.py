"""The built-in synthetic films on their way: how far they are, said the same on every page."""

from __future__ import annotations

import streamlit as st

from core.examples import ExamplesTask
from core.settings import get_settings
from ui.resources import get_examples
from ui.watch import Watch

REFRESH_S = 0.5


def get_preparation() -> ExamplesTask | None:
    """Return the work on the synthetic films; None where it is done or they are not offered."""
    if not get_settings().offer_synthetic:
        return None
    task = get_examples()
    return None if task.ready and task.finished else task


def say_preparation(task: ExamplesTask | None) -> None:
    """Say how far the films are, beside what there is to look at meanwhile; or say why not.

    Nothing is asked again by itself: that would meddle with what a person does there.
    """
    if task is None:
        return
    if task.finished:
        draw_preparation(task)
    else:
        st.caption(f":material/hourglass: {say_progress(task)}")


def draw_preparation(task: ExamplesTask | None) -> None:
    """Draw how far the films are, and run the page again once there are more; or say why not.

    For a page that has nothing else to show.
    """
    if task is None:
        return
    if task.finished:
        st.warning(f"Synthetic films: {task.sentence}", icon=":material/warning:")
    else:
        _follow(Watch(), task, was_ready=task.ready)


@st.fragment(run_every=REFRESH_S)
def _follow(watch: Watch, task: ExamplesTask, *, was_ready: bool) -> None:
    watch.tell(news=task.finished or task.ready != was_ready)
    draw_progress(task)


def draw_progress(task: ExamplesTask) -> None:
    """Draw how many films are there, and in words what is being done."""
    st.progress(task.drawn / task.total, text=say_progress(task))


def say_progress(task: ExamplesTask) -> str:
    """Return how far the films are, in words."""
    if task.drawn < task.total:
        return f"{task.drawn} of {task.total} synthetic films drawn; then every run reads them."
    if task.summary is None:
        return f"All {task.total} synthetic films are drawn; the served run reads them now."
    return f"All {task.total} synthetic films are drawn; the other runs read them now."
