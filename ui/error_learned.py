"""What is said where the gallery shows films that a run has learned from."""

from __future__ import annotations

import numpy as np

from core.error_gallery import RunsOnFilms
from core.errors import FirstReadError
from core.predictions import LEARNED_FILE, LEARNED_PART, how_to_score_learned
from ui.error_link import ALL_PARTS, ErrorView
from ui.error_runs import get_learned, get_runs
from ui.resources import get_library

SAYS_NOTHING = "its rates here say nothing about new films"


def films_learned(view: ErrorView, runs: RunsOnFilms) -> int:
    """Return how many of a view's films its run has learned from; of drawn films none."""
    if get_library(view.library).synthetic:
        return 0
    return int((runs.films.split == LEARNED_PART).sum())


def say_learned(view: ErrorView, runs: RunsOnFilms) -> str:
    """Return what the rates of a view are worth; empty where the run has seen none of its films."""
    learned = films_learned(view, runs)
    if not learned:
        return ""
    which = "these" if learned == len(runs) else f"{learned:,} of these"
    return f"Run {view.run} has learned from {which} {len(runs):,} films: {SAYS_NOTHING}."


def say_among(view: ErrorView, runs: RunsOnFilms) -> str:
    """Return the number of films that are looked at, and how many of them are learned from."""
    learned, films = films_learned(view, runs), f"among {len(runs):,} films"
    if not learned:
        return films
    return films + (
        " that it has learned from"
        if learned == len(runs)
        else f", {learned:,} of which it has learned from"
    )


def say_not_scored(view: ErrorView) -> str:
    """Return which command scores the films that a run has learned from; empty if none is due."""
    run = get_runs()[view.run]
    if get_library(view.library).synthetic or run.foreign or run.members:
        return ""
    if LEARNED_FILE in run.files:
        return ""
    return f"For its training films too, run `{how_to_score_learned(view.run)}`."


def say_film_learned(view: ErrorView, runs: RunsOnFilms, place: int) -> str:
    """Return which of the runs that are shown have learned from a film; empty if none has."""
    film_id = str(runs.films.film_id[place])
    having = [run for run in runs.run_ids if _has_learned(view.library, run, film_id)]
    if not having:
        return ""
    *others, last = having
    named = f"Runs {', '.join(others)} and {last} have" if others else f"Run {last} has"
    said = "what is said of it says nothing about new films"
    return f"{named} learned from this film: {said}."


def _has_learned(library: str, run: str, film_id: str) -> bool:
    try:
        learned = get_learned(library, run)
    except FirstReadError:  # a damaged table says so where its run is chosen
        return False
    return learned is not None and bool(np.isin(film_id, learned.films.film_id))


def looks_around(view: ErrorView) -> str | None:
    """Return the part among which neighbours are sought; None: all that the run is measured on.

    Films that the run has learned from are among them where they are looked at.
    """
    looked_at = view.split in (LEARNED_PART, ALL_PARTS)
    return ALL_PARTS if looked_at and get_learned(view.library, view.run) is not None else None
