"""The gallery side of the Errors page: cards and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

import streamlit as st

from core.error_analysis.filters import subtypes_of
from core.error_analysis.names import QUICK_TAG, name_text
from core.error_analysis.notes import CaseNote, ProposalState, count_notes
from core.error_analysis.notes_export import notes_as_csv, notes_as_json, notes_as_parquet
from core.errors import FirstReadError
from core.language.words import msg, tr, trn
from ui.app.query_params import put
from ui.app.resources import get_library
from ui.app.session import Visit
from ui.components.cards.cards import PAGE_FILMS, read_cards_event
from ui.components.matrix.matrix import read_matrix_event
from ui.components.table_files import TableFiles, offer_table
from ui.errors.controls import draw_filters, found_in_words
from ui.errors.note_form import carry_draft
from ui.library.blind_reads import note_left_out
from ui.library.films import (
    Found,
    build_cards,
    draw_cards,
    get_case_notes,
    make_ahead,
    note_what_lacks,
)
from ui.library.gallery_query import ErrorView
from ui.library.runs import get_references
from ui.library.slices import slices_of

PROPOSALS = {
    ProposalState.PROPOSED: msg("proposed"),
    ProposalState.ACCEPTED: msg("accepted"),
    ProposalState.DISPUTED: msg("disputed"),
}


def draw_notes(view: ErrorView, notes: Sequence[CaseNote]) -> None:
    """Draw, behind one button, the readers' notes so far and their exports."""
    references = get_references(view.library, view.run)
    counts = count_notes(notes, references)
    with st.popover(
        tr("Notes ({films})", films=counts.films), icon=":material/sticky_note_2:", width="stretch"
    ):
        if not counts.films:
            st.write(tr("Open a film to note a cause, tags, a comment or another label."))
        else:
            _draw_counts(tr("Causes"), counts.by_cause)
            _draw_counts(tr("Tags"), counts.by_tag)
            _draw_counts(
                tr("Proposed labels"),
                {tr(words): counts.by_proposal.get(state, 0) for state, words in PROPOSALS.items()},
            )
        offer_table(  # every note of the library, replaced ones included
            _make_files(view.library, view.run, notes),
            f"first-read-notes-{view.library}",
            (tr("All notes as CSV"), tr("All notes as Parquet"), tr("All notes as JSON")),
            key="errors-notes",
            disabled=not notes,
            width="stretch",
        )


def _draw_counts(title: str, counts: Mapping[str, int]) -> None:
    rows = sorted(counts.items(), key=lambda row: -row[1])
    if not any(counts.values()):
        return
    st.markdown(tr("**{title}** (films)", title=title))
    st.table({name_text(name): number for name, number in rows if number})


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs={CaseNote: attrgetter("note_id")})
def _make_files(library: str, run: str, standing: Sequence[CaseNote]) -> TableFiles:
    """Make the files once for the notes that stand: every new note changes which these are."""
    history = get_case_notes().history(library) if standing else []
    references = get_references(library, run)
    return TableFiles(
        notes_as_csv(history, references),
        notes_as_parquet(history, references),
        notes_as_json(history, references),
    )


GALLERY, MATRIX, PAGES_DRAWN = "errors-gallery", "errors-matrix", "errors-pages"


def follow_gallery_event(visit: Visit, view: ErrorView) -> ErrorView:
    """Return the view that follows from what was done in the browser since the last run."""
    wish = read_matrix_event(MATRIX)
    if wish is not None:
        view = replace(view, threshold=wish.threshold, cell=wish.cell, page=1, film=None)
    card = read_cards_event(GALLERY)
    if card is None:
        return view
    if card.act == "open":
        return replace(view, film=card.film)
    if card.act == "tag":
        turn_quick_tag(visit, view, card.film)
        return view
    return replace(view, page=max(1, view.page + (1 if card.act == "next" else -1)))


def turn_quick_tag(visit: Visit, view: ErrorView, film_id: str) -> None:
    """Put the tag of the key on a film or take it off, and say so; or say what is lacking."""
    notes = get_case_notes()
    try:
        before = notes.standing_note(view.library, film_id, visit.acting.name)
        note = notes.turn_tag(view.library, film_id, visit.acting, view.run, QUICK_TAG)
    except FirstReadError as exc:
        visit.notice = exc.sentence
    else:
        carry_draft(film_id, before, note)
        tag = name_text(QUICK_TAG)
        if QUICK_TAG in note.tags:
            visit.notice = tr("Tagged: {tag}.", tag=tag)
        else:
            visit.notice = tr("No longer tagged: {tag}.", tag=tag)


def pages_of(found: Found) -> int:
    """Return how many pages the films take, at least one."""
    return max(1, -(-len(found.film_ids) // PAGE_FILMS))


def draw_gallery(visit: Visit, view: ErrorView, found: Found, notes: Sequence[CaseNote]) -> None:
    """Draw the films of one page as cards, with what leads to the others."""
    words_side, filter_side, notes_side = st.columns(
        [2.3, 2.2, 1.1], gap="small", vertical_alignment="bottom"
    )
    with words_side:
        st.markdown(found_in_words(view, found))
        if get_library(view.library).synthetic:
            st.caption(tr("Computer-generated; not evidence of clinical performance."))
        note_what_lacks(view.library)
        note_left_out(visit)
        if found.awaiting:
            st.caption(held_back_text(len(found.awaiting)))
    with filter_side:
        draw_filters(view, found, notes)
    with notes_side:
        draw_notes(view, notes)
    if not found.film_ids:
        if found.in_cell and not view.wanted.anything:
            st.info(
                tr(
                    "No film of this cell is listed until you have read more of the "
                    "films that await your first read."
                ),
                icon=":material/visibility_off:",
            )
        elif found.in_cell:
            st.info(
                tr(
                    "None of the {films} films of this cell matches the filter. Remove "
                    "a part of it.",
                    films=found.in_cell,
                ),
                icon=":material/filter_list:",
            )
        else:
            st.info(
                tr(
                    "No film of this split is in this cell at threshold "
                    "{threshold:.3f}. Choose another cell, or move the threshold.",
                    threshold=found.runs.threshold_of(view.run),
                ),
                icon=":material/search_off:",
            )
        return
    first = (view.page - 1) * PAGE_FILMS
    shown = found.film_ids[first : first + PAGE_FILMS]
    draw_cards(
        view.library,
        build_cards(view, found, shown, notes),
        key=GALLERY,
        threshold=found.runs.threshold_of(view.run),
        active=visit.last_film,
        turns=(view.page > 1, view.page < pages_of(found)),
    )
    make_ahead(view.library, found.film_ids[first + PAGE_FILMS : first + 2 * PAGE_FILMS])


def held_back_text(awaiting: int) -> str:
    """Return what the lists lack beside the counts, the same whatever cell the films are in."""
    return trn(
        "The counts are of all films. The list of every cell lacks {n} film, or all where it has "
        "fewer, so no list tells where an unread film would be.",
        "The counts are of all films. The list of every cell lacks {n} films, or all where it has "
        "fewer, so no list tells where an unread film would be.",
        awaiting,
    )


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
            on_change=lambda: put(page=str(st.session_state[key])),
        )
    if found.film_ids:
        keys = tr(
            "Keys: <b>j</b> <b>k</b> next, previous · <b>Enter</b> open · <b>t</b> tag “{tag}”",
            tag=name_text(QUICK_TAG),
        )
        st.html(f'<p class="fr-line">{keys}</p>')


def _pages_key(page: int) -> str:
    """Return the key under which the pages are drawn; a new one where they were turned elsewhere.

    Streamlit warns where a widget with a default has its value set, and this one always has one.
    """
    number = st.session_state.get(PAGES_DRAWN, 0)
    if st.session_state.get(f"{PAGES_DRAWN}-{number}", page) != page:
        number += 1
        st.session_state[PAGES_DRAWN] = number
    return f"{PAGES_DRAWN}-{number}"


def keep_to_the_pages(view: ErrorView, found: Found, complaints: list[str]) -> ErrorView:
    """Return the view on a page that there is; say what no film of the split can be."""
    gone = view.film is not None and found.whole.place_of(view.film) is None
    if gone:
        complaints.append(tr("The open film is not in this split: the gallery is shown."))
        view = replace(view, film=None)
    wanted, known = view.wanted, found.known
    there = {
        "subtype": (wanted.subtype, subtypes_of(found.whole.films)),
        "finding": (wanted.finding, known.codes),
        "age": (wanted.age, known.bands),
        "slice": (wanted.slice_key, slices_of(view.library, view.run) if wanted.slice_key else ()),
    }
    complaints += [
        tr(
            "The address asks for {name} {asked!r}, which none of these films has.",
            name=name,
            asked=asked[:40],
        )
        for name, (asked, options) in there.items()
        if asked is not None and asked not in options
    ]
    pages = pages_of(found)
    if view.page > pages:
        complaints.append(
            tr(
                "There is no page {page}; the last, page {pages}, is shown.",
                page=view.page,
                pages=pages,
            )
        )
        view = replace(view, page=pages)
    return view
