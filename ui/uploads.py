"""Taking in films: the uploader, and the progress of a batch with a way to stop it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.batch import FilmState, UploadedFilm
from ui.resources import start_batch
from ui.session import Visit

FORMATS = "JPEG, PNG, TIFF, BMP or DICOM, up to 30 MB each"
REFRESH_S = 0.4


def draw_uploader(visit: Visit) -> None:
    """Draw the uploader; new films join the worklist and are read in the background."""
    files = st.file_uploader(
        f"Films: {FORMATS}",
        accept_multiple_files=True,
        key=f"upload-{visit.upload_round}",
        help="Films stay in memory for this visit and are never written to disk.",
    )
    if files:
        take_in(visit, files)
        st.rerun()


def take_in(visit: Visit, files: Sequence[Any]) -> None:
    """Add uploaded files to the visit and start reading what has no outcome yet."""
    repeated = 0
    for file in files:
        content = file.getvalue()
        key = hashlib.sha256(content).hexdigest()
        if key in visit.films:
            repeated += 1
        else:
            visit.films[key] = UploadedFilm(key, file.name, content)
    visit.upload_round += 1
    if repeated:
        visit.notice = (
            f"{repeated} of the files {'was' if repeated == 1 else 'were'} there already."
        )
    read_waiting(visit)


def read_waiting(visit: Visit) -> None:
    """Start a batch over every film that is waiting; an older batch hands over to it."""
    visit.absorb_job()
    if visit.job is not None:
        visit.job.cancel()
        visit.job = None
    waiting = [
        film
        for key, film in visit.films.items()
        if visit.outcome(key).state in (FilmState.WAITING, FilmState.STOPPED)
    ]
    for film in waiting:
        visit.outcomes.pop(film.key, None)
    if waiting:
        visit.job = start_batch(waiting)


def draw_batch(visit: Visit) -> None:
    """Draw the running batch's progress, or offer to go on with films that were stopped."""
    if visit.job is not None:
        _draw_progress(visit)
        return
    stopped = sum(visit.outcome(key).state is FilmState.STOPPED for key in visit.films)
    if stopped and st.button(f"Read the {stopped} stopped films", icon=":material/play_arrow:"):
        read_waiting(visit)
        st.rerun()


@st.fragment(run_every=REFRESH_S)
def _draw_progress(visit: Visit) -> None:
    job = visit.job
    if job is None:
        return
    outcomes = job.take_outcomes()
    done = len(outcomes)
    st.progress(done / job.total, text=f"{done} of {job.total} films read")
    if st.button("Stop", icon=":material/stop:", key="stop-batch", disabled=not job.running):
        job.cancel()
    unseen = done - sum(key in visit.outcomes for key in outcomes)
    if not job.running or unseen * 10 >= job.total:
        st.rerun()
