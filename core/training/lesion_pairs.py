"""Pairs of films for training: with a synthetic lesion whose place is known, and without it.

A lesion lies on its own synthetic child, or on a real normal film.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage
from core.domain.model import Geometry
from core.imaging.preprocessing import crop_film, crop_map, standardise_film
from core.phantom.paste import DrawnLesion, draw_lesion, mirror_lesion, paste_lesion
from core.phantom.settings import FINDINGS, draw_settings
from core.training.films import STORED_PX, Bytes
from core.training.train_healthy import NormalFilms, box_around
from core.training.training_data import Report

OUTSIDE, LUNG, RIM, CORE = range(4)
"""What a pixel of a pair shows: the rim is what the lesion changes beside its core."""

RIM_GREY = 0.03
"""Least change in grey that belongs to the rim."""


@dataclass(frozen=True, slots=True)
class PairSettings:
    """Everything that decides the pairs, with the normal films.

    Attributes
    ----------
    pairs_a_lesion : int
        Half of them are synthetic altogether, half are real normal films.
    first_seed : int
        Each lesion has the next seed.
    severity : (float, float)
        Between which a lesion's severity is drawn.
    strength, size : (float, float)
        Between which they are drawn for each pair, 1 as it is.
    """

    lesions: int = 600
    pairs_a_lesion: int = 4
    first_seed: int = 60_000
    severity: tuple[float, float] = (0.4, 1.0)
    strength: tuple[float, float] = (0.6, 1.6)
    size: tuple[float, float] = (0.8, 1.25)


@dataclass(frozen=True, slots=True, eq=False)
class LesionPairs:
    """Films with a synthetic lesion, and the same without it.

    Attributes
    ----------
    ill, well : (N, 224, 224) uint8 ndarrays
    shows : (N, 224, 224) uint8 ndarray
        ``OUTSIDE``, ``LUNG``, ``RIM`` or ``CORE``.
    """

    ill: Bytes
    well: Bytes
    shows: Bytes


def draw_lesions(settings: PairSettings, report: Report) -> Iterator[DrawnLesion]:
    """Draw lesions of all kinds in turn, a child each, from faint to dense."""
    kinds = FINDINGS[1:]
    for number in range(settings.lesions):
        if number % 100 == 0:
            report(f"{number} of {settings.lesions} lesions drawn")
        seed = settings.first_seed + number
        severity = float(np.random.default_rng(seed).uniform(*settings.severity))
        drawn = draw_settings(seed, kinds[number % len(kinds)])
        yield draw_lesion(replace(drawn, severity=severity))


def make_lesion_pairs(
    normals: NormalFilms, lesions: Iterable[DrawnLesion], settings: PairSettings
) -> LesionPairs:
    """Lay each lesion on its own child and on real normal films, at another strength each time.

    Parameters
    ----------
    normals : NormalFilms
        Of 224 px.
    """
    rng = np.random.default_rng(settings.first_seed)
    made: list[tuple[Bytes, Bytes, Bytes]] = []
    for lesion in lesions:
        for number in range(settings.pairs_a_lesion):
            strength = rng.uniform(*settings.strength)
            if number % 2 == 0:
                made.append(_synthetic_pair(lesion, strength))
            else:
                made.append(_pasted_pair(normals, lesion, strength, settings, rng))
    return LesionPairs(*(np.stack(column) for column in zip(*made, strict=True)))


def _synthetic_pair(lesion: DrawnLesion, strength: float) -> tuple[Bytes, Bytes, Bytes]:
    height, width = lesion.well.shape
    box = box_around(lesion.lungs)
    change = np.float32(strength) * lesion.change
    ill, well = (
        crop_film(standardise_film(film), box, height, width)
        for film in (np.clip(lesion.well + change, 0.0, 1.0), lesion.well)
    )
    geometry = Geometry(height, width, STORED_PX, box)
    changed, core, lungs = (
        crop_map(each.astype(np.float32), geometry) for each in (change, lesion.core, lesion.lungs)
    )
    return _as_pair(ill, well, changed, core >= 0.5, lungs)


def _pasted_pair(
    normals: NormalFilms,
    lesion: DrawnLesion,
    strength: float,
    settings: PairSettings,
    rng: np.random.Generator,
) -> tuple[Bytes, Bytes, Bytes]:
    """Lay a lesion on the first normal film that shows enough of it."""
    if rng.random() < 0.5:
        lesion = mirror_lesion(lesion)
    for place in rng.permutation(len(normals.films)):
        film, lungs = normals.films[place], normals.lungs[place]
        size = rng.uniform(*settings.size)
        pasted = paste_lesion(film, lungs, lesion, strength=strength, size=size)
        if pasted is not None:
            return _as_pair(pasted.pixels, film, pasted.pixels - film, pasted.core, lungs)
    return _synthetic_pair(lesion, strength)


def _as_pair(
    ill: FloatImage,
    well: FloatImage,
    change: FloatImage,
    core: npt.NDArray[np.bool_],
    lungs: FloatImage,
) -> tuple[Bytes, Bytes, Bytes]:
    shows = np.where(lungs >= 0.5, np.uint8(LUNG), np.uint8(OUTSIDE))
    shows[np.abs(change) >= RIM_GREY] = RIM
    shows[core] = CORE
    grey = [np.rint(film * 255.0).astype(np.uint8) for film in (ill, well)]
    return grey[0], grey[1], shows
