"""Bringing the review store's database to the schema that this version needs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, MetaData, Table, func, inspect, select, text

from core.errors import ReviewStoreError
from core.language.words import msg
from core.store.schema import ledger, metadata

if TYPE_CHECKING:  # loaded where there is something to migrate
    from alembic.config import Config

_MIGRATIONS = Path(__file__).resolve().parent / "migrations"
_MIGRATION_LOCK_KEY = 0x46697273  # any number that no other program locks in this database
NO_REVISION = "base"
"""Stands for a database without tables."""


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Where a database stands: ``revision`` is None before the first migration.

    Attributes
    ----------
    place : str
        The database's name, as a sentence begins with it.
    """

    place: str
    revision: str | None
    newest: str

    @property
    def up_to_date(self) -> bool:
        """True if there is nothing to migrate."""
        return self.revision == self.newest


def _alembic_config() -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def newest_revision() -> str:
    """Return the newest revision by the names of the migrations, which begin with their number."""
    return known_revisions()[-1]


def known_revisions() -> list[str]:
    """Return all revisions, oldest first."""
    paths = (_MIGRATIONS / "versions").glob("[0-9]*.py")
    return sorted(path.name.partition("_")[0] for path in paths)


def read_status(connection: Connection, place: str) -> MigrationStatus:
    """Return where the connected database stands.

    Raises
    ------
    ReviewStoreError
        If the database was written by a newer version.
    """
    if inspect(connection).has_table("alembic_version"):
        revisions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
        newest = newest_revision()
        if revisions.all() == [newest]:
            return MigrationStatus(place, newest, newest)
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory.from_config(_alembic_config())
    revision = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise ReviewStoreError(
            msg(
                "{place} was written by a newer First Read (its revision {revision} is unknown "
                "here): start the newer version, or restore a backup made with this one.",
                place=place,
                revision=revision,
            )
        )
    return MigrationStatus(place, revision, scripts.get_current_head() or "")


def upgrade(transaction: AbstractContextManager[Connection]) -> None:
    """Bring the database to the newest revision in a write transaction that is yet to begin."""
    from alembic import command  # noqa: F401, PLC0415 - before the lock that others wait for

    with transaction as connection:
        wait_for_migrations(connection)
        migrate_up(connection, newest_revision())


def wait_for_migrations(connection: Connection) -> None:
    """Let no other migration in until this transaction ends; on SQLite its write lock does."""
    if connection.dialect.name == "postgresql":
        key = {"key": _MIGRATION_LOCK_KEY}
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), key)


def migrate_up(connection: Connection, revision: str) -> None:
    """Bring the database up to a revision, in the transaction of the connection."""
    from alembic import command  # noqa: PLC0415

    config = _alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    continue_numbers(connection)


def continue_numbers(connection: Connection) -> None:
    """Go on counting rows after the last number that a table or its audit log holds.

    A table that was taken away and made again would give numbers that earlier rows had.
    """
    there = set(inspect(connection).get_table_names())
    if ledger.name not in there:
        return
    last = select(ledger.c.of_table, func.max(ledger.c.of_row).label("newest")).group_by(
        ledger.c.of_table
    )
    numbers = {line.of_table: int(line.newest) for line in connection.execute(last)}
    for table in metadata.tables.values():
        if "sequence" not in table.c or table.name not in there:
            continue
        held = connection.execute(select(func.max(table.c.sequence))).scalar() or 0
        newest = max(held, numbers.get(table.name, 0))
        if newest:
            _count_on(connection, table.name, newest)


def _count_on(connection: Connection, table: str, newest: int) -> None:
    values = {"name": table, "newest": newest}
    if connection.dialect.name == "postgresql":
        counter = "CAST(pg_get_serial_sequence(:name, 'sequence') AS regclass)"
        further = f"SELECT setval({counter}, GREATEST(:newest, nextval({counter}) - 1))"
        connection.execute(text(further), values)
        return
    known = "UPDATE sqlite_sequence SET seq = max(seq, :newest) WHERE name = :name"
    if not connection.execute(text(known), values).rowcount:
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:name, :newest)"), values)


# --- going down -----------------------------------------------------------------------------------


def check_revision(revision: str) -> None:
    """Refuse a revision that no migration has.

    Raises
    ------
    ReviewStoreError
        If it is unknown.
    """
    if revision != NO_REVISION and revision not in known_revisions():
        raise ReviewStoreError(
            f"There is no revision {revision!r}: name one from {known_revisions()[0]} to "
            f"{newest_revision()}, or {NO_REVISION} for a database without tables."
        )


def migrate_down(connection: Connection, revision: str) -> None:
    """Take the database down to a revision, in the transaction of the connection."""
    from alembic import command  # noqa: PLC0415

    config = _alembic_config()
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


def list_losses(connection: Connection, revision: str) -> list[str]:
    """Return what is stored and would go on the way down to a revision; the database stays.

    Parameters
    ----------
    connection : Connection
        In a write transaction.

    Returns
    -------
    list of str
        Tables and columns that hold something, each with how much.
    """
    before = _columns(connection)
    trial = connection.begin_nested()
    migrate_down(connection, revision)
    after = _columns(connection)
    trial.rollback()
    losses = []
    for name, columns in before.items():
        table = Table(name, MetaData(), *(Column(one) for one in columns))
        if name not in after:
            rows = connection.execute(select(func.count()).select_from(table)).scalar_one()
            losses += [f"the table {name} ({rows} rows)"] if rows else []
            continue
        for column in columns:
            if column not in after[name]:
                query = select(func.count(table.c[column]))
                values = connection.execute(query).scalar_one()
                losses += [f"the column {name}.{column} ({values} values)"] if values else []
    return losses


def _columns(connection: Connection) -> dict[str, list[str]]:
    found = inspect(connection)
    names = [name for name in found.get_table_names() if name in metadata.tables]
    return {name: [one["name"] for one in found.get_columns(name)] for name in sorted(names)}
