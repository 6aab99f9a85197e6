"""Bringing the review store's database to the schema that this version needs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from core.errors import ReviewStoreError

if TYPE_CHECKING:  # loaded where there is something to migrate
    from alembic.config import Config

_MIGRATIONS = Path(__file__).resolve().parent / "migrations"
_MIGRATION_LOCK_KEY = 0x46697273  # any number that no other program locks in this database


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
    names = [path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")]
    return max(names).partition("_")[0]


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
            f"{place} was written by a newer First Read (its revision {revision} is unknown "
            "here): start the newer version, or restore a backup made with this one."
        )
    return MigrationStatus(place, revision, scripts.get_current_head() or "")


def upgrade(transaction: AbstractContextManager[Connection]) -> None:
    """Bring the database to the newest revision in a write transaction that is yet to begin."""
    from alembic import command  # noqa: PLC0415 - and before the lock that others wait for

    config = _alembic_config()
    with transaction as connection:
        if connection.dialect.name == "postgresql":
            key = {"key": _MIGRATION_LOCK_KEY}
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), key)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
