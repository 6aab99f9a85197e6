"""The implant test: how faint may a lesion be for a run to call its film suspicious, by zone.

Every film is its own control. It is read once with nothing but the mark added, and with a lesion
of the same opacity in soft tissue beside the lungs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage
from core.domain.findings import ZONES
from core.domain.rate import Rate
from core.errors import Cancelled, DatasetError
from core.explain.zones import LUNG_PROBABILITY
from core.implants.lesion import DIAMETER_CM, KINDS, Depth, LesionShape, implant_levels
from core.implants.place import HostFilm, lesion_in_soft_tissue, lesion_in_zone
from core.language.words import msg
from core.stats.bootstrap import (
    PatientDraws,
    draw_patients,
    interval_of_draws,
    mean_rate,
    ratio_of_draws,
)
from core.stats.intervals import wilson_rate
from core.stats.psychometric import Threshold, find_threshold

OPACITIES_CM = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Of a child's lung about ten cm lie in the beam; four of them filled are a dense lesion."""

HALF, MOST = 0.5, 0.8
EVERYWHERE = "all zones"
FILMS = 60
LEAST_FILMS = 10
DRAWS = 500

NOTICED_AT = 0.95
"""Of the controls whose score rises less than that of a lesion that counts as noticed."""

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class FilmReader(Protocol):
    """Whatever scores a film: a run, or what stands for one in a test."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def threshold(self) -> float:
        """Score from which a film is called suspicious."""
        ...

    def scores(self, films: Sequence[FloatImage]) -> Floats:
        """Return the (N,) scores of (H, W) films in [0, 1], such as log odds."""
        ...

    def point(self, film: FloatImage) -> tuple[float, float] | None:
        """Return where the reader looks: row and column as shares of the film; None if nowhere."""
        ...


@dataclass(frozen=True, slots=True)
class ImplantPlan:
    """What is drawn.

    Attributes
    ----------
    opacities_cm : tuple of float
        Above 0, rising; of a lesion's thickest place, in cm of water.
    """

    opacities_cm: tuple[float, ...] = OPACITIES_CM
    diameter_cm: float = DIAMETER_CM
    seed: int = 0

    def __post_init__(self) -> None:
        steps = np.diff(np.array((0.0, *self.opacities_cm)))
        if not self.opacities_cm or steps.min() <= 0:
            raise DatasetError(msg("Opacities are above 0 cm and rise; name at least one."))


@dataclass(frozen=True, slots=True, eq=False)
class FilmOutcome:
    """What became of one film.

    Attributes
    ----------
    scores : dict of str to (S,) float64 ndarray
        By zone, at each opacity.
    beside : (S,) float64 ndarray or None
        The same with the lesion in soft tissue; None where there was no room.
    resaved : float
        The same with nothing but the mark.
    pointed : dict of str to (bool, float)
        By zone, of the densest lesion: whether the reader points at it, and the lesion's share of
        the lungs. Empty for a reader that points nowhere.
    """

    film_id: str
    scores: dict[str, Floats]
    beside: Floats | None
    resaved: float
    pointed: dict[str, tuple[bool, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """How faint a lesion was found, by one measure of what counts as found.

    Attributes
    ----------
    half, most : Threshold
        Opacity in cm at which it is found in half, and in four fifths, of the films.
    shares : tuple of Rate
        Films in which it is found, at each opacity.
    """

    half: Threshold
    most: Threshold
    shares: tuple[Rate, ...]


@dataclass(frozen=True, slots=True)
class ZoneResult:
    """One zone, or all of them together.

    Attributes
    ----------
    suspicious : Found
        The film is called suspicious.
    noticed : Found
        The score rises further than 95 of 100 do with the densest lesion outside of the lungs.
    pointing : Rate or None
        Share of the densest lesions at which the reader points.
    chance : float
        What a point at random in the lungs would hit.
    """

    zone: str
    suspicious: Found
    noticed: Found
    pointing: Rate | None
    chance: float


@dataclass(frozen=True, slots=True)
class ImplantResult:
    """An implant test.

    Attributes
    ----------
    films : int
        Normal films that lesions were drawn into.
    left_out : int
        Films that were refused, called suspicious as they are, or whose lungs were not found.
    zones : tuple of ZoneResult
        The six zones, then all of them together.
    resaved : Rate
        Films called suspicious with nothing but the mark.
    rise : float
        How far a score must rise for a lesion to count as noticed; infinite without controls.
    beside_suspicious, beside_noticed : tuple of Rate
        With the lesion in soft tissue, at each opacity.
    """

    reader: str
    library: str
    plan: ImplantPlan
    films: int
    left_out: int
    zones: tuple[ZoneResult, ...]
    resaved: Rate
    rise: float
    beside_suspicious: tuple[Rate, ...]
    beside_noticed: tuple[Rate, ...]
    synthetic: bool = False

    @property
    def everywhere(self) -> ZoneResult:
        """All zones together."""
        return self.zones[-1]


def read_implants(film: HostFilm, reader: FilmReader, plan: ImplantPlan) -> FilmOutcome:
    """Draw lesions into every zone of one film, and let it be read; the seed decides which."""
    drawn = np.random.default_rng([plan.seed, _number_of(film.film_id)])
    seeds = drawn.integers(0, 2**31, len(ZONES) + 1)
    shapes = [
        LesionShape(KINDS[int(drawn.integers(len(KINDS)))], int(seed), plan.diameter_cm)
        for seed in seeds
    ]
    scores, pointed = {}, {}
    for zone, shape in zip(ZONES, shapes[:-1], strict=True):
        if not film.zones[zone].any():
            continue
        depth = lesion_in_zone(film, zone, shape)
        films = [marked_film(film.pixels, depth, opacity) for opacity in plan.opacities_cm]
        scores[zone] = reader.scores(films)
        hit = _points_at(reader.point(films[-1]), depth)
        if hit is not None:
            pointed[zone] = hit, _share_of_lungs(depth, film.lungs)
    beside = lesion_in_soft_tissue(film, shapes[-1])
    films = [marked_film(film.pixels, None, 0.0)]
    if beside is not None:
        films += [marked_film(film.pixels, beside, opacity) for opacity in plan.opacities_cm]
    found = reader.scores(films)
    aside = None if beside is None else found[1:]
    return FilmOutcome(film.film_id, scores, aside, float(found[0]), pointed)


def marked_film(pixels: FloatImage, depth: Depth | None, opacity_cm: float) -> FloatImage:
    """Return a marked film as it is read from its file, (H, W) float32 in [0, 1]."""
    levels = implant_levels(pixels, depth, opacity_cm)
    return levels.astype(np.float32) / np.float32(255)


def _number_of(film_id: str) -> int:
    return int.from_bytes(sha256(film_id.encode()).digest()[:8], "big")


def _points_at(point: tuple[float, float] | None, depth: Depth) -> bool | None:
    if point is None:
        return None
    height, width = depth.share.shape
    row = min(int(point[0] * height), height - 1)
    return bool(depth.core[row, min(int(point[1] * width), width - 1)])


def _share_of_lungs(depth: Depth, lungs: FloatImage) -> float:
    inside = lungs >= LUNG_PROBABILITY
    return float((depth.core & inside).sum() / inside.sum())


def run_implant_test(
    films: Iterable[HostFilm | None],
    reader: FilmReader,
    plan: ImplantPlan,
    wanted: int = FILMS,
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[list[FilmOutcome], int]:
    """Read films with lesions, one after the other: only one lies in memory.

    Parameters
    ----------
    films : iterable of HostFilm or None
        None for a film that cannot be taken; it is counted.
    wanted : int
        Films to take at most.

    Returns
    -------
    outcomes : list of FilmOutcome
    left_out : int
        Films that could not be taken.

    Raises
    ------
    DatasetError
        If fewer than `LEAST_FILMS` films can be taken.
    Cancelled
        If ``cancelled`` returned True.
    """
    outcomes: list[FilmOutcome] = []
    left_out = 0
    progress(0, wanted)
    for film in _until_cancelled(films, cancelled):
        if film is None or not film.zones:
            left_out += 1
            continue
        outcomes.append(read_implants(film, reader, plan))
        progress(len(outcomes), wanted)
        if len(outcomes) >= wanted:
            break
    if len(outcomes) < LEAST_FILMS:
        raise DatasetError(
            msg(
                "Only {n} normal films can be taken; the implant test needs {least}. Name a place "
                "with more normal films.",
                n=len(outcomes),
                least=LEAST_FILMS,
            )
        )
    return outcomes, left_out


def _until_cancelled(
    films: Iterable[HostFilm | None], cancelled: Callable[[], bool]
) -> Iterator[HostFilm | None]:
    for film in films:
        if cancelled():
            raise Cancelled(msg("The implant test was stopped."))
        yield film


def summarise(
    outcomes: Sequence[FilmOutcome],
    reader: FilmReader,
    library: str,
    plan: ImplantPlan,
    left_out: int = 0,
    *,
    synthetic: bool = False,
) -> ImplantResult:
    """Return the smallest opacities that were found, by zone, with intervals over the films."""
    draws = draw_patients(np.arange(len(outcomes)), plan.seed, DRAWS)
    sides = [one for one in outcomes if one.beside is not None]
    rises = [_rises(one, one.beside) for one in sides if one.beside is not None]
    rise = float(np.quantile([each[-1] for each in rises], NOTICED_AT)) if rises else np.inf
    called = [one.beside >= reader.threshold for one in sides if one.beside is not None]
    resaved = wilson_rate(sum(one.resaved >= reader.threshold for one in outcomes), len(outcomes))
    beside_noticed = _rates([each > rise for each in rises], plan)
    alarms = float(np.mean([rate.value for rate in beside_noticed])) if rises else 0.0
    zones = []
    for name, some in [*((zone, (zone,)) for zone in ZONES), (EVERYWHERE, ZONES)]:
        looked_at = _Measured(outcomes, some, plan, draws)
        pointing, chance = _pointing(outcomes, some)
        zones.append(
            ZoneResult(
                name,
                looked_at.found(lambda _film, scores: scores >= reader.threshold, resaved.value),
                looked_at.found(lambda film, scores: _rises(film, scores) > rise, alarms),
                pointing,
                chance,
            )
        )
    return ImplantResult(
        *(reader.name, library, plan, len(outcomes), left_out, tuple(zones), resaved, rise),
        _rates(called, plan),
        beside_noticed,
        synthetic,
    )


def _rises(film: FilmOutcome, scores: Floats) -> Floats:
    return np.asarray(scores - film.resaved, np.float64)


def _rates(found: Sequence[Mask], plan: ImplantPlan) -> tuple[Rate, ...]:
    return tuple(
        wilson_rate(int(sum(each[place] for each in found)), len(found))
        for place in range(len(plan.opacities_cm))
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """Some zones of all films."""

    outcomes: Sequence[FilmOutcome]
    zones: Sequence[str]
    plan: ImplantPlan
    draws: PatientDraws

    def found(self, counts: Callable[[FilmOutcome, Floats], Mask], guess: float) -> Found:
        """Return how faint lesions are found, by what counts as found."""
        strengths = self.plan.opacities_cm
        found = np.zeros((len(self.outcomes), len(strengths)))
        shown = np.zeros_like(found)
        for row, film in enumerate(self.outcomes):
            for zone in self.zones:
                if zone in film.scores:
                    found[row] += counts(film, film.scores[zone])
                    shown[row] += 1
        half, most = (
            find_threshold(strengths, found, shown, share, self.draws, min(guess, HALF - 0.01))
            for share in (HALF, MOST)
        )
        return Found(
            half, most, tuple(self._share(*both) for both in zip(found.T, shown.T, strict=True))
        )

    def _share(self, found: Floats, shown: Floats) -> Rate:
        """Return a share: with Wilson's interval of one zone, the draws' of several."""
        if len(self.zones) == 1 or not found.any():
            return wilson_rate(int(found.sum()), int(shown.sum()))
        part, whole = self.draws.totals(found, shown)
        value = float(found.sum() / shown.sum())
        return Rate(value, *interval_of_draws(ratio_of_draws(part, whole)), len(self.outcomes))


def _pointing(outcomes: Sequence[FilmOutcome], zones: Sequence[str]) -> tuple[Rate | None, float]:
    """Return how often the reader points at the densest lesion, and by chance."""
    films = [[one.pointed[zone] for zone in zones if zone in one.pointed] for one in outcomes]
    films = [film for film in films if film]
    if not films:
        return None, float("nan")
    chance = float(np.mean([share for film in films for _, share in film]))
    if len(zones) == 1:
        return wilson_rate(sum(film[0][0] for film in films), len(films)), chance
    return mean_rate(np.array([float(np.mean([hit for hit, _ in film])) for film in films])), chance
