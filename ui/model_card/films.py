"""Films that a run decides wrongly most surely, as cards; public ones only where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.domain.model import RunRecord
from core.error_analysis.gallery import hold_back
from core.errors import FirstReadError
from core.language.words import msg, tr
from core.library.film_codes import film_code
from core.library.films import FilmLibrary, PublicLibrary, SyntheticLibrary
from core.model_card.facts import RunFacts
from core.model_card.failures import FailedFilm, list_errors, reference_text, surest_errors
from core.model_card.recorded import begin
from core.model_card.results import usual_part
from core.runs.predictions import Predictions
from core.stats.intervals import Mask
from ui.app.guard import PAGES
from ui.app.resources import get_libraries
from ui.app.session import Visit, get_visit
from ui.components.cards.cards import Card, read_cards_event, show_cards
from ui.components.plain_text import plain
from ui.library.blind_reads import films_awaiting
from ui.library.films import add_pictures, film_card, note_what_lacks

CARDS = "facts-cards"
GALLERY = "errors"
DRAWN = msg(
    "These are the most confident errors among synthetic films; they do not apply to patients."
)
NOT_HERE = msg("The films themselves are not on this machine.")
ALL_RIGHT = msg("The run calls all synthetic films correctly; this does not apply to patients.")


def without_awaiting(visit: Visit, facts: RunFacts) -> RunFacts:
    """Return facts that list no error at a film which the visitor has yet to read blind.

    As many films of every cell are not listed: a gap would tell that such a film is an error.
    """
    if facts.predictions is None:
        return facts
    part = facts.predictions.of_split(usual_part(facts))
    held = _held_back(visit, PublicLibrary.name, facts.run, part)
    return replace(facts, unlisted=frozenset(part.films.film_id[held].tolist()))


def _held_back(visit: Visit, library: str, run: RunRecord, part: Predictions) -> Mask:
    film_id, threshold = part.films.film_id, run.operating_point.threshold
    awaiting = films_awaiting(visit, library, film_id.tolist())
    return hold_back(film_id, part.probability, part.films.label, threshold, awaiting)


def draw_errors(facts: RunFacts) -> None:
    """Draw the most confident errors as cards that open in the error gallery.

    Without the public films, those of the synthetic films are shown; without them, none.
    """
    library, errors, sentence = find_errors(facts)
    if library is not None and errors:
        wish = read_cards_event(CARDS)
        if wish is not None and wish.act == "open":
            opened = next((one for one in errors if one.film_id == wish.film), None)
            if opened is not None:
                address = gallery_address(library.name, facts.run, opened)
                st.switch_page(PAGES[GALLERY][0], query_params=address)
        cards, lacking = add_pictures(library.name, [_card(film) for film in errors])
        sentence = lacking or sentence
        threshold = facts.run.operating_point.threshold
        show_cards(cards, key=CARDS, threshold=threshold, keys=False)
    if sentence:
        st.caption(plain(tr(sentence)))
    if library is not None:
        note_what_lacks(library.name)


def find_errors(
    facts: RunFacts,
) -> tuple[FilmLibrary | None, Sequence[FailedFilm], str]:
    """Return the surest errors with the library that has their films, and what to say of them."""
    try:
        libraries = get_libraries()
        public, synthetic = libraries.get("public"), libraries.get("synthetic")
        if public is not None and public.has_films:
            return public, list_errors(facts), ""
        if synthetic is None or facts.run.foreign:
            return None, (), NOT_HERE
        threshold = facts.run.operating_point.threshold
        films = synthetic.predictions(facts.run)
        held = _held_back(get_visit(), SyntheticLibrary.name, facts.run, films)
        errors = surest_errors(films.where(~held), threshold)
    except FirstReadError as exc:
        return None, (), str(exc)
    if not errors and surest_errors(films, threshold):
        return synthetic, (), ""  # all of them are held back
    return synthetic, errors, DRAWN if errors else ALL_RIGHT


def _card(film: FailedFilm) -> Card:
    return film_card(
        film.film_id,
        film.probability,
        heading=begin(tr("missed") if film.ill else tr("false alarm")),
        words=reference_text(film),
    )


def gallery_address(library: str, run: RunRecord, film: FailedFilm) -> dict[str, str]:
    """Return the query part of the error gallery's address of a film.

    Parameters
    ----------
    library : str
        Its word for addresses.
    """
    return {
        "library": library,
        "run": run.run_id,
        "split": film.split,
        "cell": "fn" if film.ill else "fp",
        "film": film_code(film.film_id),
    }
