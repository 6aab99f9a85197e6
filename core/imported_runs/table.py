"""Read another model's predictions as they stand in a file, CSV or Parquet, within bounds.

CSV is separated by comma, semicolon or tab and is in UTF-8 or, with its mark, in UTF-16.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import ForeignRunRefused
from core.language.words import Message, msg, tr

MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED_BYTES = 50 * 1024 * 1024
MAX_ROWS = 200_000
MAX_CELL = 300
PARQUET_MARK = b"PAR1"
SEPARATORS = (",", ";", "\t")
FILM_NAMES = ("film_id", "film", "filename", "file_name", "file", "image", "image_id", "path", "id")
PROBABILITY_NAMES = (
    "probability", "prob", "p", "p_pneumonia", "prob_pneumonia", "pneumonia_probability",
    "probability_pneumonia", "pneumonia", "y_prob", "y_score", "score",
)  # fmt: skip
LABEL_NAMES = ("label", "reference", "y_true")
_TOO_MANY_ROWS = msg(
    "the file has more than {most:,} rows. Keep those of the films to be compared.",
    most=MAX_ROWS,
)
_SMALLER = msg("Keep the columns of film and probability only.")


@dataclass(frozen=True, slots=True)
class ForeignRow:
    """One row as it stands in the file; a text is empty where nothing stands.

    Attributes
    ----------
    number : int
        As a spreadsheet counts: the line with the names of the columns is row 1. In Parquet, which
        has no such line, the first is row 1.
    fault : str
        Why the row cannot be read at all; empty if it can.
    """

    number: int
    film: str
    probability: str
    label: str
    fault: str = ""


class _Columns(NamedTuple):
    """Places of the columns; -1 where no column holds labels."""

    film: int
    probability: int
    label: int


def read_foreign_table(
    content: bytes, film_column: str = "", probability_column: str = ""
) -> list[ForeignRow]:
    """Read the rows of a file, one by one and unjudged.

    Parameters
    ----------
    film_column, probability_column : str
        Names of columns, where they are not among those that are known.

    Raises
    ------
    ForeignRunRefused
        If the file is too large, of another format, damaged, without rows, or does not have exactly
        one column for films and one for probabilities.
    """
    if len(content) > MAX_BYTES:
        raise ForeignRunRefused(
            msg(
                "the file has {size:.1f} MiB; at most {most} are read. {remedy}",
                size=len(content) / 2**20,
                most=MAX_BYTES // 2**20,
                remedy=_SMALLER,
            )
        )
    read = _read_parquet if content.startswith(PARQUET_MARK) else _read_csv
    rows = read(content, (film_column, probability_column))
    if not rows:
        raise ForeignRunRefused(msg("the file names its columns and has no row below them."))
    return rows


def _find_columns(header: Sequence[str], wanted: tuple[str, str]) -> _Columns:
    names = [_plain_name(_unwrap(name)) for name in header]

    def one_of(column: str, known: Sequence[str], what: Message, option: str) -> int:
        accepted = (_plain_name(column),) if column else known
        found = [place for place, name in enumerate(names) if name in accepted]
        if len(found) == 1:
            return found[0]
        if found:
            raise ForeignRunRefused(
                msg(
                    "more than one column may hold {what}: {columns}. Rename the column, or name "
                    "it ({option} on the command line).",
                    what=what,
                    columns=", ".join(_quoted(header[place]) for place in found),
                    option=option,
                )
            )
        raise ForeignRunRefused(
            msg(
                "no column for {what} among {columns}; names such as {names}. Rename the column, "
                "or name it ({option} on the command line).",
                what=what,
                columns=", ".join(map(_quoted, header[:20])),
                names=", ".join(accepted[:4]),
                option=option,
            )
        )

    film = one_of(wanted[0], FILM_NAMES, msg("films"), "--film-column")
    probability = one_of(wanted[1], PROBABILITY_NAMES, msg("probabilities"), "--probability-column")
    labels = [place for place, name in enumerate(names) if name in LABEL_NAMES]
    return _Columns(film, probability, labels[0] if len(labels) == 1 else -1)


def _plain_name(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def _read_csv(content: bytes, wanted: tuple[str, str]) -> list[ForeignRow]:
    text = _decode(content)
    try:
        separator, columns = _find_separator(text, wanted)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        records = enumerate(islice(reader, MAX_ROWS + 2), 1)
        (_, header), *rows = [(place, cells) for place, cells in records if _holds(cells)]
    except csv.Error as exc:
        raise ForeignRunRefused(
            msg("the file is not a table of text ({exc}). Save it as CSV in UTF-8 again.", exc=exc)
        ) from exc
    if len(rows) > MAX_ROWS:
        raise ForeignRunRefused(_TOO_MANY_ROWS)
    return [_row_of(place, cells, columns, len(header)) for place, cells in rows]


def _decode(content: bytes) -> str:
    if content.startswith(b"PK"):
        raise ForeignRunRefused(msg("the file is a spreadsheet or a zip: save it as CSV in UTF-8."))
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ForeignRunRefused(
            msg("the file is neither CSV in UTF-8 or UTF-16 nor Parquet. Save it as CSV in UTF-8.")
        )
    # Excel writes a first line that declares the separator; the next line shows it as well.
    return re.sub(r"\Asep=[,;\t]\r?\n", "\n", text, flags=re.IGNORECASE)


def _find_separator(text: str, wanted: tuple[str, str]) -> tuple[str, _Columns]:
    """Return the separator with which the first line names a film and a probability."""
    refused: list[tuple[int, ForeignRunRefused]] = []
    for separator in SEPARATORS:
        # Not strict: quotation marks stand elsewhere when read with the wrong separator.
        records = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        header = next(filter(_holds, records), [])
        try:
            return separator, _find_columns(header, wanted)
        except ForeignRunRefused as exc:
            refused.append((len(header), exc))
    cells, fault = max(refused, key=lambda one: one[0])
    if cells == 1:
        raise ForeignRunRefused(
            msg(
                "the first line is one column: {column}. Separate the columns by comma, "
                "semicolon or tab.",
                column=_quoted(header[0]),
            )
        )
    raise fault


def _holds(cells: Sequence[str]) -> bool:
    return any(cell.strip() for cell in cells)


def _row_of(place: int, cells: Sequence[str], columns: _Columns, width: int) -> ForeignRow:
    if _holds(cells[width:]):
        fault = tr(
            "it has {cells} cells where the first line names {names}", cells=len(cells), names=width
        )
        return ForeignRow(place, "", "", "", fault)
    texts = [_unwrap(cells[at]) if 0 <= at < len(cells) else "" for at in columns]
    return ForeignRow(place, *texts)


def _unwrap(cell: str) -> str:
    """Return what a cell holds, without ``="..."`` or a first ``'``, a spreadsheet's guards."""
    cell = cell.strip()
    guarded = re.fullmatch(r'="([^"]*)"|\'(.*)', cell, re.DOTALL)
    return (guarded[1] or guarded[2] or "").strip() if guarded else cell


def _read_parquet(content: bytes, wanted: tuple[str, str]) -> list[ForeignRow]:
    try:
        found = pq.ParquetFile(pa.BufferReader(content))
        names = found.schema_arrow.names
        read = [names[place] for place in _find_columns(names, wanted) if place >= 0]
        if found.metadata.num_rows > MAX_ROWS:
            raise ForeignRunRefused(_TOO_MANY_ROWS)
        _bound_size(found, read)
        # Kept as a dictionary: a long text that every row repeats is in memory once.
        table = pq.read_table(pa.BufferReader(content), columns=read, read_dictionary=read)
        texts = [_texts(table[name]) for name in read]
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as exc:
        raise ForeignRunRefused(
            msg("the Parquet file cannot be read ({exc}). Write it again.", exc=str(exc)[:200])
        ) from exc
    labels = texts[2] if len(texts) > 2 else [""] * len(texts[0])
    rows = zip(texts[0], texts[1], labels, strict=True)
    return [ForeignRow(place, *cells) for place, cells in enumerate(rows, 1)]


def _bound_size(found: Any, read: Sequence[str]) -> None:
    """Refuse columns that are more in memory than their number of rows says, before reading."""
    for name in read:
        kind = _value_type(found.schema_arrow.field(name).type)
        if not (_is_text(kind) or _is_number(kind)):
            raise ForeignRunRefused(
                msg(
                    "the column {column} holds {kind}, which is neither text nor a number.",
                    column=_quoted(name),
                    kind=str(kind),
                )
            )
    # Of whole row groups: pyarrow 26 ends the process where a damaged column is asked for its size.
    metadata = found.metadata
    unpacked = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    if unpacked > MAX_UNPACKED_BYTES:
        raise ForeignRunRefused(
            msg(
                "the Parquet file unpacks to {size:.1f} MiB; at most {most} are read. {remedy}",
                size=unpacked / 2**20,
                most=MAX_UNPACKED_BYTES // 2**20,
                remedy=_SMALLER,
            )
        )


def _value_type(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: Any) -> bool:
    types = pa.types
    return bool(types.is_floating(kind) or types.is_integer(kind) or types.is_decimal(kind))


def _texts(column: Any) -> list[str]:
    """Return a column as texts, empty where nothing stands."""
    if _is_text(_value_type(column.type)):
        values = column.combine_chunks().dictionary_encode()
        longest = pc.max(pc.utf8_length(values.dictionary)).as_py() or 0
        if longest > MAX_CELL:
            raise ForeignRunRefused(
                msg("a text in it has {n} letters; {most} are read.", n=longest, most=MAX_CELL)
            )
        return [_unwrap(text or "") for text in values.to_pylist()]
    return ["" if value is None else str(value) for value in column.to_pylist()]
