"""The chain over all records: each carries the hash of its own content and of the record before.

Whoever changes, removes or slips in a row breaks the chain at that row. Whoever may write the
database can also recompute the whole chain, or cut off its end: against that only a copy of the
newest hash helps, kept elsewhere, which `verify_records` looks for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, MetaData, Table, insert, select, text

from core.language.lists import joined
from core.language.words import Message, msg
from core.store.engine import Database
from core.store.schema import ledger, metadata

CHAINED = (
    "reviews",
    "served_runs",
    "case_notes",
    "case_causes",
    "served_choices",
    "local_readers",
    "teaching_sets",
    "teaching_sessions",
    "teaching_steps",
    "review_steps",
    "film_erasures",
    "teaching_cases",
    "ward_prevalences",
    "dismissals",
    "archive_settings",
    "reader_studies",
    "reader_study_events",
    "reader_study_readings",
    "site_settings",
    "monitoring_weeks",
    "monitoring_notes",
    "shadow_choices",
    "shadow_readings",
    "blind_reads",
    "site_sets",
    "site_removals",
)
"""Every table whose rows are records; each is written by `insert_chained` and by nothing else."""

FIRST = "0" * 64
"""Stands for the hash before the first."""

_NAMES = ("record_id", "note_id", "reader", "run_id", "cause", "name")


@dataclass(frozen=True, slots=True)
class LedgerFault:
    """One row that is not as it was written."""

    table: str
    sequence: int
    named: str
    what: str

    def __str__(self) -> str:
        return str(self.words)

    @property
    def words(self) -> Message:
        """Which row, and what is wrong with it."""
        row = {"table": self.table, "sequence": self.sequence, "what": self.what}
        if not self.named:
            return msg("{table}, row {sequence}: {what}.", **row)
        return msg("{table}, row {sequence} ({named}): {what}.", named=self.named, **row)


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What a check of the chain found; ``head`` is the newest hash."""

    place: str
    records: int
    head: str
    faults: tuple[LedgerFault, ...]
    lacks_known_head: bool = False

    @property
    def intact(self) -> bool:
        """True if every row is as it was written."""
        return not (self.faults or self.lacks_known_head)


def content_sha256(row: Mapping[str, Any]) -> str:
    """Return the hash of a row as canonical JSON.

    Empty columns are left out, so that a column added later changes no hash; times are in UTC,
    keys in order, no spaces.
    """
    kept = {name: _plain(value) for name, value in row.items() if value is not None}
    words = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(words.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="microseconds")
    return value


def line_sha256(previous: str, table: str, row: int, content: str) -> str:
    """Return the hash of one line of the chain."""
    return hashlib.sha256(f"{previous}\n{table}\n{row}\n{content}".encode()).hexdigest()


# --- writing --------------------------------------------------------------------------------------


def wait_for_turn(connection: Connection) -> None:
    """Let no other writer in until this transaction ends: what is read from now on stays so.

    Parameters
    ----------
    connection : Connection
        In a transaction of `Database.writing`, which is enough on SQLite.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE ledger IN EXCLUSIVE MODE"))


def insert_chained(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert a record and its line of the chain; both are there after the commit, or neither.

    Parameters
    ----------
    connection : Connection
        In a transaction of `Database.writing`; other writers wait until it ends.
    table : Table
        One of `CHAINED`.
    """
    wait_for_turn(connection)
    key = connection.execute(insert(table).values(**values)).inserted_primary_key
    sequence = int(key[0]) if key else 0
    # read back: hashed is what the database keeps, not what it was handed
    row = connection.execute(select(table).where(table.c.sequence == sequence)).mappings().one()
    _add_lines(connection, table.name, [(sequence, content_sha256(dict(row)))])


def chain_existing(connection: Connection, names: Iterable[str]) -> None:
    """Chain the rows that tables hold already, table by table, oldest first; for migrations."""
    for name in names:
        table = Table(name, MetaData(), autoload_with=connection)
        rows = connection.execute(select(table).order_by(table.c.sequence)).mappings().all()
        lines = [(int(row["sequence"]), content_sha256(dict(row))) for row in rows]
        _add_lines(connection, name, lines)


def _add_lines(connection: Connection, table: str, lines: list[tuple[int, str]]) -> None:
    newest = select(ledger.c.sha256).order_by(ledger.c.sequence.desc()).limit(1)
    previous = connection.execute(newest).scalar_one_or_none() or FIRST
    for row, content in lines:
        line = {
            "of_table": table,
            "of_row": row,
            "content_sha256": content,
            "previous_sha256": previous,
            "sha256": line_sha256(previous, table, row, content),
        }
        connection.execute(insert(ledger), line)
        previous = line["sha256"]


# --- checking -------------------------------------------------------------------------------------


def verify_records(database: Database, known_head: str = "") -> LedgerReport:
    """Recompute every hash of the chain and list each row that was changed.

    Parameters
    ----------
    known_head : str
        A hash that was the newest once, or its beginning; empty if none was kept.

    Raises
    ------
    ReviewStoreError
        If the database cannot be read.
    """
    with database.reading() as connection:
        if connection.dialect.name == "postgresql":  # all tables at one moment, as on SQLite
            connection.execution_options(isolation_level="REPEATABLE READ")
        return verify_in(connection, database.place, known_head.strip().lower())


def verify_in(connection: Connection, place: str, known_head: str = "") -> LedgerReport:
    """Do what `verify_records` does, on a connection that sees all tables at one moment."""
    faults: list[LedgerFault] = []
    written: dict[tuple[str, int], str] = {}
    previous, heads = FIRST, [FIRST]
    for line in connection.execute(select(ledger).order_by(ledger.c.sequence)):
        if line.previous_sha256 != previous:
            what = msg("the line before it in the chain was removed, changed or moved")
            faults.append(LedgerFault("ledger", line.sequence, _of(line), what))
        stated = (line.previous_sha256, line.of_table, line.of_row, line.content_sha256)
        if line.sha256 != line_sha256(*stated):
            what = msg("this line of the chain was changed after it was written")
            faults.append(LedgerFault("ledger", line.sequence, _of(line), what))
        if (line.of_table, line.of_row) in written:
            what = msg("the chain has a second line for this row")
            faults.append(LedgerFault("ledger", line.sequence, _of(line), what))
        written[line.of_table, line.of_row] = line.content_sha256
        previous = line.sha256
        heads.append(previous)
    records = len(written)
    for name in CHAINED:
        faults += _check_rows(connection, metadata.tables[name], written)
    for table, row in written:
        faults.append(LedgerFault(table, row, "", "was removed after it was written"))
    lacks = bool(known_head) and not any(head.startswith(known_head) for head in heads)
    return LedgerReport(place, records, previous, tuple(faults), lacks)


def _of(line: Any) -> Message:
    return msg("for {table} row {row}", table=line.of_table, row=line.of_row)


def _check_rows(
    connection: Connection, table: Table, written: dict[tuple[str, int], str]
) -> list[LedgerFault]:
    """Check a table's rows against the chain; rows found are removed from ``written``."""
    faults = []
    for sequence in connection.execute(
        select(table.c.sequence).order_by(table.c.sequence)
    ).scalars():
        content, named = _read_row(connection, table, sequence)
        expected = written.pop((table.name, sequence), None)
        if expected is None:
            what = msg("was inserted: it is not in the chain")
        elif content != expected:
            what = msg("was changed after it was written")
        else:
            continue
        faults.append(LedgerFault(table.name, sequence, named, what))
    return faults


def _read_row(connection: Connection, table: Table, sequence: int) -> tuple[str, str]:
    """Return a row's hash and what names it; no hash for one that cannot even be read."""
    try:
        row = connection.execute(select(table).where(table.c.sequence == sequence)).mappings().one()
    except (ValueError, TypeError, LookupError):
        return "", "unreadable"
    names = [str(row[name]) for name in _NAMES if row.get(name)]
    return content_sha256(dict(row)), ", ".join(names[:2])


def report_text(report: LedgerReport) -> Message:
    """Return in words what a check found, one line a fault."""
    if report.intact:
        return msg(
            "All {records} records in {place} are as they were written. Newest hash: {head}",
            records=report.records,
            place=report.place,
            head=report.head,
        )
    lines = [fault.words for fault in report.faults]
    if report.lacks_known_head:
        lines.append(msg("The saved hash is not in the chain: the chain was truncated or rebuilt."))
    head = msg("{faults} faults in {place}:", faults=len(lines), place=report.place)
    return joined([head, *lines], "\n")
