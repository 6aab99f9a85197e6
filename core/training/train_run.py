"""From a name in the catalogue to a finished folder in models/."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import DatasetError
from core.evaluation.abstention import describe_abstention
from core.evaluation.evaluate import PARTS, measure_run
from core.evaluation.operating_point import calibrate, choose_operating_point, fit_temperature
from core.runs.predictions import PREDICTIONS_FILE, write_predictions
from core.runs.store import EXPORT_FILE, WEIGHTS_FILE, write_record
from core.training.catalogue.settings import RunSettings
from core.training.checkpoint import STATE_FILES
from core.training.distillation import load_teachers
from core.training.export import (
    HALF_PRECISION_PARITY_LIMIT,
    PARITY_LIMIT,
    check_parity,
    export_litert,
    exported_logits,
    now,
    versions,
    with_parts,
)
from core.training.films import find_training_set, load_lung_masks, to_input
from core.training.fit import History, predict_logits, train_classifier
from core.training.hyperparameter_search import SEARCH_FILE, search_settings
from core.training.scoring import FilmsToScore, films_as_seen, load_films_to_score, score_run
from core.training.train_step import in_float32
from core.training.training_data import (
    OWN_VALIDATION,
    Report,
    TrainingData,
    as_the_run_sees,
    load_training_data,
)

HISTORY_FILE = "history.json"
NO_PARENT = ("imagenet", "nothing")
KEPT_BETWEEN_TRAININGS = (*STATE_FILES, SEARCH_FILE)


def new_run_folder(models: Path, name: str) -> Path:
    """Return the folder of a run in the making; refuse if the run is finished.

    An interrupted training has left there what the next one goes on from.

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
    partial.mkdir(parents=True, exist_ok=True)
    for path in partial.iterdir():
        if path.name not in KEPT_BETWEEN_TRAININGS:
            path.unlink()
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
    model = in_float32(model, settings)
    validation = to_input(data.validation.films, settings.input_px)
    keras_logits = predict_logits(model, validation)
    calibration = fit_temperature(keras_logits, data.validation.labels)
    probabilities = calibrate(keras_logits, calibration)
    chosen_on = OWN_VALIDATION if settings.split_by == "films" else PARTS["validation"].name
    operating_point = choose_operating_point(
        probabilities, data.validation.labels, settings.sensitivity_wanted, chosen_on
    )
    report("exporting to LiteRT and comparing")
    halved = export_litert(with_parts(model), folder / EXPORT_FILE)
    if not halved:  # larger weights would make the repository heavy, and the export holds them too
        model.save_weights(folder / WEIGHTS_FILE)
    content = (folder / EXPORT_FILE).read_bytes()
    logits = exported_logits(content, validation)
    limit = HALF_PRECISION_PARITY_LIMIT if halved else PARITY_LIMIT
    parity = check_parity(keras_logits, logits, calibration, operating_point, limit)
    report("scoring validation, the external films and the official test split, once")
    seen = films_as_seen(to_score, settings.cropped_to_lungs, models)
    predictions = score_run(content, settings.input_px, calibration, seen)
    write_predictions(predictions, folder / PREDICTIONS_FILE)
    (folder / HISTORY_FILE).write_text(json.dumps(history, indent=1) + "\n")
    record = {
        "run_id": settings.name,
        "sentence": settings.sentence,
        "parent": settings.parent,
        "exhibit": settings.exhibit,
        "created": now(),
        "architecture": settings.architecture,
        "input_px": settings.input_px,
        "calibration": asdict(calibration),
        "operating_point": asdict(operating_point),
        "abstention": describe_abstention(predictions, operating_point),
        **measure_run(predictions, operating_point.threshold, to_score.cut_points, chosen_on),
        "parity": parity,
        "settings": asdict(settings),
        "data": {
            "index_sha256": data.index.sha256,
            "split_sha256": data.split_sha256,
            "films": {part: len(getattr(data, part)) for part in ("train", "validation", "test")},
        },
        "versions": versions(),
    }
    # The state is no part of the run, and is what training goes on from until the record stands.
    write_record(folder, record, without=STATE_FILES)
    for name in STATE_FILES:
        (folder / name).unlink(missing_ok=True)
    return folder.rename(models / settings.name)


def make_run(settings: RunSettings, data: Path, models: Path, report: Report) -> Path:
    """Train one run of the catalogue from start to its folder.

    Parameters
    ----------
    data : Path
        Folder that holds the films (`find_training_set`), ``kermany_lung_masks/`` and
        ``imagenet_weights/``.
    models : Path
        Holds ``split.json``; the run becomes a folder in it.

    Raises
    ------
    DatasetError
        If the run exists, or data, starting weights or runs that it goes on or learns from are
        missing.
    ModelIntegrity
        If the export does not agree with the Keras model.
    """
    folder = new_run_folder(models, settings.name)
    whole = load_training_data(find_training_set(data), models / "split.json", report)
    masks, _ = load_lung_masks(data, whole.train.film_ids)
    films, masks = as_the_run_sees(settings, whole, masks, models, report)
    to_score = load_films_to_score(data, films.index, films.split, report)
    chosen = search_settings(settings, films, masks, data, folder, report)
    model, history = train_classifier(
        films.train,
        masks,
        films.validation,
        chosen,
        data,
        report,
        parent=_weights_of(settings.starts_from, models),
        teachers=load_teachers(settings, models),
        state=folder,
    )
    return finish_run(model, history, films, to_score, chosen, models, report)


def _weights_of(starts_from: str, models: Path) -> Path | None:
    """Return the weights file of the run that another one goes on from, if it does."""
    if starts_from in NO_PARENT:
        return None
    path = models / starts_from / WEIGHTS_FILE
    if not path.is_file():
        first = "train it first"
        if path.parent.exists():  # as runs too large for the repository come, without weights
            first = f"move {path.parent} away, then train it again"
        raise DatasetError(
            f"this run starts from {starts_from}, whose {WEIGHTS_FILE} is not in {models}: "
            f"{first} with `python -m core train {starts_from}`."
        )
    return path
