"""Following work in the background: one fragment a page asks how far it is.

One and not one for each piece of work: a fragment that ends while another asks for a rerun would
take that rerun with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.batch import BatchJob
from ui.resources import ExplanationTask
from ui.session import Visit

REFRESH_S = 0.3


@dataclass(frozen=True, slots=True)
class Watched:
    """Work under way and where its progress is drawn; what is None is not under way."""

    job: BatchJob | None = None
    job_place: DeltaGenerator | None = None
    task: ExplanationTask | None = None
    task_place: DeltaGenerator | None = None


def follow(visit: Visit, watched: Watched) -> None:
    """Draw the progress of what is under way, and run the page again when there is news."""
    if watched.job is not None or watched.task is not None:
        _follow(visit, watched)


@st.fragment(run_every=REFRESH_S)
def _follow(visit: Visit, watched: Watched) -> None:
    news = False
    if watched.job is not None:
        news |= _draw_batch(visit, watched.job, watched.job_place)
    if watched.task is not None and watched.task_place is not None:
        watched.task_place.progress(
            min(1.0, watched.task.progress), text="Finding the regions the score depends on"
        )
        news |= watched.task.finished
    if news:
        st.rerun()


def _draw_batch(visit: Visit, job: BatchJob, place: DeltaGenerator | None) -> bool:
    outcomes = job.take_outcomes()
    done = len(outcomes)
    if place is not None:
        place.progress(done / job.total, text=f"{done} of {job.total} films read")
    unseen = done - sum(key in visit.outcomes for key in outcomes)
    return not job.running or unseen * 10 >= job.total
