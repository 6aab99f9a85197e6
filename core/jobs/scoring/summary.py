"""What can be seen of scored films without labels: scores, sides, refusals and bad films."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.domain.rate import rate_text
from core.errors import DatasetError
from core.jobs.film_scores import BAD, READ, REFUSED
from core.jobs.scoring.manifest import Manifest, read_manifest
from core.jobs.scoring.parts import read_parts
from core.language.numbers import number
from core.language.words import msg, tr, trn
from core.stats.intervals import wilson_rate

BANDS = 10
NAMED = 20
"""Bad films that are named; all stand in the files."""

_BAR = 40


@dataclass(frozen=True, slots=True)
class Summary:
    """The films of a folder, counted.

    Attributes
    ----------
    states, sides, refusals : mapping of str to int
        Films by what became of them; read films by side; refused ones by the finding's code.
    histogram : (BANDS,) int64 ndarray
        Read films by probability, in bands of equal width.
    bad : tuple of (str, str)
        Name and sentence of the first bad films.
    """

    job: Manifest
    states: Mapping[str, int]
    sides: Mapping[str, int]
    refusals: Mapping[str, int]
    histogram: npt.NDArray[np.int64]
    bad: tuple[tuple[str, str], ...]

    @property
    def films(self) -> int:
        """How many films are finished."""
        return sum(self.states.values())


def summarise(folder: Path) -> Summary:
    """Count what stands in a folder, part by part.

    Raises
    ------
    DatasetError
        If no films were scored into it, or a part is torn.
    """
    job = read_manifest(folder)
    if job is None:
        raise DatasetError(
            msg(
                "{folder} holds no scores. Name the films to score: `python -m core score SOURCE "
                "--out {folder}`.",
                folder=str(folder),
            )
        )
    states, sides, refusals = Counter[str](), Counter[str](), Counter[str]()
    histogram = np.zeros(BANDS, np.int64)
    bad: list[tuple[str, str]] = []
    columns = ("film", "state", "code", "side", "probability", "reason")
    for part in read_parts(folder, columns):
        rows = part.to_pydict()
        states.update(rows["state"])
        sides.update(filter(None, rows["side"]))
        refusals.update(filter(None, rows["code"]))
        scored = np.array([p for p in rows["probability"] if p is not None], np.float64)
        histogram += np.histogram(scored, BANDS, (0.0, 1.0))[0]
        if len(bad) < NAMED:
            named = zip(rows["film"], rows["state"], rows["reason"], strict=True)
            bad += [(film, why) for film, state, why in named if state == BAD]
    return Summary(job, states, sides, refusals, histogram, tuple(bad[:NAMED]))


_SIDES = {
    "suspicious": msg("suspicious"),
    "unsure": msg("unsure"),
    "not suspicious": msg("not suspicious"),
}


def summary_lines(summary: Summary) -> Iterator[str]:
    """Yield what a person reads of the films, line by line."""
    job, read = summary.job, summary.states.get(READ, 0)
    yield tr(
        "{films:,} of {all:,} films are finished, scored by run {run}.",
        films=summary.films,
        all=job.films,
        run=job.run_id,
    )
    if not job.finished:
        yield tr("The job is not at its end: run its command again, and it goes on.")
    yield tr(
        "Read: {read:,}. Refused by the quality check: {refused:,}. Bad films: {bad:,}.",
        read=read,
        refused=summary.states.get(REFUSED, 0),
        bad=summary.states.get(BAD, 0),
    )
    for side, words in _SIDES.items():
        if n := summary.sides.get(side, 0):
            share = rate_text(wilson_rate(n, read))
            yield tr("{side}: {n:,} films, a share of {share}", side=words, n=n, share=share)
    if read:
        yield tr("Films by probability; the run's threshold is {at:.3f}:", at=job.threshold)
        yield from _bars(summary.histogram)
    if summary.refusals:
        yield tr("Refused, by the quality check's finding:")
        for code, n in sorted(summary.refusals.items(), key=lambda one: (-one[1], one[0])):
            yield f"  {code}: {n}"
    if summary.bad:
        yield tr("Bad films:")
        yield from (f"  {film}: {why}" for film, why in summary.bad)
        hidden = summary.states.get(BAD, 0) - len(summary.bad)
        if hidden > 0:
            more = trn("and {n} more, in the files", "and {n} more, in the files", hidden)
            yield f"  {more}"


def _bars(histogram: npt.NDArray[np.int64]) -> Iterator[str]:
    most = max(1, int(histogram.max()))
    for band, n in enumerate(histogram.tolist()):
        low, high = band / BANDS, (band + 1) / BANDS
        bar = "#" * -(-n * _BAR // most)
        span = tr("{low:.1f} to {high:.1f}", low=low, high=high)
        yield f"  {span}  {number(n, ',d'):>9}  {bar}"
