"""What a run said of every film that it is measured on, and what is known of these films.

The table is kept as ``predictions.parquet`` in the run's folder. With it every metric of the run
can be recomputed, at any threshold, without a film at hand. What it says of the films that it
has learned from is kept apart, so that no metric can take them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from core.domain.model import RunRecord
from core.errors import ModelIntegrity
from core.language.words import msg
from core.runs.artifacts import read_artifact
from core.runs.store import export_identity, read_verified
from core.tables import parquet_bytes

PREDICTIONS_FILE = "predictions.parquet"
LEARNED_FILE = "predictions_training.parquet"
"""Of the films that the run has learned from; a run may be without it."""
LEARNED_PART = "train"

_SIZES = frozenset({"original_height_px", "original_width_px"})


@dataclass(frozen=True, slots=True, eq=False)
class FilmTable:
    """Facts of N films that no run has a part in; every column is a (N,) ndarray.

    Attributes
    ----------
    split : str
        ``train``, ``validation``, ``test``, or ``nih`` for the external adults.
    label : int64
        1 for pneumonia by the reference standard, 0 otherwise.
    subtype : str
        ``bacteria``, ``virus``, or empty where it is not known or there is no pneumonia.
    patient_in_train : bool
        Whether a film of the same patient number, or a copy of such a film, is in a part that came
        before: train for validation films; train and validation for test films.
    original_height_px, original_width_px : float64
        Size as published, before the set was brought to 224 px; nan where it is not certain.
    contrast, median_grey : float64 in [0, 1]
        Of the file's grey levels: 1st to 99th percentile, and the 50th.
    sharpness : float64
        Standard deviation of the Laplacian of the film as runs get it (224 px, stretched).
    """

    film_id: npt.NDArray[np.str_]
    split: npt.NDArray[np.str_]
    label: npt.NDArray[np.int64]
    subtype: npt.NDArray[np.str_]
    patient: npt.NDArray[np.str_]
    patient_in_train: npt.NDArray[np.bool_]
    original_height_px: npt.NDArray[np.float64]
    original_width_px: npt.NDArray[np.float64]
    contrast: npt.NDArray[np.float64]
    median_grey: npt.NDArray[np.float64]
    sharpness: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.film_id)

    @property
    def short_side_px(self) -> npt.NDArray[np.float64]:
        """The shorter side of the original; nan where its size is not certain."""
        return np.minimum(self.original_height_px, self.original_width_px)

    def where(self, chosen: npt.NDArray[np.bool_]) -> FilmTable:
        """Return the films that a (N,) mask is true for, in the same order."""
        return FilmTable(**{name: getattr(self, name)[chosen] for name in FILM_COLUMNS})


FILM_COLUMNS = tuple(column.name for column in fields(FilmTable))
SCORE_COLUMNS = ("logit", "probability")


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Films with a run's (N,) float64 logits and calibrated probabilities."""

    films: FilmTable
    logit: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.films)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Predictions:
        """Return the films that a (N,) mask is true for, in the same order."""
        return Predictions(self.films.where(chosen), self.logit[chosen], self.probability[chosen])

    def of_split(self, split: str) -> Predictions:
        """Return the films of one part of the split, in the same order."""
        return self.where(self.films.split == split)


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Write the table as a Parquet file."""
    path.write_bytes(predictions_as_parquet(predictions))


def predictions_as_parquet(
    predictions: Predictions, about: Mapping[str, str] | None = None
) -> bytes:
    """Return the table as Parquet; sizes become whole numbers, or null where unknown."""
    columns: dict[str, Any] = {}
    for name in FILM_COLUMNS:
        values = getattr(predictions.films, name)
        unknown = np.isnan(values) if name in _SIZES else None
        whole = np.nan_to_num(values).astype(np.int32) if name in _SIZES else values
        columns[name] = pa.array(whole, mask=unknown)
    columns |= {name: getattr(predictions, name) for name in SCORE_COLUMNS}
    return parquet_bytes(pa.table(columns).replace_schema_metadata(about))


def learned_as_parquet(learned: Predictions, run: RunRecord) -> bytes:
    """Return what a run says of the films that it has learned from, with the hash of its export."""
    return predictions_as_parquet(learned, {"export_sha256": export_identity(run)})


def read_predictions(run: RunRecord) -> Predictions:
    """Read the table of a run, as long as it is the one that the record states.

    Raises
    ------
    ModelMissing
        If the file is missing.
    ModelIntegrity
        If it is not the stated file, or lacks a column.
    """
    content = read_verified(run.folder, PREDICTIONS_FILE, run.files)
    return parse_predictions(content, run.run_id)


class _Learned(NamedTuple):
    predictions: Predictions
    export_sha256: str


def read_learned(run: RunRecord) -> Predictions | None:
    """Return a run's stored predictions of its training films; None if there are none.

    Raises
    ------
    ModelMissing
        If the file is missing.
    ModelIntegrity
        If it is not the stated file, lacks a column, or is of another export than the run has.
    """

    def parse(content: bytes) -> _Learned:
        about = pq.read_schema(pa.BufferReader(content)).metadata or {}
        export = about.get(b"export_sha256", b"").decode()
        return _Learned(parse_predictions(content, run.run_id), export)

    remedy = msg("make it again with `{command}`", command=how_to_score_learned(run.run_id))
    learned = read_artifact(run, LEARNED_FILE, parse, remedy)
    return None if learned is None else learned.predictions


def how_to_score_learned(run_id: str) -> str:
    """Return the command that makes what `read_learned` reads."""
    return f"python -m core score-training {run_id}"


def join_predictions(first: Predictions, second: Predictions) -> Predictions:
    """Return the films of both, the first's first.

    Raises
    ------
    ModelIntegrity
        If a film is in both.
    """
    both = np.intersect1d(first.films.film_id, second.films.film_id)
    if len(both):
        raise ModelIntegrity(
            msg(
                "films in both a run's evaluation and its training: {films}, first "
                "{film}: recompute {file}.",
                films=len(both),
                film=str(both[0]),
                file=LEARNED_FILE,
            )
        )
    columns = {
        name: np.concatenate([getattr(one.films, name) for one in (first, second)])
        for name in FILM_COLUMNS
    }
    scores = {
        name: np.concatenate([getattr(one, name) for one in (first, second)])
        for name in SCORE_COLUMNS
    }
    return Predictions(FilmTable(**columns), **scores)


def parse_predictions(content: bytes, run_id: str) -> Predictions:
    """Return the table that `predictions_as_parquet` made.

    Raises
    ------
    ModelIntegrity
        If it lacks a column.
    """
    table = pq.read_table(pa.BufferReader(content))
    lacking = [n for n in (*FILM_COLUMNS, *SCORE_COLUMNS) if n not in table.column_names]
    if lacking:
        raise ModelIntegrity(
            msg(
                "{file} of run {run} lacks {columns}: an earlier version "
                "wrote it. Recompute it with `python -m core evaluate {run} --write`.",
                file=PREDICTIONS_FILE,
                run=run_id,
                columns=", ".join(lacking),
            )
        )
    columns = {name: _as_array(table[name], name) for name in (*FILM_COLUMNS, *SCORE_COLUMNS)}
    films = FilmTable(**{name: columns[name] for name in FILM_COLUMNS})
    return Predictions(films, **{name: columns[name] for name in SCORE_COLUMNS})


def _as_array(column: Any, name: str) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = column.to_numpy()
    if name in _SIZES:
        return values.astype(np.float64)  # null is nan
    return values.astype(np.str_) if values.dtype == object else values
