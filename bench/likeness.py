"""How alike two groups of films are; the yardstick is two halves of the real films."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import wasserstein_distance

from core.domain import FloatImage, FloatVector, Radiograph
from core.lungs import feature_distance
from core.pipeline import Engine, find_lungs
from core.preprocessing import STANDARD_PX, resize_film

FINEST = 100
"""Cycles a film width; beyond them a 224 px film holds next to nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """What is compared of one group of films.

    Attributes
    ----------
    greys : (N * 224 * 224,) ndarray
        All grey levels.
    spectrum : (FINEST,) ndarray
        Decimal logarithm of the mean power at 1, 2, ... cycles a film width.
    lung_shares, distances : (N,) ndarray
        Share of the film that is lung, and the distance from the training films' features.
    """

    greys: FloatVector
    spectrum: FloatVector
    lung_shares: FloatVector
    distances: FloatVector

    @property
    def slope(self) -> float:
        """Of power by frequency between 4 and 64 cycles, both logarithmic."""
        cycles = np.arange(4, 65)
        return float(np.polyfit(np.log10(cycles), self.spectrum[cycles - 1], 1)[0])


def power_spectrum(films: Sequence[FloatImage]) -> FloatVector:
    """Return the decimal logarithm of films' mean power by cycles a film width, (FINEST,).

    Parameters
    ----------
    films : sequence of (px, px) ndarray
        All of one size; a window takes away what their borders would add.
    """
    side = films[0].shape[0]
    cycles = np.fft.fftfreq(side) * side
    ring = np.hypot(*np.meshgrid(cycles, cycles)).round().astype(int).ravel()
    window = np.outer(np.hanning(side), np.hanning(side))
    power = np.zeros(side * side)
    for film in films:
        power += np.abs(np.fft.fft2((film - film.mean()) * window)).ravel() ** 2
    mean = np.bincount(ring, power) / np.bincount(ring) / len(films)
    return np.log10(np.maximum(mean[1 : FINEST + 1], 1e-12))


def describe_group(films: Sequence[Radiograph], engine: Engine) -> Group:
    """Measure a group of films, each at the size of the public training films."""
    small = [resize_film(film.pixels, STANDARD_PX, STANDARD_PX) for film in films]
    lungs = [find_lungs(film, engine.gate) for film in films]
    reference = engine.gate.reference
    return Group(
        greys=np.concatenate([film.ravel() for film in small]).astype(float),
        spectrum=power_spectrum(small),
        lung_shares=np.array([field.fraction for field in lungs]),
        distances=np.array([feature_distance(field.features, reference) for field in lungs]),
    )


Distance = Callable[[Group, Group], float]
DISTANCES: dict[str, Distance] = {
    "grey levels, earth mover's distance": lambda one, other: wasserstein_distance(
        one.greys[::7], other.greys[::7]
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


def tabulate(synthetic: Group, halves: Sequence[Group]) -> list[str]:
    """Return tables of distances, synthetic to real and between the real halves, and of medians."""
    lines = [
        "| Distance | Synthetic to real | Real to real | Ratio |",
        "| --- | --- | --- | --- |",
    ]
    for name, distance in DISTANCES.items():
        apart, yardstick = distance(synthetic, halves[0]), distance(halves[1], halves[0])
        lines.append(f"| {name} | {apart:.4f} | {yardstick:.4f} | {apart / yardstick:.1f} |")
    lines += ["", "| Median of | Synthetic | Real |", "| --- | --- | --- |"]
    for name, take in MEDIANS.items():
        values = [np.median(take(group)) for group in (synthetic, halves[0])]
        lines.append(f"| {name} | {values[0]:.3f} | {values[1]:.3f} |")
    return lines
