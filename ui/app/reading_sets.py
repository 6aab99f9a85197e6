"""The thread that lets runs read a site's sets, whoever added them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from core.domain.model import RunRecord
from core.jobs.film_pool import get_film_pool
from core.jobs.site_films import Cancelling, Progress
from core.jobs.site_scores import Pair, ScoreTask, SiteScores, missing_scores, read_set
from core.language.words import msg
from core.store.films.site_films import SqlSiteSets

ONE_THREAD = 1
"""Of each of the two processes that read films."""

STOPPED = msg("Reading was stopped. Choose Read on under Site, Films.")


@st.cache_resource(show_spinner=False)
def _tasks() -> list[ScoreTask]:
    return []


@st.cache_resource(show_spinner=False)
def _stopped() -> set[Pair]:
    """Return which sets are not read by which runs until somebody wants it again."""
    return set()


def read_sets_behind(
    store: SqlSiteSets,
    scores: SiteScores,
    set_ids: Sequence[str],
    runs: Mapping[str, RunRecord],
    models: Path,
) -> None:
    """Begin to read what is unread, unless that is under way; what failed is not tried again."""
    tasks = _tasks()
    if tasks and tasks[-1].running:
        return
    failed = {pair for task in tasks for pair in task.failed}
    missing = missing_scores(scores, set_ids, runs, failed | _stopped())
    if not missing:
        return

    def score(set_id: str, run: RunRecord, progress: Progress, cancelled: Cancelling) -> None:
        files = scores.files_of(run, models, ONE_THREAD)
        read_set(store, scores, set_id, run, files, get_film_pool(), progress, cancelled)

    tasks.append(ScoreTask(missing, score))
    tasks[-1].start()


def sets_under_way() -> ScoreTask | None:
    """Return the reading that is under way; None if there is none."""
    tasks = _tasks()
    return tasks[-1] if tasks and tasks[-1].running else None


def why_not_read(set_id: str, run: str) -> str:
    """Return why a run could not read a set; empty if it did not fail."""
    if (set_id, run) in _stopped():
        return STOPPED
    return next((task.failed[set_id, run] for task in _tasks() if (set_id, run) in task.failed), "")


def stop_all_reading() -> None:
    """Stop what is under way, and begin nothing of what it would have read, until `read_on`."""
    task = sets_under_way()
    if task is not None:
        _stopped().update(task.waiting)
        task.cancel()


def read_on() -> None:
    """Let the next run of a page begin again where reading was stopped."""
    _stopped().clear()


def reading_stopped(set_ids: Sequence[str]) -> bool:
    """Return whether runs would read any of these sets if they were not stopped."""
    return any(set_id in set_ids for set_id, _ in _stopped())


def stop_reading(set_id: str) -> None:
    """Stop the reading that is under way if it is of a set that goes."""
    task = sets_under_way()
    if task is not None and task.now is not None and task.now[0] == set_id:
        task.cancel()
