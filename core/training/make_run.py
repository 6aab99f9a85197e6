"""From a name in the catalogue to a finished folder in models/."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.dataset import DatasetIndex, Split, index_dataset, read_split
from core.errors import DatasetError
from core.evaluation import measure_run
from core.predictions import PREDICTIONS_FILE, write_predictions
from core.run_store import EXPORT_FILE, sha256_of, write_record
from core.training.calibrate import calibrate, choose_operating_point, fit_temperature
from core.training.catalogue import RunSettings
from core.training.export import (
    check_parity,
    describe,
    export_litert,
    exported_logits,
    now,
    versions,
    with_features,
)
from core.training.films import FilmSet, load_films, load_lung_masks
from core.training.fit import History, predict_logits, to_input, train_classifier
from core.training.score_run import FilmsToScore, load_films_to_score, score_run

WEIGHTS_FILE = "model.weights.h5"
HISTORY_FILE = "history.json"

Report = Callable[[str], None]


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


def new_run_folder(models: Path, name: str) -> Path:
    """Return an empty folder for a run in the making; refuse if the run is finished.

    Raises
    ------
    DatasetError
        If there is a folder of that name with anything in it.
    """
    folder = models / name
    if folder.exists() and any(folder.iterdir()):
        raise DatasetError(
            f"run {name} exists in {models}: a run is not overwritten. Move or delete "
            "its folder first, or give the new run another name."
        )
    partial = models / f".{name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def finish_run(
    model: Any,
    history: History,
    data: TrainingData,
    to_score: FilmsToScore,
    settings: RunSettings,
    models: Path,
    report: Report,
) -> Path:
    """Calibrate, choose the operating point, export, prove parity, score once and write the run.

    The test films are looked at only here, after everything else is fixed.

    Raises
    ------
    DatasetError
        If the run exists.
    ModelIntegrity
        If the export does not agree with the Keras model.
    """
    folder = new_run_folder(models, settings.name)
    validation = to_input(data.validation.films, settings.input_px)
    keras_logits = predict_logits(model, validation)
    calibration = fit_temperature(keras_logits, data.validation.labels)
    probabilities = calibrate(keras_logits, calibration)
    operating_point = choose_operating_point(
        probabilities, data.validation.labels, settings.sensitivity_wanted, "validation patients"
    )
    report("exporting to LiteRT and comparing")
    model.save_weights(folder / WEIGHTS_FILE)
    export_litert(with_features(model), folder / EXPORT_FILE)
    content = (folder / EXPORT_FILE).read_bytes()
    logits = exported_logits(content, validation)
    parity = check_parity(keras_logits, logits, calibration, operating_point)
    report("scoring validation, the external films and the official test split, once")
    predictions = score_run(content, settings.input_px, calibration, to_score)
    write_predictions(predictions, folder / PREDICTIONS_FILE)
    (folder / HISTORY_FILE).write_text(json.dumps(history, indent=1) + "\n")
    record = {
        "run_id": settings.name,
        "sentence": settings.sentence,
        "created": now(),
        "architecture": settings.architecture,
        "input_px": settings.input_px,
        "calibration": asdict(calibration),
        "operating_point": asdict(operating_point),
        **measure_run(predictions, operating_point.threshold, to_score.cut_points),
        "parity": parity,
        "settings": describe(settings),
        "data": {
            "index_sha256": data.index.sha256,
            "split_sha256": data.split_sha256,
            "films": {part: len(getattr(data, part)) for part in ("train", "validation", "test")},
        },
        "versions": versions(),
    }
    write_record(folder, record)
    return folder.rename(models / settings.name)


def make_run(settings: RunSettings, data: Path, models: Path, report: Report) -> Path:
    """Train one run of the catalogue from start to its folder.

    Parameters
    ----------
    settings : RunSettings
    data : Path
        Folder that holds ``kermany224/``, ``kermany_lung_masks/`` and ``imagenet_weights/``.
    models : Path
        Holds ``split.json``; the run becomes a folder in it.
    report : callable
        Gets a line for every step.

    Raises
    ------
    DatasetError
        If the run exists, or data or starting weights are missing.
    ModelIntegrity
        If the export does not agree with the Keras model.
    """
    new_run_folder(models, settings.name)
    films = load_training_data(data / "kermany224", models / "split.json", report)
    to_score = load_films_to_score(data, films.index, films.split, report)
    masks, _ = load_lung_masks(data, films.train.film_ids)
    model, history = train_classifier(films.train, masks, films.validation, settings, data, report)
    return finish_run(model, history, films, to_score, settings, models, report)
