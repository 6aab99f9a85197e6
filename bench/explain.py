"""LIME against stock lime with Keras and against bare LiteRT, and where it stops by itself."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np

from bench.films import open_served_engine, prepared_film
from bench.lesion_films import ill_children, require_films, synthetic_films
from bench.results import Section, Target, judge
from bench.timing import median_ratio, rounds_text, seconds_of
from core.domain.arrays import FloatImage, FloatVector
from core.domain.model import ModelInput
from core.domain.rate import interval_text
from core.domain.regions import SETTINGS, Design, Explanation, LimeSettings, Way
from core.errors import FirstReadError
from core.explain.lime import top_regions
from core.inference.litert import LiteRTClassifier
from core.pipeline import Engine, Explainable, explain_film
from core.settings import get_settings
from core.stats.bootstrap import mean_rate

TITLE = "Explanation by LIME"
COMMAND = "python -m bench explain"
ROUNDS = 3
SAMPLES = 1000
WARM_UP_SAMPLES = 50
BARE_BATCHES = (1, 5, 10, 50)
FASTER_THAN_STOCK = Target(8.0, "x", at_least=True)
SLOWER_THAN_BARE = Target(1.3, "x")
SAME_WEIGHTS = Target(1e-4, "log odds")

FILMS_OF_A_KIND = 6
"""Synthetic films of the seeds that nothing was chosen on, and pneumonias of the official test."""

REFERENCE_SAMPLES, REFERENCE_SEED = 10_000, 77
STOPPED_FASTER = Target(15.0, "x", at_least=True)

Stock = Callable[[int], tuple[float, list[float]]]


@contextmanager
def stock_lime(model_input: ModelInput, engine: Engine) -> Iterator[Stock]:
    """Start stock lime on a film; call what comes with a number of samples."""
    with tempfile.TemporaryDirectory() as folder:
        tensor_file = Path(folder) / "film.npy"
        np.save(tensor_file, model_input.tensor)
        run_folder = engine.classifier.run_record.folder
        command = [sys.executable, "-m", "bench.stock_lime", str(tensor_file), str(run_folder)]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # TensorFlow's greetings and lime's progress bar
            text=True,
            cwd=Path(__file__).parent.parent,
        ) as process:
            yield partial(_ask, process)
            process.communicate()


def _ask(process: subprocess.Popen[str], samples: int) -> tuple[float, list[float]]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("stock lime was started without pipes.")
    process.stdin.write(f"{samples}\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise FirstReadError(
            "stock lime ended without an answer: run `python -m bench.stock_lime` to see why."
        )
    found = json.loads(answer)
    return found["seconds"], found["weights"]


def _bare(classifier: LiteRTClassifier, films: FloatImage, batch: int) -> None:
    for start in range(0, len(films), batch):
        classifier.logits(films[start : start + batch])


def _distinct_films(tensor: FloatImage) -> FloatImage:
    brightness = np.random.default_rng(0).uniform(0.5, 1.0, (SAMPLES, 1, 1, 1))
    films: FloatImage = tensor[np.newaxis, ..., np.newaxis] * brightness.astype(np.float32)
    return films


@dataclass(frozen=True, slots=True)
class Rounds:
    """Seconds of every round, and the weights that both sides came to."""

    ours: list[float]
    stock: list[float]
    bare: dict[int, list[float]]
    our_weights: FloatVector
    stock_weights: FloatVector

    def fastest_bare(self) -> tuple[int, list[float]]:
        """Return the batch with which the bare network is fastest, and its rounds."""
        return min(self.bare.items(), key=lambda entry: median(entry[1]))


def time_rounds(engine: Engine, film: ModelInput) -> Rounds:
    """Time First Read, the bare network and stock lime in turn, so that all meet the same load."""
    classifier, films = engine.classifier, _distinct_films(film.tensor)
    explain = partial(explain_film, film, Explainable(classifier), LimeSettings(samples=SAMPLES))
    ours: list[float] = []
    stock: list[float] = []
    bare: dict[int, list[float]] = {batch: [] for batch in BARE_BATCHES}
    with stock_lime(film, engine) as ask_stock:
        ask_stock(WARM_UP_SAMPLES)
        our_weights = explain().weights
        for _ in range(ROUNDS):
            ours.append(seconds_of(explain))
            for batch, taken in bare.items():
                taken.append(seconds_of(partial(_bare, classifier, films, batch)))
            took, stock_weights = ask_stock(SAMPLES)
            stock.append(took)
    return Rounds(ours, stock, bare, our_weights, np.array(stock_weights))


def judge_rounds(rounds: Rounds) -> list[str]:
    """Hold the rounds to the targets."""
    batch, bare = rounds.fastest_bare()
    by_batch = ", ".join(f"{size}: {median(taken):.3g} s" for size, taken in rounds.bare.items())
    difference = float(np.abs(rounds.our_weights - rounds.stock_weights).max())
    return [
        f"- First Read's explanation: {median(rounds.ours):.3g} s ({rounds_text(rounds.ours)}).",
        f"- Stock lime with Keras: {median(rounds.stock):.3g} s ({rounds_text(rounds.stock)}).",
        f"- Bare LiteRT, {SAMPLES} films, by batch size: {by_batch}; the fastest is compared.",
        judge(
            "Faster than stock lime with Keras, batches of 10, same regions and samples",
            median_ratio(rounds.stock, rounds.ours),
            FASTER_THAN_STOCK,
        ),
        judge(
            f"Time against bare LiteRT in batches of {batch}",
            median_ratio(rounds.ours, bare),
            SLOWER_THAN_BARE,
        ),
        judge(
            "Largest difference between a region's weight and stock lime's",
            difference,
            SAME_WEIGHTS,
        ),
    ]


@dataclass(frozen=True, slots=True)
class Stopped:
    """One film explained as the pages do it, and as often by other designs."""

    seconds: float
    samples: int
    agreement: dict[str, float]


def top_five(explanation: Explanation) -> frozenset[int]:
    """Return the regions with the five largest absolute weights."""
    return frozenset(region.label for region in top_regions(explanation))


def stop_on(film: ModelInput, run: Explainable) -> Stopped:
    """Explain one film until it stops, and compare its five strongest regions with a reference."""
    settings = SETTINGS[Way.LIME]
    assert isinstance(settings, LimeSettings)
    began = time.perf_counter()
    stopped = explain_film(film, run, settings)
    seconds = time.perf_counter() - began
    random = replace(settings, design=Design.RANDOM, stop_when_stable=False)
    reference = top_five(
        explain_film(film, run, replace(random, samples=REFERENCE_SAMPLES, seed=REFERENCE_SEED))
    )
    others = {
        "as many random masks": replace(random, samples=stopped.samples),
        f"{SAMPLES} random masks": replace(random, samples=SAMPLES),
        f"{SAMPLES} orthogonal masks": replace(settings, samples=SAMPLES, stop_when_stable=False),
    }
    made = {name: explain_film(film, run, each) for name, each in others.items()}
    return Stopped(
        seconds,
        stopped.samples,
        {
            name: len(top_five(each) & reference) / len(reference)
            for name, each in {STOPPING: stopped, **made}.items()
        },
    )


STOPPING = "until stable"


def judge_stopping(films: Sequence[Stopped], stock_s: float) -> list[str]:
    """Say where it stops, how much of the reference it finds, and how fast that is."""
    samples = [film.samples for film in films]
    agreement = {
        name: mean_rate(np.array([film.agreement[name] for film in films]))
        for name in films[0].agreement
    }
    words = "; ".join(f"{name} {interval_text(rate, 2)}" for name, rate in agreement.items())
    stops = (
        f"- As on the pages, {len(films)} films: it stops after a median of {median(samples):.0f} "
        f"samples ({min(samples)} to {max(samples)})."
    )
    found = (
        f"- Share of the five strongest regions of {REFERENCE_SAMPLES:,} random masks that are "
        f"found: {words}."
    )
    faster = judge(
        f"Faster than stock lime with {SAMPLES} samples, where it stops by itself",
        stock_s / median([film.seconds for film in films]),
        STOPPED_FASTER,
    )
    return [stops, found, faster]


def measure(report: Callable[[str], None]) -> Section:
    """Compare within each round and take the median of the ratios.

    Raises
    ------
    DatasetError
        If films are missing.
    """
    data = get_settings().data
    require_films(data)
    engine = open_served_engine()
    report(f"explaining one film with {SAMPLES} samples, {ROUNDS} rounds of three ways")
    rounds = time_rounds(engine, prepared_film(engine))
    synthetic = [one.film for one in islice(synthetic_films(engine), FILMS_OF_A_KIND)]
    films = [*synthetic, *islice(ill_children(engine, data), FILMS_OF_A_KIND)]
    report(f"explaining {len(films)} films until their strongest regions stay the same")
    stopped = [stop_on(film, Explainable(engine.classifier)) for film in films]
    lines = [*judge_rounds(rounds), *judge_stopping(stopped, median(rounds.stock))]
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
