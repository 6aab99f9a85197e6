"""Synthetic films against films of training: how alike they are, and what the app makes of them.

The yardstick for every likeness is the same distance between two halves of the real films.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from scipy.stats import wasserstein_distance

from bench.films import encode_picture, open_served_engine
from bench.results import Section, Target, judge
from bench.timing import say_rounds
from core.dataset import read_split
from core.decoding import decode_radiograph
from core.domain import FloatImage, FloatVector, Prediction, Radiograph
from core.film_library import PublicLibrary
from core.lungs import feature_distance
from core.phantom import FINDINGS, PhantomFilm, draw_film, draw_settings
from core.pipeline import Engine, find_lungs, read_radiograph
from core.preprocessing import STANDARD_PX, resize_film
from core.settings import get_settings
from core.statistics import roc_auc

TITLE = "Synthetic films against real ones"
COMMAND = "python -m bench phantom"
FILMS = 60
"""Synthetic films, half of them normal; and real films in each half, of both labels alike."""

FIRST_SEED = 30_000
"""Other seeds than those on which the generator was tuned."""

DRAWN_PX = 512
ROUNDS = 5
FINEST = 100
"""Cycles a film width; beyond them a 224 px film holds next to nothing."""

SECONDS = Target(1.0, "s")
LET_THROUGH = Target(95.0, "%", at_least=True)
AUC = Target(0.9, "of 1", at_least=True)


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


def real_films(data: Path, models: Path) -> list[list[Radiograph]]:
    """Return two halves of films of training, as many normal ones in each as others.

    Raises
    ------
    DatasetError
        If films or the written split are missing.
    """
    train = read_split(models / "split.json").train
    rng, films = np.random.default_rng(FIRST_SEED), PublicLibrary(data)
    halves: list[list[Radiograph]] = [[], []]
    for label in ("NORMAL", "PNEUMONIA"):
        ids = [film_id for film_id in train if f"/{label}/" in film_id]
        for place, film_id in enumerate(rng.choice(ids, FILMS, replace=False)):
            halves[place % 2].append(decode_radiograph(films.read_bytes(film_id)))
    return halves


def draw_phantoms() -> list[PhantomFilm]:
    """Draw the films that are compared: normal ones and, in turn, every finding."""
    findings = ["normal" if place % 2 else FINDINGS[1 + place // 2 % 4] for place in range(FILMS)]
    return [
        draw_film(draw_settings(FIRST_SEED + place, finding), height_px=DRAWN_PX)
        for place, finding in enumerate(findings)
    ]


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


def compare(synthetic: Group, halves: Sequence[Group]) -> list[str]:
    """Return a table of distances: synthetic to real, and one half of the real to the other."""
    said = (
        f"{FILMS} synthetic films against the first of two halves of {2 * FILMS} films of the "
        "training split, all at 224 px. How strong detail, vessels and the lungs' finest marks are "
        "was chosen with this run's scores of other seeds in view: its AUC here says that it reads "
        "synthetic films, and is no evidence of how well it reads real ones."
    )
    lines = [
        "",
        said,
        "",
        "| what | synthetic to real | real to real |",
        "|---|---|---|",
    ]
    for name, distance in DISTANCES.items():
        apart, yardstick = distance(synthetic, halves[0]), distance(halves[1], halves[0])
        lines.append(f"| {name} | {apart:.4f} | {yardstick:.4f} |")
    lines += ["", "| median of | synthetic | real |", "|---|---|---|"]
    for name, take in {
        "grey level": lambda group: group.greys,
        "share that is lung": lambda group: group.lung_shares,
        "feature distance": lambda group: group.distances,
    }.items():
        lines.append(
            f"| {name} | {np.median(take(synthetic)):.3f} | {np.median(take(halves[0])):.3f} |"
        )
    return lines


def judge_reading(
    phantoms: Sequence[PhantomFilm], films: Sequence[Radiograph], engine: Engine
) -> list[str]:
    """Let the served run read the films as it reads an upload."""
    predictions = [read_radiograph(film, engine).prediction for film in films]
    read = [
        (phantom, prediction)
        for phantom, prediction in zip(phantoms, predictions, strict=True)
        if prediction is not None
    ]
    labels = np.array([phantom.label for phantom, _ in read])
    probabilities = np.array([prediction.probability for _, prediction in read])
    area = roc_auc(probabilities, labels)
    passed = judge("let through by the gate", 100 * len(read) / len(films), LET_THROUGH)
    ranked = judge("the served run's AUC", area.value, AUC, f"{area.low:.3f} to {area.high:.3f}")
    return [passed, ranked, *_by_finding(read)]


def _by_finding(read: Sequence[tuple[PhantomFilm, Prediction]]) -> list[str]:
    lines = ["", "| finding | n | above the operating point | probability: least, median, most |"]
    lines.append("|---|---|---|---|")
    for finding in FINDINGS:
        of_it = [one for phantom, one in read if phantom.settings.finding == finding]
        values = np.quantile([one.probability for one in of_it], [0, 0.5, 1])
        above = sum(one.probability >= one.operating_point.threshold for one in of_it)
        said = ", ".join(f"{value:.2f}" for value in values)
        lines.append(f"| {finding} | {len(of_it)} | {above} | {said} |")
    return lines


def judge_speed() -> str:
    """Time drawing by the processor's clock: other work on the machine does not count."""
    times = []
    for seed in range(FIRST_SEED, FIRST_SEED + ROUNDS):
        began = time.process_time()
        draw_film(draw_settings(seed), height_px=DRAWN_PX)
        times.append(time.process_time() - began)
    what = f"processor time of one film at {DRAWN_PX} px"
    return judge(what, median(times), SECONDS, say_rounds(times))


def measure(report: Callable[[str], None]) -> Section:
    """Compare synthetic and real films, and let the app read the synthetic ones.

    Raises
    ------
    DatasetError
        If the films of training or the written split are missing.
    ModelMissing, ModelIntegrity
        If the served run or the gate cannot be used.
    """
    settings = get_settings()
    engine = open_served_engine()
    lines = [judge_speed()]
    phantoms = draw_phantoms()
    films = [decode_radiograph(encode_picture(phantom.pixels, "JPEG")) for phantom in phantoms]
    lines += judge_reading(phantoms, films, engine)
    halves = [describe_group(half, engine) for half in real_films(settings.data, settings.models)]
    lines += compare(describe_group(films, engine), halves)
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
