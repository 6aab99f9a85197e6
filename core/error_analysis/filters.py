"""Filters of the gallery: slices, notes, and the errors of other runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from core.comparison.scored_films import ScoredFilms
from core.runs.predictions import FilmTable
from core.runs.tertiles import Third, third_of
from core.stats.intervals import Mask

NO_SUBTYPE = "none stated"


class WrongIn(StrEnum):
    """What the runs beside the chosen one, each at its operating point, did with the film."""

    EVERY_RUN = "every"
    ONLY_HERE = "only"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a film must be; None and empty ask for nothing.

    ``comment_words`` stand in some reader's comment, in letters large or small.
    """

    subtype: str | None = None
    size: Third | None = None
    contrast: Third | None = None
    sharpness: Third | None = None
    wrong_in: WrongIn | None = None
    tag: str | None = None
    cause: str | None = None
    commented: bool = False
    finding: str | None = None
    age: str | None = None
    slice_key: str | None = None
    comment_words: str | None = None

    @property
    def anything(self) -> bool:
        """True if some film could be left out."""
        return self != Wanted()


@dataclass(frozen=True, slots=True)
class Noted:
    """Ids of the films that readers' notes speak of, by tag and by cause, and their comments."""

    by_tag: Mapping[str, Collection[str]] = field(default_factory=dict)
    by_cause: Mapping[str, Collection[str]] = field(default_factory=dict)
    comments: Mapping[str, Sequence[str]] = field(default_factory=dict)


def subtypes_of(films: FilmTable) -> tuple[str, ...]:
    """Return the subtypes that occur, by name; that none is stated is one of them."""
    found = set(films.subtype.tolist())
    stated = sorted(found.difference({""}))
    return (*stated, NO_SUBTYPE) if "" in found else tuple(stated)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What else is known of the films of a split.

    Attributes
    ----------
    findings : (N,) str ndarray
        Codes of what the quality gate found, apart by a space.
    age_band : (N,) str ndarray
        Empty where no age is stated.
    in_slice : (N,) bool ndarray
        Whether each film is in the slice that is asked for.
    """

    findings: npt.NDArray[np.str_]
    age_band: npt.NDArray[np.str_]
    in_slice: Mask

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the findings that occur, by name."""
        findings = set(self.findings.tolist())  # few, of many films
        return tuple(sorted({code for codes in findings for code in codes.split()}))

    @property
    def bands(self) -> tuple[str, ...]:
        """Return the age bands that occur, by name."""
        return tuple(sorted(set(self.age_band.tolist()).difference({""})))


def films_wanted(
    runs: ScoredFilms, run_id: str, wanted: Wanted, noted: Noted, known: Known | None = None
) -> Mask:
    """Return the (N,) mask of the films that are everything asked for.

    Parameters
    ----------
    runs : ScoredFilms
        All films of a split: the thirds are those of these films.
    known : Known, optional
        Of these films; without it no film has a finding, an age, or is in a slice.
    """
    films = runs.films
    chosen = np.ones(len(runs), np.bool_)
    if wanted.subtype is not None:
        subtype = "" if wanted.subtype == NO_SUBTYPE else wanted.subtype
        chosen &= np.asarray(films.subtype == subtype)
    for third, values in (
        (wanted.size, films.short_side_px),
        (wanted.contrast, films.contrast),
        (wanted.sharpness, films.sharpness),
    ):
        if third is not None:
            chosen &= np.asarray(third_of(values) == third)
    if wanted.wrong_in is not None:
        chosen &= _wrong_in(runs, run_id, wanted.wrong_in)
    return chosen & _noted(films.film_id, wanted, noted) & _known(len(runs), wanted, known)


def _known(n: int, wanted: Wanted, known: Known | None) -> Mask:
    if known is None:
        unasked = (wanted.finding, wanted.age, wanted.slice_key) == (None, None, None)
        return np.full(n, unasked)
    chosen = np.ones(n, np.bool_)
    if wanted.finding is not None:
        chosen &= np.array([wanted.finding in codes.split() for codes in known.findings.tolist()])
    if wanted.age is not None:
        chosen &= np.asarray(known.age_band == wanted.age)
    return chosen & known.in_slice if wanted.slice_key is not None else chosen


def _wrong_in(runs: ScoredFilms, run_id: str, where: WrongIn) -> Mask:
    wrong = ~runs.right
    if where is WrongIn.EVERY_RUN:
        return np.asarray(wrong.all(axis=0))
    here = runs.run_ids.index(run_id)
    alone: Mask = np.logical_and(wrong[here], wrong.sum(axis=0) == 1)
    return alone


def _noted(film_ids: npt.NDArray[np.str_], wanted: Wanted, noted: Noted) -> Mask:
    chosen = np.ones(len(film_ids), np.bool_)
    if wanted.tag is not None:
        chosen &= np.isin(film_ids, list(noted.by_tag.get(wanted.tag, ())))
    if wanted.cause is not None:
        chosen &= np.isin(film_ids, list(noted.by_cause.get(wanted.cause, ())))
    if wanted.commented:
        chosen &= np.isin(film_ids, list(noted.comments))
    if wanted.comment_words is not None:
        asked = wanted.comment_words.casefold()
        saying = [
            film_id
            for film_id, comments in noted.comments.items()
            if any(asked in comment.casefold() for comment in comments)
        ]
        chosen &= np.isin(film_ids, saying)
    return chosen
