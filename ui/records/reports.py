"""The reports of the visitor's own signed reads among those that are listed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain.reader import reader_key
from core.domain.review import ReadKind, ReviewRecord
from core.errors import FilmStoreError
from core.jobs.batch import UploadedFilm
from core.jobs.kept_films import as_uploaded
from core.language.words import msg, tr
from core.settings import get_settings
from ui.app.progress import follow
from ui.app.resources import get_films, get_store
from ui.app.session import Visit
from ui.review.reports import draw_reports_of

PLACE = "records-selection"
MOST = 500
"""Films of one file: each is a page, and takes about a second."""


def draw_selection_reports(visit: Visit, listed: Sequence[ReviewRecord]) -> None:
    """Offer the reports of the listed films that the visitor has signed, a page each."""
    own = reader_key(visit.acting.name)
    signed = {
        record.film_sha256: record
        for record in listed
        if record.kind is ReadKind.READ and reader_key(record.reader) == own
    }
    if not own or not signed:
        return
    task = visit.reports.get(PLACE)
    if task is not None and task.running:
        follow(visit, None)
    box = st.popover(
        tr("Reports ({n})", n=len(signed)),
        icon=":material/description:",
        key="records-reports",
        on_change="rerun",
    )
    if not box.open:
        return
    with box:
        if len(signed) > MOST:
            st.caption(
                tr("Choose fewer films first: a file holds {most} reports at most.", most=MOST)
            )
            return
        films = [_film_of(visit, record) for record in signed.values()]
        histories = [get_store().history(film.key) for film in films]
        draw_reports_of(visit, PLACE, list(zip(films, histories, strict=True)))


def _film_of(visit: Visit, record: ReviewRecord) -> UploadedFilm:
    """Return the film of a read as far as it is at hand; its report says where it is not."""
    film = record.film_sha256
    if film in visit.films:
        return visit.films[film]
    kept = get_films().find(film) if get_settings().keeps_films else None
    return (
        UploadedFilm(film, record.film_name, _gone)
        if kept is None
        else as_uploaded(kept, get_films())
    )


def _gone() -> bytes:
    raise FilmStoreError(msg("The film is not kept any more."))
