"""Which films a drawn set has: what each shows, what it is called and which part it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import DatasetError
from core.phantom import FINDINGS, PhantomSettings, draw_settings, subtype_of
from core.phantom_folder import DRAWING_VERSION

FIRST_PATIENT = 9001


@dataclass(frozen=True, slots=True)
class PlannedFilm:
    """One film of a set before it is drawn."""

    number: int
    film_id: str
    settings: PhantomSettings


def plan_films(n: int, seed: int) -> tuple[PlannedFilm, ...]:
    """Decide what each film of a set shows: normal and ill in turn, the illnesses in turn.

    Of every ten films two go to train, two to validation and six to test.

    Parameters
    ----------
    n : int
        At least 10, so that every part of the split has both classes.
    seed : int

    Raises
    ------
    DatasetError
        If ``n`` is too small.
    """
    if n < 10:
        raise DatasetError(f"A set of {n} films has no place for every part; ask for 10 or more.")
    illnesses = FINDINGS[1:]
    planned = []
    for number in range(n):
        finding = "normal" if number % 2 == 0 else illnesses[number // 2 % len(illnesses)]
        film_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        settings = draw_settings(film_seed, finding)
        planned.append(PlannedFilm(number, _film_id(number, settings), settings))
    return tuple(planned)


def part_of(number: int) -> str:
    """Return a film's part: every pair has a normal and an ill film, so that each part has both."""
    return ("train", "validation", "test", "test", "test")[number // 2 % 5]


def _film_id(number: int, settings: PhantomSettings) -> str:
    patient, version = FIRST_PATIENT + number, DRAWING_VERSION
    part = "test" if part_of(number) == "test" else "train"
    if settings.finding == "normal":
        return f"{part}/NORMAL/IM-{patient}-{version}.png"
    return f"{part}/PNEUMONIA/person{patient}_{subtype_of(settings)}_{version}.png"
