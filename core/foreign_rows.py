"""Hold the rows of a foreign file to the films: one sentence for each that cannot be taken."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import ForeignRunRefused
from core.foreign_columns import ForeignRow
from core.foreign_films import KnownFilms

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_CLASSES = {"0": 0, "0.0": 0, "normal": 0, "1": 1, "1.0": 1, "pneumonia": 1}
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """What the rows say, and what is wrong with them.

    Attributes
    ----------
    probability_of : dict of str to float
        By film id; of films that runs are measured on only.
    named : set of str
        Ids of films that have a row, be it a bad one.
    left_out : dict of str to int
        Rows of other films, by what they are.
    faults : list of str
        A sentence a row.
    """

    probability_of: dict[str, float]
    named: set[str]
    left_out: dict[str, int]
    faults: list[str]


def check_rows(rows: Sequence[ForeignRow], films: KnownFilms, split: str = "") -> CheckedRows:
    """Find each row's film and probability.

    Parameters
    ----------
    rows : sequence of ForeignRow
    films : KnownFilms
    split : str
        The only part of the data to take; the rest is left out. Empty: every part.
    """
    row_of: dict[str, int] = {}
    probability_of: dict[str, float] = {}
    left_out: Counter[str] = Counter()
    faults: list[str] = []
    for row in rows:
        try:
            film_id = _find_film(row, films)
            _require_first(film_id, row.number, row_of)
            probability = read_probability(row.probability, film_id)
            _check_label(row.label, film_id, films)
        except ForeignRunRefused as exc:
            faults.append(f"Row {row.number}: {exc}.")
            continue
        part = _part_of(film_id, films)
        if film_id in films.unmeasured or (split and part != split):
            left_out[part] += 1
        else:
            probability_of[film_id] = probability
    return CheckedRows(probability_of, set(row_of), dict(left_out), faults)


def _require_first(film_id: str, number: int, row_of: dict[str, int]) -> None:
    first = row_of.setdefault(film_id, number)
    if first != number:
        raise ForeignRunRefused(f"{film_id} stands in row {first} already")


def _part_of(film_id: str, films: KnownFilms) -> str:
    place = films.row_of.get(film_id)
    return films.unmeasured[film_id] if place is None else str(films.measured.split[place])


def _find_film(row: ForeignRow, films: KnownFilms) -> str:
    if row.fault:
        raise ForeignRunRefused(row.fault)
    if not row.film:
        raise ForeignRunRefused("no film is named")
    try:
        return films.find(row.film)
    except ForeignRunRefused as exc:
        raise ForeignRunRefused(f"{_shown(row.film)} {exc}") from exc


def read_probability(text: str, film_id: str) -> float:
    """Return a probability as it is written, with a decimal point or a decimal comma.

    Raises
    ------
    ForeignRunRefused
        If nothing is written, it is no number, or it is outside 0 to 1.
    """
    if not text:
        raise ForeignRunRefused(f"{film_id} has no probability")
    if not _NUMBER.fullmatch(text):
        raise ForeignRunRefused(f"{film_id} has {_shown(text)} where a number is needed")
    probability = float(text.replace(",", "."))
    if not (math.isfinite(probability) and 0.0 <= probability <= 1.0):
        raise ForeignRunRefused(f"{film_id} has {_shown(text)}, which is not between 0 and 1")
    return abs(probability)  # -0 is 0


def _check_label(text: str, film_id: str, films: KnownFilms) -> None:
    place = films.row_of.get(film_id)
    if not text or place is None:
        return
    stated = _CLASSES.get(text.casefold())
    known = int(films.measured.label[place])
    if stated is None:
        raise ForeignRunRefused(
            f"{film_id} has the label {_shown(text)}: 0 and 1, or normal and pneumonia, are known"
        )
    if stated != known:
        names = ("normal", "pneumonia")
        raise ForeignRunRefused(
            f"{film_id} is labelled {names[stated]}, and the reference standard says {names[known]}"
        )


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}...")
