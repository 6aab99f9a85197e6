"""Which films a study takes: as many of each class, some of them such that the run is wrong.

The films on which the run is wrong come first, as many as were asked for and of both classes as far
as there are any; then films on which it is not wrong. A study shows one film of a patient. The same
seed gives the same films.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import TeachingError
from core.language.words import msg
from core.reader_studies.study import Advice


@dataclass(frozen=True, slots=True)
class Candidate:
    """A film of a library, its reference, and what the run said of it."""

    film_id: str
    ill: bool
    patient: str
    advice: Advice

    @property
    def misled(self) -> bool:
        """Whether the run is wrong; a run that takes no side is not."""
        return self.advice.is_right(ill=self.ill) is False


def choose_films(
    pool: Sequence[Candidate], films: int, wrong: int, seed: int
) -> tuple[Candidate, ...]:
    """Return the films of a study.

    Parameters
    ----------
    films : int
        Even: half of them have pneumonia.
    wrong : int
        On how many of them the run is wrong.

    Raises
    ------
    TeachingError
        If the library has too few films of either kind.
    """
    if films < 2 or films % 2:
        raise TeachingError(
            msg("Half of the films have pneumonia, so their number is even, not {n}.", n=films)
        )
    rng = np.random.default_rng(seed)
    ordered = sorted(pool, key=lambda one: one.film_id)
    ordered = [ordered[place] for place in rng.permutation(len(ordered))]
    room = {True: films // 2, False: films // 2}
    chosen: list[Candidate] = []
    seen: set[str] = set()

    def take(some: Sequence[Candidate], most: int) -> int:
        taken = 0
        for one in some:
            if taken < most and room[one.ill] and one.patient not in seen:
                chosen.append(one)
                seen.add(one.patient)
                room[one.ill] -= 1
                taken += 1
        return taken

    misled = [one for one in ordered if one.misled]
    both = [[one for one in misled if one.ill is ill] for ill in (True, False)]
    found = take(both[0], wrong // 2)
    found += take(both[1], wrong - found)
    found += take(both[0], wrong - found)
    if found < wrong:
        raise TeachingError(
            msg(
                "Of these films the run is wrong on {n} that fit, and the study wants {wrong}. "
                "Choose fewer, or a run that is wrong more often.",
                n=found,
                wrong=wrong,
            )
        )
    take([one for one in ordered if not one.misled], films)
    if sum(room.values()):
        raise TeachingError(
            msg(
                "The library has films of too few patients for {films}: {ill} with pneumonia and "
                "{well} without are missing. Choose fewer films.",
                films=films,
                ill=room[True],
                well=room[False],
            )
        )
    return tuple(chosen)


def named_films(pool: Sequence[Candidate], names: Sequence[str]) -> tuple[Candidate, ...]:
    """Return the films of a list, in its order.

    Parameters
    ----------
    names : sequence of str
        Film ids, or what stands behind the last slash of one.

    Raises
    ------
    TeachingError
        If the library has not all of them.
    """
    known = {one.film_id: one for one in pool}
    known |= {one.film_id.rpartition("/")[2].rpartition(".")[0]: one for one in pool}
    known |= {one.film_id.rpartition("/")[2]: one for one in pool}
    lacking = [name for name in names if name not in known]
    if lacking:
        raise TeachingError(
            msg(
                "The library has no film {film!r} ({n} of the list are not there).",
                film=lacking[0],
                n=len(lacking),
            )
        )
    return tuple(known[name] for name in names)
