"""Whether a film that an address opens is one that its visitor has yet to read blind."""

from __future__ import annotations

from core.domain.reader import Act
from core.errors import DatasetError
from core.settings import get_settings
from core.store.teaching import SqlTeachingStore
from ui.app.resources import get_database, get_store
from ui.app.session import Visit
from ui.library.films import load_film


def awaits_blind_read(visit: Visit, library: str, film_id: str) -> str:
    """Return why the runs' results of a film are hidden from the visitor; empty if they are not.

    A link that somebody shares must not show the model's result of a film that stands in the
    visitor's worklist unread, or that a teaching session of theirs has yet to show.
    """
    if _in_teaching(visit, film_id):
        return (
            "A teaching session of yours has yet to show this film, so the runs' results are "
            "hidden here. Read the film on the page Teaching, or end that session."
        )
    if _in_worklist(visit, library, film_id):
        return (
            "This film is in your worklist and you have not read it, so the runs' results are "
            "hidden here. Lock your first read on the page Review."
        )
    return ""


def _in_teaching(visit: Visit, film_id: str) -> bool:
    reader = " ".join(visit.reader.split())
    if not reader:
        return False
    courses = SqlTeachingStore(get_database()).courses_of(reader)
    return any(
        film.case.film_id == film_id and film.read is None
        for course in courses
        if course.place is not None
        for film in course.films
    )


def _in_worklist(visit: Visit, library: str, film_id: str) -> bool:
    blind = get_settings().read_first and visit.acting.may(Act.SIGN_READ)
    if not (blind and visit.films):
        return False
    try:
        key = load_film(library, film_id).key
    except DatasetError:
        return False
    return key in visit.films and not get_store().films_read_by([key], visit.acting.name)
