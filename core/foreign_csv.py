"""Rows of a foreign CSV file, with what spreadsheets do to one undone where it is unambiguous."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from itertools import islice

from core.errors import ForeignRunRefused
from core.foreign_columns import (
    MAX_ROWS,
    Columns,
    ForeignRow,
    find_columns,
    too_many_rows,
    unwrap,
)

SEPARATORS = (",", ";", "\t", "|")
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def read_csv(content: bytes, wanted: tuple[str, str]) -> list[ForeignRow]:
    """Read the rows of a file, one by one and unjudged.

    Parameters
    ----------
    content : bytes
    wanted : pair of str
        As in `find_columns`.

    Raises
    ------
    ForeignRunRefused
        If the file is not a table of text, has more than 200,000 rows, or lacks a column.
    """
    text = _decode(content)
    # Excel writes and reads a first line that declares the separator.
    declared = re.match(r"sep=([,;|\t])\r?\n", text, re.IGNORECASE)
    separators = (declared[1],) if declared else SEPARATORS
    body, above = (text[declared.end() :], 1) if declared else (text, 0)
    try:
        separator, columns = _choose_separator(body, separators, wanted)
        records = islice(csv.reader(_lines(body), delimiter=separator, strict=True), MAX_ROWS + 2)
        filled = [
            (place, cells)
            for place, cells in enumerate(records, 1 + above)
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as exc:
        raise ForeignRunRefused(
            f"the file is not a table of text ({exc}). Save it as CSV in UTF-8 again."
        ) from exc
    if len(filled) - 1 > MAX_ROWS:
        raise ForeignRunRefused(too_many_rows())
    width = len(filled[0][1])
    return [_row_of(place, cells, columns, width) for place, cells in filled[1:]]


def _lines(text: str) -> io.StringIO:
    return io.StringIO(text, newline="")


def _choose_separator(
    text: str, separators: Sequence[str], wanted: tuple[str, str]
) -> tuple[str, Columns]:
    """Return the separator with which the first line names a film and a probability."""
    fitting: list[tuple[str, Columns]] = []
    refused: list[tuple[int, ForeignRunRefused]] = []
    for separator in separators:
        # Not strict: quotation marks stand elsewhere when read with the wrong separator.
        records = csv.reader(_lines(text), delimiter=separator)
        header = next((cells for cells in records if any(cell.strip() for cell in cells)), [])
        try:
            fitting.append((separator, find_columns(header, wanted)))
        except ForeignRunRefused as exc:
            refused.append((len(header), exc))
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ForeignRunRefused(
            "the first line can be read with more than one separator. Keep one of "
            f"{' '.join(map(repr, (separator for separator, _ in fitting)))} in it."
        )
    raise max(refused, key=lambda fault: fault[0])[1]


def _row_of(place: int, cells: Sequence[str], columns: Columns, width: int) -> ForeignRow:
    too_many = len(cells) > width and any(cell.strip() for cell in cells[width:])
    if too_many:
        fault = f"it has {len(cells)} cells where the first line names {width}"
        return ForeignRow(place, "", "", "", fault)
    film, probability, label = (
        unwrap(cells[column]) if 0 <= column < len(cells) else ""
        for column in (columns.film, columns.probability, columns.label)
    )
    return ForeignRow(place, film, probability, label)


def _decode(content: bytes) -> str:
    if content.startswith(b"PK"):
        raise ForeignRunRefused("the file is a spreadsheet or a zip: save it as CSV in UTF-8.")
    marked = [name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)]
    for encoding in marked[:1] or ["utf-8", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ForeignRunRefused(
        "the file is neither CSV in UTF-8 nor Parquet: its bytes are not those of a text."
    )
