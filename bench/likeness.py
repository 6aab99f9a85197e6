"""How alike two groups of films are; the yardstick is halves of the real films."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import wasserstein_distance

from core.domain.arrays import FloatImage, FloatVector
from core.domain.film import Radiograph
from core.gate.lungs import feature_distance
from core.imaging.preprocessing import STANDARD_PX, resize_film
from core.pipeline import Engine, find_lungs

FINEST = 100
"""Cycles a film width; beyond them a 224 px film holds next to nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """What is compared of one group of films.

    Attributes
    ----------
    greys : (N, 224 * 224) ndarray
        All grey levels.
    powers : (N, FINEST) ndarray
        Power at 1, 2, ... cycles a film width.
    lung_shares, distances : (N,) ndarray
        Share of the film that is lung, and the distance from the training films' features.
    """

    greys: FloatVector
    powers: FloatVector
    lung_shares: FloatVector
    distances: FloatVector

    @property
    def spectrum(self) -> FloatVector:
        """Decimal logarithm of the films' mean power, (FINEST,)."""
        logarithms: FloatVector = np.log10(np.maximum(self.powers.mean(axis=0), 1e-12))
        return logarithms

    def pick(self, places: npt.NDArray[np.int_]) -> Group:
        """Return some of the films."""
        parts = (self.greys, self.powers, self.lung_shares, self.distances)
        return Group(*(part[places] for part in parts))

    @property
    def slope(self) -> float:
        """Of power by frequency between 4 and 64 cycles, both logarithmic."""
        cycles = np.arange(4, 65)
        return float(np.polyfit(np.log10(cycles), self.spectrum[cycles - 1], 1)[0])


def film_powers(film: FloatImage) -> FloatVector:
    """Return a film's power by cycles a film width, (FINEST,).

    Parameters
    ----------
    film : (px, px) ndarray
        A window takes away what its borders would add.
    """
    side = film.shape[0]
    cycles = np.fft.fftfreq(side) * side
    ring = np.hypot(*np.meshgrid(cycles, cycles)).round().astype(int).ravel()
    window = np.outer(np.hanning(side), np.hanning(side))
    power = np.abs(np.fft.fft2((film - film.mean()) * window)).ravel() ** 2
    means: FloatVector = np.bincount(ring, power) / np.bincount(ring)
    return means[1 : FINEST + 1]


def describe_group(films: Sequence[Radiograph], engine: Engine) -> Group:
    """Measure a group of films, each at the size of the public training films."""
    small = [resize_film(film.pixels, STANDARD_PX, STANDARD_PX) for film in films]
    lungs = [find_lungs(film, engine.gate) for film in films]
    reference = engine.gate.reference
    return Group(
        greys=np.stack([film.ravel() for film in small]),
        powers=np.stack([film_powers(film) for film in small]),
        lung_shares=np.array([field.fraction for field in lungs]),
        distances=np.array([feature_distance(field.features, reference) for field in lungs]),
    )


def split_films(real: Group, splits: int, seed: int) -> list[tuple[Group, Group]]:
    """Return halves of real films, split at random, each with as many films of either label.

    Parameters
    ----------
    real : Group
        All films of one label before all of the other, as many of each.
    splits : int
        How often they are split.
    """
    rng, of_label = np.random.default_rng(seed), len(real.distances) // 2
    halves = []
    for _ in range(splits):
        orders = np.stack([rng.permutation(of_label), of_label + rng.permutation(of_label)])
        one, other = np.array_split(orders, 2, axis=1)
        halves.append((real.pick(one.ravel()), real.pick(other.ravel())))
    return halves


Distance = Callable[[Group, Group], float]
DISTANCES: dict[str, Distance] = {
    "grey levels, earth mover's distance": lambda one, other: wasserstein_distance(
        one.greys.ravel()[::7], other.greys.ravel()[::7]
    ),
    "power spectrum, mean difference of decimal logarithms": lambda one, other: float(
        np.abs(one.spectrum - other.spectrum).mean()
    ),
    "power spectrum, difference of slopes": lambda one, other: abs(one.slope - other.slope),
    "share of the film that is lung, earth mover's distance": lambda one, other: (
        wasserstein_distance(one.lung_shares, other.lung_shares)
    ),
    "gate's feature distance, earth mover's distance": lambda one, other: wasserstein_distance(
        one.distances, other.distances
    ),
}
MEDIANS: dict[str, Callable[[Group], FloatVector]] = {
    "grey level": lambda group: group.greys,
    "share that is lung": lambda group: group.lung_shares,
    "feature distance": lambda group: group.distances,
}


def tabulate(synthetic: Group, splits: Sequence[tuple[Group, Group]]) -> list[str]:
    """Return tables of distances, synthetic to real and between real halves, and of medians.

    Parameters
    ----------
    splits : sequence of (Group, Group)
        The real films in halves; each distance is the mean over the splits.
    """
    lines = [
        "| Distance | Synthetic to real | Real to real | Ratio |",
        "| --- | --- | --- | --- |",
    ]
    for name, distance in DISTANCES.items():
        apart = np.mean([distance(synthetic, one) for one, _ in splits])
        yardstick = np.mean([distance(other, one) for one, other in splits])
        lines.append(f"| {name} | {apart:.4f} | {yardstick:.4f} | {apart / yardstick:.1f} |")
    lines += ["", "| Median of | Synthetic | Real |", "| --- | --- | --- |"]
    for name, take in MEDIANS.items():
        real = np.concatenate([take(half).ravel() for half in splits[0]])
        lines.append(f"| {name} | {np.median(take(synthetic)):.3f} | {np.median(real):.3f} |")
    return lines
