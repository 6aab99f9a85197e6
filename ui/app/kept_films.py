"""The visit's share of the worklist that all readers of a site have in common."""

from __future__ import annotations

from collections.abc import Collection

from core.domain.reader import Act, reader_key
from core.domain.worklist import WorklistFilm, WorklistFilter
from core.jobs.batch import WAITING, FilmState, UploadedFilm
from core.jobs.kept_films import as_uploaded, outcome_of
from core.settings import get_settings
from ui.app.examples import get_examples
from ui.app.resources import get_films, get_identity, start_batch
from ui.app.session import Visit

PAGE = 100
"""Films that the list holds at once; more are a slow page and no help."""
_AT_A_TIME = 500


def list_films(visit: Visit, asked: WorklistFilter, skip: int = 0) -> int:
    """Put the films that are asked for into the visit; return how many there are in all.

    The open film stays in the list, and so do films on their way into the store. A picture that
    is put away stays until another list is asked for. The synthetic films go once the site has
    films of its own.
    """
    films = get_films()
    page, total = films.page(asked, PAGE, skip)
    if page:
        visit.give_way()
    if visit.list_of != (asked, skip):
        visit.list_of, visit.put_away = (asked, skip), set()
    away = [films.find(key) for key in visit.put_away - {film.film_sha256 for film in page}]
    stays = [film for film in away if film is not None]
    if stays:
        total += len(stays)
        page += stays
        if not asked.by_suspicion:  # they have none, and come last
            page.sort(key=lambda film: (film.arrived_at, film.film_sha256))
    listed = {film.film_sha256: film for film in page}
    coming = _coming(visit, listed)
    if visit.selected is not None and visit.selected not in {**listed, **coming}:
        still = films.find(visit.selected)
        if still is None:
            visit.selected = None
        else:
            listed[still.film_sha256] = still
    _take_over(visit, listed, coming)
    return max(total, len(listed)) + len(coming.keys() - listed.keys())


def _coming(visit: Visit, listed: Collection[str]) -> dict[str, UploadedFilm]:
    """Return the films that lie in memory only: on their way, or the store did not take them."""
    shipped = {key: film for key, film in visit.films.items() if film.shipped}
    held = {
        key: film
        for key, film in visit.films.items()
        if not callable(film.held) and key not in listed and key not in shipped
    }
    on_their_way = set() if visit.job is None else {film.key for film in visit.job.unkept}
    arrived = held.keys() - on_their_way
    return shipped | {
        key: film
        for key, film in held.items()
        if key not in arrived or get_films().find(key) is None
    }


def _take_over(
    visit: Visit, listed: dict[str, WorklistFilm], coming: dict[str, UploadedFilm]
) -> None:
    films, identity, before = get_films(), get_identity(), visit.outcomes
    visit.listed = listed
    visit.films = {key: as_uploaded(film, films) for key, film in listed.items()}
    visit.films |= {key: film for key, film in coming.items() if key not in listed}
    visit.outcomes = {}
    for key in visit.films:
        said = outcome_of(listed[key], identity) if key in listed else WAITING
        last = before.get(key, WAITING)
        if said.state is FilmState.WAITING and not (key in listed and last.reading is not None):
            said = last  # it was stopped, could not be fetched, or is on its way
        if said.state is not FilmState.WAITING:
            visit.outcomes[key] = said


def list_all(visit: Visit) -> None:
    """Put the site's films into a visit that has none yet, as after a reload of another page."""
    if get_settings().keeps_films and not visit.films:
        list_films(visit, WorklistFilter(every=True))


def take_up(visit: Visit, code: str) -> None:
    """Put one film into the visit, by the beginning of its hash; another page asks for it."""
    if any(key.startswith(code) for key in visit.films):
        return
    if get_settings().offer_synthetic and not visit.films:
        examples = get_examples()
        shipped = [film for film in examples.films if film.key.startswith(code)]
        visit.films.update({film.key: film for film in shipped})
        visit.outcomes.update({one.key: examples.outcomes.get(one.key, WAITING) for one in shipped})
    if not get_settings().keeps_films:
        return
    found = get_films().find(code)
    if found is not None:
        key = found.film_sha256
        visit.films[key] = as_uploaded(found, get_films())
        visit.listed[key] = found
        visit.outcomes[key] = outcome_of(found, get_identity())


def read_unread(visit: Visit) -> None:
    """Have the machine go on with kept films that nobody reads, as after a restart."""
    if visit.job is not None or visit.paused:
        return
    waiting = get_films().unread(get_identity(), _AT_A_TIME)
    if waiting:
        films = [as_uploaded(film, get_films()) for film in waiting]
        visit.job = start_batch(films)


def claim(visit: Visit, key: str) -> WorklistFilm | None:
    """Claim the open film for the visitor, who lets go of every other; return how it stands."""
    reader = visit.acting
    if not reader.may(Act.SIGN_READ) or not reader.name:
        return visit.listed.get(key)
    found = get_films().claim(key, reader)
    get_films().release(reader.name, visit.claimed - {key})
    visit.claimed = {key}
    if found is not None and key in visit.listed:
        visit.listed[key] = found
    return found


def claimed_by_another(visit: Visit, film: WorklistFilm | None) -> str:
    """Return who else reads a film at the moment; empty if nobody does."""
    if film is None or not film.claimed_by:
        return ""
    own = reader_key(film.claimed_by) == reader_key(visit.reader)
    return "" if own else film.claimed_by


def change_film(visit: Visit, film: UploadedFilm) -> None:
    """Have a film read again as it is changed: inverted, turned, or as it came."""
    visit.films[film.key] = film
    visit.outcomes.pop(film.key, None)
    if film.key in visit.listed:
        turns = film.turn.quarters
        get_films().change(film.key, inverted=film.inverted, quarter_turns=turns)
