"""Check the rows of an imported file against the films: one sentence per rejected row."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from core.datasets.split import read_split
from core.errors import DatasetError, FirstReadError, ForeignRunRefused
from core.imported_runs.table import ForeignRow
from core.language.words import msg, tr
from core.runs.listing import list_runs
from core.runs.predictions import FilmTable, read_predictions
from core.runs.store import read_record

SPLIT_FILE = "split.json"
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_CLASSES = {"0": 0, "0.0": 0, "normal": 0, "1": 1, "1.0": 1, "pneumonia": 1}
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True, eq=False)
class KnownFilms:
    """Films with their facts, and the names of films that no run is measured on.

    Attributes
    ----------
    measured
        Of validation, test and external films.
    row_of
        Film id to row of ``measured``.
    unmeasured
        Ids of training films, and of those left out of the split, each with which it is.
    ids_of_name
        Last one to three parts of an id, with and without its suffix, to the ids that end in them.
    cut_points
        Thirds of the training films' qualities.
    data
        What the records say of the film set.
    """

    measured: FilmTable
    row_of: Mapping[str, int]
    unmeasured: Mapping[str, str]
    ids_of_name: Mapping[str, tuple[str, ...]]
    cut_points: Mapping[str, Any]
    data: Mapping[str, Any]

    def find(self, name: str) -> str:
        """Return the id of the film that an id, a path that ends in it or a file name means.

        Keras lists a film by its class's folder and its name. A name may lack its suffix.

        Raises
        ------
        ForeignRunRefused
            If no film is meant, or more than one.
        """
        plain = name.replace("\\", "/")
        parts = [part for part in plain.split("/") if part not in {"", "."}]
        for length in (len(parts), 3):
            whole = "/".join(parts[-length:])
            if len(parts) >= length and (whole in self.row_of or whole in self.unmeasured):
                return whole
        meant = self.ids_of_name.get("/".join(parts)) or self.ids_of_name.get(
            "/".join(parts[-3:]), ()
        )
        if len(meant) > 1:
            raise ForeignRunRefused(
                msg(
                    "{name} names {n} films: {films}. Write the whole id",
                    name=_shown(name),
                    n=len(meant),
                    films=", ".join(meant[:3]),
                )
            )
        if not meant:
            raise ForeignRunRefused(msg("{name} is not a film of the set", name=_shown(name)))
        return meant[0]


def know_films(models: Path) -> KnownFilms:
    """Collect the films that the runs of a folder with ``split.json`` are measured on.

    Raises
    ------
    DatasetError
        If there is no split, or no run of it whose record can be read.
    """
    split = read_split(models / SPLIT_FILE)
    for run in list_runs(models):
        try:
            record = read_record(run.folder)
            if record.get("exhibit") or "slices" not in record or "data" not in record:
                continue  # an exhibit may have been measured on a split of its own
            films = read_predictions(run).films
        except FirstReadError:
            continue
        ids = films.film_id.tolist()
        unmeasured = dict.fromkeys(split.train, msg("a training film")) | dict.fromkeys(
            split.excluded, msg("left out of the split as a copy")
        )
        of_name: defaultdict[str, list[str]] = defaultdict(list)
        for film_id in dict.fromkeys([*ids, *unmeasured]):
            for name in _short_names(film_id):
                of_name[name].append(film_id)
        return KnownFilms(
            measured=films,
            row_of={film_id: row for row, film_id in enumerate(ids)},
            unmeasured=unmeasured,
            ids_of_name={name: tuple(meant) for name, meant in of_name.items()},
            cut_points=record["slices"]["cut_points"],
            data=record["data"],
        )
    raise DatasetError(
        msg(
            "no run in {models} lists its evaluation films: set FIRSTREAD_MODELS to the "
            "folder with the trained runs.",
            models=models,
        )
    )


def _short_names(film_id: str) -> set[str]:
    """Return what a film may be called: its last one to three parts, with suffix or without."""
    parts = film_id.split("/")
    names = {"/".join(parts[-length:]) for length in (1, 2, 3)}
    return names | {str(PurePosixPath(name).with_suffix("")) for name in names}


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """What the rows say, and what is wrong with them.

    Attributes
    ----------
    probability_of
        By film id; of films that runs are measured on only.
    named
        Ids of films that have a row, be it a bad one.
    left_out
        Rows of other films, by what they are.
    faults
        A sentence a row.
    """

    probability_of: dict[str, float]
    named: set[str]
    left_out: dict[str, int]
    faults: list[str]


def check_rows(rows: Sequence[ForeignRow], films: KnownFilms, split: str = "") -> CheckedRows:
    """Find each row's film and probability; with a split, other parts are left out."""
    row_of: dict[str, int] = {}
    probability_of: dict[str, float] = {}
    left_out: Counter[str] = Counter()
    faults: list[str] = []
    for row in rows:
        try:
            film_id, probability = _check_row(row, films, row_of)
        except ForeignRunRefused as exc:
            faults.append(tr("Row {number}: {fault}.", number=row.number, fault=exc))
            continue
        place = films.row_of.get(film_id)
        part = films.unmeasured[film_id] if place is None else str(films.measured.split[place])
        if film_id in films.unmeasured or (split and part != split):
            left_out[part] += 1
        else:
            probability_of[film_id] = probability
    return CheckedRows(probability_of, set(row_of), dict(left_out), faults)


def _check_row(row: ForeignRow, films: KnownFilms, row_of: dict[str, int]) -> tuple[str, float]:
    if row.fault:
        raise ForeignRunRefused(row.fault)
    faults: list[str] = []
    film_id, probability = "", 0.0
    if not row.film:
        faults.append(tr("no film is named"))
    else:
        try:
            film_id = films.find(row.film)
        except ForeignRunRefused as exc:
            faults.append(str(exc))
    if film_id and (first := row_of.setdefault(film_id, row.number)) != row.number:
        faults.append(tr("{film} is already in row {row}", film=film_id, row=first))
    try:
        probability = _read_probability(row.probability, film_id or msg("it"))
    except ForeignRunRefused as exc:
        faults.append(str(exc))
    try:
        _check_label(row.label, film_id, films)
    except ForeignRunRefused as exc:
        faults.append(str(exc))
    if faults:  # all of them, so that a row is corrected once
        raise ForeignRunRefused("; ".join(faults))
    return film_id, probability


def _read_probability(text: str, film_id: str) -> float:
    """Return a probability as it is written, with a decimal point or a decimal comma."""
    if not text:
        raise ForeignRunRefused(msg("{film} has no probability", film=film_id))
    if not _NUMBER.fullmatch(text):
        raise ForeignRunRefused(
            msg("{film} has {text} where a number is needed", film=film_id, text=_shown(text))
        )
    probability = float(text.replace(",", "."))
    if not (math.isfinite(probability) and 0.0 <= probability <= 1.0):
        raise ForeignRunRefused(
            msg("{film} has {text}, which is not between 0 and 1", film=film_id, text=_shown(text))
        )
    return abs(probability)  # -0 is 0


def _check_label(text: str, film_id: str, films: KnownFilms) -> None:
    place = films.row_of.get(film_id)
    if not text or place is None:
        return
    stated = _CLASSES.get(text.casefold())
    known = int(films.measured.label[place])
    if stated is None:
        raise ForeignRunRefused(
            msg(
                "{film} has the label {label}: 0 and 1, or normal and pneumonia, are known",
                film=film_id,
                label=_shown(text),
            )
        )
    if stated != known:
        names = (msg("normal"), msg("pneumonia"))
        raise ForeignRunRefused(
            msg(
                "{film} is labelled {stated}, and the reference standard says {known}",
                film=film_id,
                stated=names[stated],
                known=names[known],
            )
        )


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...")
