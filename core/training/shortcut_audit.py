"""From finished runs and the public films to the audits in the runs' folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.datasets.index import DatasetIndex, index_dataset
from core.datasets.split import read_split
from core.domain.model import RunClassifier, RunRecord
from core.errors import ModelIntegrity, ModelMissing
from core.evaluation.operating_point import calibrate
from core.imaging.preprocessing import resize_film
from core.inference.ensemble import open_any
from core.runs.store import EXPORT_FILE, add_files, export_identity, load_run, name_run, read_record
from core.shortcuts.audit import AuditedRun, AuditFilms, Predict, Progress, audit_runs
from core.shortcuts.chart import draw_audit
from core.shortcuts.record import AUDIT_FILE, PICTURE_FILE, ShortcutAudit
from core.stats.intervals import Scores
from core.training.films import (
    Bytes,
    FilmSet,
    find_training_set,
    load_films,
    load_lung_masks,
    load_original_sizes,
    to_input,
)
from core.training.lung_crop import crop_films, find_boxes, open_segmenter
from core.training.training_data import OWN_VALIDATION, redraw_split

PARTS = {"validation": "validation patients", "test": "official test split"}


def audited(data: Path, films: FilmSet, split: str) -> AuditFilms:
    """Put lung masks and the originals' sizes beside films that are in memory.

    Parameters
    ----------
    data : Path
        Folder that holds ``kermany_lung_masks/``.

    Raises
    ------
    DatasetError
        If the masks' manifest is missing or does not know a film.
    """
    masks, trusted = load_lung_masks(data, films.film_ids)
    heights, widths = load_original_sizes(data, films.film_ids)
    return AuditFilms(split, films.films, films.labels, masks, trusted, heights, widths)


def load_audit_films(
    data: Path,
    split_file: Path,
    progress: Progress | None = None,
    *,
    redrawn_with: int | None = None,
) -> dict[str, AuditFilms]:
    """Load the films of validation and of the official test split.

    Parameters
    ----------
    data : Path
        Folder that holds the films (`find_training_set`) and ``kermany_lung_masks/``.
    redrawn_with : int, optional
        Seed of a run that drew its validation films one by one, whoever the patient is.

    Raises
    ------
    DatasetError
        If films or lung masks are missing, or the split was made from other films.
    """
    index: DatasetIndex = index_dataset(find_training_set(data))
    split = read_split(split_file, index)
    if redrawn_with is not None:
        split = redraw_split(split, redrawn_with)
    named = PARTS if redrawn_with is None else PARTS | {"validation": OWN_VALIDATION}
    return {
        part: audited(data, load_films(index, getattr(split, part), progress=progress), words)
        for part, words in named.items()
    }


def grey_of(parts: Mapping[str, AuditFilms]) -> int:
    """Return the mean grey level of the validation films."""
    return round(float(parts["validation"].films.mean()))


def predictor(classifier: RunClassifier, models: Path) -> Predict:
    """Return what reads prepared films with a run's export, one at a time as serving does.

    A run that sees only the lungs finds them again in each changed film.
    """
    run = classifier.run_record
    segmenter = open_segmenter(models) if run.cropped_to_lungs else None

    def predict(films: Bytes) -> Scores:
        if segmenter is not None:
            films = crop_films(films, find_boxes(films, segmenter))
        inputs = to_input(films, run.input_px)
        logits = [classifier.logits(film[np.newaxis])[0] for film in inputs]
        # In double precision: in single, the surest films would share one probability.
        return calibrate(np.array(logits, np.float64), run.calibration)

    return predict


def _find_run(models: Path, name: str) -> RunRecord:
    known = sorted(
        path.parent.name
        for path in models.glob("*/run.json")
        if "operating_point" in read_record(path.parent)
    )
    if name not in known:
        raise ModelMissing(
            f"no classifier run is called {name!r} in {models}; there are {', '.join(known)}."
        )
    return load_run(models / name)


def open_run(models: Path, name: str, threads: int) -> AuditedRun:
    """Open a finished run for its audit, an ensemble with its members.

    Raises
    ------
    ModelMissing
        If there is no classifier run of that name, or its export is gone.
    ModelIntegrity
        If the export is not the file that was measured, or a member's is not the ensemble's.
    """
    run = _find_run(models, name)
    if run.foreign:
        raise ModelMissing(
            f"run {name} is another model's predictions: it has no network to audit."
        )
    changed = [
        one
        for one, sha256 in run.member_exports.items()
        if load_run(models / one).files.get(EXPORT_FILE) != sha256
    ]
    if changed:
        raise ModelIntegrity(
            f"{', '.join(changed)} was exported again after the ensemble {name} was made: build "
            "the ensemble again first."
        )
    classifier = open_any(run, resize_film, threads)
    threshold = run.operating_point.threshold
    return AuditedRun(name, export_identity(run), threshold, predictor(classifier, models))


def write_audit(folder: Path, audit: ShortcutAudit) -> None:
    """Keep an audit and its picture in the run's folder, both listed in ``run.json``.

    Raises
    ------
    ModelMissing
        If the folder is not of a finished run.
    """
    name = name_run(load_run(folder))
    add_files(folder, {AUDIT_FILE: audit.to_json(), PICTURE_FILE: draw_audit(audit, name=name)})


def make_audits(
    names: Sequence[str],
    parts: Mapping[str, AuditFilms],
    models: Path,
    threads: int = 2,
    progress: Progress | None = None,
) -> dict[str, ShortcutAudit]:
    """Audit finished runs and keep the audits in their folders.

    Raises
    ------
    ModelMissing
        If there is no classifier run of a name, or its export is gone.
    ModelIntegrity
        If an export is not the file that was measured.
    """
    runs = {name: open_run(models, name, threads) for name in names}
    audits = audit_runs(runs, parts, grey_of(parts), progress)
    for name, audit in audits.items():
        write_audit(models / name, audit)
    return audits
