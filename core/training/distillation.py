"""Finished runs whose opinion of a changed film another run learns to give.

The teachers see the very film that the student sees, with the same random changes, so that what is
learnt is how they read and not only how they had read the films as they are [1]_.

References
----------
.. [1] L. Beyer et al., CVPR 2022, arXiv:2106.05237.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DatasetError
from core.runs.store import WEIGHTS_FILE, read_record
from core.training.augmentation import resize_films
from core.training.catalogue.settings import RunSettings
from core.training.kept_network import open_kept_network


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """A finished run's network and the side of the films that it takes."""

    model: Any
    input_px: int


def load_teachers(settings: RunSettings, models: Path) -> list[Teacher]:
    """Return the networks that a run learns from; none where its settings name none.

    Raises
    ------
    DatasetError
        If one has no weights in ``models``, or does not look at the part of the film that the
        student looks at.
    ModelMissing, ModelIntegrity
        If a record or a weights file is missing or is not the one that was measured.
    """
    return [_load(name, settings, models) for name in settings.teachers]


def _load(name: str, settings: RunSettings, models: Path) -> Teacher:
    folder = models / name
    record = read_record(folder)
    if WEIGHTS_FILE not in record["files"]:
        raise DatasetError(
            f"{settings.name} learns from {name}, whose {WEIGHTS_FILE} is not in {models}: move "
            f"{folder} away, then train it again with `python -m core train {name}`."
        )
    if record.get("settings", {}).get("cropped_to_lungs", False) != settings.cropped_to_lungs:
        raise DatasetError(
            f"{settings.name} and {name}, which it is to learn from, do not look at the same part "
            "of the film: give both or neither the box around the lungs."
        )
    px = record["input_px"]
    return Teacher(open_kept_network(folder, record["architecture"], px, record["files"]), px)


def opinion_of(teachers: Sequence[Teacher], films: Any) -> Any:
    """Return the (N,) probability that the mean of the teachers' logits stands for.

    Parameters
    ----------
    teachers : sequence of Teacher
        At least one.
    films : (N, px, px, 1) float32 tensor in [0, 1]
        No smaller than any teacher takes them.
    """
    import tensorflow as tf

    logits = [
        teacher.model(resize_films(films, teacher.input_px), training=False)[:, 0]
        for teacher in teachers
    ]
    return tf.sigmoid(tf.add_n(logits) / len(logits))
