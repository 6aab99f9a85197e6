"""What the worklist that all readers share says of a film: who reads it, and what is disputed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

import streamlit as st

from core.domain.reader import Act
from core.domain.worklist import FilmStatus, WorklistFilm, arrival_words
from core.language.numbers import day_text, time_text
from core.language.words import msg, tr, trn
from core.settings import get_settings
from ui.app.kept_films import claimed_by_another
from ui.app.resources import get_films, get_teaching_films
from ui.app.session import Visit
from ui.components.plain_text import plain
from ui.components.worklist.worklist import WorklistRow


def status_words(visit: Visit, key: str, read: Collection[str], *, seeks: bool = False) -> str:
    """Return a film's status where that is more than its reads say; empty if it is not.

    That a film is disputed tells what others and the model said: only those who have read it, and
    those who look for disputes to settle, see it.

    Parameters
    ----------
    read : collection of str
        The films that the visitor has read.
    seeks : bool
        Whether the visitor has asked for the disputed films.
    """
    film = visit.listed.get(key)
    if film is None:
        return ""
    if film.status is FilmStatus.DISPUTED and (key in read or seeks):
        return msg("disputed")
    other = claimed_by_another(visit, film)
    if other and key not in read and film.status is not FilmStatus.SIGNED:
        return msg("being read by {other}", other=other)
    if film.status is FilmStatus.FIRST_LOCKED and key not in read:
        return msg("first read by another")
    return ""


def free_rows(visit: Visit, rows: Sequence[WorklistRow]) -> Sequence[WorklistRow]:
    """Return the rows that the visitor may begin with: of the best kind that there is.

    Those that the machine has read come first. Of a shared list these are the films that nobody
    has read, then those that the visitor has not signed, then any that nobody else has open.
    """
    seen = [row for row in rows if row.thumbnail_png is not None] or list(rows)
    free = [row for row in seen if not claimed_by_another(visit, visit.listed.get(row.key))]
    if not visit.listed:
        return [row for row in free if not row.done] or free
    new = (FilmStatus.NEW, FilmStatus.BEING_READ)
    unread = [
        row for row in free if row.key in visit.listed and visit.listed[row.key].status in new
    ]
    return unread or [row for row in free if not row.done] or free or seen


def draw_claim(visit: Visit, film: WorklistFilm | None) -> None:
    """Say who else reads the open film, and what the film's file says of its picture."""
    other = claimed_by_another(visit, film)
    signs = visit.acting.may(Act.SIGN_READ)
    if film is not None and other and film.claimed_until is not None:
        words = tr(
            "{reader} is reading this film, until {time} UTC at the most.",
            reader=plain(other),
            time=f"{film.claimed_until:%H:%M}",
        )
        if signs:
            words += f" {tr('What you sign stands beside it as a second read.')}"
        st.caption(f":material/person: {words}")
    if film is not None and film.burned_in:
        words = tr(
            "This film's file says that writing is burned into the picture. It may name the "
            "patient: do not share the picture."
        )
        st.caption(f":material/badge: {words}")


def draw_kept(visit: Visit, film: WorklistFilm | None) -> None:
    """Draw how the open film came and how long it stays, and what erases it."""
    if film is None:
        return
    with st.popover(tr("About this film"), icon=":material/info:", type="tertiary"):
        st.caption(_kept_text(film))
        st.caption(f"sha256 `{film.film_sha256}`")
        others = get_films().of_patient(film.film_sha256) if film.patient else []
        if others:
            n = len(others)
            st.caption(
                trn(
                    "{n} other film of this patient here.",
                    "{n} other films of this patient here.",
                    n,
                )
            )
        if not visit.acting.may(Act.ERASE_FILMS):
            return
        if get_teaching_films().case_of(film.film_sha256) is not None:
            words = tr("It is a teaching case too: erasing it erases the case.")
            st.caption(f":material/school: {words}")
        sure = st.checkbox(tr("Erase for good"), key=f"erase-{film.film_sha256}")
        if st.button(tr("Erase this film"), icon=":material/delete_forever:", disabled=not sure):
            _erase(visit, [film.film_sha256])
        if others and st.button(
            tr("Erase all {films} films of this patient", films=len(others) + 1),
            icon=":material/delete_sweep:",
            disabled=not sure,
        ):
            _erase(visit, [film.film_sha256, *others])


def _kept_text(film: WorklistFilm) -> str:
    """Return how a film came, and until when it is kept or listed."""
    fields = {
        "film": plain(film.name),
        "way": arrival_words(film.arrival),
        "time": time_text(film.arrived_at),
    }
    if film.added_by:
        came = tr(
            "{film} came by {way} on {time} UTC by {reader}.", reader=plain(film.added_by), **fields
        )
    else:
        came = tr("{film} came by {way} on {time} UTC.", **fields)
    until = day_text(film.arrived_at + timedelta(days=get_settings().keep_films_days))
    if film.has_file:
        kept = tr("It is kept, encrypted, until {day}. Signed reads stay after that.", day=until)
    else:
        kept = tr(
            "It is listed without its file until {day}. Signed reads stay after that.", day=until
        )
    return f"{came} {kept}"


def _erase(visit: Visit, keys: Sequence[str]) -> None:
    n = get_films().erase(keys, visit.acting, "request")
    visit.remove(keys)
    visit.notice = trn(
        "{n} film was erased. Signed reads stay.",
        "{n} films were erased. Signed reads stay.",
        n,
    )
    st.rerun()
