"""The films of the project's split, as a run sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.datasets.index import DatasetIndex, index_dataset
from core.datasets.split import Split, read_split
from core.files import sha256_of
from core.language.words import msg
from core.training.catalogue.settings import RunSettings
from core.training.films import UNKNOWN_LUNG, Bytes, FilmSet, join_sets, load_films, take_films
from core.training.lung_crop import crop_masks, crop_set, find_boxes, open_segmenter

Report = Callable[[str], None]
OWN_VALIDATION = msg("validation films of patients who are also in training")
"""What those of a run are that drew them one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """The three parts of the project's split, with what identifies them."""

    index: DatasetIndex
    split: Split
    split_sha256: str
    train: FilmSet
    validation: FilmSet
    test: FilmSet


def load_training_data(source: Path, split_file: Path, report: Report) -> TrainingData:
    """Index the public set and load every film of the written split.

    Raises
    ------
    DatasetError
        If the folder is not the public set, or the split was made from other films.
    """
    report(f"indexing {source.name}")
    index = index_dataset(source)
    split = read_split(split_file, index)
    parts = {}
    for part in ("train", "validation", "test"):
        film_ids = getattr(split, part)
        report(f"decoding {len(film_ids)} films of {part}")
        parts[part] = load_films(index, film_ids)
    return TrainingData(index, split, sha256_of(split_file), **parts)


def as_the_run_sees(
    settings: RunSettings, data: TrainingData, masks: Bytes, models: Path, report: Report
) -> tuple[TrainingData, Bytes]:
    """Return films and training masks as the settings ask for them.

    Parameters
    ----------
    masks : (N, 224, 224) uint8 ndarray
        Of the training films.
    """
    if settings.split_by == "films":
        report("drawing validation films one by one, regardless of patient")
        data, masks = _redrawn(data, masks, settings.seed)
    if not settings.cropped_to_lungs:
        return data, masks
    network = open_segmenter(models)
    parts: dict[str, Any] = {}
    for part in ("train", "validation", "test"):
        films: FilmSet = getattr(data, part)
        report(f"cutting {len(films)} films of {part} to their lungs")
        boxes = find_boxes(films.films, network)
        parts[part] = crop_set(films, boxes)
        if part == "train":
            masks = crop_masks(masks, boxes)
    return replace(data, **parts), masks


def redraw_split(split: Split, seed: int) -> Split:
    """Draw as many validation films as before from all that are not test films, one by one.

    That is the mistake of which an exhibit shows what it does: films of one patient come apart.
    """
    both = np.array([*split.train, *split.validation])
    order = np.random.default_rng(seed).permutation(len(both))
    held_out, kept = np.split(order, [len(split.validation)])
    return replace(
        split, train=tuple(both[kept].tolist()), validation=tuple(both[held_out].tolist())
    )


def _redrawn(data: TrainingData, masks: Bytes, seed: int) -> tuple[TrainingData, Bytes]:
    split = redraw_split(data.split, seed)
    both = join_sets(data.train, data.validation)
    unknown = np.full(data.validation.films.shape, UNKNOWN_LUNG, np.uint8)
    all_masks = np.concatenate([masks, unknown])
    place = {film_id: position for position, film_id in enumerate(both.film_ids)}
    kept = np.array([place[film_id] for film_id in split.train])
    held_out = np.array([place[film_id] for film_id in split.validation])
    train, validation = take_films(both, kept), take_films(both, held_out)
    return replace(data, split=split, train=train, validation=validation), all_masks[kept]
