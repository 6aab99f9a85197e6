"""Bringing the review store's database to the schema that this version needs."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from core.errors import ReviewStoreError
from core.store.engine import (
    WRITING,
    Database,
    capitalised,
    checked_url,
    errors_as_sentences,
    open_database,
    place_of,
)

if TYPE_CHECKING:  # loaded where there is something to migrate
    from alembic.config import Config

_MIGRATIONS = Path(__file__).resolve().parent / "migrations"
_MIGRATION_LOCK_KEY = 0x46697273  # any number that no other program locks in this database
_one_migration = threading.Lock()  # alembic's context is one per process


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Where a database stands: ``revision`` is None before the first migration."""

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


def _newest_revision() -> str:
    """Return the newest revision by the names of the migrations, which begin with their number."""
    names = [path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")]
    return max(names).partition("_")[0]


def _status(connection: Connection, place: str) -> MigrationStatus:
    if inspect(connection).has_table("alembic_version"):
        revisions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
        newest = _newest_revision()
        if revisions.all() == [newest]:
            return MigrationStatus(place, newest, newest)
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory.from_config(_alembic_config())
    revision = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise ReviewStoreError(
            capitalised(
                f"{place} was written by a newer First Read (its revision {revision} is unknown "
                "here): start the newer version, or restore a backup made with this one."
            )
        )
    return MigrationStatus(place, revision, scripts.get_current_head() or "")


def migration_status(database_url: str) -> MigrationStatus:
    """Return where the database stands, without making or changing it.

    Raises
    ------
    ReviewStoreError
        If the database cannot be opened or was written by a newer version.
    """
    url = checked_url(database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return MigrationStatus(place_of(url), None, _newest_revision())
    database = open_database(database_url)
    try:
        with errors_as_sentences(database.place), database.engine.connect() as connection:
            return _status(connection, database.place)
    finally:
        database.engine.dispose()


def migrate(database_url: str) -> MigrationStatus:
    """Bring a database to the newest revision, making it if need be; do nothing if it is there.

    Processes that start at once wait for one another on the database's own lock, and the whole
    migration is one transaction: a process that dies leaves the database as it was.

    Raises
    ------
    ReviewStoreError
        If the database cannot be opened or written, or was written by a newer version.
    """
    database = open_database(database_url)
    try:
        with _one_migration, errors_as_sentences(database.place):
            with database.engine.connect() as connection:
                status = _status(connection, database.place)
            return status if status.up_to_date else _upgrade(database)
    finally:
        database.engine.dispose()


def _upgrade(database: Database) -> MigrationStatus:
    from alembic import command  # noqa: PLC0415

    with database.engine.execution_options(**WRITING).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK_KEY}
            )
        config = _alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return _status(connection, database.place)
