"""Another model's predictions become a run that can be compared and browsed, and never served."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core import __version__
from core.domain.model import OperatingPoint
from core.domain.reader import Act, Reader
from core.errors import DatasetError, ForeignRunRefused
from core.evaluation.evaluate import PARTS, measure_run
from core.evaluation.metrics import logits_of
from core.evaluation.operating_point import choose_operating_point, measure_operating_point
from core.files import whole_folder
from core.imported_runs.checks import CheckedRows, KnownFilms, check_rows, know_films
from core.imported_runs.table import ForeignRow, read_foreign_table
from core.language.words import msg, tr, trn
from core.runs.predictions import PREDICTIONS_FILE, Predictions, write_predictions
from core.runs.store import write_record

NAMED_FILMS = 3
STATED_THRESHOLD = 0.5
SPLITS = (msg("validation"), msg("test"), "nih")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class ForeignRequest:
    """How a file is to become a run.

    Attributes
    ----------
    file_name
        Where the predictions come from, for the record; empty to keep it out.
    split
        The only part of the data to take; empty for all.
    threshold
        The operating point, if it is to be stated rather than chosen.
    sensitivity
        What an operating point chosen on validation has to reach.
    incomplete
        Whether a part of the data may lack films.
    film_column, probability_column
        Names of columns, where they are not among those that are known.
    """

    name: str
    file_name: str = ""
    split: str = ""
    threshold: float | None = None
    sensitivity: float = 0.97
    incomplete: bool = False
    film_column: str = ""
    probability_column: str = ""


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """A run that was made of a file.

    Attributes
    ----------
    films, missing
        Films taken, and those of the same parts that the file does not have, by part.
    left_out
        Rows not taken, by what their films are.
    reversed_scores
        Whether normal films get the higher probabilities: the column may be that of ``normal``.
    """

    folder: Path
    films: dict[str, int]
    missing: dict[str, int]
    left_out: dict[str, int]
    operating_point: OperatingPoint
    reversed_scores: bool

    @property
    def films_text(self) -> str:
        """How many films of which part were taken."""
        return _counts_text(self.films)

    def list_oddities(self) -> list[str]:
        """Return a sentence on what is missing, on what is left out and on reversed scores."""
        sentences = []
        if self.missing:
            lacking = _counts_text(self.missing)
            sentences.append(tr("Missing films: {films}.", films=lacking))
        if self.left_out:
            others = ", ".join(
                trn("{n} row ({what})", "{n} rows ({what})", n, what=tr(what))
                for what, n in self.left_out.items()
            )
            sentences.append(tr("Left out: {rows}.", rows=others))
        if self.reversed_scores:
            sentences.append(
                tr("Normal films get the higher probabilities: is the column that of normal films?")
            )
        return sentences


def _counts_text(counts: Mapping[str, int]) -> str:
    return ", ".join(tr("{n} of {part}", n=n, part=tr(part)) for part, n in counts.items())


def import_run(
    content: bytes,
    request: ForeignRequest,
    models: Path,
    foreign_runs: Path,
    by: Reader,
    read: Callable[[bytes, str, str], list[ForeignRow]] = read_foreign_table,
) -> ImportedRun:
    """Write a run's folder from a file of another model's predictions, whole or not at all.

    The operating point is chosen on validation films if the file has them and none is stated;
    otherwise it is the stated threshold, 0.5 where nobody states one, and says so.

    Parameters
    ----------
    models : Path
        The runs trained here: which films there are, and which names are taken.
    foreign_runs : Path
        Where the new folder goes.
    read : callable, optional
        From content and two names of columns to rows; one that does not trust the file.

    Raises
    ------
    NotAllowed
        If the acting reader has no role that imports.
    ForeignRunRefused
        If the request or the file cannot be used; every bad row is named, a sentence each.
    DatasetError
        If it is not known which films there are.
    """
    by.require(Act.IMPORT_RUN)
    _check_request(request, models, foreign_runs)
    rows = read(content, request.film_column, request.probability_column)
    films = know_films(models)
    checked = check_rows(rows, films, request.split)
    missing = _missing_films(checked, films)
    faults = [*checked.faults]
    if not request.incomplete:
        faults += [_missing_text(part, ids, films) for part, ids in missing.items() if ids]
    if not checked.probability_of and not faults:
        faults.append(_nothing_left_text(checked, request.split))
    if faults:
        raise ForeignRunRefused(_listed(faults))
    predictions = _predictions_of(checked, films)
    point = _operating_point(predictions, request)
    try:
        measured = measure_run(predictions, point.threshold, films.cut_points)
    except DatasetError as exc:
        raise ForeignRunRefused(msg("too few films to measure: {why}", why=exc)) from exc
    parts = dict.fromkeys(predictions.films.split.tolist())
    imported = ImportedRun(
        folder=foreign_runs / request.name,
        films={part: int((predictions.films.split == part).sum()) for part in parts},
        missing={part: len(ids) for part, ids in missing.items() if ids},
        left_out=checked.left_out,
        operating_point=point,
        reversed_scores=any(
            measured["metrics"][part]["rates"]["roc_auc"]["high"] < 0.5 for part in parts
        ),
    )
    record = {
        "run_id": request.name,
        "sentence": msg(
            "Another model's predictions, imported; what it was trained on "
            "is not known here, so that it may have seen some of these films."
        ),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "architecture": "foreign",
        "input_px": 0,
        "calibration": {"temperature": 1.0, "offset": 0.0},
        "operating_point": asdict(point),
        "foreign": {
            "file_name": request.file_name,
            "file_sha256": hashlib.sha256(content).hexdigest(),
            "rows": len(rows),
            "films": imported.films,
            "missing": imported.missing,
            "left_out": imported.left_out,
        },
        "data": dict(films.data),
        "versions": {"first-read": __version__},
        **measured,
    }
    write_run(imported.folder, record, predictions)
    return imported


def check_name(name: str, models: Path, foreign_runs: Path) -> None:
    """Refuse what cannot name a new run.

    Raises
    ------
    ForeignRunRefused
        If it is empty, has other signs than letters, digits, _ and -, or is taken.
    """
    if not name:
        raise ForeignRunRefused(msg("Enter a name for the run."))
    if not _NAME.fullmatch(name):
        raise ForeignRunRefused(
            msg(
                "{name!r} cannot name a run: use 1 to 40 letters, digits, _ and -, "
                "beginning with a letter or digit.",
                name=name[:60],
            )
        )
    taken = [str(place) for place in (models, foreign_runs) if (place / name).exists()]
    if taken:
        raise ForeignRunRefused(
            msg(
                "run {name} exists in {folder}: a run is not overwritten. Choose another "
                "name, or move its folder away.",
                name=name,
                folder=taken[0],
            )
        )


def _check_request(request: ForeignRequest, models: Path, foreign_runs: Path) -> None:
    check_name(request.name, models, foreign_runs)
    if request.split and request.split not in SPLITS:
        raise ForeignRunRefused(
            msg(
                "there is no split {split!r}: {splits}.",
                split=request.split,
                splits=", ".join(SPLITS),
            )
        )
    if request.threshold is not None and not 0.0 <= request.threshold <= 1.0:
        raise ForeignRunRefused(
            msg("a threshold of {threshold} is not between 0 and 1.", threshold=request.threshold)
        )
    if not 0.0 < request.sensitivity <= 1.0:
        raise ForeignRunRefused(
            msg(
                "a sensitivity of {sensitivity} is not above 0 and at most 1.",
                sensitivity=request.sensitivity,
            )
        )


def _missing_films(checked: CheckedRows, films: KnownFilms) -> dict[str, list[str]]:
    """Return the films that the file lacks of each part that it has films of."""
    known = films.measured
    ids, splits = known.film_id.tolist(), known.split.tolist()
    touched = dict.fromkeys(splits[films.row_of[film_id]] for film_id in checked.probability_of)
    missing: dict[str, list[str]] = {part: [] for part in touched}
    for film_id, part in zip(ids, splits, strict=True):
        if part in missing and film_id not in checked.named:
            missing[part].append(film_id)
    return missing


def _missing_text(part: str, ids: Sequence[str], films: KnownFilms) -> str:
    n = int((films.measured.split == part).sum())
    named = ", ".join(ids[:NAMED_FILMS]) + (", ..." if len(ids) > NAMED_FILMS else "")
    return tr(
        "Missing: {missing} of the {n} films of {part} have no row: {films}. Leaving "
        "films out can make a run look better. If it is intended, allow missing "
        "films.",
        missing=len(ids),
        n=n,
        part=tr(part),
        films=named,
    )


def _nothing_left_text(checked: CheckedRows, split: str) -> str:
    found = ", ".join(
        tr("{rows} rows belong to {what}", rows=rows, what=tr(what))
        for what, rows in checked.left_out.items()
    )
    return tr(
        "No row belongs to a film of {part}: {rows}.",
        part=tr(split or msg("validation or test")),
        rows=found,
    )


def _listed(faults: Sequence[str]) -> str:
    several = trn(
        "1 problem prevents the import of this file; nothing was written.",
        "{n} problems prevent the import of this file; nothing was written.",
        len(faults),
    )
    return "\n".join([several, *faults])


def _predictions_of(checked: CheckedRows, films: KnownFilms) -> Predictions:
    chosen = np.isin(films.measured.film_id, list(checked.probability_of))
    table = films.measured.where(chosen)
    ids = table.film_id.tolist()
    probability: npt.NDArray[np.float64] = np.array([checked.probability_of[one] for one in ids])
    return Predictions(table, logits_of(probability), probability)


def _operating_point(predictions: Predictions, request: ForeignRequest) -> OperatingPoint:
    validation = predictions.of_split("validation")
    if request.threshold is None and bool((validation.films.label == 1).any()):
        return choose_operating_point(
            validation.probability,
            validation.films.label,
            request.sensitivity,
            PARTS["validation"].name,
        )
    threshold = STATED_THRESHOLD if request.threshold is None else request.threshold
    part = "validation" if len(validation) else str(predictions.films.split[0])
    films = predictions.of_split(part)
    origin = (
        msg("taken as {threshold:g} for want of validation films", threshold=threshold)
        if request.threshold is None
        else msg("stated as {threshold:g}, not chosen on films", threshold=threshold)
    )
    where = msg("{origin}; measured on {part}", origin=origin, part=msg(PARTS[part].name))
    return measure_operating_point(films.probability, films.films.label, threshold, where)


def write_run(folder: Path, record: dict[str, object], predictions: Predictions) -> None:
    """Write a run's folder, whole or not at all.

    Raises
    ------
    ForeignRunRefused
        If it cannot be written.
    """
    try:
        with whole_folder(folder) as partial:
            write_predictions(predictions, partial / PREDICTIONS_FILE)
            write_record(partial, record)
    except OSError as exc:
        raise ForeignRunRefused(
            msg(
                "the run cannot be written to {folder} ({why}). Free the place, or "
                "set FIRSTREAD_FOREIGN_RUNS to another folder.",
                folder=folder,
                why=exc.strerror,
            )
        ) from exc
