"""The thread that lets runs read a site's sets, whoever added them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from core.domain.model import RunRecord
from core.jobs.film_pool import get_film_pool
from core.jobs.site_films import Cancelling, Progress
from core.jobs.site_scores import ScoreTask, SiteScores, missing_scores, read_set
from core.store.films.site_films import SqlSiteSets

ONE_THREAD = 1
"""Of each of the two processes that read films."""


@st.cache_resource(show_spinner=False)
def _tasks() -> list[ScoreTask]:
    return []


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
    missing = missing_scores(scores, set_ids, runs, failed)
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
    return next((task.failed[set_id, run] for task in _tasks() if (set_id, run) in task.failed), "")


def stop_reading(set_id: str) -> None:
    """Stop the reading that is under way if it is of a set that goes."""
    task = sets_under_way()
    if task is not None and task.now is not None and task.now[0] == set_id:
        task.cancel()
