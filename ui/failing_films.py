"""Films of a library as cards, whichever split they are in; a click opens one in the gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from core.error_gallery import cell_of
from core.predictions import how_to_score_learned
from ui.cards import Card, hear_cards, show_cards
from ui.error_films import small_pictures
from ui.error_link import ErrorView, write_address
from ui.error_runs import get_learned, get_predictions, get_runs
from ui.failing_link import FailsView
from ui.guard import PAGES


def case_of(library: str, run: str, film_id: str) -> ErrorView | None:
    """Return the view of the gallery in which a film is open; None if the run has not read it."""
    for said in (get_predictions(library, run), get_learned(library, run)):
        rows = [] if said is None else np.flatnonzero(said.films.film_id == film_id)
        if len(rows):
            row = int(rows[0])
            threshold = get_runs()[run].operating_point.threshold
            cell = cell_of(float(said.probability[row]), int(said.films.label[row]), threshold)
            return ErrorView(library, run, str(said.films.split[row]), cell=cell, film=film_id)
    return None


def draw_films(library: str, cards: Sequence[Card], key: str, threshold: float) -> None:
    """Draw cards with their pictures, and a sentence if one is missing."""
    pictures, sentence = small_pictures(library, [card.key for card in cards])
    if sentence:
        st.caption(f":material/image_not_supported: {sentence}")
    drawn = [
        replace(card, thumbnail_png=found.png, synthetic=found.synthetic) if found else card
        for card, found in ((card, pictures.get(card.key)) for card in cards)
    ]
    show_cards(drawn, key=key, threshold=threshold, keys=False)


def show_films(view: FailsView, cards: Sequence[Card], key: str, threshold: float) -> None:
    """Draw cards; one that was clicked opens in the gallery."""
    wish = hear_cards(key)
    if wish is not None and wish.act == "open":
        case = case_of(view.library, view.run, wish.film)
        if case is not None:
            st.switch_page(PAGES["errors"][0], query_params=write_address(case))
        st.toast(
            f"Run {view.run} has learned from this film: `{how_to_score_learned(view.run)}` scores "
            "such films, and then there is a case to open."
        )
    draw_films(view.library, cards, key, threshold)
