"""Rows of a foreign file as they stand in it, and which columns they are taken from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import ForeignRunRefused

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 200_000
MAX_CELL = 300
FILM_NAMES = ("film_id", "film", "filename", "file_name", "file", "image", "image_id", "path", "id")
PROBABILITY_NAMES = (
    "probability",
    "prob",
    "p",
    "p_pneumonia",
    "prob_pneumonia",
    "pneumonia_probability",
    "probability_pneumonia",
    "pneumonia",
    "y_prob",
    "y_score",
    "score",
)
LABEL_NAMES = ("label", "reference", "y_true")


@dataclass(frozen=True, slots=True)
class ForeignRow:
    """One row as it stands in the file.

    Attributes
    ----------
    number : int
        As a spreadsheet counts: the line with the names of the columns is row 1. In Parquet, which
        has no such line, the first is row 1.
    film, probability, label : str
        Empty where nothing stands.
    fault : str
        Why the row cannot be read at all; empty if it can.
    """

    number: int
    film: str
    probability: str
    label: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns are read: places, or -1 for none."""

    film: int
    probability: int
    label: int


def find_columns(header: Sequence[str], wanted: tuple[str, str]) -> Columns:
    """Return which columns hold films, probabilities and, if there is one, labels.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    wanted : pair of str
        Names for films and for probabilities; empty where a known name is to be found.

    Raises
    ------
    ForeignRunRefused
        If there is not exactly one for films, and not exactly one for probabilities.
    """
    names = [_plain_name(unwrap(name)) for name in header]
    film = _one_of(header, names, wanted[0], FILM_NAMES, "films", "--film-column")
    probability = _one_of(
        header, names, wanted[1], PROBABILITY_NAMES, "probabilities", "--probability-column"
    )
    labels = [place for place, name in enumerate(names) if name in LABEL_NAMES]
    return Columns(film, probability, labels[0] if len(labels) == 1 else -1)


def _one_of(
    header: Sequence[str],
    names: Sequence[str],
    wanted: str,
    known: Sequence[str],
    what: str,
    option: str,
) -> int:
    accepted = (_plain_name(wanted),) if wanted else known
    found = [place for place, name in enumerate(names) if name in accepted]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(quoted(name) for name in header[:20])
    if found:
        problem = f"more than one column may hold {what}: " + ", ".join(
            quoted(header[place]) for place in found
        )
    else:
        problem = f"no column for {what} among {shown}; names such as {', '.join(accepted[:4])}"
    raise ForeignRunRefused(
        f"{problem}. Rename the column, or name it ({option} on the command line)."
    )


def _plain_name(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def quoted(text: str) -> str:
    """Return a text in quotation marks, cut where it is long, without control characters."""
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def unwrap(cell: str) -> str:
    """Return what a cell holds, without ``="..."`` or a first ``'``, a spreadsheet's guards."""
    cell = cell.strip()
    guarded = re.fullmatch(r'="([^"]*)"|\'(.*)', cell, re.DOTALL)
    return (guarded[1] or guarded[2] or "").strip() if guarded else cell


def too_many_rows() -> str:
    """Return the sentence on a file that is too long."""
    return f"the file has more than {MAX_ROWS:,} rows. Keep those of the films to be compared."
