"""Rows of a foreign Parquet file, bounded before it is unpacked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import ForeignRunRefused
from core.foreign_columns import (
    MAX_CELL,
    MAX_ROWS,
    ForeignRow,
    find_columns,
    quoted,
    too_many_rows,
    unwrap,
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
