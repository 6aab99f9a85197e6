"""Tables as lines of JSON, one a row, the same from SQLite and from PostgreSQL."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import IO, Any

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    func,
    insert,
    select,
    text,
)

from core.store.engine import from_utc
from core.store.schema import metadata

_AT_ONCE = 500


def read_tables(connection: Connection) -> list[Table]:
    """Return First Read's tables as the database holds them, each after those that it refers to."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name in metadata.tables)
    for table in found.tables.values():
        for column in table.c:
            if isinstance(column.type, JSON):  # an empty column is empty, and no JSON
                column.type = JSON(none_as_null=bool(column.nullable))
    return found.sorted_tables


def write_rows(connection: Connection, table: Table, out: IO[bytes]) -> int:
    """Write a table's rows; return how many."""
    rows = connection.execute(
        select(table).order_by(*table.primary_key), execution_options={"yield_per": _AT_ONCE}
    )
    written = 0
    for row in rows.mappings():
        kept = {name: _plain(value) for name, value in row.items()}
        out.write(json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        written += 1
    return written


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return from_utc(value).isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def insert_rows(connection: Connection, table: Table, lines: Iterable[bytes]) -> int:
    """Insert the rows that `write_rows` wrote; return how many.

    Raises
    ------
    ValueError, TypeError, KeyError
        If a line is no row of the table.
    """
    readers: dict[str, Callable[[Any], object]] = {}
    for column in table.c:
        if isinstance(column.type, DateTime):
            readers[column.name] = datetime.fromisoformat
        elif isinstance(column.type, LargeBinary):
            readers[column.name] = base64.b64decode
    inserted = 0
    for some in _in_parts(lines):
        rows = [_row(line, readers) for line in some]
        connection.execute(insert(table), rows)
        inserted += len(rows)
    return inserted


def _in_parts(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest = iter(lines)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _row(line: bytes, readers: dict[str, Callable[[Any], object]]) -> dict[str, object]:
    row: dict[str, object] = json.loads(line)
    for name, read in readers.items():
        if row[name] is not None:
            row[name] = read(row[name])
    return row


def clear_tables(connection: Connection, tables: list[Table]) -> None:
    """Take out the rows that migrations wrote into new tables, which their own rules forbid."""
    for table in reversed(tables):
        if connection.execute(select(func.count()).select_from(table)).scalar_one():
            if connection.dialect.name == "postgresql":
                connection.execute(text(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER'))
                connection.execute(table.delete())
                connection.execute(text(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER'))
            else:
                _clear_on_sqlite(connection, table)


def _clear_on_sqlite(connection: Connection, table: Table) -> None:
    rules = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
    found = connection.execute(text(rules), {"table": table.name}).all()
    for rule in found:
        connection.exec_driver_sql(f'DROP TRIGGER "{rule.name}"')
    connection.execute(table.delete())
    for rule in found:
        connection.exec_driver_sql(rule.sql)
