"""A run's kept predictions, back in memory."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from core.domain import RunRecord
from core.run_store import read_verified

PREDICTIONS_FILE = "predictions.parquet"
PART_NAMES = {"validation": "validation patients", "test": "official test split"}


@dataclass(frozen=True, slots=True, eq=False)
class KeptPredictions:
    """One part of the split as a run scored it: film ids, labels, logits, probabilities."""

    film_ids: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    logits: npt.NDArray[np.float64]
    probabilities: npt.NDArray[np.float64]


def read_predictions(run: RunRecord) -> dict[str, KeptPredictions]:
    """Return a run's predictions on validation and on the official test split.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the file is missing or is not the one that the record states.
    """
    content = read_verified(run.folder, PREDICTIONS_FILE, run.files)
    table = pq.read_table(BytesIO(content))
    part_of = np.array(table["split"].to_pylist())
    film_ids = np.array(table["film_id"].to_pylist())
    labels, logits, probabilities = (
        table[name].to_numpy() for name in ("label", "logit", "probability")
    )
    return {
        part: KeptPredictions(
            tuple(film_ids[chosen].tolist()), labels[chosen], logits[chosen], probabilities[chosen]
        )
        for part, chosen in ((part, part_of == part) for part in PART_NAMES)
    }
