"""A reader looks for implanted lesions: as faint as the reader still finds them.

Half of the films have a lesion. Its opacity follows a staircase for each lung: after two lesions in
a row that were found the next is fainter, after one that was missed it is denser, so that it comes
to where about 71 of 100 are found [1]_. The order of films, zones and sides is drawn beforehand.

Nothing of a round is stored.

References
----------
.. [1] H. Levitt, J. Acoust. Soc. Am. 49 (1971) 467-477.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.domain.findings import SIDES, THIRDS, ZONES
from core.domain.rate import Rate
from core.errors import TeachingError
from core.implants.lesion import KINDS, LesionShape
from core.implants.measure import HALF
from core.language.words import msg
from core.stats.bootstrap import draw_patients
from core.stats.intervals import wilson_rate
from core.stats.psychometric import Threshold, find_threshold

LADDER_CM = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
START = 6
DOWN_AFTER = 2
SHARE_WITH_LESION = 0.5
FEWEST_FILMS, USUAL_FILMS, MOST_FILMS = 8, 30, 100
LEAST_LESIONS = 8
"""In a zone or a lung: with fewer, no opacity is stated."""
DRAWS = 300


@dataclass(frozen=True, slots=True)
class Trial:
    """One film of a round.

    Attributes
    ----------
    zone : str
        Where the lesion lies; empty without one.
    opacity_cm : float
        0 without a lesion.
    """

    film_id: str
    zone: str
    opacity_cm: float
    shape: LesionShape


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader and the model said of a film.

    Attributes
    ----------
    said : str
        The zone that the reader named; empty for no lesion.
    model_suspicious : bool
        Whether the run calls the film suspicious.
    rise : float
        How far the lesion raised the run's log odds.
    """

    trial: Trial
    said: str
    model_suspicious: bool
    rise: float = 0.0

    @property
    def found(self) -> bool:
        """Whether the reader named the lesion's zone, or the next one of the same lung."""
        return is_near(self.trial.zone, self.said)


@dataclass(frozen=True, slots=True)
class Round:
    """A reader's films and answers so far.

    Attributes
    ----------
    films : tuple of str
        In order, each of another patient.
    zones : tuple of str
        Of each film's lesion; empty where it has none.
    """

    films: tuple[str, ...]
    zones: tuple[str, ...]
    seed: int
    answers: tuple[Answer, ...] = ()

    @property
    def place(self) -> int | None:
        """The film that is open; None once all are read."""
        return len(self.answers) if len(self.answers) < len(self.films) else None

    def trial(self) -> Trial:
        """Return the open film, its opacity as the staircase has it now."""
        place = len(self.answers)
        zone, rng = self.zones[place], np.random.default_rng([self.seed, place])
        shape = LesionShape(KINDS[int(rng.integers(len(KINDS)))], int(rng.integers(2**31)))
        opacity = LADDER_CM[self.step(zone.split(" ", maxsplit=1)[0])] if zone else 0.0
        return Trial(self.films[place], zone, opacity, shape)

    def step(self, side: str) -> int:
        """Return the rung of the ladder that a lung's next lesion stands on."""
        return climb([one.found for one in self.answers if one.trial.zone.startswith(side)])

    def answer(self, answer: Answer) -> Round:
        """Return the round with one more answer."""
        return replace(self, answers=(*self.answers, answer))


@dataclass(slots=True)
class Practice:
    """A round that is under way in a browser session; it ends with it.

    Attributes
    ----------
    library : str
        Name of the film set.
    said : str or None
        The zone that was named for the open film, or an empty text; None before the answer.
    """

    library: str
    round: Round
    said: str | None = None


def is_near(zone: str, said: str) -> bool:
    """Return whether a named zone is a lesion's, or the next one of the same lung.

    The thirds have no border on a film.
    """
    if not zone or not said:
        return False
    (side, third), (other, named) = zone.split(" "), said.split(" ")
    return side == other and abs(THIRDS.index(third) - THIRDS.index(named)) <= 1


def climb(found: Sequence[bool]) -> int:
    """Return the rung after some answers: down after two in a row, up after one that was missed."""
    rung, row = START, 0
    for one in found:
        row = row + 1 if one else 0
        if not one:
            rung = min(rung + 1, len(LADDER_CM) - 1)
        elif row == DOWN_AFTER:
            rung, row = max(rung - 1, 0), 0
    return rung


def begin_round(film_ids: Sequence[str], films: int, seed: int) -> Round:
    """Draw the films of a round and the zones of its lesions: half of the films have none.

    Raises
    ------
    TeachingError
        If there are too few films.
    """
    if len(film_ids) < films:
        raise TeachingError(
            msg(
                "There are {n} normal films, and the round takes {films}: choose fewer.",
                n=len(film_ids),
                films=films,
            )
        )
    rng = np.random.default_rng(seed)
    chosen = [sorted(film_ids)[place] for place in rng.permutation(len(film_ids))[:films]]
    with_lesion = round(films * SHARE_WITH_LESION)
    rounds = -(-with_lesion // len(ZONES))
    drawn = [zone for _ in range(rounds) for zone in rng.permutation(ZONES).tolist()]
    zones = [*drawn[:with_lesion], *[""] * (films - with_lesion)]
    order = rng.permutation(films)
    return Round(tuple(chosen), tuple(str(zones[place]) for place in order), seed)


@dataclass(frozen=True, slots=True)
class PracticeResult:
    """What a round comes to.

    Attributes
    ----------
    reader, model : dict of str to Threshold
        By lung, and by zone where it has lesions enough: opacity in cm found in half.
    found, model_found : Rate
        Of all lesions.
    alarms, model_alarms : Rate
        Films without a lesion in which one was named, and that the model calls suspicious.
    """

    reader: Mapping[str, Threshold]
    model: Mapping[str, Threshold]
    found: Rate
    model_found: Rate
    alarms: Rate
    model_alarms: Rate


def summarise_round(answers: Sequence[Answer]) -> PracticeResult:
    """Return the smallest opacities that reader and model found on the same films."""
    ill = [one for one in answers if one.trial.zone]
    well = [one for one in answers if not one.trial.zone]
    alarms = _rate(well, lambda one: bool(one.said))
    model_alarms = _rate(well, lambda one: one.model_suspicious)
    # A zone that is named by chance is near the lesion's in 14 of 36 pairs.
    near = np.mean([is_near(zone, said) for zone in ZONES for said in ZONES])
    reader, model = {}, {}
    for place in (*SIDES, *ZONES):
        some = [one for one in ill if one.trial.zone.startswith(place)]
        if len(some) >= LEAST_LESIONS:
            guess = (alarms.value if alarms.n else 0.0) * float(near)
            reader[place] = _threshold(some, lambda one: one.found, guess)
            model[place] = _threshold(
                some, lambda one: one.model_suspicious, model_alarms.value if well else 0.0
            )
    return PracticeResult(
        *(reader, model),
        _rate(ill, lambda one: one.found),
        _rate(ill, lambda one: one.model_suspicious),
        alarms,
        model_alarms,
    )


def _rate(answers: Sequence[Answer], counts: Callable[[Answer], bool]) -> Rate:
    return wilson_rate(sum(map(counts, answers)), len(answers))


def _threshold(
    answers: Sequence[Answer], counts: Callable[[Answer], bool], guess: float
) -> Threshold:
    shown = np.array(
        [[one.trial.opacity_cm == rung for rung in LADDER_CM] for one in answers], float
    )
    found = shown * np.array([[counts(one)] for one in answers])
    draws = draw_patients(np.arange(len(answers)), draws=DRAWS)
    return find_threshold(LADDER_CM, found, shown, HALF, draws, min(guess, HALF - 0.01))
