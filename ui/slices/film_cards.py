"""Films of a slice as cards; a click opens one in the gallery."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.runs.predictions import how_to_score_learned
from ui.app.guard import PAGES
from ui.components.cards.cards import Card, read_cards_event
from ui.errors.film_cards import case_of, draw_films
from ui.library.gallery_query import write_address
from ui.slices.controls import SlicesView


def show_films(view: SlicesView, cards: Sequence[Card], key: str, threshold: float) -> None:
    """Draw cards; one that was clicked opens in the gallery."""
    wish = read_cards_event(key)
    if wish is not None and wish.act == "open":
        case = case_of(view.library, view.run, wish.film)
        if case is not None:
            st.switch_page(PAGES["errors"][0], query_params=write_address(case))
        st.toast(
            f"Run {view.run} has learned from this film: `{how_to_score_learned(view.run)}` scores "
            "such films, and then there is a case to open."
        )
    draw_films(view.library, cards, key, threshold)
