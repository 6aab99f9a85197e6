"""An ensemble of finished runs, built from their stored predictions; nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain.model import RunRecord
from core.errors import DatasetError
from core.evaluation.abstention import describe_abstention
from core.evaluation.evaluate import PARTS, measure_run
from core.evaluation.operating_point import (
    SENSITIVITY_WANTED,
    calibrate,
    choose_operating_point,
    fit_temperature,
)
from core.imaging.preprocessing import STANDARD_PX
from core.runs.predictions import (
    PREDICTIONS_FILE,
    FilmTable,
    Predictions,
    read_predictions,
    write_predictions,
)
from core.runs.store import EXPORT_FILE, load_run, read_record, write_record
from core.training.export import now, versions
from core.training.train_run import new_run_folder


def make_ensemble(models: Path, name: str, members: Sequence[str]) -> Path:
    """Make a run that reads with several others, and return its folder.

    Calibration, operating point and band are chosen on validation; then the test films are scored,
    once, from what each member had said of them.

    Parameters
    ----------
    models : Path
        Holds the members; the ensemble becomes a folder in it.

    Raises
    ------
    DatasetError
        If the ensemble exists, there are fewer than two different members, one is an ensemble or an
        exhibit, or they were not scored on the same films of the same split.
    ModelMissing, ModelIntegrity
        If a member's file is missing or is not the one that its record states.
    """
    runs = [load_run(models / member) for member in members]
    _check_members(runs)
    kept = [read_predictions(run) for run in runs]
    _check_same_films(runs, kept)
    logits = np.stack(
        [
            one.logit / run.calibration.temperature + run.calibration.offset
            for one, run in zip(kept, runs, strict=True)
        ]
    )
    folder = new_run_folder(models, name)
    record, predictions = _record(name, runs, kept[0].films, logits.mean(axis=0))
    write_predictions(predictions, folder / PREDICTIONS_FILE)
    write_record(folder, record)
    return folder.rename(models / name)


def _check_members(runs: Sequence[RunRecord]) -> None:
    if len({run.run_id for run in runs}) < max(2, len(runs)):
        raise DatasetError("an ensemble needs two or more different runs: name each once.")
    for run in runs:
        if run.members or read_record(run.folder).get("exhibit"):
            kind = "an ensemble itself" if run.members else "an exhibit"
            raise DatasetError(f"run {run.run_id} is {kind} and cannot be a member: leave it out.")
    if len({run.cropped_to_lungs for run in runs}) > 1:
        raise DatasetError(
            "some of these runs see the whole film and some the box around the lungs: an ensemble "
            "needs members that look at the same."
        )


def _check_same_films(runs: Sequence[RunRecord], kept: Sequence[Predictions]) -> None:
    splits = {read_record(run.folder)["data"]["split_sha256"] for run in runs}
    films = {tuple(one.films.film_id.tolist()) for one in kept}
    if len(films) > 1 or len(splits) > 1:
        named = ", ".join(run.run_id for run in runs)
        raise DatasetError(
            f"the runs {named} were not scored on the same films: train them on one split."
        )


def _record(
    name: str, runs: Sequence[RunRecord], films: FilmTable, logits: npt.NDArray[np.float64]
) -> tuple[dict[str, Any], Predictions]:
    validation = films.split == "validation"
    calibration = fit_temperature(logits[validation], films.label[validation])
    predictions = Predictions(films, logits, calibrate(logits, calibration))
    point = choose_operating_point(
        predictions.probability[validation],
        films.label[validation],
        SENSITIVITY_WANTED,
        PARTS["validation"].name,
    )
    records = {run.run_id: read_record(run.folder) for run in runs}
    first = records[runs[0].run_id]
    sizes = {run.input_px for run in runs}
    return {
        "run_id": name,
        "sentence": f"The mean of {', '.join(records)} in one probability.",
        "created": now(),
        "architecture": "ensemble",
        "input_px": sizes.pop() if len(sizes) == 1 else STANDARD_PX,
        "members": list(records),
        "member_exports": {run.run_id: run.files[EXPORT_FILE] for run in runs},
        "calibration": asdict(calibration),
        "operating_point": asdict(point),
        "abstention": describe_abstention(predictions, point),
        **measure_run(predictions, point.threshold, first["slices"]["cut_points"]),
        "parity": {"members": {run_id: record["parity"] for run_id, record in records.items()}},
        "settings": {
            "sensitivity_wanted": SENSITIVITY_WANTED,
            "members": list(records),
            "cropped_to_lungs": runs[0].cropped_to_lungs,
        },
        "data": first["data"],
        "versions": versions(),
    }, predictions
