"""Rows of a foreign file as they stand in it, and which columns they are taken from."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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


MAX_UNPACKED_BYTES = 50 * 1024 * 1024


def read_parquet(content: bytes, wanted: tuple[str, str]) -> list[ForeignRow]:
    """Read the rows of a file, one by one and unjudged.

    Parameters
    ----------
    content : bytes
    wanted : pair of str
        As in `find_columns`.

    Raises
    ------
    ForeignRunRefused
        If the file is damaged, unpacks to more than 50 MiB, has more than 200,000 rows, or lacks a
        column.
    """
    try:
        found = pq.ParquetFile(pa.BufferReader(content))
        names = found.schema_arrow.names
        columns = find_columns(names, wanted)
        if found.metadata.num_rows > MAX_ROWS:
            raise ForeignRunRefused(too_many_rows())
        places = (columns.film, columns.probability, columns.label)
        read = [names[place] for place in places if place >= 0]
        _bound_size(found, read)
        # Kept as a dictionary: a long text that every row repeats is in memory once.
        table = pq.read_table(pa.BufferReader(content), columns=read, read_dictionary=read)
        texts = [_texts(table[name]) for name in read]
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as exc:
        raise ForeignRunRefused(
            f"the Parquet file cannot be read ({str(exc)[:200]}). Write it again."
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
                f"the column {quoted(name)} holds {kind}, which is neither text nor a number."
            )
    # Of whole row groups: pyarrow 26 ends the process where a damaged column is asked for its size.
    metadata = found.metadata
    unpacked = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    if unpacked > MAX_UNPACKED_BYTES:
        raise ForeignRunRefused(
            f"the Parquet file unpacks to {unpacked / 2**20:.1f} MiB; at most "
            f"{MAX_UNPACKED_BYTES // 2**20} are read. Keep the columns of film and probability "
            "only."
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
            raise ForeignRunRefused(f"a text in it has {longest} letters; {MAX_CELL} are read.")
        return [unwrap(text or "") for text in values.to_pylist()]
    return ["" if value is None else str(value) for value in column.to_pylist()]


def read_foreign_table(
    content: bytes, film_column: str = "", probability_column: str = ""
) -> list[ForeignRow]:
    """Read the rows of a file, one by one and unjudged.

    Parameters
    ----------
    content : bytes
        CSV or Parquet.
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
            f"the file has {len(content) / 2**20:.1f} MiB; at most {MAX_BYTES // 2**20} are read. "
            "Keep the columns of film and probability only."
        )
    wanted = (film_column, probability_column)
    read = read_parquet if content.startswith(b"PAR1") else read_csv
    rows = read(content, wanted)
    if not rows:
        raise ForeignRunRefused("the file names its columns and has no row below them.")
    return rows
