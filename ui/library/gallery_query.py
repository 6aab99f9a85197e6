"""What the error gallery shows, as the address says it: a colleague with the address sees the same.

What the address leaves out has a default; what it says wrongly becomes the default, with a
sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from core.error_analysis.filters import Wanted, WrongIn
from core.error_analysis.gallery import Cell, Order
from core.library.film_codes import film_code
from core.runs.tertiles import Third

Choice = TypeVar("Choice", bound=StrEnum)

ALL_PARTS = "all"
"""Stands for every part of a set; of the public one, training, validation and official test."""
POINT = "point"
"""Stands for the run's operating point where a threshold is wanted."""
YES = "yes"
BESIDE = (Cell.TRUE_POSITIVE, Cell.TRUE_NEGATIVE)
"""What an open film can stand beside."""


@dataclass(frozen=True, slots=True)
class ErrorView:
    """Everything that decides what the gallery shows.

    Attributes
    ----------
    threshold : float or None
        None is the operating point.
    film : str or None
        The case that is open.
    beside : Cell or None
        Which film stands beside it: the nearest true positive or the nearest true negative.
    regions : bool
        Whether its regions are shown.
    """

    library: str
    run: str
    split: str
    threshold: float | None = None
    cell: Cell = Cell.FALSE_NEGATIVE
    order: Order = Order.CONFIDENCE
    wanted: Wanted = field(default_factory=Wanted)
    page: int = 1
    film: str | None = None
    beside: Cell | None = None
    regions: bool = False


@dataclass(frozen=True, slots=True)
class Offered:
    """What there is to choose from; the first of each is the default.

    Attributes
    ----------
    libraries : sequence of str
    runs : callable
        From a library to the runs that have read its films.
    splits : callable
        From a library and a run to the splits that the run has films of.
    film : callable
        From library, run, split and a code to the film that is meant; None where there is none.
    """

    libraries: Sequence[str]
    runs: Callable[[str], Sequence[str]]
    splits: Callable[[str, str], Sequence[str]]
    film: Callable[[str, str, str, str], str | None]


class _Address:
    """An address being read, with what was wrong in it."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self._params = params
        self.complaints: list[str] = []

    def choose(self, name: str, options: Sequence[str]) -> str:
        """Return the option that is named, else the first."""
        said = self._params.get(name)
        if said is None or said in options:
            return options[0] if said is None else said
        self.complain(name, said, f"is not one of {', '.join(options)}", options[0])
        return options[0]

    def choose_or_none(self, name: str, kind: type[Choice], instead: str = "all") -> Choice | None:
        """Return the option that is named, else None, which stands for what is shown instead."""
        said = self._params.get(name)
        if said is None or said in set(kind):
            return None if said is None else kind(said)
        self.complain(name, said, f"is not one of {', '.join(kind)}", instead)
        return None

    def threshold(self) -> float | None:
        """Return the probability that is named, or None for the operating point."""
        said = self._params.get("threshold", POINT)
        if said == POINT:
            return None
        try:
            value = float(said)
        except ValueError:
            value = -1.0
        if 0.0 <= value <= 1.0:
            return value
        self.complain("threshold", said, "is no probability", "the operating point")
        return None

    def beside(self) -> Cell | None:
        """Return the cell of the film beside the open one, or None."""
        said = self._params.get("beside")
        if said is None or said in BESIDE:
            return None if said is None else Cell(said)
        self.complain("beside", said, f"is not one of {', '.join(BESIDE)}", "none")
        return None

    def page(self) -> int:
        """Return the page that is named, else 1."""
        said = self._params.get("page", "1")
        if said.isascii() and said.isdigit() and int(said[:9]) >= 1:
            return int(said[:9])
        self.complain("page", said, "is no page", "page 1")
        return 1

    def words(self, name: str) -> str | None:
        """Return free words, or None."""
        return self._params.get(name) or None

    def complain(self, name: str, said: str, why: str, instead: str) -> None:
        self.complaints.append(f"The address names {name} {said[:40]!r}, which {why}: {instead}.")


def read_address(params: Mapping[str, str], offered: Offered) -> tuple[ErrorView, list[str]]:
    """Return what an address asks for, and a sentence for each thing that it says wrongly.

    Parameters
    ----------
    params : mapping of str to str
        The query part of the address.
    offered : Offered
    """
    address = _Address(params)
    library = address.choose("library", offered.libraries)
    run = address.choose("run", offered.runs(library))
    split = address.choose("split", offered.splits(library, run))
    code = address.words("film")
    film = None if code is None else offered.film(library, run, split, code)
    if code is not None and film is None:
        address.complain("film", code, "is not in this split", "the gallery")
    view = ErrorView(
        library=library,
        run=run,
        split=split,
        threshold=address.threshold(),
        cell=address.choose_or_none("cell", Cell, Cell.FALSE_NEGATIVE) or Cell.FALSE_NEGATIVE,
        order=address.choose_or_none("sort", Order, Order.CONFIDENCE) or Order.CONFIDENCE,
        wanted=Wanted(
            subtype=address.words("subtype"),
            size=address.choose_or_none("size", Third),
            contrast=address.choose_or_none("contrast", Third),
            sharpness=address.choose_or_none("sharpness", Third),
            wrong_in=address.choose_or_none("wrong", WrongIn),
            tag=address.words("tag"),
            cause=address.words("cause"),
            commented=params.get("comment") == YES,
            finding=address.words("finding"),
            age=address.words("age"),
            slice_key=address.words("slice"),
        ),
        page=address.page(),
        film=film,
        beside=address.beside(),
        regions=params.get("regions") == YES,
    )
    return view, address.complaints


def write_address(view: ErrorView) -> dict[str, str]:
    """Return the query part of the address of a view; filters that ask for nothing are left out."""
    wanted = view.wanted
    said = {
        "library": view.library,
        "run": view.run,
        "split": view.split,
        "threshold": POINT if view.threshold is None else repr(view.threshold),
        "cell": view.cell.value,
        "sort": view.order.value,
        "subtype": wanted.subtype,
        "size": wanted.size,
        "contrast": wanted.contrast,
        "sharpness": wanted.sharpness,
        "wrong": wanted.wrong_in,
        "tag": wanted.tag,
        "cause": wanted.cause,
        "comment": YES if wanted.commented else None,
        "finding": wanted.finding,
        "age": wanted.age,
        "slice": wanted.slice_key,
        "page": str(view.page),
        "film": None if view.film is None else film_code(view.film),
        "beside": view.beside,
        "regions": YES if view.regions else None,
    }
    return {name: str(value) for name, value in said.items() if value is not None}
