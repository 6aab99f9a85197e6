"""Metadata of films beside their labels: quality findings, age, other readers, duplicates.

The table is kept as ``film_facts.parquet`` beside the runs, because it is the same for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import DatasetError
from core.language.words import msg

FACTS_FILE = "film_facts.parquet"
OPACITY, OTHER_FINDING, NORMAL = (
    msg("Lung Opacity"),
    msg("No Lung Opacity / Not Normal"),
    msg("Normal"),
)
"""The RSNA radiologists' readings of an adult's film."""
AGE_BANDS = (
    (1, msg("under 1 year")),
    (6, msg("1 to 5 years")),
    (18, msg("6 to 17 years")),
    (40, msg("18 to 39 years")),
    (60, msg("40 to 59 years")),
    (130, msg("60 years and above")),
)
_COLUMNS = (
    "film_id",
    "findings",
    "age_band",
    "patient",
    "radiologists",
    "text_mined",
    "copy_group",
    "copy_kind",
)

Words = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class FilmFacts:
    """Facts of N films; every column is a (N,) str ndarray, empty where nothing is known.

    Attributes
    ----------
    findings : str
        Codes of what the quality gate found, apart by a space.
    age_band : str
        In words, such as ``18 to 39 years``.
    radiologists : str
        `OPACITY`, `OTHER_FINDING` or `NORMAL`.
    text_mined : str
        ``PNEUMONIA`` or ``NORMAL``: the label that a program took from the written report.
    copy_group, copy_kind : str
        Of a film that occurs more than once: the first of its copies, and ``exact`` or ``near``.
    """

    film_id: Words
    findings: Words
    age_band: Words
    patient: Words
    radiologists: Words
    text_mined: Words
    copy_group: Words
    copy_kind: Words

    def __len__(self) -> int:
        return len(self.film_id)

    def where(self, chosen: npt.NDArray[np.bool_]) -> FilmFacts:
        """Return the films that a (N,) mask is true for, in the same order."""
        return FilmFacts(**{name: getattr(self, name)[chosen] for name in _COLUMNS})

    def column_of(self, name: str, film_ids: Words) -> Words:
        """Return one column for films in their order; empty for a film that is not here."""
        known = dict(zip(self.film_id.tolist(), getattr(self, name).tolist(), strict=True))
        return np.array([known.get(film_id, "") for film_id in film_ids.tolist()], np.str_)


def empty_facts() -> FilmFacts:
    """Return the facts of no film."""
    return FilmFacts(**{name: np.array([], np.str_) for name in _COLUMNS})


def facts_of(rows: list[dict[str, str]]) -> FilmFacts:
    """Return the table of rows that name some of the columns; the others are not known."""
    return FilmFacts(
        **{name: np.array([row.get(name, "") for row in rows], np.str_) for name in _COLUMNS}
    )


def write_facts(facts: FilmFacts, path: Path) -> None:
    """Write the table as a Parquet file."""
    columns: dict[str, Any] = {
        name: pa.array(getattr(facts, name)).dictionary_encode() for name in _COLUMNS[1:]
    }
    table = pa.table({"film_id": facts.film_id} | columns)
    pq.write_table(table, path, compression="zstd")


def read_facts(path: Path) -> FilmFacts:
    """Read the table.

    Raises
    ------
    DatasetError
        If it is missing or is not such a table.
    """
    try:
        table = pq.read_table(path)
        columns = {name: table[name].to_numpy().astype(np.str_) for name in _COLUMNS}
    except (OSError, pa.ArrowException, KeyError, ValueError) as exc:
        raise DatasetError(
            msg(
                "The film metadata cannot be read from {path} ({kind}). Restore it from "
                "the repository, or make it with `python -m core film-facts`.",
                path=path,
                kind=type(exc).__name__,
            )
        ) from exc
    return FilmFacts(**columns)


def age_band_of(years: float) -> str:
    """Return the band of an age in years; empty where it is no age of a person."""
    return next((words for limit, words in AGE_BANDS if years < limit), "") if years >= 0.0 else ""
