"""Films of a library as cards, whichever split they are in, and the case that a card opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from core.error_analysis.gallery import cell_of
from ui.components.cards.cards import Card, show_cards
from ui.library.films import small_pictures
from ui.library.gallery_query import ErrorView
from ui.library.runs import get_learned, get_predictions, get_runs


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
