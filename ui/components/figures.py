"""A table of figures: right-aligned, a rate's interval beside it and dimmed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.domain.rate import Rate
from core.language.current import ENGLISH, current_language
from core.language.numbers import number, separators
from core.language.words import Message, msg, tr

DIM = "#7f858d"
"""Legible on either theme, and quieter than the text."""
INTERVAL = ", 95 %"
COLOUR, MARK = "Colour", "●"
ABSENT = (None, "")
NONE_OF_IT = ("", msg("no films"), msg("no film"), msg("not recorded"))
COLOUR_PX = 36
_FIGURE = re.compile(r"(above |below |= )?[+\-<]?\s?\d[\d.,:-]*( of \d+| to [+-]?[\d.]+)?( UTC)?")
_ABROAD = re.compile(
    r"([^\W\d]+ ){0,3}(= )?[+\-<]?\s?\d[\d.,:-]*( [^\W\d]{1,3} [+-]?[\d.,]+)*( \d\d:\d\d)?( UTC)?"
)
"""A figure in another language, whose words are not known here: few and short ones."""


def draw_figures(
    rows: Sequence[Mapping[str, object]],
    *,
    colours: Mapping[str, str] | None = None,
    column_config: Mapping[str, Any] | None = None,
    digits: int = 3,
    **shown: Any,
) -> None:
    """Draw rows as a table; a column of rates becomes one of values and one of intervals.

    Parameters
    ----------
    rows : sequence of mapping
        A cell is a text, a number, a Rate, or None where there is nothing to say.
    colours : mapping of str to str
        By what stands in the first column: the colour of a mark beside it.
    digits : int
        After the point, of rates.
    """
    rows = [{_said(name): _said(cell) for name, cell in row.items()} for row in rows]
    column_config = {_said(name): one for name, one in (column_config or {}).items()}
    marked = [MARK if next(iter(row.values())) in (colours or ()) else "" for row in rows]
    cells = [split_rates(row, digits) for row in rows]
    if any(marked):
        cells = [_mark(row, mark) for row, mark in zip(cells, marked, strict=True)]
    names = list(dict.fromkeys(name for row in cells for name in row))
    columns = {name: [row.get(name) for row in cells] for name in names}
    table = pd.DataFrame(columns)
    configured = {
        name: config
        for name, of in columns.items()
        if (config := _configure(name, of, digits)) is not None
    }
    style = table.style.map(
        lambda _: f"color: {DIM}", subset=[name for name in columns if name.endswith(INTERVAL)]
    )
    for name, of in columns.items():
        if configured.get(name) is not None and _all_are(float, of):
            style = style.format(_decimals(digits), subset=[name], na_rep="")
        elif name not in configured and _all_are(int, of) and None in of:
            style = style.format(_decimals(0), subset=[name], na_rep="")  # pandas makes it float
    if colours and any(marked):
        inks = [f"color: {colours.get(str(next(iter(row.values()))), DIM)}" for row in rows]
        style = style.apply(lambda _: inks, subset=[COLOUR])
    shown.setdefault("placeholder", "")  # or a cell without a value says "None"
    st.dataframe(
        style,
        hide_index=True,
        column_config=configured | column_config,
        **shown,
    )


def _mark(row: Mapping[str, object], mark: str) -> dict[str, object]:
    first = next(iter(row))
    return {first: row[first], COLOUR: mark} | dict(row)


def split_rates(row: Mapping[str, object], digits: int = 3) -> dict[str, object]:
    """Return cells with each rate as its value, and its interval in a cell of its own."""
    cells: dict[str, object] = {}
    for name, cell in row.items():
        if isinstance(cell, Rate):
            known = not isnan(cell.value)
            cells[name] = cell.value if known else None
            low, high = (number(end, f".{digits}f") for end in (cell.low, cell.high))
            text = tr("{low} to {high}", low=low, high=high)
            cells[f"{name}{INTERVAL}"] = text if known else None
        else:
            cells[name] = cell
    return cells


def _is_absent(cell: object) -> bool:
    return cell in ABSENT


def _said(text: Any) -> Any:
    return tr(text) if isinstance(text, Message) else text


def _all_are(kind: type, column: Sequence[object]) -> bool:
    """Return whether a column has values, and all of them are of one kind."""
    known = [one for one in column if not _is_absent(one)]
    return bool(known) and all(isinstance(one, kind) for one in known)


def _decimals(digits: int) -> Callable[[float], str]:
    return lambda value: number(value, f".{digits}f")


def _figure() -> re.Pattern[str]:
    return _FIGURE if current_language() == ENGLISH else _ABROAD


def _configure(name: str, column: Sequence[object], digits: int) -> Any:
    if name == COLOUR:
        return st.column_config.TextColumn(" ", width=COLOUR_PX, alignment="center")
    known = [one for one in column if not _is_absent(one)]
    if name.endswith(INTERVAL):
        return st.column_config.TextColumn("95 %", alignment="right")
    if _all_are(float, column):
        english = current_language() == ENGLISH
        return st.column_config.NumberColumn(format=f"%.{digits}f" if english else None)
    if _all_are(str, column) and all(_figure().fullmatch(str(one)) for one in known):
        return st.column_config.TextColumn(alignment="right")
    return None


_RATE = re.compile(r"(.*\d) (\([+-]?[\d.,]+ [^\W\d]{1,3} [+-]?[\d.,]+\))(.*)")
_STYLE = Path(__file__).with_name("figures.css")


def draw_text_table(head: Sequence[str], rows: Sequence[Sequence[str]], name: str) -> None:
    """Draw a table of texts: columns of figures at the right, intervals dimmed.

    Parameters
    ----------
    name : str
        What the table is about, for who does not see it.
    """
    columns = list(zip(*rows, strict=True)) or [()] * len(head)
    right = [bool(column) and all(map(_is_figure, column)) for column in columns]
    cells = [f"<tr>{''.join(map(_cell, row, right))}</tr>" for row in rows]
    names = [
        f'<th scope="col"{_CLASS if of_figures else ""}>{escape(text)}</th>'
        for text, of_figures in zip(head, right, strict=True)
    ]
    st.html(_STYLE)
    st.html(
        f'<div class="fr-figures" tabindex="0" role="region" aria-label="{escape(name)}"><table>'
        f"<thead><tr>{''.join(names)}</tr></thead><tbody>{''.join(cells)}</tbody></table></div>"
    )


_CLASS = ' class="fr-figure"'


def _is_figure(text: str) -> bool:
    absent = text in map(tr, NONE_OF_IT)
    return absent or bool(_RATE.fullmatch(text) or _figure().fullmatch(text))


def _cell(text: str, of_figures: bool) -> str:
    found = _RATE.fullmatch(text) if of_figures else None
    words = escape(text)
    if found is not None:
        value, interval, rest = map(escape, found.groups())
        words = f"{value} <span>{interval}</span>{rest}"
    return f"<td{_CLASS if of_figures else ''}>{words}</td>"


def dimmed(figure: str) -> str:
    """Return a value with its interval in grey, for a table that reads Markdown.

    Parameters
    ----------
    figure : str
        Such as ``0.50 (0.09 to 0.91, n = 2)``; words without an interval stay as they are.
    """
    value, gap, interval = figure.partition(" (")
    counted = bool(gap) and value.replace(separators(current_language())[0], "", 1).isdigit()
    together = interval.replace(" = ", "\u00a0=\u00a0")  # the number of films stays on one line
    return f"{value} :gray[({together}]" if counted else figure
