"""How long it takes to test every pair of twenty runs, to cluster their errors, and to import one.

Kept runs with noise on their logits stand for twenty runs: the time does not depend on what they
say, and no film is needed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import numpy as np

from bench.results import Section, Target, judge
from bench.timing import rounds_text, seconds_of
from core.comparison.case_matrix import arrange_cases
from core.comparison.paired_tests import METRICS, compare_pairs
from core.comparison.scored_films import ScoredFilms, align_runs
from core.datasets.split import read_split
from core.domain.reader import OPERATOR
from core.imported_runs.checks import SPLIT_FILE
from core.imported_runs.importing import ForeignRequest, import_run
from core.runs.listing import list_runs
from core.runs.predictions import Predictions, read_predictions
from core.settings import get_settings

TITLE = "Comparing twenty runs"
COMMAND = "python -m bench comparison"
RUNS = 20
ROUNDS = 5
NOISE = 0.5
"""Standard deviation, in logits."""

PAIRS_TARGET = Target(2.0, "s")
CASES_TARGET = Target(0.5, "s")
IMPORT_TARGET = Target(2.0, "s")


def draw_runs(models: Path) -> Mapping[str, Predictions]:
    """Return twenty runs: those of a folder in turn, each with noise of its own."""
    kept = [read_predictions(run) for run in list_runs(models)]
    rng = np.random.default_rng(20)
    drawn = {}
    for number in range(RUNS):
        predictions = kept[number % len(kept)]
        logit = predictions.logit + NOISE * rng.standard_normal(len(predictions))
        drawn[f"r{number:02d}"] = Predictions(
            predictions.films, logit, 1.0 / (1.0 + np.exp(-logit))
        )
    return drawn


def write_table(models: Path, predictions: Predictions) -> bytes:
    """Return a CSV file with a row for every film of the public set."""
    split = read_split(models / SPLIT_FILE)
    children = predictions.where(predictions.films.split != "nih")
    pairs = zip(children.films.film_id, children.probability, strict=True)
    rows = [f"{film},{p:.6f}" for film, p in pairs]
    rows += [f"{film},0.5" for film in split.train]
    return "\n".join(["film_id,probability", *rows]).encode()


def time_import(models: Path, content: bytes) -> float:
    """Return the seconds from a file's bytes to a run's folder."""
    with tempfile.TemporaryDirectory() as place:
        request = ForeignRequest("theirs")
        return seconds_of(lambda: import_run(content, request, models, Path(place), OPERATOR))


def measure(report: Callable[[str], None]) -> Section:
    """Compare, cluster and import, and say how long each takes."""
    models = get_settings().models
    predictions = draw_runs(models)
    scored: ScoredFilms = align_runs(predictions, dict.fromkeys(predictions, 0.5), "test")
    content = write_table(models, next(iter(predictions.values())))
    n, pairs = len(scored.films), RUNS * (RUNS - 1) // 2
    rows = content.count(b"\n")
    tests = f"McNemar, DeLong, {len(METRICS)} metrics, Holm"
    timed = (
        (
            f"all {pairs} pairs of {RUNS} runs on {n} films: {tests}",
            PAIRS_TARGET,
            lambda: seconds_of(lambda: compare_pairs(scored)),
        ),
        (
            f"case matrix of {n} films by {RUNS} runs",
            CASES_TARGET,
            lambda: seconds_of(lambda: arrange_cases(scored)),
        ),
        (
            f"import of a CSV file with {rows} rows",
            IMPORT_TARGET,
            lambda: time_import(models, content),
        ),
    )
    lines = []
    for what, target, call in timed:
        rounds = [call() for _ in range(ROUNDS)]
        lines.append(judge(what, median(rounds), target, rounds_text(rounds)))
        report(lines[-1])
    return Section(TITLE, COMMAND, lines)
