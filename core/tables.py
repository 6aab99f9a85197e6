"""Tables as text and as files: Markdown, CSV that no spreadsheet runs, Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import ModelIntegrity
from core.language.words import msg

Cell = str | float | None
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def markdown_table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table; the cells are taken as Markdown."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


def csv_table(head: Iterable[str], rows: Iterable[Iterable[Cell]], line_end: str = "\r\n") -> str:
    """Return rows as CSV (RFC 4180) with a header line.

    A text that a spreadsheet would run as a formula gets an apostrophe in front of it.

    References
    ----------
    .. [1] OWASP, CSV Injection.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator=line_end)
    writer.writerow(head)
    writer.writerows(map(harmless_cell, row) for row in rows)
    return buffer.getvalue()


def harmless_cell(value: Cell) -> Cell:
    """Return a value that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def parquet_table(rows: Sequence[Mapping[str, object]], schema: pa.Schema) -> bytes:
    """Return rows as a Parquet file with the columns of a schema."""
    return parquet_bytes(pa.Table.from_pylist(rows, schema=schema))


def parquet_bytes(table: pa.Table, **how: Any) -> bytes:
    """Return a table as a Parquet file; ``how`` is for `pyarrow.parquet.write_table`."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **how)
    return bytes(sink.getvalue())


@contextmanager
def read_as_table(name: str, what: str, command: str) -> Iterator[None]:
    """Raise `ModelIntegrity` where the block finds a file to be no table of what it should hold."""
    try:
        yield
    except (pa.ArrowException, KeyError, ValueError, TypeError) as exc:
        raise ModelIntegrity(
            msg(
                "{name} is not a table of {what} ({error}). Make it again with `python -m "
                "core {command}`.",
                name=name,
                what=what,
                error=exc,
                command=command,
            )
        ) from exc
