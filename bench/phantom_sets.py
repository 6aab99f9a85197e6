"""How the served run reads synthetic films of seeds that nobody saw while drawing was adjusted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.films import open_served_engine
from bench.phantom import write_table
from bench.results import Section
from core.domain.rate import Rate
from core.evaluation.metrics import confusion_at, rates_of
from core.phantom.builtin import BUILT_IN_FILMS
from core.phantom.dataset import PhantomSet, write_set
from core.pipeline import Engine, read_film
from core.stats.intervals import roc_auc, wilson_rate

TITLE = "The served run on other sets of synthetic films"
COMMAND = "python -m bench phantom_sets"
SEEDS = (1, 2, 3, 4, 5)
MARKS = "<!-- sets -->", "<!-- end of sets -->"
"""Between them the table stands in the document on synthetic films."""
ABOUT = (
    f"Sets of {BUILT_IN_FILMS} films as `python -m core phantom --seed` draws them. The drawing "
    "was adjusted on films of other seeds; the built-in set's rates are those of one set."
)


@dataclass(frozen=True, slots=True, eq=False)
class ReadSet:
    """What the run said of the films of a set that the gate let through."""

    n: int
    label: npt.NDArray[np.int64]
    probability: npt.NDArray[np.float64]


def read_set(drawn: PhantomSet, engine: Engine) -> ReadSet:
    """Read every film of a set as an upload is read."""
    text = []
    for film in drawn.films:
        prediction = read_film(drawn.read_bytes(film.film_id), engine).prediction
        if prediction is not None:
            text.append((int(film.settings.finding != "normal"), prediction.probability))
    label, probability = (np.array(column) for column in zip(*text, strict=True))
    return ReadSet(len(drawn.films), label, probability)


def join_sets(read: Sequence[ReadSet]) -> ReadSet:
    """Return several sets as one."""
    return ReadSet(
        sum(one.n for one in read),
        np.concatenate([one.label for one in read]),
        np.concatenate([one.probability for one in read]),
    )


def tabulate(named: dict[str, ReadSet], threshold: float) -> list[str]:
    """Return a table of rates, a line a set.

    Parameters
    ----------
    threshold : float
        The run's operating point.
    """
    lines = [
        "| Seed | Films | Let through | ROC AUC | Sensitivity | Specificity |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, read in named.items():
        rates = rates_of(confusion_at(read.probability, read.label, threshold))
        passed = wilson_rate(len(read.label), read.n)
        found = (roc_auc(read.probability, read.label), rates["sensitivity"], rates["specificity"])
        cells = [name, str(read.n), *map(_text, (passed, *found))]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _text(rate: Rate) -> str:
    return f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"


def measure(report: Callable[[str], None]) -> Section:
    """Draw the sets, read them and count.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the served run or the gate cannot be used.
    """
    engine, read = open_served_engine(), {}
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            read[str(seed)] = read_set(write_set(Path(folder), BUILT_IN_FILMS, seed), engine)
        report(f"seed {seed} is read")
    threshold = engine.classifier.run_record.operating_point.threshold
    table = tabulate(read | {"all": join_sets(list(read.values()))}, threshold)
    write_table(table, marks=MARKS)
    lines = [ABOUT, "", *table]
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
