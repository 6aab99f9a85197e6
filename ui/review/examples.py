"""The synthetic films that fill a worklist to which nobody has added a film yet."""

from __future__ import annotations

import streamlit as st

from core.jobs.examples import ExamplesSummary
from core.language.words import msg, tr, trn
from core.settings import get_settings
from ui.app.examples import get_examples
from ui.app.resources import get_films, get_store
from ui.app.session import Visit
from ui.library.blind_reads import hashes_of_studies
from ui.review.uploads import read_waiting

IN_STUDY_WORKLIST = msg(
    "A film of a reader study of yours is not listed here. Read it on the page Reader study first."
)


def list_examples(visit: Visit, total: int, *, narrowed: bool = False) -> int:
    """Put the synthetic films into a list to which nothing was added; return how many are listed.

    They are listed for this visit only, and nobody else's list changes. A visitor may ask for them
    below their own films. Films of an unfinished reader study are taken from the list.

    Parameters
    ----------
    total : int
        Films that are listed so far.
    narrowed : bool
        Whether some of the site's films are asked for, of which these are none.
    """
    total = _leave_out_study_films(visit, total)
    if visit.with_examples and narrowed:
        n = sum(film.shipped for film in visit.films.values())
        visit.remove_shipped()
        return total - n
    if not visit.with_examples and (visit.own or not may_list(visit)):
        return total
    examples, hidden = get_examples(), hashes_of_studies(visit)
    shown = [film for film in examples.films if film.key not in hidden]
    missing = {film.key: film for film in shown if film.key not in visit.films}
    if missing:
        own = visit.films
        visit.films = own | missing if visit.with_examples else missing | own
        visit.outcomes = dict(examples.outcomes) | visit.outcomes
        read_waiting(visit)  # where this run has yet to read them
    return total + len(missing)


def _leave_out_study_films(visit: Visit, total: int) -> int:
    """Take films that the visitor has yet to read in a reader study from the list; return its size.

    The list shows scores, and the study has arms without.
    """
    hidden = hashes_of_studies(visit) & set(visit.films)
    if hidden:
        uploaded = any(not visit.films[key].shipped for key in hidden)
        visit.remove(hidden)
        if uploaded:
            visit.left_out = tr(IN_STUDY_WORKLIST)
    return total - len(hidden)


def may_list(visit: Visit) -> bool:
    """Return whether this site offers synthetic films, and has no others."""
    settings = get_settings()
    if not settings.offer_synthetic or any(not film.shipped for film in visit.films.values()):
        return False
    return not (settings.keeps_films and any(get_films().counts().values()))


def lists_examples(visit: Visit) -> bool:
    """Return whether the synthetic films are listed, and no others."""
    return bool(visit.films) and all(film.shipped for film in visit.films.values())


def offer_examples_removal(visit: Visit) -> None:
    """Say what the listed films are, and draw the button that removes them."""
    examples = get_examples()
    about = None if examples.summary is None else summary_text(examples.summary)
    listed = sum(film.shipped for film in visit.films.values())
    films = tr("{films} synthetic films to begin with.", films=listed)
    st.caption(films, help=about)
    _draw_remove(visit)


def _draw_remove(visit: Visit) -> None:
    if st.button(tr("Remove the synthetic films"), icon=":material/clear_all:", width="stretch"):
        visit.remove_shipped()
        visit.own, visit.with_examples = True, False
        visit.upload_round += 1  # closes the popover
        st.rerun()


def offer_beside(visit: Visit) -> None:
    """Offer the synthetic films beside the visitor's own, or to remove them again."""
    if visit.with_examples:
        _draw_remove(visit)
    elif get_settings().offer_synthetic and get_examples().films:
        st.button(
            tr("Show {films} synthetic films too", films=len(get_examples().films)),
            icon=":material/science:",
            on_click=_show_beside,
            args=(visit,),
        )


def draw_examples_left(visit: Visit) -> bool:
    """Say once that the synthetic films left the list, where their reads are, and the way back.

    Returns
    -------
    bool
        Whether anything is drawn.
    """
    if not visit.examples_left:
        return False
    films = [film.key for film in get_examples().films]
    n = len(get_store().films_read_by(films, visit.acting.name)) if visit.acting.name else 0
    if n:
        words = trn(
            "{films} synthetic films left the list; your {n} read of them is in Records.",
            "{films} synthetic films left the list; your {n} reads of them are in Records.",
            n,
            films=visit.examples_left,
        )
    else:
        words = tr("{films} synthetic films left the list.", films=visit.examples_left)
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="left"):
        st.caption(words)
        st.button(
            tr("Show them"),
            type="tertiary",
            icon=":material/science:",
            key="examples-again",
            on_click=_show_beside,
            args=(visit,),
        )
        st.button(
            ":material/close:",
            type="tertiary",
            key="examples-left-close",
            help=tr("Close"),
            on_click=_close_line,
            args=(visit,),
        )
    return True


def _show_beside(visit: Visit) -> None:
    visit.with_examples, visit.examples_left = True, 0
    visit.upload_round += 1  # closes the popover


def _close_line(visit: Visit) -> None:
    visit.examples_left = 0


def offer_examples(visit: Visit) -> None:
    """Draw the button that lists the synthetic films again, and what the served run makes of them.

    For a visitor who removed them and has added none.
    """
    if not may_list(visit):
        return
    examples = get_examples()
    if examples.films and st.button(
        tr("Show {films} synthetic films", films=len(examples.films)), icon=":material/science:"
    ):
        visit.own = False
        st.rerun()
    if examples.summary is not None:
        st.caption(summary_text(examples.summary))


def summary_text(summary: ExamplesSummary) -> str:
    """Return how the served run reads the whole set, in words."""
    return tr(
        "Synthetic films, half of them with pneumonia; they show no patients. Of all {n} films "
        "the quality gate accepts {let_through}. The served run finds {found} of {ill} "
        "pneumonias and calls {cleared} of {normal} normal films normal. These results do not "
        "apply to patients.",
        n=summary.n,
        let_through=summary.let_through,
        found=summary.found,
        ill=summary.ill,
        cleared=summary.cleared,
        normal=summary.n - summary.ill,
    )
