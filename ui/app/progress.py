"""Following work in the background: one fragment a page asks how far it is.

It draws only inside itself and is the only one: a fragment that writes elsewhere may find that
place gone, and of two fragments the one that ends takes the other's rerun with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core.domain.regions import Explanation
from core.errors import FirstReadError
from core.jobs.batch import BatchJob, FilmState
from core.jobs.explanations import ExplanationTask
from core.language.words import tr, trn
from core.settings import get_settings
from ui.app.resources import get_films, get_identity
from ui.app.session import Visit

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
    elsewhere = _read_elsewhere(visit)
    with st.container():
        if any((visit.job, waiting, reading, making)):
            alone = visit.job is None and reading is None and not making
            every = _refresh_s(waiting) if alone and waiting is not None else REFRESH_S
            shown = None if waiting is None else waiting.result
            st.fragment(_follow, run_every=every)(
                Watch(), visit.job, waiting, shown, reading, making
            )
        elif elsewhere is not None:
            st.fragment(_follow_elsewhere, run_every=LONGEST_REFRESH_S)(Watch(), elsewhere)


def _read_elsewhere(visit: Visit) -> str | None:
    """Return the open film if it is kept and not read yet, and no batch of this visit reads it."""
    key = visit.selected
    if key is None or visit.job is not None or visit.paused or not get_settings().keeps_films:
        return None
    if visit.films[key].shipped:
        return None
    state = visit.outcome(key).state
    return key if state in (FilmState.WAITING, FilmState.STOPPED) else None


def _follow_elsewhere(watch: Watch, key: str) -> None:
    """Wait for whoever reads the film, another visit or process, or for who gives it up."""
    st.caption(tr("This film is being read."))
    films, identity, news = get_films(), get_identity(), False
    with suppress(FirstReadError):  # of a database that is away the page speaks when it runs
        found = films.find(key)
        said = None if found is None else found.reading
        read = said is not None and said.identity == identity
        news = read or bool(films.unread(identity, 1))
    watch.rerun_if(news=news)


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
        st.progress(reading.progress, text=tr("Reading films to find similar ones"))
        news |= reading.finished
    for reports in making:
        made = trn(
            "{done} of {n} report made",
            "{done} of {n} reports made",
            reports.total,
            done=reports.done,
        )
        st.progress(reports.progress, text=made)
        news |= reports.finished
    watch.rerun_if(news=news)


def waiting_text(task: ExplanationTask) -> str:
    """Return in words how far an explanation is, and how many come before it."""
    if task.result is not None:
        return tr(
            "Regions by {samples} samples so far. They may still change.",
            samples=task.result.samples,
        )
    if not task.place:
        return tr("Finding the regions the score depends on")
    return trn(
        "Waiting for the regions: {n} explanation before yours",
        "Waiting for the regions: {n} explanations before yours",
        task.place,
    )


def _draw_batch(job: BatchJob) -> bool:
    """Draw how far a batch is; return whether there is enough new to show."""
    done, total, ahead = job.done, job.total, job.ahead
    if job.keeping:
        added = trn(
            "{kept} of {n} film added to the list",
            "{kept} of {n} films added to the list",
            total,
            kept=job.kept,
        )
        st.progress(job.kept / total, text=added)
        return not job.running
    read = trn("{done} of {n} film read", "{done} of {n} films read", total, done=done)
    if ahead:
        read = trn(
            "{read}; {n} other film comes first",
            "{read}; {n} other films come first",
            ahead,
            read=read,
        )
    st.progress(done / total, text=read)
    return not job.running or job.untaken * 10 >= total
