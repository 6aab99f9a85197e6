"""Films that the visitor has yet to read blind: what the runs say of them is shown nowhere.

The synthetic films that ship with the app are not among them while nobody uploads them, and no
reader study of the visitor's holds them: they are teaching material, and every page may show them.
They are left out of lists and counts, and not covered in them: a place in an order, or among the
missed films, tells the side as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import streamlit as st

from core.domain.reader import Act
from core.errors import DatasetError
from core.language.words import msg, tr
from core.library.films import FilmLibrary
from core.library.site_library import SiteLibrary
from core.reader_studies.study import KeptStudy
from core.settings import get_settings
from core.store.reader_studies import SqlReaderStudies
from core.store.teaching import SqlTeachingStore
from ui.app.resources import get_database, get_films, get_libraries, get_library, get_store
from ui.app.session import Visit

IN_STUDY = msg(
    "You have yet to read this film in a reader study, so its reference and the runs' results are "
    "hidden here. They are shown once you have read it in every arm, or the study is closed."
)


def awaits_blind_read(visit: Visit, library: str, film_id: str) -> str:
    """Return why the runs' results of a film are hidden from the visitor; empty if they are not.

    A link that somebody shares must not show the model's result of a film that stands in the
    visitor's worklist unread, that a teaching session of theirs has yet to show, or that they have
    yet to read in a reader study.
    """
    if film_id in films_of_studies(visit, library):
        return tr(IN_STUDY)
    if film_id in _in_teaching(visit):
        return tr(
            "A teaching session of yours has yet to show this film, so the runs' "
            "results are hidden here. Read the film on the page Teaching, or end "
            "that session."
        )
    unread = _in_worklist(visit)
    if unread and _sha256_of(get_library(library), film_id) & unread:
        return tr(
            "This film is in your worklist and you have not read it, so the runs' "
            "results are hidden here. Lock your first read on the page Worklist."
        )
    return ""


def films_awaiting(visit: Visit, library: str, film_ids: Sequence[str]) -> frozenset[str]:
    """Return those of a library's films that the visitor has yet to read blind."""
    in_session, unread = _in_teaching(visit), _in_worklist(visit)
    in_session |= films_of_studies(visit, library)
    films = get_library(library) if unread else None
    return frozenset(
        film_id
        for film_id in film_ids
        if film_id in in_session or (films is not None and _sha256_of(films, film_id) & unread)
    )


def hash_ahead(visit: Visit, library: str, film_ids: Sequence[str]) -> None:
    """Hash a library's files in the background, where `films_awaiting` will ask for them."""
    if not _in_worklist(visit):
        return
    films, known = get_library(library), _hashes()
    if any((library, film_id) not in known for film_id in film_ids):
        _ahead().submit(lambda: [_sha256_of(films, film_id) for film_id in film_ids])


@st.cache_resource(show_spinner=False)
def _ahead() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="first-read-hashes")


def note_left_out(visit: Visit) -> None:
    """Say that films are left out, whether or not any of these is among them: that would tell."""
    unread, in_session = len(_in_worklist(visit)), len(_in_teaching(visit))
    in_study = sum(len(study.design.cases) for study in _studies(visit))
    if unread or in_session or in_study:
        left_out = tr(
            "Films that await your own first read are left out here, with their side and score, "
            "until you have read them: {unread} in your worklist, {in_session} in your teaching "
            "sessions, {in_study} in your reader studies.",
            unread=unread,
            in_session=in_session,
            in_study=in_study,
        )
        st.caption(f":material/visibility_off: {left_out}")


def films_of_studies(visit: Visit, library: str) -> set[str]:
    """Return the films of a library that the visitor has yet to read in an open reader study.

    All films of such a study: each comes again in another arm.
    """
    return {
        case.film_id
        for study in _studies(visit)
        if study.library == library
        for case in study.design.cases
    }


def hashes_of_studies(visit: Visit) -> set[str]:
    """Return the sha256 of the files of all films that `films_of_studies` names."""
    return {
        sha256
        for study in _studies(visit)
        if study.library in get_libraries()
        for case in study.design.cases
        for sha256 in _sha256_of(get_library(study.library), case.film_id)
    }


def _studies(visit: Visit) -> list[KeptStudy]:
    reader = visit.reader.strip()
    return SqlReaderStudies(get_database()).unfinished_of(reader) if reader else []


def _in_teaching(visit: Visit) -> set[str]:
    reader = " ".join(visit.reader.split())
    if not reader:
        return set()
    return {
        film.case.film_id
        for course in SqlTeachingStore(get_database()).courses_of(reader)
        if course.place is not None
        for film in course.films
        if film.read is None
    }


def _in_worklist(visit: Visit) -> set[str]:
    """Return the hashes of the films of the worklist that can be read and are unread."""
    settings = get_settings()
    if not (settings.read_first and visit.acting.may(Act.SIGN_READ)):
        return set()
    if settings.keeps_films:
        return get_films().unread_by(visit.acting.name)
    uploaded = [
        key for key, film in visit.films.items() if not (film.shipped or visit.outcome(key).refused)
    ]
    return set(uploaded) - get_store().films_read_by(uploaded, visit.acting.name)


@st.cache_resource(show_spinner=False)
def _hashes() -> dict[tuple[str, str], frozenset[str]]:
    return {}


def _sha256_of(library: FilmLibrary, film_id: str) -> frozenset[str]:
    """Return the hashes of a film's files, read once in this process; none where it is not there.

    A larger copy in the worklist is the same film, and so is what a site's film was made of.
    """
    if isinstance(library, SiteLibrary):
        return library.known_as(film_id)
    known, key = _hashes(), (library.name, film_id)
    if key not in known:
        try:
            files = library.read_bytes(film_id), library.read_shown(film_id).content
        except DatasetError:
            return frozenset()
        known[key] = frozenset(hashlib.sha256(one).hexdigest() for one in files)
    return known[key]
