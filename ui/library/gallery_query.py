"""What the error gallery shows, as its address says it: who has the address sees the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.error_analysis.filters import Wanted, WrongIn
from core.error_analysis.gallery import Cell, Order
from core.language.words import msg
from core.library.film_codes import film_code
from core.runs.tertiles import Third
from ui.app.query_params import (
    Param,
    QueryParams,
    WrongValue,
    flag,
    one_of,
    parse_number,
    word,
)
from ui.app.resources import get_libraries
from ui.library.runs import find_coded, offered_runs, offered_splits

POINT = "point"
"""Stands for the run's operating point where a threshold is wanted."""
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


def _build(**values: Any) -> ErrorView:
    asked = {name: values.pop(name) for name in Wanted.__dataclass_fields__ if name in values}
    return ErrorView(**values, wanted=Wanted(**asked))


def _parse_film(code: str, values: Any) -> str | None:
    film = find_coded(values.library, values.run, values.split, code) if code else None
    if code and film is None:
        raise WrongValue(msg("is not in this split"))
    return film


def _parse_threshold(text: str, *_: object) -> float | None:
    try:
        return None if text == POINT else parse_number(text, 0.0, 1.0)
    except WrongValue:
        raise WrongValue(msg("is no probability")) from None


def _parse_page(text: str, *_: object) -> int:
    if text.isascii() and text.isdigit() and int(text[:9]) >= 1:
        return int(text[:9])
    raise WrongValue(msg("is no page"))


_PAGE = ("page", "film")
_POINT = ("threshold", *_PAGE)
_OF_FILMS = ("subtype", "finding", "age")
"""Filters by what the films of one split are: another split may have none such."""


def _filter(make: Callable[..., Param], name: str, field_: str, *given: Any) -> Param:
    return make(name, *given, None, instead=msg("all"), field=f"wanted.{field_}", forgets=_PAGE)


_FILTERS = (
    _filter(word, "subtype", "subtype"),
    _filter(one_of, "size", "size", Third),
    _filter(one_of, "contrast", "contrast", Third),
    _filter(one_of, "sharpness", "sharpness", Third),
    _filter(one_of, "wrong", "wrong_in", WrongIn),
    _filter(word, "tag", "tag"),
    _filter(word, "cause", "cause"),
    flag("comment", field="wanted.commented", forgets=_PAGE),
    _filter(word, "finding", "finding"),
    _filter(word, "age", "age"),
    _filter(word, "slice", "slice_key"),
)
FILTERS = tuple(param.name for param in _FILTERS)
GALLERY = QueryParams(
    "errors",
    _build,
    one_of(
        "library",
        lambda _: get_libraries(),
        forgets=("run", "split", "slice", *_OF_FILMS, *_POINT),
    ),
    one_of("run", lambda values: offered_runs(values.library), forgets=("slice", *_POINT)),
    one_of(
        "split",
        lambda values: offered_splits(values.library, values.run),
        forgets=(*_OF_FILMS, *_PAGE),
    ),
    Param(
        "film",
        _parse_film,
        instead=msg("the gallery"),
        text=lambda film: film_code(film) if film else "",
    ),
    Param(
        "threshold",
        _parse_threshold,
        instead=msg("the operating point"),
        text=lambda threshold: POINT if threshold is None else repr(threshold),
    ),
    one_of("cell", Cell, Cell.FALSE_NEGATIVE),
    one_of("sort", Order, field="order", forgets=_PAGE),
    *_FILTERS,
    Param("page", _parse_page, 1, instead=msg("page 1")),
    one_of("beside", BESIDE, None, instead=msg("none")),
    flag("regions"),
)
read_address, write_address = GALLERY.read, GALLERY.write
