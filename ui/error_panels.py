"""The gallery side of the Errors page: cards and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.case_notes import CaseNote
from core.error_filter import subtypes_of
from core.errors import FirstReadError
from ui.cards import PAGE_FILMS, CardsWish, hear_cards, show_cards
from ui.case_form import carry_draft
from ui.error_controls import draw_filters, found_in_words
from ui.error_films import Found, build_cards, get_case_notes, make_ahead
from ui.error_link import ErrorView
from ui.error_notes import draw_notes
from ui.failing_data import slices_of
from ui.matrix import hear_matrix
from ui.resources import get_library
from ui.session import Visit

GALLERY, MATRIX, PAGES_DRAWN = "errors-gallery", "errors-matrix", "errors-pages"
QUICK_TAG = "look again"


def hear_gallery(visit: Visit, view: ErrorView) -> ErrorView:
    """Return the view that follows from what was done in the browser since the last run."""
    wish = hear_matrix(MATRIX)
    if wish is not None:
        view = replace(view, threshold=wish.threshold, cell=wish.cell, page=1, film=None)
    card = hear_cards(GALLERY)
    return view if card is None else _after(visit, view, card)


def _after(visit: Visit, view: ErrorView, wish: CardsWish) -> ErrorView:
    if wish.act == "open":
        return replace(view, film=wish.film)
    if wish.act == "tag":
        turn_quick_tag(visit, view, wish.film)
        return view
    return replace(view, page=max(1, view.page + (1 if wish.act == "next" else -1)))


def turn_quick_tag(visit: Visit, view: ErrorView, film_id: str) -> None:
    """Put the tag of the key on a film or take it off, and say so; or say what is lacking."""
    notes = get_case_notes()
    try:
        before = notes.standing_note(view.library, film_id, visit.acting.name)
        note = notes.turn_tag(view.library, film_id, visit.acting, view.run, QUICK_TAG)
    except FirstReadError as exc:
        visit.notice = str(exc)
    else:
        carry_draft(film_id, before, note)
        done = "Tagged" if QUICK_TAG in note.tags else "No longer tagged"
        visit.notice = f"{done}: {QUICK_TAG}."


def pages_of(found: Found) -> int:
    """Return how many pages the films take, at least one."""
    return max(1, -(-len(found.film_ids) // PAGE_FILMS))


def draw_gallery(visit: Visit, view: ErrorView, found: Found, notes: Sequence[CaseNote]) -> None:
    """Draw the films of one page as cards, with what leads to the others."""
    words_side, filter_side, notes_side = st.columns(
        [2.6, 2.2, 0.8], gap="small", vertical_alignment="bottom"
    )
    with words_side:
        st.markdown(found_in_words(view, found))
        if get_library(view.library).synthetic:
            st.caption("Drawn by a program: what a run does here says nothing of patients.")
    with filter_side:
        draw_filters(view, found, notes)
    with notes_side:
        draw_notes(view, notes)
    if not found.film_ids:
        draw_nothing(view, found)
        return
    first = (view.page - 1) * PAGE_FILMS
    shown = found.film_ids[first : first + PAGE_FILMS]
    cards, sentence = build_cards(view, found, shown, notes)
    if sentence:
        st.caption(f":material/image_not_supported: {sentence}")
    threshold = found.runs.threshold_of(view.run)
    turns = view.page > 1, view.page < pages_of(found)
    show_cards(cards, key=GALLERY, threshold=threshold, active=visit.last_film, turns=turns)
    make_ahead(view.library, found.film_ids[first + PAGE_FILMS : first + 2 * PAGE_FILMS])


def draw_pages(view: ErrorView, found: Found) -> None:
    """Draw the way to other pages, and the keys."""
    pages = pages_of(found)
    if pages > 1:
        key = _pages_key(view.page)
        st.pagination(
            pages,
            default=view.page,
            key=key,
            max_visible_pages=5,
            width="stretch",
            on_change=_turn_page,
            args=(key,),
        )
    if found.film_ids:
        st.html(
            '<p class="fr-line">Keys: <b>j</b> <b>k</b> next, previous · <b>Enter</b> open · '
            f"<b>t</b> tag “{QUICK_TAG}”</p>"
        )


def _pages_key(page: int) -> str:
    """Return the key under which the pages are drawn; a new one where they were turned elsewhere.

    Streamlit warns where a widget with a default has its value set, and this one always has one.
    """
    number = st.session_state.get(PAGES_DRAWN, 0)
    if st.session_state.get(f"{PAGES_DRAWN}-{number}", page) != page:
        number += 1
        st.session_state[PAGES_DRAWN] = number
    return f"{PAGES_DRAWN}-{number}"


def _turn_page(key: str) -> None:
    st.query_params["page"] = str(st.session_state[key])


def draw_nothing(view: ErrorView, found: Found) -> None:
    """Say why no film is shown."""
    if found.in_cell:
        st.info(
            f"None of the {found.in_cell} films of this cell is all that the filter asks for. "
            "Take a part of it away.",
            icon=":material/filter_list:",
        )
    else:
        st.info(
            f"No film of this split is in this cell at threshold "
            f"{found.runs.threshold_of(view.run):.3f}. Choose another cell, or move the threshold.",
            icon=":material/search_off:",
        )


def keep_to_the_pages(view: ErrorView, found: Found, complaints: list[str]) -> ErrorView:
    """Return the view on a page that there is; say what no film of the split can be."""
    if view.film is not None and found.runs.place_of(view.film) is None:
        complaints.append("The film that was opened is not in this split: the gallery.")
        view = replace(view, film=None)
    wanted, known = view.wanted, found.known
    there = {
        "subtype": (wanted.subtype, subtypes_of(found.runs.films)),
        "finding": (wanted.finding, known.codes),
        "age": (wanted.age, known.bands),
        "slice": (wanted.slice_key, slices_of(view.library, view.run) if wanted.slice_key else ()),
    }
    complaints += [
        f"The address asks for {name} {asked[:40]!r}, which there is not among these films."
        for name, (asked, options) in there.items()
        if asked is not None and asked not in options
    ]
    pages = pages_of(found)
    if view.page > pages:
        complaints.append(f"The address names page {view.page}, and there are {pages}: the last.")
        view = replace(view, page=pages)
    return view
