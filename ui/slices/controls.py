"""What is chosen on the page Subgroups: each control says what the address says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.error_analysis.slice_discovery import HELD, RATES, SEARCHED
from core.language.words import msg, tr
from core.runs.predictions import how_to_score_learned
from ui.app.guard import PAGES
from ui.app.query_params import QueryParams, one_of, word
from ui.app.resources import get_libraries, get_library
from ui.components.cards.cards import Card, read_cards_event
from ui.errors.controls import split_titles
from ui.library.films import case_of, draw_cards
from ui.library.gallery_query import write_address
from ui.library.runs import get_runs, name_offered, offered_runs, own_validation

SECTIONS = {
    "slices": msg("Subgroups"),
    "labels": msg("Doubtful labels"),
    "copies": msg("Copies"),
    "references": msg("Two references"),
}


INSIDE = {SEARCHED: msg("validation patients"), HELD: msg("official test split")}
"""What the splits that are searched and held are called within a sentence."""
HALVES_INSIDE = {
    SEARCHED: msg("first half of the patients"),
    HELD: msg("second half of the patients"),
}
"""What they are called where the films are a site's own."""


@dataclass(frozen=True, slots=True)
class SlicesView:
    """Everything that decides what the page shows.

    Attributes
    ----------
    section : str
        A key of `SECTIONS`.
    slice_key : str
        The slice that is open; empty for the one with the smallest p value.
    rate : str
        Of the slice that is open, a key of `RATES`.
    """

    library: str
    run: str
    section: str = "slices"
    slice_key: str = ""
    rate: str = "sensitivity"


_SLICE = ("slice", "rate")
ADDRESS = QueryParams(
    "slices",
    SlicesView,
    one_of("library", lambda _, libraries, __: libraries, forgets=_SLICE),
    one_of("run", lambda values, _, runs: runs[values.library], forgets=_SLICE),
    one_of("section", SECTIONS),
    word("slice", field="slice_key"),
    one_of("rate", RATES, needs="slice"),
)


def read_view() -> tuple[SlicesView, list[str]]:
    """Return the view that the address asks for, and what was wrong with it."""
    runs = {library: offered_runs(library) for library in get_libraries()}
    return ADDRESS.read(st.query_params.to_dict(), list(runs), runs)


def draw_choice(view: SlicesView) -> None:
    """Draw which films, which run and which section are looked at."""
    titles = {name: tr(library.title) for name, library in get_libraries().items()}
    films_side, run_side, section_side, point_side = st.columns(
        [1.2, 0.7, 2.4, 2], gap="medium", vertical_alignment="bottom"
    )
    with films_side:
        ADDRESS.select(view, tr("Films"), "library", titles)
    with run_side:
        ADDRESS.select(view, tr("Run"), "run", name_offered(view.library))
    sections = {name: tr(words) for name, words in SECTIONS.items()}
    with section_side:
        ADDRESS.segments(view, tr("Show"), "section", sections, width="stretch")
    point = get_runs()[view.run].operating_point.threshold
    point_side.caption(
        tr(
            "Run {run} at its operating point, {point:.3f}. Intervals are 95 %.",
            run=view.run,
            point=point,
        )
    )


def show_films(
    view: SlicesView, cards: Sequence[Card], key: str, threshold: float | None = None
) -> None:
    """Draw films of the page as cards; one that was clicked opens in the gallery.

    Parameters
    ----------
    threshold : float or None
        To mark on each scale; None: the run's operating point.
    """
    wish = read_cards_event(key)
    if wish is not None and wish.act == "open":
        case = case_of(view.library, view.run, wish.film)
        if case is not None:
            st.switch_page(PAGES["errors"][0], query_params=write_address(case))
        st.toast(
            tr(
                "Run {run} has learned from this film: `{command}` scores "
                "such films, and then there is a case to open.",
                run=view.run,
                command=how_to_score_learned(view.run),
            )
        )
    if threshold is None:
        threshold = get_runs()[view.run].operating_point.threshold
    draw_cards(view.library, cards, key=key, threshold=threshold, keys=False)


def split_words(library: str, run: str, split: str) -> str:
    """Return what a split of a library is called for a run."""
    return split_titles(library, run).get(split, split)


def split_words_inside(library: str, run: str, split: str) -> str:
    """Return what one of the searched splits is called within a sentence."""
    if not get_library(library).learned_from:
        return tr(HALVES_INSIDE[split])
    own = own_validation(get_runs()[run]) if split == SEARCHED else ""
    return tr(own or INSIDE.get(split, split))
