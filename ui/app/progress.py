"""Following work in the background: one fragment a page asks how far it is.

It draws only inside itself and is the only one: a fragment that writes elsewhere may find that
place gone, and of two fragments the one that ends takes the other's rerun with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core.domain.regions import Explanation
from core.jobs.batch import BatchJob
from core.jobs.examples import ExamplesTask
from core.jobs.explanations import ExplanationTask
from core.library.films import PublicLibrary, SyntheticLibrary
from core.settings import get_settings
from ui.app.resources import get_examples
from ui.app.session import Visit
from ui.components.plain_text import plain

if TYPE_CHECKING:  # the review page should not wait for what it never uses
    from core.jobs.embeddings import FeatureTask
    from core.jobs.reports import ReportsTask

REFRESH_S, LONGEST_REFRESH_S = 0.3, 2.0


@dataclass(slots=True)
class Watch:
    """Runs the page again when there is news, but never out of a run of the whole page.

    Such a run may have begun with a press of a button that stands below, and a run that is given up
    before it comes there loses the press. Made by the run of the page, which draws the fragment for
    the first time; all later times are the fragment's own.
    """

    drawn: bool = False

    def rerun_if(self, *, news: bool) -> None:
        """Run the page again if there is news and the fragment runs by itself."""
        if news and self.drawn:
            st.rerun()
        self.drawn = True


def follow(visit: Visit, task: ExplanationTask | None, reading: FeatureTask | None = None) -> None:
    """Draw the progress of what is under way, and run the page again when there is news.

    Parameters
    ----------
    visit : Visit
        Its batch is followed, if one is running, and its reports.
    task : ExplanationTask or None
        The explanation of the film that is open.
    reading : FeatureTask or None
        Films that are brought into a feature space, if that is under way.
    """
    waiting = task if task is not None and not task.finished else None
    making = [one for one in visit.reports.values() if one.running]
    with st.container():
        if visit.job is not None or waiting is not None or reading is not None or making:
            alone = visit.job is None and reading is None and not making
            every = _refresh_s(waiting) if alone and waiting is not None else REFRESH_S
            shown = None if waiting is None else waiting.result
            st.fragment(_follow, run_every=every)(
                Watch(), visit.job, waiting, shown, reading, making
            )


def _refresh_s(task: ExplanationTask) -> float:
    """Return how often to ask for a task: the more come before it, the less often."""
    return min(LONGEST_REFRESH_S, REFRESH_S * (1 + task.place))


def _follow(
    watch: Watch,
    job: BatchJob | None,
    task: ExplanationTask | None,
    shown: Explanation | None,
    reading: FeatureTask | None,
    making: Sequence[ReportsTask],
) -> None:
    news = False
    if job is not None:
        news |= _draw_batch(job)
    if task is not None:
        st.progress(min(1.0, task.progress), text=waiting_text(task))
        news |= task.finished or task.result is not shown
    if reading is not None:
        st.progress(reading.progress, text="Reading films to find similar ones")
        news |= reading.finished
    for reports in making:
        st.progress(reports.progress, text=f"{reports.done} of {reports.total} reports made")
        news |= reports.finished
    watch.rerun_if(news=news)


def waiting_text(task: ExplanationTask) -> str:
    """Return in words how far an explanation is, and how many come before it."""
    if task.result is not None:
        return f"Regions by {task.result.samples} samples so far. They may still change."
    if not task.place:
        return "Finding the regions the score depends on"
    before = "1 explanation" if task.place == 1 else f"{task.place} explanations"
    return f"Waiting for the regions: {before} before yours"


def _draw_batch(job: BatchJob) -> bool:
    """Draw how far a batch is; return whether there is enough new to show."""
    done, total, ahead = job.done, job.total, job.ahead
    if job.keeping:
        st.progress(job.kept / total, text=f"{job.kept} of {total} films added to the list")
        return not job.running
    others = "; 1 other film comes first" if ahead == 1 else f"; {ahead} other films come first"
    st.progress(done / total, text=f"{done} of {total} films read{others if ahead else ''}")
    return not job.running or job.untaken * 10 >= total


PREPARATION_REFRESH_S = 0.5


def get_preparation() -> ExamplesTask | None:
    """Return the work on the synthetic films; None where it is done or they are not offered."""
    if not get_settings().offer_synthetic:
        return None
    task = get_examples()
    return None if task.ready and task.finished else task


def draw_waiting(
    library: str | None, title: str, words: str, meanwhile: str, **button: str
) -> bool:
    """Draw what stands for a page while the synthetic films that it asks for are on their way.

    It says what the page will show, how far the films are, and what can be looked at meanwhile.

    Parameters
    ----------
    library : str or None
        The films that the page asks for.
    meanwhile : str
        The label of the button that asks for the public films.

    Returns
    -------
    bool
        False, and nothing is drawn, if the films are there or will not come.
    """
    task = get_preparation()
    if library != SyntheticLibrary.name or task is None or task.ready or task.finished:
        return False
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header(title)
        st.write(words)
        draw_preparation(task)
        st.button(
            meanwhile,
            on_click=st.query_params.from_dict,
            args=({"library": PublicLibrary.name},),
            **button,
        )
    return True


def show_preparation(task: ExamplesTask | None) -> None:
    """Say how far the films are, beside what there is to look at meanwhile; or say why not.

    Nothing is asked again by itself: that would meddle with what a person does there.
    """
    if task is None:
        return
    if task.finished:
        draw_preparation(task)
    else:
        st.caption(f":material/hourglass: {progress_text(task)}")


def draw_preparation(task: ExamplesTask | None) -> None:
    """Draw how far the films are, and run the page again once there are more; or say why not.

    For a page that has nothing else to show.
    """
    if task is None:
        return
    if task.finished:
        st.warning(f"Synthetic films: {plain(task.sentence)}", icon=":material/warning:")
    else:
        _follow_preparation(Watch(), task, was_ready=task.ready)


@st.fragment(run_every=PREPARATION_REFRESH_S)
def _follow_preparation(watch: Watch, task: ExamplesTask, *, was_ready: bool) -> None:
    watch.rerun_if(news=task.finished or task.ready != was_ready)
    draw_progress(task)


def draw_progress(task: ExamplesTask) -> None:
    """Draw how many films are there, and in words what is being done."""
    st.progress(task.drawn / task.total, text=progress_text(task))


def progress_text(task: ExamplesTask) -> str:
    """Return how far the films are, in words."""
    if task.drawn < task.total:
        return f"{task.drawn} of {task.total} synthetic films generated; then every run reads them."
    if task.summary is None:
        return f"All {task.total} synthetic films are ready; the served run reads them now."
    return f"All {task.total} synthetic films are ready; the other runs read them now."
