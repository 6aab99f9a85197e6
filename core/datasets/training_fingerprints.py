"""Fingerprints of the films that runs have learned from or were tuned on, as numbers.

The table ``training_fingerprints.parquet`` lies beside the runs. By it a site finds which of its
films are films of the training set, without having one of these; no film can be drawn from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import DatasetError
from core.language.words import msg
from core.tables import parquet_bytes

FINGERPRINTS_FILE = "training_fingerprints.parquet"
_SCHEMA = pa.schema({"film_id": pa.string(), "fingerprint": pa.binary(32)})


@dataclass(frozen=True, slots=True, eq=False)
class TrainingFingerprints:
    """Of N films of training and validation.

    Attributes
    ----------
    fingerprints : (N, 4) uint64 ndarray
        As `core.imaging.fingerprint.Fingerprints`.
    """

    film_ids: tuple[str, ...]
    fingerprints: npt.NDArray[np.uint64]


def fingerprints_as_parquet(film_ids: Sequence[str], fingerprints: Sequence[bytes]) -> bytes:
    """Return the table of films and their fingerprints."""
    columns = {"film_id": list(film_ids), "fingerprint": list(fingerprints)}
    return parquet_bytes(pa.table(columns, schema=_SCHEMA), compression="zstd")


def read_training_fingerprints(models: Path) -> TrainingFingerprints | None:
    """Return the table beside the runs; None if there is none.

    Raises
    ------
    DatasetError
        If it cannot be read.
    """
    path = models / FINGERPRINTS_FILE
    if not path.is_file():
        return None
    try:
        table = pq.read_table(path, schema=_SCHEMA)
    except (OSError, pa.ArrowException, ValueError) as exc:
        raise DatasetError(
            msg("The fingerprints of the training films cannot be read from {path}.", path=path)
        ) from exc
    packed = b"".join(table["fingerprint"].to_pylist())
    stacked = np.frombuffer(packed, np.uint64).reshape(len(table), -1)
    return TrainingFingerprints(tuple(table["film_id"].to_pylist()), stacked)
