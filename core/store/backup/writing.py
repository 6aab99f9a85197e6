"""Writing a backup: the tables, and the encrypted files of the films that they name."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import SQLAlchemyError

from core import __version__
from core.errors import BackupError, FilmGone
from core.reads.signing import utc_now
from core.store.audit_log import verify_in
from core.store.backup.backup_file import (
    FILMS,
    KEYS,
    TABLES,
    BackupWriter,
    Manifest,
    Progress,
    cannot_write,
    new_file,
    refuse_if_there,
)
from core.store.backup.rows import read_tables, write_rows
from core.store.backup.snapshot import at_one_moment
from core.store.engine import Database
from core.store.films.kept import NO_FILE
from core.store.films.keyring import FilmKeyring
from core.store.films.objects import FilmObjects
from core.store.migration import newest_revision


def write_backup(
    database: Database,
    objects: FilmObjects,
    path: Path,
    *,
    keyring: FilmKeyring | None = None,
    progress: Progress | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Manifest:
    """Write all that was committed before into one file, while readers go on.

    Parameters
    ----------
    keyring : FilmKeyring, optional
        Puts the master keys of the films into the file too.

    Raises
    ------
    BackupError
        If the file is there already, cannot be written, or there is nothing to back up.
    FilmStoreError
        If a film's file or the master key cannot be read.
    ReviewStoreError
        If the database cannot be read.
    """
    refuse_if_there(path)
    revision = database.status().revision
    if revision is None:
        raise BackupError(f"There is nothing to back up: {database.place} holds no tables.")
    made_at = now()
    keys = "" if keyring is None or not keyring.begun else keyring.key_text()
    try:
        with (
            tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder,
            new_file(path) as file,
        ):
            out = BackupWriter(file)
            with at_one_moment(database, Path(folder)) as connection:
                tables = read_tables(connection)
                try:  # here, or the database would be blamed for the disk of the backup
                    counts = _add_tables(connection, tables, out, Path(folder))
                except OSError as exc:
                    raise cannot_write(path, exc) from exc
                head, faults = _audit_log_of(connection, database.place, revision, tables)
                addresses = _addresses(connection, tables)
            if keys and keyring is not None and keyring.key_text() != keys:
                raise BackupError(
                    "The master key of the films was changed meanwhile, and no backup was "
                    "written: run the command again."
                )
            missing = _add_films(addresses, objects, out, progress)
            if keys:
                out.add(KEYS, keys.encode())
            manifest = Manifest(
                made_at=made_at.isoformat(timespec="seconds"),
                app_version=__version__,
                revision=revision,
                head=head,
                faults=faults,
                counts=counts,
                films=len(addresses) - len(missing),
                missing=missing,
                with_key=bool(keys),
                members=out.members,
            )
            out.close(manifest)
    except OSError as exc:
        raise cannot_write(path, exc) from exc
    return manifest


def _add_tables(
    connection: Connection, tables: list[Table], out: BackupWriter, folder: Path
) -> dict[str, int]:
    counts = {}
    for table in tables:
        lines = folder / "lines"
        with lines.open("wb") as file:
            try:
                counts[table.name] = write_rows(connection, table, file)
            except (ValueError, TypeError, SQLAlchemyError) as exc:
                raise BackupError(
                    f"A row of the table {table.name} cannot be read: `python -m core records "
                    "verify` names it. No backup was written."
                ) from exc
        out.add_file(f"{TABLES}{table.name}.jsonl", lines)
    return counts


def _audit_log_of(
    connection: Connection, place: str, revision: str, tables: list[Table]
) -> tuple[str, tuple[str, ...] | None]:
    """Return the newest hash, and what is wrong already where this version can tell."""
    if revision == newest_revision():
        report = verify_in(connection, place)
        return report.head, tuple(map(str, report.faults))
    for table in tables:
        if table.name == "ledger":
            query = select(table.c.sha256).order_by(table.c.sequence.desc()).limit(1)
            return connection.execute(query).scalar() or "", None
    return "", None


def _addresses(connection: Connection, tables: list[Table]) -> list[str]:
    addresses: list[str] = []
    for table in tables:
        if table.name in ("films", "teaching_films", "site_films"):
            found = connection.execute(select(table.c.address).order_by(table.c.address)).scalars()
            addresses += [one for one in found if not one.startswith(NO_FILE)]
    return addresses


def _add_films(
    addresses: list[str], objects: FilmObjects, out: BackupWriter, progress: Progress | None
) -> tuple[str, ...]:
    """Add the files of films; return which are gone, as of a film that is erased meanwhile."""
    missing = []
    for done, address in enumerate(addresses):
        if progress is not None:
            progress(done, len(addresses))
        try:
            out.add(f"{FILMS}{address}", objects.read(address))
        except FilmGone:
            missing.append(address)
    if progress is not None:
        progress(len(addresses), len(addresses))
    return tuple(missing)
