"""Restoring a backup: all of it, into an empty database and an empty film folder, or nothing."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import CompileError, DataError, IntegrityError

from core.errors import BackupError
from core.store.audit_log import LedgerReport, verify_in
from core.store.backup.backup_file import (
    FILMS,
    KEYS,
    TABLES,
    BackupReader,
    Manifest,
    Progress,
)
from core.store.backup.rows import clear_tables, insert_rows, read_tables
from core.store.engine import Database, sqlite_file
from core.store.films.keys import MasterKeys, parse_keys, read_key_file, write_key_file
from core.store.films.objects import FilmObjects
from core.store.migration import (
    continue_numbers,
    known_revisions,
    migrate_up,
    newest_revision,
    wait_for_migrations,
)
from core.store.schema import metadata

_NO_ROW = ValueError, TypeError, KeyError
_ADDRESS = re.compile(r"[0-9a-f]{16}/[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what the audit log says of it."""

    manifest: Manifest
    report: LedgerReport


@dataclass(frozen=True, slots=True)
class RestoreTarget:
    """Where a backup goes.

    Attributes
    ----------
    key_path : Path
        Where the master keys go if the backup holds them.
    stated_keys : str
        Master keys of a setting, with which no file is written; empty without.
    """

    database_url: str
    objects: FilmObjects
    key_path: Path
    stated_keys: str = ""


def restore_backup(
    path: Path,
    target: RestoreTarget,
    progress: Progress | None = None,
) -> Restored:
    """Restore a backup once all of it was found to be as it was written.

    Parameters
    ----------
    progress : callable, optional
        Called with percent done, and 100. The first half is the check.

    Raises
    ------
    BackupError
        If a member was changed or cut short, the target is not empty, the backup is of a newer
        version, or its records are not those of its audit log. Nothing is left then.
    FilmStoreError, ReviewStoreError
        If the target cannot be written; nothing is left then.
    """
    with BackupReader(path) as backup:
        manifest = backup.check(_half(progress, 0))
        if manifest.revision not in known_revisions():
            raise BackupError(
                f"{path} was written by a newer First Read (its revision {manifest.revision} is "
                "unknown here): restore it with that version."
            )
        keys = _keys_to_write(backup, manifest, target)
        if target.objects.holds_files():
            raise BackupError(
                f"{target.objects.place} holds files already, and a backup goes into an empty "
                "place only: set FIRSTREAD_FILMS to another, or move aside what lies there."
            )
        with _empty_database(target.database_url) as database:
            report = _restore_into(database, backup, manifest, target, keys, _half(progress, 1))
        return Restored(manifest, report)


def _half(progress: Progress | None, begun: int) -> Progress:
    def advance(done: int, total: int) -> None:
        if progress is not None:
            progress(50 * begun + 50 * done // total, 100)

    return advance


def _keys_to_write(
    backup: BackupReader, manifest: Manifest, target: RestoreTarget
) -> MasterKeys | None:
    if not manifest.with_key or target.stated_keys:
        return None
    keys = parse_keys(backup.read(KEYS).decode("ascii", "replace"), KEYS)
    there = read_key_file(target.key_path)
    if there is None:
        return keys
    if there != keys:
        raise BackupError(
            f"{target.key_path} holds another master key than the backup: move it aside, or put "
            "the backup's database elsewhere."
        )
    return None


@contextmanager
def _empty_database(database_url: str) -> Iterator[Database]:
    """Give a database without tables; what was made for it goes if the block raises."""
    file = sqlite_file(database_url)
    there = file is not None and file.exists()
    made = [] if file is None else [one for one in file.parents if not one.exists()]
    with closing(Database(database_url)) as database:
        try:
            _refuse_tables(database)
            yield database
        except BaseException:
            database.close()
            if file is not None and not there:
                for suffix in ("", "-wal", "-shm"):
                    file.with_name(file.name + suffix).unlink(missing_ok=True)
                for folder in made:
                    with contextlib.suppress(OSError):
                        folder.rmdir()
            raise


def _refuse_tables(database: Database) -> None:
    with database.reading() as connection:
        held = set(inspect(connection).get_table_names())
    if held & {*metadata.tables, "alembic_version"}:
        raise BackupError(
            f"{database.place[:1].upper()}{database.place[1:]} holds tables of First Read "
            "already, and a backup goes into an empty database only: name another with "
            "--database-url, or move this one aside."
        )


def _restore_into(
    database: Database,
    backup: BackupReader,
    manifest: Manifest,
    target: RestoreTarget,
    keys: MasterKeys | None,
    progress: Progress,
) -> LedgerReport:
    films: list[str] = []
    try:
        with database.writing() as connection:
            wait_for_migrations(connection)
            _restore_tables(connection, backup, manifest)
            report = verify_in(connection, database.place, manifest.head)
            _require_as_before(report, manifest)
            _restore_films(backup, manifest, target.objects, films, progress)
            if keys is not None:
                write_key_file(target.key_path, keys, new=True)
    except BaseException:
        target.objects.take_back(films)
        if keys is not None and read_key_file(target.key_path) == keys:
            target.key_path.unlink()
        raise
    return report


def _restore_tables(connection: Connection, backup: BackupReader, manifest: Manifest) -> None:
    migrate_up(connection, manifest.revision)
    tables = read_tables(connection)
    clear_tables(connection, tables)
    if {table.name for table in tables} != set(manifest.counts):
        raise BackupError(f"{backup.path} does not hold the tables of its revision.")
    for table in tables:
        name = f"{TABLES}{table.name}.jsonl"
        try:
            with backup.open(name) as lines:
                inserted = insert_rows(connection, table, lines)
        except (*_NO_ROW, CompileError, DataError, IntegrityError) as exc:
            raise BackupError(f"{name} of {backup.path} holds a line that is no row.") from exc
        if inserted != manifest.counts[table.name]:
            raise BackupError(
                f"{name} of {backup.path} holds {inserted} rows, its manifest says "
                f"{manifest.counts[table.name]}."
            )
    migrate_up(connection, newest_revision())
    continue_numbers(connection)


def _require_as_before(report: LedgerReport, manifest: Manifest) -> None:
    """Refuse records that are not those of the audit log, unless they were so at the backup."""
    known = set(manifest.faults or ())
    new = [str(fault) for fault in report.faults if str(fault) not in known]
    if report.lacks_known_head:
        new.append("The audit log lacks the newest hash that the manifest states.")
    if new:
        raise BackupError(
            f"The records of the backup are not as they were written. {' '.join(new[:5])} "
            "Nothing was restored."
        )


def _restore_films(
    backup: BackupReader,
    manifest: Manifest,
    objects: FilmObjects,
    written: list[str],
    progress: Progress,
) -> None:
    """Write the films' files; ``written`` lists their addresses, also if one fails."""
    names = [name for name in manifest.members if name.startswith(FILMS)]
    for done, name in enumerate(names):
        progress(done, len(names))
        address = name.removeprefix(FILMS)
        if not _ADDRESS.fullmatch(address):
            raise BackupError(f"{name} of {backup.path} is no address of a film.")
        written.append(address)
        objects.write(address, backup.read(name))
