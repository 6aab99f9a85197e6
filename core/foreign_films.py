"""The films that runs are measured on, and which of them a name in a foreign file means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.dataset_split import read_split
from core.errors import DatasetError, FirstReadError, ForeignRunRefused
from core.predictions import FilmTable, read_predictions
from core.run_store import read_record
from core.run_table import list_runs

SPLIT_FILE = "split.json"


@dataclass(frozen=True, slots=True, eq=False)
class KnownFilms:
    """Films with their facts, and the names of films that no run is measured on.

    Attributes
    ----------
    measured : FilmTable
        Of validation, test and external films.
    row_of : mapping of str to int
        Film id to row of ``measured``.
    unmeasured : mapping of str to str
        Ids of training films, and of those left out of the split, each with which it is.
    ids_of_name : mapping of str to tuple of str
        Bare file name to the ids that end in it.
    cut_points : mapping
        Thirds of the training films' qualities.
    data : mapping
        What the records say of the film set.
    """

    measured: FilmTable
    row_of: Mapping[str, int]
    unmeasured: Mapping[str, str]
    ids_of_name: Mapping[str, tuple[str, ...]]
    cut_points: Mapping[str, Any]
    data: Mapping[str, Any]

    def find(self, name: str) -> str:
        """Return the id of the film that a name means.

        Parameters
        ----------
        name : str
            The id, a path that ends in it, or the bare file name where only one film has it.

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
        meant = self.ids_of_name.get(plain, ())
        if len(meant) > 1:
            raise ForeignRunRefused(
                f"names {len(meant)} films: {', '.join(meant[:3])}. Write the whole id"
            )
        if not meant:
            raise ForeignRunRefused("is not a film of the set")
        return meant[0]


def know_films(models: Path) -> KnownFilms:
    """Collect the films that the runs of a folder are measured on.

    Parameters
    ----------
    models : Path
        With runs and ``split.json``.

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
        unmeasured = dict.fromkeys(split.train, "a training film") | dict.fromkeys(
            split.excluded, "left out of the split as a copy"
        )
        of_name: defaultdict[str, list[str]] = defaultdict(list)
        for film_id in dict.fromkeys([*ids, *unmeasured]):
            of_name[film_id.rsplit("/", 1)[-1]].append(film_id)
        return KnownFilms(
            measured=films,
            row_of={film_id: row for row, film_id in enumerate(ids)},
            unmeasured=unmeasured,
            ids_of_name={name: tuple(meant) for name, meant in of_name.items()},
            cut_points=record["slices"]["cut_points"],
            data=record["data"],
        )
    raise DatasetError(
        f"no run in {models} states the films that it is measured on: set FIRSTREAD_MODELS to the "
        "folder with the trained runs."
    )
