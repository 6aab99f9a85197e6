"""Adding a set: what is asked for, and the thread that does it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import partial

import streamlit as st

from core.datasets.training_fingerprints import read_training_fingerprints
from core.domain.reader import Reader
from core.domain.site_set import SiteKind
from core.errors import DatasetError
from core.jobs.film_headers import KnownByHeader
from core.jobs.film_pool import get_film_pool
from core.jobs.settled_reads import settled_films
from core.jobs.site_films import Cancelling, Progress
from core.jobs.site_sets import AddedSet, Adding, AddTask, add_site_set
from core.language.words import msg
from core.pacs.site_films import archive_films
from core.settings import get_settings
from core.sites.labels import FilmLabel, read_labels
from core.sites.source import Films, kind_of_place, open_films
from core.store.archive import SqlArchive
from ui.app.resources import (
    files_of,
    get_database,
    get_engine,
    get_films,
    get_site_sets,
    get_store,
)

TASK = "site-films-task"
Opening = AbstractContextManager[Films]


@dataclass(frozen=True, slots=True)
class Wish:
    """A set that is to be added.

    Attributes
    ----------
    place : str
        Folder, zip file or address; empty where the films are elsewhere.
    packed : bytes or None
        An uploaded zip file.
    labels : bytes or None
        The CSV file; None for signed reads, which are their own labels.
    days : (date, date) or None
        Of the archive's studies.
    """

    kind: SiteKind
    name: str
    place: str = ""
    packed: bytes | None = None
    labels: bytes | None = None
    days: tuple[date, date] | None = None


def begin_adding(wish: Wish, by: Reader) -> None:
    """Begin to add a set in the background; this visit follows it.

    Raises
    ------
    DatasetError
        If something is not stated, the labels are no table, or the name is taken.
    NotAllowed
        If the acting reader has no role that adds sets.
    """
    get_site_sets().begin(wish.name, by)  # which says at once what is wrong with the name
    opening, labels, kind = _prepare(wish)
    learned = read_training_fingerprints(get_settings().models)
    pool, files = get_film_pool(), files_of(get_engine())
    adding = Adding(get_site_sets(), pool, files, learned, by)

    def add(progress: Progress, cancelled: Cancelling) -> AddedSet:
        with opening() as films:
            return add_site_set(
                films, labels, wish.name, kind, adding, progress=progress, cancelled=cancelled
            )

    st.session_state[TASK] = AddTask(add).start()


def task_of_visit() -> AddTask | None:
    """Return the adding that this visit began last, finished or not; None if there was none."""
    task = st.session_state.get(TASK)
    return task if isinstance(task, AddTask) else None


def forget_task() -> None:
    """Put the result of the last adding away."""
    st.session_state.pop(TASK, None)


def _prepare(wish: Wish) -> tuple[Callable[[], Opening], dict[str, FilmLabel], SiteKind]:
    most = get_settings().max_film_mb * 1_000_000
    if wish.kind is SiteKind.READS:
        films, labels = settled_films(get_store().everything(), get_films())
        return lambda: nullcontext(films), labels, wish.kind
    if wish.labels is None:
        raise DatasetError(msg("Choose the CSV file of labels."))
    labels = read_labels(wish.labels)
    if wish.kind is SiteKind.ARCHIVE:
        if wish.days is None:
            raise DatasetError(msg("State the first and the last day."))
        reached = SqlArchive(get_database()).settings
        return partial(archive_films, reached, *wish.days, most), labels, wish.kind
    if wish.kind is SiteKind.ZIP:
        if wish.packed is None:
            raise DatasetError(msg("Choose the zip file of films."))
        return partial(_open_place, io.BytesIO(wish.packed), most), labels, wish.kind
    if not wish.place.strip():
        raise DatasetError(msg("State where the films lie."))
    return partial(_open_place, wish.place.strip(), most), labels, kind_of_place(wish.place.strip())


@contextmanager
def _open_place(place: str | io.BytesIO, most_bytes: int) -> Iterator[Films]:
    """Open a place, whose DICOM files labels may call by what their headers state."""
    with open_films(place, most_bytes) as films:
        yield KnownByHeader(films)
