"""Which cases a session takes: a declared rule, the same answer for the same seed.

1. Of the films, the planned share is normal, rounded; where a class has too few, the other fills
   up.
2. With the model, some films are such that the model is wrong, as far as there are any: the drill,
   which nobody announces. How many is drawn, a fifth on average, so that nobody can count them off;
   from ten films on there is at least one. Films that are new to the reader come first: of one that
   was revealed before, the reader knows that the model is wrong.
3. Then, in each class: cases whose review is due, the longest due first; then cases that are new to
   the reader, from the third of the class that the difficulty names, in random order; then other
   new ones; last those that are not due yet, the soonest first.
4. A session never shows two films of one patient. The order is random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from core.errors import TeachingError
from core.language.words import msg
from core.teaching.session import Case, Difficulty, Plan

DRILL_SHARE = 0.2
SURE_DRILL_FROM = 10
"""A session of so many films has at least one of the drill; in a shorter one it would stand out."""

READS_TO_TRUST = 4.0
"""Readers' own errors weigh as much as the runs' opinion once this many have read a film."""

_THIRDS = {Difficulty.EASY: 0, Difficulty.MEDIUM: 1, Difficulty.HARD: 2}


def estimate_difficulty(spread: float, share_wrong: float, errors: int, reads: int) -> float:
    """Return how hard a film is, from 0 to 1.

    Parameters
    ----------
    spread : float in [0, 1]
        The runs' largest less smallest probability.
    share_wrong : float in [0, 1]
        Of the runs, those on the wrong side of their operating point.
    errors, reads : int
        Blind reads of the film by all readers, and the wrong ones among them.

    Returns
    -------
    float
        The runs' opinion, the mean of the first two, drawn towards the readers' error rate the more
        of them have read it.
    """
    by_runs = (spread + share_wrong) / 2.0
    return (errors + READS_TO_TRUST * by_runs) / (reads + READS_TO_TRUST)


def choose_cases(
    pool: Sequence[Case], plan: Plan, due: Mapping[str, datetime], now: datetime
) -> tuple[Case, ...]:
    """Choose a session's cases by the rule of this module.

    Parameters
    ----------
    due : mapping of str to datetime
        When each film that the reader has read is to be read again.

    Raises
    ------
    TeachingError
        If there are fewer patients than films are asked for.
    """
    rng = np.random.default_rng(plan.seed)
    films = sorted(pool, key=lambda case: case.film_id)
    patients = {case.patient for case in films}
    if len(patients) < plan.films:
        raise TeachingError(
            msg(
                "The library has films of {patients} patients and the session needs {films}: "
                "choose fewer films.",
                patients=len(patients),
                films=plan.films,
            )
        )
    luck = dict(zip((case.film_id for case in films), rng.random(len(films)), strict=True))
    thirds = _thirds(films)

    target = _THIRDS.get(plan.difficulty)

    def turn(case: Case) -> tuple[int, float, float]:
        """Return what cases are sorted by: the group, the order in it, and chance."""
        chance, when = float(luck[case.film_id]), due.get(case.film_id)
        if when is not None:
            return (0 if when <= now else 3), when.timestamp(), chance
        return (1 if target in (None, thirds[case.film_id]) else 2), 0.0, chance

    ordered = sorted(films, key=turn)
    wanted = {0: round(plan.films * plan.share_normal)}
    wanted[1] = plan.films - wanted[0]
    chosen: list[Case] = []
    if plan.with_model:
        unseen_first = sorted(ordered, key=lambda case: case.film_id in due)
        chosen = _take_drill(unseen_first, wanted, draw_drill_size(plan.films, rng))
    for label in (0, 1):
        own = [case for case in ordered if case.label == label]
        have = sum(case.label == label for case in chosen)
        chosen = _take(own, chosen, wanted[label] - have)
    chosen = _take(ordered, chosen, plan.films - len(chosen))
    return tuple(chosen[place] for place in rng.permutation(len(chosen)))


def take_set(pool: Sequence[Case], film_ids: Sequence[str]) -> tuple[Case, ...]:
    """Return the cases of a teacher's set, in its order.

    Raises
    ------
    TeachingError
        If the library has not all of them.
    """
    known = {case.film_id: case for case in pool}
    missing = [film_id for film_id in film_ids if film_id not in known]
    if missing:
        raise TeachingError(
            msg(
                "The library has no film {film!r} ({missing} of {films} are not there): take them "
                "out of the set, or choose the library that it was made from.",
                film=missing[0],
                missing=len(missing),
                films=len(film_ids),
            )
        )
    return tuple(known[film_id] for film_id in film_ids)


def draw_drill_size(films: int, rng: np.random.Generator) -> int:
    """Draw on how many films of a session with the model it is wrong, for the drill's sake."""
    drawn = int(rng.binomial(films, DRILL_SHARE))
    return max(1, drawn) if films >= SURE_DRILL_FROM else drawn


def _take_drill(ordered: Sequence[Case], wanted: Mapping[int, int], size: int) -> list[Case]:
    """Return the cases of the drill, of each class at most as many as the mix has room for."""
    chosen: list[Case] = []
    for case in ordered:
        room = wanted[case.label] - sum(one.label == case.label for one in chosen)
        if case.model_wrong and room > 0 and len(chosen) < size:
            chosen = _take([case], chosen, 1)
    return chosen


def _take(ordered: Sequence[Case], chosen: Sequence[Case], n: int) -> list[Case]:
    """Return the chosen cases with up to n more, each of a patient of its own."""
    taken = list(chosen)
    for case in ordered:
        if len(taken) >= len(chosen) + n:
            break
        if case.patient not in {one.patient for one in taken}:
            taken.append(case)
    return taken


def _thirds(films: Sequence[Case]) -> dict[str, int]:
    """Return each film's third of its class by difficulty, 0 for the easiest."""
    thirds: dict[str, int] = {}
    for label in (0, 1):
        own = sorted(
            (case for case in films if case.label == label),
            key=lambda case: (case.difficulty, case.film_id),
        )
        thirds |= {case.film_id: 3 * rank // len(own) for rank, case in enumerate(own)}
    return thirds
