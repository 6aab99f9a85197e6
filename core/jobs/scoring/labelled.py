"""Scored films and a CSV of labels become a run, which can be compared and browsed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.domain.model import OperatingPoint
from core.domain.reader import Reader
from core.errors import DatasetError
from core.evaluation.evaluate import SITE
from core.imported_runs.scored_films import ScoredBy, keep_scored_films
from core.jobs.film_scores import BAD, READ
from core.jobs.scoring.manifest import Manifest, read_manifest
from core.jobs.scoring.parts import read_parts
from core.language.words import Message, msg, tr
from core.runs.predictions import FilmTable, Predictions
from core.sites.labels import FilmLabel, read_labels

TWICE = msg("the same file as another film")
REFUSED = msg("refused by the quality check")
UNREADABLE = msg("a bad film")
NO_SCORE = msg("no film of that name, or not scored yet")
MOST_NAME = 40

_COLUMNS = (
    "film", "state", "film_sha256", "height_px", "width_px", "logit", "probability",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LabelledRun:
    """A run that was made of scores and labels.

    Attributes
    ----------
    left_out : mapping of Message to int
        Labelled films that are not measured, by why.
    """

    folder: Path
    films: int
    point: OperatingPoint
    left_out: Mapping[Message, int]

    def lines(self) -> Iterator[str]:
        """Yield what a person reads of it."""
        name = self.folder.name
        yield tr(
            "Run {name} is in {folder}: {films:,} labelled films.",
            name=name,
            folder=str(self.folder),
            films=self.films,
        )
        yield tr(
            "At the threshold {at:.3f}: sensitivity {sensitivity:.3f}, specificity "
            "{specificity:.3f}, {ill:,} of {n:,} films with pneumonia.",
            at=self.point.threshold,
            sensitivity=self.point.sensitivity,
            specificity=self.point.specificity,
            ill=self.point.n_positive,
            n=self.point.n,
        )
        for why, n in self.left_out.items():
            yield tr("Left out, {why}: {n:,}.", why=why, n=n)
        yield tr("Compare runs and Errors show it, under films of a site.")


def make_run(
    folder: Path, labels: bytes, name: str, models: Path, runs: Path, by: Reader
) -> LabelledRun:
    """Make a run of the labelled films among those of a scored folder.

    A film's id is made of its file's hash: two runs on the same files can be compared, and no
    file's name gets into the run.

    Parameters
    ----------
    labels : bytes
        A CSV file as `core.sites.labels` reads it.
    name : str
        Of the run; empty takes that of the scoring run and the folder.

    Raises
    ------
    DatasetError
        If the folder holds no scores, the labels cannot be read or name none of its films.
    ForeignRunRefused, NotAllowed
        As `keep_scored_films`.
    """
    job = read_manifest(folder)
    if job is None:
        raise DatasetError(msg("{folder} holds no scores.", folder=str(folder)))
    known = read_labels(labels)
    found = _collect(folder, known)
    if not found.rows:
        raise DatasetError(
            msg(
                "The labels name no film that was scored. Compare their column “film” with the "
                "files."
            )
        )
    by_run = ScoredBy(job.run_id, job.export_sha256, job.threshold, job.job)
    run_folder, point = keep_scored_films(
        name or _name(job, folder), _predictions(found.rows), by_run, models, runs, by
    )
    return LabelledRun(run_folder, len(found.rows), point, found.left_out)


def _name(job: Manifest, folder: Path) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{job.run_id}-{folder.absolute().name}")
    return plain[:MOST_NAME].strip("-")


@dataclass(slots=True)
class _Found:
    """Rows of labelled films, by hash, and the labelled films that have none."""

    rows: dict[str, tuple[dict[str, object], FilmLabel]] = field(default_factory=dict)
    left_out: Counter[Message] = field(default_factory=Counter)


def _collect(folder: Path, labels: Mapping[str, FilmLabel]) -> _Found:
    """Find the row of each label: by the film's path or, where only one film has it, by its name.

    Memory is that of the labels, whatever the number of films.
    """
    wanted = {name.rsplit("/", 1)[-1] for name in labels}
    named: Counter[str] = Counter()
    rows: dict[str, dict[str, object]] = {}
    for part in read_parts(folder, _COLUMNS):
        for row in part.to_pylist():
            last = row["film"].rsplit("/", 1)[-1]
            if row["film"] in labels or last in wanted:
                named[last] += 1
                rows[row["film"]] = row
    by_key = {}
    for film, row in rows.items():
        last = film.rsplit("/", 1)[-1]
        if film in labels:
            by_key[film] = row
        elif last in labels and named[last] == 1:
            by_key[last] = row
    found = _Found()
    for key, label in labels.items():
        why = _why_left_out(by_key.get(key), label, found.rows)
        if why is None:
            row = by_key[key]
            found.rows[str(row["film_sha256"])] = (row, label)
        else:
            found.left_out[why] += 1
    return found


def _why_left_out(
    row: Mapping[str, object] | None, label: FilmLabel, kept: Mapping[str, object]
) -> Message | None:
    if row is None:
        return NO_SCORE
    if row["state"] != READ:
        return UNREADABLE if row["state"] == BAD else REFUSED
    if label.why_left_out is not None:
        return label.why_left_out
    return TWICE if row["film_sha256"] in kept else None


def _predictions(rows: Mapping[str, tuple[dict[str, object], FilmLabel]]) -> Predictions:
    n = len(rows)
    order = sorted(rows)
    films = [rows[sha256] for sha256 in order]
    numbers: dict[str, int] = {}
    patients = [
        numbers.setdefault(label.patient or sha256, len(numbers))
        for sha256, (_, label) in zip(order, films, strict=True)
    ]
    unknown = np.full(n, np.nan)

    def column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([row[name] for row, _ in films], np.float64)

    table = FilmTable(
        film_id=np.array([f"site-{sha256[:16]}" for sha256 in order]),
        split=np.full(n, SITE),
        label=np.array([int(bool(label.ill)) for _, label in films], np.int64),
        subtype=np.full(n, ""),
        patient=np.array([f"{number:06}" for number in patients]),
        patient_in_train=np.zeros(n, bool),
        original_height_px=column("height_px"),
        original_width_px=column("width_px"),
        contrast=unknown,
        median_grey=unknown,
        sharpness=unknown,
    )
    return Predictions(table, column("logit"), column("probability"))
