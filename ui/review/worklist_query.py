"""Which films of the shared worklist are listed: what the address asks, and what draws it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.domain.reader import Act
from core.domain.worklist import Arrival, FilmStatus, WorklistFilter
from core.settings import get_settings
from ui.app.kept_films import PAGE
from ui.app.query_params import Param, QueryParams, WrongValue, one_of, put, word
from ui.app.resources import get_films
from ui.app.session import Visit

SHOWN = {
    "open": "Open films",
    **{str(status).replace(" ", "-"): str(status).capitalize() for status in FilmStatus},
    "all": "All films",
}
ARRIVALS = {"any": "However they came", **{str(one).lower(): str(one) for one in Arrival}}
_STATUSES = {str(status).replace(" ", "-"): status for status in FilmStatus}


@dataclass(frozen=True, slots=True)
class WorklistView:
    """What an address asks for; films ``page * PAGE`` and later are shown."""

    show: str = "open"
    find: str = ""
    came: str = "any"
    page: int = 0

    @property
    def narrowed(self) -> bool:
        """Whether the address asks for other films than the open ones."""
        return (self.show, self.find, self.came) != ("open", "", "any")

    @property
    def asked(self) -> WorklistFilter:
        """The films that are asked for."""
        status = _STATUSES.get(self.show)
        return WorklistFilter(
            statuses=() if status is None else (status,),
            every=self.show == "all",
            words=self.find.strip(),
            arrival=next((one for one in Arrival if str(one).lower() == self.came), None),
            by_suspicion=get_settings().shows_order,
        )


def _parse_page(text: str, *_: object) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7 and int(text) > 0):
        raise WrongValue("is not the number of a page")
    return int(text) - 1


WORKLIST = QueryParams(
    "worklist",
    WorklistView,
    one_of("show", SHOWN, forgets=("page",)),
    word("find", "", forgets=("page",)),
    one_of("came", ARRIVALS, forgets=("page",)),
    Param("page", _parse_page, 0, text=lambda page: str(page + 1) if page else ""),
)


def draw_filters(visit: Visit, view: WorklistView, total: int) -> None:
    """Draw which films are listed, and the way to others; nothing where the list is short."""
    counts = get_films().counts()
    signed = counts.get(FilmStatus.SIGNED, 0)
    if not (view.narrowed or signed or sum(counts.values()) > 1):
        return
    words = {name: f"{label}{_count(name, counts)}" for name, label in SHOWN.items()}
    if get_settings().read_first and not visit.acting.may(Act.ARBITRATE):
        del words[FilmStatus.DISPUTED.value]  # which tells what others and the model said
    WORKLIST.select(view, "Films", "show", words, label_visibility="collapsed")
    with st.popover("Find a film", icon=":material/search:", width="stretch"):
        st.text_input("Name, or beginning of the hash", **WORKLIST.bind(view, "find"))
        WORKLIST.select(view, "Arrival", "came", ARRIVALS)
    if view.find:
        st.caption(f"Found by “{view.find}”.")
    _draw_pages(view, total)


def _count(name: str, counts: dict[FilmStatus, int]) -> str:
    status = _STATUSES.get(name)
    n = None if status is None else counts.get(status, 0)
    return "" if n is None else f" ({n:,})"


def _draw_pages(view: WorklistView, total: int) -> None:
    if total <= PAGE:
        return
    first, last = view.page * PAGE + 1, min(total, (view.page + 1) * PAGE)
    back, place, on = st.columns([1, 4, 1], vertical_alignment="center")
    back.button(
        ":material/chevron_left:",
        help="Earlier films",
        disabled=view.page == 0,
        on_click=put,
        kwargs={"page": str(view.page) if view.page > 1 else ""},
        type="tertiary",
    )
    place.caption(f"{first:,} to {last:,} of {total:,}")
    on.button(
        ":material/chevron_right:",
        help="Later films",
        disabled=last >= total,
        on_click=put,
        kwargs={"page": str(view.page + 2)},
        type="tertiary",
    )
