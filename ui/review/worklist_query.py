"""Which films of the shared worklist are listed: what the address asks, and what draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import streamlit as st

from core.domain.reader import Act
from core.domain.worklist import (
    Arrival,
    FilmStatus,
    WorklistFilter,
    arrival_words,
    status_words,
)
from core.language.numbers import number
from core.language.words import msg, tr
from core.settings import get_settings
from ui.app.kept_films import PAGE, take_up
from ui.app.query_params import Param, QueryParams, WrongValue, complain, one_of, put
from ui.app.resources import get_films
from ui.app.session import Visit
from ui.app.watching import blind_queue
from ui.components.plain_text import plain
from ui.components.worklist.worklist import DISMISSED
from ui.review.priors import FILM, PRIOR, is_code

FIND = "worklist-find"
BLIND = "blind"
"""Asks for the films that two runs read otherwise: none of their scores is shown."""
SHOWN = {
    "open": msg("Open films"),
    **{str(status).replace(" ", "-"): status_words(status) for status in FilmStatus},
    str(FilmStatus.DISMISSED).replace(" ", "-"): DISMISSED,
    "all": msg("All films"),
    BLIND: msg("Read blind, for the comparison"),
}
ARRIVALS = {
    "any": msg("However they came"),
    **{str(one).lower(): arrival_words(one) for one in Arrival},
}
_STATUSES = {str(status).replace(" ", "-"): status for status in FilmStatus}


@dataclass(frozen=True, slots=True)
class WorklistView:
    """What an address asks for; films ``page * PAGE`` and later are shown."""

    show: str = "open"
    came: str = "any"
    page: int = 0

    @property
    def narrowed(self) -> bool:
        """Whether the address asks for other films than the open ones."""
        return (self.show, self.came) != ("open", "any")

    def asked(self, visit: Visit) -> WorklistFilter:
        """Return the films that are asked for, as far as the visitor may tell them apart."""
        status = _STATUSES.get(self.show)
        return WorklistFilter(
            statuses=() if status is None else (status,),
            every=self.show == "all",
            words=visit.find.strip(),
            arrival=next((one for one in Arrival if str(one).lower() == self.came), None),
            tells_disputes=tells_disputes(visit),
            by_suspicion=get_settings().shows_order,
        )


def _parse_page(text: str, *_: object) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7 and int(text) > 0):
        raise WrongValue(msg("is not the number of a page"))
    return int(text) - 1


WORKLIST = QueryParams(
    "worklist",
    WorklistView,
    one_of("show", SHOWN, forgets=("page",)),
    one_of("came", ARRIVALS, forgets=("page",)),
    Param("page", _parse_page, 0, text=lambda page: str(page + 1) if page else ""),
)


def tells_disputes(visit: Visit) -> bool:
    """Return whether the visitor sees which films are disputed without having read them."""
    return not get_settings().read_first or visit.acting.may(Act.ARBITRATE)


def seeks_disputes(visit: Visit, view: WorklistView) -> bool:
    """Return whether a visitor who may know which films are disputed has asked for those."""
    if not get_settings().read_first:
        return visit.acting.may(Act.ARBITRATE)
    return view.show == FilmStatus.DISPUTED.value and tells_disputes(visit)


def read_worklist(visit: Visit, params: Mapping[str, str]) -> tuple[WorklistView, list[str]]:
    """Return what an address asks for, and a sentence on each wrong value.

    An address that names a film and its prior film opens both, once: what the visitor chooses
    afterwards stands.
    """
    view, complaints = WORKLIST.read(params)
    if not visit.followed_address:
        visit.followed_address = True
        complaints += _open_pair(visit, params.get(FILM, ""), params.get(PRIOR, ""))
    if view.show == FilmStatus.DISPUTED.value and not tells_disputes(visit):
        view = replace(view, show="open")
        complaints.append(
            tr("Disputed films are listed for those who settle them: see the open ones.")
        )
    return view, complaints


def _open_pair(visit: Visit, film: str, prior: str) -> list[str]:
    """Open a film beside its prior film, by the beginnings of their hashes."""
    if not film:
        return []
    found = get_films().find(film) if is_code(film) else None
    if found is None:
        return [complain(FILM, film, tr("is not kept here"), tr("the worklist"))]
    take_up(visit, found.film_sha256)
    visit.selected = found.film_sha256
    before = get_films().priors(visit.selected)
    beside = [one.film_sha256 for one in before if one.film_sha256.startswith(prior)]
    if not is_code(prior) or not beside:
        return [complain(PRIOR, prior, tr("is no prior film of this one"), tr("this film alone"))]
    visit.beside[visit.selected] = beside[0]
    return []


def draw_filters(visit: Visit, view: WorklistView, total: int) -> None:
    """Draw which films are listed, and the way to others; nothing where the list is short."""
    counts = get_films().counts()
    if not tells_disputes(visit):
        disputed = counts.pop(FilmStatus.DISPUTED, 0)
        counts[FilmStatus.SIGNED] = counts.get(FilmStatus.SIGNED, 0) + disputed
    signed = counts.get(FilmStatus.SIGNED, 0)
    if not (view.narrowed or visit.find or signed or sum(counts.values()) > 1):
        return
    words = {name: _counted(label, _count(name, counts)) for name, label in SHOWN.items()}
    is_open = not view.narrowed and not visit.find
    opens = replace(WorklistView().asked(visit), words="")
    n_open = total - len(visit.put_away) if is_open else get_films().page(opens, 0)[1]
    words["open"] = _counted(SHOWN["open"], n_open)
    # one that is being read has another status too
    n_all = sum(n for status, n in counts.items() if status is not FilmStatus.BEING_READ)
    words["all"] = _counted(SHOWN["all"], n_all)
    blind = len(blind_queue(visit))
    words[BLIND] = _counted(SHOWN[BLIND], blind)
    if not blind:
        del words[BLIND]
    if not tells_disputes(visit):
        del words[FilmStatus.DISPUTED.value]
    elif counts.get(FilmStatus.DISPUTED):
        name = FilmStatus.SIGNED.value
        words[name] = _counted(msg("Signed, not disputed"), _count(name, counts))
    WORKLIST.select(view, tr("Films"), "show", words, label_visibility="collapsed")
    with st.popover(tr("Find a film"), icon=":material/search:", width="stretch"):
        # not in the address: a file's name often is a person's
        st.text_input(
            tr("Name, or beginning of the hash"),
            visit.find,
            key=FIND,
            on_change=lambda: _find(visit),
            persist_state="session",
        )
        WORKLIST.select(view, tr("Arrival"), "came", {k: tr(v) for k, v in ARRIVALS.items()})
    if visit.find:
        st.caption(tr("Found by “{words}”.", words=plain(visit.find)))
    _draw_pages(view, total)


def _find(visit: Visit) -> None:
    visit.find = st.session_state[FIND]
    put(page="")


def _count(name: str, counts: dict[FilmStatus, int]) -> int | None:
    status = _STATUSES.get(name)
    return None if status is None else counts.get(status, 0)


def _counted(label: str, n: int | None) -> str:
    """Return what is listed, with how many films it has where that is known."""
    said = tr(label)
    said = f"{said[:1].upper()}{said[1:]}"
    return said if n is None else f"{said} ({number(n, ',')})"


def _draw_pages(view: WorklistView, total: int) -> None:
    if total <= PAGE:
        return
    first, last = view.page * PAGE + 1, min(total, (view.page + 1) * PAGE)
    back, place, on = st.columns([1, 4, 1], vertical_alignment="center")
    back.button(
        ":material/chevron_left:",
        help=tr("Earlier films"),
        disabled=view.page == 0,
        on_click=put,
        kwargs={"page": str(view.page) if view.page > 1 else ""},
        type="tertiary",
    )
    place.caption(tr("{first:,} to {last:,} of {total:,}", first=first, last=last, total=total))
    on.button(
        ":material/chevron_right:",
        help=tr("Later films"),
        disabled=last >= total,
        on_click=put,
        kwargs={"page": str(view.page + 2)},
        type="tertiary",
    )
