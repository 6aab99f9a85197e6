"""The synthetic films that fill a worklist to which nobody has added a film yet."""

from __future__ import annotations

import streamlit as st

from core.jobs.examples import ExamplesSummary
from core.settings import get_settings
from ui.app.examples import get_examples
from ui.app.resources import get_films
from ui.app.session import Visit
from ui.review.uploads import read_waiting


def list_examples(visit: Visit, total: int) -> int:
    """Put the synthetic films into a list to which nothing was added; return how many are listed.

    They are listed for this visit only, and nobody else's list changes.

    Parameters
    ----------
    total : int
        Films that are listed so far.
    """
    if visit.own or not may_list(visit):
        return total
    examples = get_examples()
    if len(visit.films) < len(examples.films):
        visit.films = {film.key: film for film in examples.films} | visit.films
        visit.outcomes = dict(examples.outcomes) | visit.outcomes
        read_waiting(visit)  # where this run has yet to read them
    return len(visit.films)


def may_list(visit: Visit) -> bool:
    """Return whether this site offers synthetic films, and has no others."""
    settings = get_settings()
    if not settings.offer_synthetic or any(not film.shipped for film in visit.films.values()):
        return False
    return not (settings.keeps_films and any(get_films().counts().values()))


def lists_examples(visit: Visit) -> bool:
    """Return whether the synthetic films are listed."""
    return any(film.shipped for film in visit.films.values())


def offer_examples_removal(visit: Visit) -> None:
    """Say what the listed films are, and draw the button that removes them."""
    examples = get_examples()
    about = None if examples.summary is None else summary_text(examples.summary)
    st.caption(f"{len(examples.films)} synthetic films to begin with.", help=about)
    if st.button("Remove the synthetic films", icon=":material/clear_all:", width="stretch"):
        visit.remove_shipped()
        visit.own = True
        st.rerun()


def offer_examples(visit: Visit) -> None:
    """Draw the button that lists the synthetic films again, and what the served run makes of them.

    For a visitor who removed them and has added none.
    """
    if not may_list(visit):
        return
    examples = get_examples()
    if examples.films and st.button(
        f"Show {len(examples.films)} synthetic films", icon=":material/science:"
    ):
        visit.own = False
        st.rerun()
    if examples.summary is not None:
        st.caption(summary_text(examples.summary))


def summary_text(summary: ExamplesSummary) -> str:
    """Return how the served run reads the whole set, in words."""
    return (
        "Synthetic films, half of them with pneumonia; they show no patients. "
        f"Of all {summary.n} films the quality gate accepts {summary.let_through}. The served run "
        f"finds {summary.found} of {summary.ill} pneumonias and calls {summary.cleared} of "
        f"{summary.n - summary.ill} normal films normal. These results do not apply to patients."
    )
