"""An ensemble of finished runs, from their kept predictions: nothing is trained or scored again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import expit

from core.domain import RunRecord
from core.errors import DatasetError
from core.metrics import evaluate_predictions
from core.preprocessing import STANDARD_PX
from core.run_store import EXPORT_FILE, load_run, read_record, write_record
from core.training.abstain import describe_abstention
from core.training.calibrate import calibrate, choose_operating_point, fit_temperature
from core.training.export import now, versions
from core.training.kept_predictions import (
    PART_NAMES,
    PREDICTIONS_FILE,
    KeptPredictions,
    read_predictions,
)
from core.training.make_run import new_run_folder

SENSITIVITY_WANTED = 0.97

MemberLogits = dict[str, npt.NDArray[np.float64]]


def make_ensemble(models: Path, name: str, members: Sequence[str]) -> Path:
    """Make a run that reads with several others, and return its folder.

    Calibration, operating point and band are chosen on validation; then the test films are scored,
    once, from what each member had said of them.

    Parameters
    ----------
    models : Path
        Holds the members; the ensemble becomes a folder in it.
    name : str
    members : sequence of str
        At least two names of single runs.

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
    films = kept[0]
    _check_same_films(runs, kept)
    logits = {
        part: np.stack(
            [
                one[part].logits / run.calibration.temperature + run.calibration.offset
                for one, run in zip(kept, runs, strict=True)
            ]
        )
        for part in PART_NAMES
    }
    folder = new_run_folder(models, name)
    record = _record(name, runs, films, logits)
    _write_predictions(folder, films, logits, record)
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


def _check_same_films(
    runs: Sequence[RunRecord], kept: Sequence[dict[str, KeptPredictions]]
) -> None:
    splits = {read_record(run.folder)["data"]["split_sha256"] for run in runs}
    for part in PART_NAMES:
        films = {one[part].film_ids for one in kept}
        if len(films) > 1 or len(splits) > 1:
            named = ", ".join(run.run_id for run in runs)
            raise DatasetError(
                f"the runs {named} were not scored on the same {PART_NAMES[part]}: train them on "
                "one split."
            )


def _record(
    name: str,
    runs: Sequence[RunRecord],
    films: dict[str, KeptPredictions],
    logits: MemberLogits,
) -> dict[str, Any]:
    means = {part: values.mean(axis=0) for part, values in logits.items()}
    labels = {part: films[part].labels for part in PART_NAMES}
    calibration = fit_temperature(means["validation"], labels["validation"])
    probabilities = {part: calibrate(values, calibration) for part, values in means.items()}
    point = choose_operating_point(
        probabilities["validation"],
        labels["validation"],
        SENSITIVITY_WANTED,
        PART_NAMES["validation"],
    )
    records = {run.run_id: read_record(run.folder) for run in runs}
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
        "abstention": describe_abstention(probabilities, labels, point),
        "metrics": {
            part: asdict(
                evaluate_predictions(values, labels[part], point.threshold, PART_NAMES[part])
            )
            for part, values in probabilities.items()
        },
        "parity": {"members": {run_id: record["parity"] for run_id, record in records.items()}},
        "settings": {
            "sensitivity_wanted": SENSITIVITY_WANTED,
            "members": list(records),
            "cropped_to_lungs": runs[0].cropped_to_lungs,
        },
        "data": records[runs[0].run_id]["data"],
        "versions": versions(),
    }


def _write_predictions(
    folder: Path,
    films: dict[str, KeptPredictions],
    logits: MemberLogits,
    record: dict[str, Any],
) -> None:
    columns: dict[str, list[Any]] = {"film_id": [], "split": [], "label": []}
    for part in logits:
        columns["film_id"] += films[part].film_ids
        columns["split"] += [part] * len(films[part].film_ids)
        columns["label"] += films[part].labels.tolist()
    together = np.concatenate(list(logits.values()), axis=1)
    means = together.mean(axis=0)
    calibration = record["calibration"]
    table = pa.table(
        {
            **columns,
            "logit": means,
            "probability": expit(means / calibration["temperature"] + calibration["offset"]),
            "disagreement": np.ptp(expit(together), axis=0),
        }
    )
    pq.write_table(table, folder / PREDICTIONS_FILE)
