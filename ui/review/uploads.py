"""Taking in films: the uploader, and the progress of a batch with a way to stop it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st
from starlette.formparsers import MultiPartParser
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.domain.reader import reader_key
from core.domain.review import ReadKind, ReviewRecord
from core.jobs.batch import FilmState, UploadedFilm
from core.language.words import msg, msgn, tr, trn
from core.reads.signing import printable_name
from core.settings import get_settings
from ui.app.resources import get_films, get_identity, start_batch
from ui.app.session import Visit

# Above the largest limit that a site may set: a larger film would be written to a temporary file.
MultiPartParser.spool_max_size = 2 * 512_000_000

AT_ONCE_S = 0.5
"""So long a page waits for films that are read as soon as they are there; most are, if alone."""

FORMATS = msg("JPEG, PNG, TIFF, BMP or DICOM")


def draw_uploader(visit: Visit) -> None:
    """Draw the uploader; new films join the worklist and are read in the background."""
    limit_mb = get_settings().max_film_mb
    with st.container(key="film-upload"):
        files = st.file_uploader(
            tr("Films: {formats}, up to {most} MB each", formats=FORMATS, most=limit_mb),
            accept_multiple_files=True,
            key=f"upload-{visit.upload_round}",
            max_upload_size=limit_mb,
            help=kept_text(),
        )
    if visit.left_out:
        st.warning(tr(visit.left_out), icon=":material/inventory_2:")
    if files:
        films = [
            UploadedFilm(hashlib.sha256(content).hexdigest(), printable_name(file.name), content)
            for file in files
            for content in [file.getvalue()]
        ]
        _release(files)
        visit.upload_round += 1
        add_films(visit, films)
        st.rerun()


def kept_text() -> str:
    """Return in a sentence where films lie, and for how long."""
    days = get_settings().keep_films_days
    if not days:
        return tr("Films stay in memory for this visit and are never written to disk.")
    return trn(
        "Films are kept encrypted for {n} day, for all readers of this site. DICOM files are "
        "stripped of what names the patient first.",
        "Films are kept encrypted for {n} days, for all readers of this site. DICOM files are "
        "stripped of what names the patient first.",
        days,
    )


def add_films(visit: Visit, films: Sequence[UploadedFilm]) -> None:
    """Add films to the visit, in the place of synthetic ones, and start reading them."""
    visit.give_way()
    visit.own = True
    repeated = left_out = 0
    room = get_settings().max_visit_mb * 1_000_000 - visit.size_bytes
    for film in films:
        failed = visit.outcome(film.key).state is FilmState.FAILED
        if film.key in visit.films and not failed:
            repeated += 1
            if not get_settings().keeps_films:  # else its file may be gone, and is put back
                continue
        if film.held_bytes > room:
            left_out += 1
        else:
            visit.outcomes.pop(film.key, None)
            visit.films[film.key] = replace(film, by=visit.acting)
            room -= film.held_bytes
    if repeated:
        visit.notice = trn(
            "{n} of the files was already in the list.",
            "{n} of the files were already in the list.",
            repeated,
        )
    visit.left_out = (
        msgn(
            "{n} of the {files} files is not in the list: a visit holds up to {most} MB of films. "
            "Sign films, remove the signed ones from the list, and add the files again.",
            "{n} of the {files} files are not in the list: a visit holds up to {most} MB of "
            "films. Sign films, remove the signed ones from the list, and add the files again.",
            left_out,
            files=len(films),
            most=get_settings().max_visit_mb,
        )
        if left_out
        else ""
    )
    if films and get_settings().keeps_films:
        visit.selected = films[0].key  # else it is looked for among those of all readers
    read_waiting(visit)


def offer_removal(visit: Visit, signed: Mapping[str, ReviewRecord]) -> None:
    """Draw what removes films from the list: the signed ones, the open one, or all.

    Parameters
    ----------
    signed : mapping of str to ReviewRecord
        As in `build_row`.
    """
    name = reader_key(visit.acting.name)
    own = [key for key, film in visit.films.items() if not film.shipped]
    done = [
        key
        for key, record in signed.items()
        if reader_key(record.reader) == name and record.kind is not ReadKind.FIRST and key in own
    ]
    if get_settings().keeps_films:  # there they leave the list by themselves
        return
    if done and st.button(
        trn(
            "Remove the signed film from the list",
            "Remove the {n} signed films from the list",
            len(done),
        ),
        icon=":material/playlist_add_check:",
        help=tr("Your reads stay in Records."),
    ):
        _remove(visit, done)
    if visit.selected in own and st.button(
        tr("Remove the open film from the list"),
        icon=":material/playlist_remove:",
        help=tr("What you have written or signed is kept. Add the film again to go on."),
    ):
        _remove(visit, [visit.selected])
    n = len(own)
    if n > 1:
        sure = st.checkbox(tr("Remove all {n} films", n=n), key=f"remove-all-{visit.upload_round}")
        if sure and st.button(tr("Remove them now"), icon=":material/clear_all:"):
            _remove(visit, own)


def _remove(visit: Visit, keys: Sequence[str]) -> None:
    """Let go of films, and of the reading of a list that is empty by now."""
    visit.remove(keys)
    if not visit.films and visit.job is not None:
        visit.job.cancel()
    visit.upload_round += 1  # closes the popover
    st.rerun()


def _release(files: Sequence[Any]) -> None:
    """Let go of Streamlit's own copy of the files, which it keeps until the visit ends."""
    context = get_script_run_ctx()
    manager = None if context is None else context.uploaded_file_mgr
    if isinstance(manager, MemoryUploadedFileManager):
        for file in files:
            manager.remove_file(context.session_id, file.file_id)


def read_waiting(visit: Visit, *, stopped_too: bool = False) -> None:
    """Have every film read that is waiting; a batch that is under way takes new ones."""
    last = visit.job
    if last is not None and last.cancelled:
        last.wait()  # not long: the film in hand ends too, and what becomes of it is not lost
    visit.absorb_job()
    visit.paused = visit.paused and not stopped_too
    unread = {FilmState.WAITING, FilmState.STOPPED} if stopped_too else {FilmState.WAITING}
    begun = () if visit.job is None else visit.job.unread
    waiting = [
        film
        for key, film in visit.films.items()
        if visit.outcome(key).state in unread and key not in begun
    ]
    for film in waiting:
        visit.outcomes.pop(film.key, None)
    if waiting:
        if visit.job is None or not visit.job.add(waiting):
            visit.absorb_job()  # what it finished just before it came to its end
            visit.job = start_batch(waiting, visit.acting)
        visit.job.wait(AT_ONCE_S)


def draw_batch(visit: Visit) -> None:
    """Offer to stop the running batch, or to go on with stopped films."""
    if visit.job is not None:
        label = trn("Stop reading {n} film", "Stop reading {n} films", visit.job.total)
        if st.button(label, icon=":material/stop:", key="stop-batch", width="stretch"):
            visit.job.cancel()
            visit.paused = get_settings().keeps_films
        return
    if visit.paused:
        _offer_unread(visit)
        return
    stopped = sum(visit.outcome(key).state is FilmState.STOPPED for key in visit.films)
    if stopped:
        words = trn("Read the stopped film", "Read the {n} stopped films", stopped)
        if st.button(words, icon=":material/play_arrow:", width="stretch"):
            read_waiting(visit, stopped_too=True)
            st.rerun()


def _offer_unread(visit: Visit) -> None:
    """Offer to go on with the kept films whose reading was stopped, on whatever page they are."""
    unread = get_films().count_unread(get_identity()) if get_settings().keeps_films else 0
    words = trn("Read the film not read yet", "Read the {n} films not read yet", unread)
    if unread and st.button(words, icon=":material/play_arrow:", width="stretch"):
        visit.paused, visit.outcomes = False, {}
        st.rerun()
