"""The films that every run is evaluated on, and the scoring of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from core.datasets.index import DatasetIndex, index_dataset
from core.datasets.split import Split, read_split
from core.domain.model import Calibration
from core.errors import DatasetError
from core.evaluation.evaluate import find_cut_points
from core.evaluation.operating_point import calibrate
from core.gate.quality import measure_sharpness, measure_tone
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import standardise_film
from core.runs.predictions import FILM_COLUMNS, LEARNED_PART, FilmTable, Predictions
from core.training.export import exported_logits
from core.training.films import MASKS_FOLDER, TRUSTED_MATCHES, Bytes, find_training_set, to_input
from core.training.lung_crop import crop_films, find_boxes, open_segmenter
from core.training.training_data import Report, redraw_split

EXTERNAL_FOLDER = "nih_rsna"
OPACITY_CLASS = "Lung Opacity"

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class FilmsToScore:
    """Films with what is known of them; loaded once for any number of runs.

    Attributes
    ----------
    films : (N, 224, 224) uint8 ndarray
        Decoded, resized and stretched as an upload is, in the order of the table.
    cut_points : dict
        Tertiles of the training films' image qualities.
    """

    table: FilmTable
    films: Bytes
    cut_points: dict[str, tuple[float, float]]


def _prepare(content: bytes) -> tuple[Bytes, Facts]:
    pixels = decode_radiograph(content).pixels
    tone, standard = measure_tone(pixels), standardise_film(pixels)
    facts = {
        "contrast": tone.contrast,
        "median_grey": tone.median,
        "sharpness": measure_sharpness(standard),
    }
    return np.rint(standard * 255.0).astype(np.uint8), facts


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise DatasetError(
            f"no {path.name} in {path.parent}: point FIRSTREAD_DATA at the folder that holds "
            f"{path.parent.name}/."
        )
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _films_of_split(
    data: Path, index: DatasetIndex, split: Split, part: str
) -> Iterator[tuple[Bytes, Facts]]:
    earlier = {"train": (), "validation": split.train, "test": (*split.train, *split.validation)}
    seen = {split.group[film_id] for film_id in earlier[part]}
    by_id = {film.film_id: film for film in index.films}
    sizes = {  # of every film whose original was matched with certainty
        row["image_name"]: (float(row["orig_h"]), float(row["orig_w"]))
        for row in _rows(data / MASKS_FOLDER / "manifest.csv")
        if row["match_confidence"] in TRUSTED_MATCHES
    }
    for film_id in getattr(split, part):
        film = by_id[film_id]
        height, width = sizes.get(PurePosixPath(film_id).name, (np.nan, np.nan))
        pixels, facts = _prepare(index.read_bytes(film))
        known = {
            "film_id": film_id,
            "split": part,
            "label": film.label,
            "subtype": film.subtype,
            "patient": film.patient,
            "patient_in_train": split.group[film_id] in seen,
            "original_height_px": height,
            "original_width_px": width,
        }
        yield pixels, known | facts


def _external_films(data: Path) -> Iterator[tuple[Bytes, Facts]]:
    """Yield the external films that radiologists have read; the others have no reference."""
    folder = data / EXTERNAL_FOLDER
    for row in _rows(folder / "manifest.csv"):
        if not row["rsna_class"]:
            continue
        pixels, facts = _prepare((folder / row["file"]).read_bytes())
        known = {
            "film_id": f"{EXTERNAL_FOLDER}/{row['file']}",
            "split": "nih",
            "label": int(row["rsna_class"] == OPACITY_CLASS),
            "subtype": "",
            "patient": f"nih{row['patient_id']}",
            "patient_in_train": False,
            "original_height_px": float(row["orig_h"]),
            "original_width_px": float(row["orig_w"]),
        }
        yield pixels, known | facts


def _tabulate(facts: Sequence[Facts]) -> FilmTable:
    return FilmTable(**{name: np.array([film[name] for film in facts]) for name in FILM_COLUMNS})


def _gather(pairs: Sequence[tuple[Bytes, Facts]], cuts: Mapping[str, Any]) -> FilmsToScore:
    films, facts = zip(*pairs, strict=True)
    return FilmsToScore(_tabulate(facts), np.stack(films), dict(cuts))


def load_films_to_score(
    data: Path, index: DatasetIndex, split: Split, report: Report
) -> FilmsToScore:
    """Decode every film that runs are measured on, and take the training films' cut points.

    Parameters
    ----------
    data : Path
        Folder that holds ``kermany_lung_masks/`` and, for the external set, ``nih_rsna/``.

    Raises
    ------
    DatasetError
        If a manifest is missing.
    """
    report(f"measuring the image quality of {len(split.train)} training films")
    training = [facts for _, facts in _films_of_split(data, index, split, "train")]
    pairs: list[tuple[Bytes, Facts]] = []
    for part in ("validation", "test"):
        report(f"decoding {len(getattr(split, part))} films of {part}")
        pairs += _films_of_split(data, index, split, part)
    if (data / EXTERNAL_FOLDER).is_dir():
        report(f"decoding the films of {EXTERNAL_FOLDER}")
        pairs += _external_films(data)
    else:
        report(f"no {EXTERNAL_FOLDER}/ in {data}: external films are not scored")
    return _gather(pairs, find_cut_points(_tabulate(training)))


def open_films_to_score(
    data: Path, models: Path, report: Report, *, redrawn_with: int | None = None
) -> FilmsToScore:
    """Index the public set, read the written split, and load what it names.

    Parameters
    ----------
    redrawn_with : int, optional
        Seed with which a run drew its validation films one by one.

    Raises
    ------
    DatasetError
        If films, split or manifests are missing, or the split was made from other films.
    """
    return load_films_to_score(data, *_open_split(data, models, report, redrawn_with), report)


def _open_split(
    data: Path, models: Path, report: Report, redrawn_with: int | None
) -> tuple[DatasetIndex, Split]:
    source = find_training_set(data)
    report(f"indexing {source.name}")
    index = index_dataset(source)
    split = read_split(models / "split.json", index)
    return index, split if redrawn_with is None else redraw_split(split, redrawn_with)


def open_learned_films(
    data: Path, models: Path, report: Report, *, redrawn_with: int | None = None
) -> FilmsToScore:
    """Load the films that a run has learned from, prepared as those that runs are measured on.

    Parameters
    ----------
    redrawn_with : int, optional
        Seed with which a run drew its validation films one by one: the others are its own.

    Raises
    ------
    DatasetError
        If films, split or manifests are missing, or the split was made from other films.
    """
    index, split = _open_split(data, models, report, redrawn_with)
    report(f"decoding {len(split.train)} films of {LEARNED_PART}")
    pairs = list(_films_of_split(data, index, split, LEARNED_PART))
    return _gather(pairs, find_cut_points(_tabulate([facts for _, facts in pairs])))


def films_as_seen(films: FilmsToScore, cropped_to_lungs: bool, models: Path) -> FilmsToScore:
    """Return the films as a run sees them: whole, or the box around the lungs.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the segmenter is needed and cannot be used.
    """
    if not cropped_to_lungs:
        return films
    boxes = find_boxes(films.films, open_segmenter(models))
    return replace(films, films=crop_films(films.films, boxes))


def score_run(
    content: bytes, input_px: int, calibration: Calibration, films: FilmsToScore
) -> Predictions:
    """Score every film with a run's LiteRT export, one at a time.

    The films are in 256 grey levels; serving does not round them, which moves a probability a
    little: `python -m bench agreement` says how far.

    Parameters
    ----------
    films : FilmsToScore
        As the run sees them.

    Raises
    ------
    ModelIntegrity
        If LiteRT cannot read the export.
    ModelInputMismatch
        If the export takes films of another size.
    """
    logits = exported_logits(content, to_input(films.films, input_px))
    return Predictions(films.table, logits, calibrate(logits, calibration))
