"""An explanation with 1,000 samples against stock lime with Keras and against bare LiteRT."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from bench.films import open_served_engine, prepared_film
from bench.results import Section, Target, judge
from bench.timing import median_ratio, rounds_text, seconds_of
from core.domain.arrays import FloatImage, FloatVector
from core.domain.model import ModelInput
from core.domain.regions import LimeSettings
from core.errors import FirstReadError
from core.inference.litert import LiteRTClassifier
from core.pipeline import Engine, Explainable, explain_film

TITLE = "Explanation with 1,000 samples"
COMMAND = "python -m bench explain"
ROUNDS = 3
SAMPLES = 1000
WARM_UP_SAMPLES = 50
BARE_BATCHES = (1, 5, 10, 50)
FASTER_THAN_STOCK = Target(8.0, "x", at_least=True)
SLOWER_THAN_BARE = Target(1.3, "x")
SAME_WEIGHTS = Target(1e-4, "probability")

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


def measure(report: Callable[[str], None]) -> Section:
    """Compare within each round and take the median of the ratios."""
    engine = open_served_engine()
    report(f"explaining one film with {SAMPLES} samples, {ROUNDS} rounds of three ways")
    lines = judge_rounds(time_rounds(engine, prepared_film(engine)))
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
