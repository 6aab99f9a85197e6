"""``python -m core db``: look after the review store's database."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import print_text, progress_bar, show_errors
from core.errors import BackupError
from core.settings import PROJECT_ROOT, get_settings
from core.store.audit_log import CHAINED, report_text, verify_records
from core.store.backup.restoring import RestoreTarget, restore_backup
from core.store.backup.writing import write_backup
from core.store.engine import Database, migration_status, sqlite_file
from core.store.films.keyring import FilmKeyring
from core.store.films.keys import key_file
from core.store.films.objects import FilmObjects
from core.store.migration import MigrationStatus

app = typer.Typer(help="Look after the database of signed reads.", no_args_is_help=True)

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url", help="SQLAlchemy URL; otherwise FIRSTREAD_DATABASE_URL or its default."
    ),
]


@app.command("migrate")
def migrate_database(
    database_url: DatabaseUrl = None,
    to: Annotated[
        str,
        typer.Option(
            help="Revision to go up or down to, such as `0014`; otherwise the newest. "
            "`base` takes all tables away."
        ),
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Go down although something that is stored is lost.")
    ] = False,
) -> None:
    """Bring the database to the newest revision, or to another; create it if there is none."""
    with show_errors():
        if not to:
            with closing(_opened(database_url)) as database:
                print_text(_described(database.status()))
            return
        with closing(Database(database_url or get_settings().database_url)) as database:
            status = database.migrate_to(to, may_lose=yes)
        if status.up_to_date:
            print_text(_described(status))
            return
        print_text(
            f"{status.place} is at revision {status.revision or 'none'} now. Start the version "
            "of First Read that needs it: this version would bring it up again."
        )


@app.command("status")
def show_status(database_url: DatabaseUrl = None) -> None:
    """Print the database's revision; exit code 1 if it needs `migrate`."""
    with show_errors():
        status = migration_status(database_url or get_settings().database_url)
        print_text(_described(status))
        raise typer.Exit(0 if status.up_to_date else 1)


@app.command("backup")
def backup_database(
    file: Annotated[Path, typer.Argument(help="File to write; one that is there is refused.")],
    database_url: DatabaseUrl = None,
    with_key: Annotated[
        bool,
        typer.Option(
            "--with-key",
            help="Put the master key of the films into it too: whoever has the file opens them.",
        ),
    ] = False,
) -> None:
    """Write records and kept films into one file, while readers go on working."""
    settings, url = get_settings(), database_url or get_settings().database_url
    database_file = sqlite_file(url)
    with show_errors():
        if database_file is not None and not database_file.exists():
            raise BackupError(f"There is no database at {database_file}: name another.")
        with closing(Database(url)) as database, progress_bar("Copying films") as progress:
            keyring = FilmKeyring(database, _key_path(url), settings.film_key.get_secret_value())
            manifest = write_backup(
                database,
                FilmObjects(settings.films),
                file,
                keyring=keyring if with_key else None,
                progress=progress,
            )
    rows = sum(manifest.counts.get(name, 0) for name in CHAINED)
    print_text(
        f"{file} holds {rows} records and {manifest.films} films, at revision "
        f"{manifest.revision}. Newest hash: {manifest.head or 'none'}"
    )
    if manifest.missing:
        print_text(
            f"The files of {len(manifest.missing)} films were gone: they are not in it.", err=True
        )
    if manifest.with_key:
        print_text("The master key of the films is in it: keep the file as you keep that key.")
    elif manifest.needs_key:
        where = (
            "FIRSTREAD_FILM_KEY" if settings.film_key.get_secret_value() else str(_key_path(url))
        )
        print_text(f"The master key of the films is not in it: back up {where} apart.")
    if manifest.faults:
        print_text(
            f"The records had {len(manifest.faults)} faults before the backup, and have them in "
            "it: run `python -m core records verify`.",
            err=True,
        )
        raise typer.Exit(1)


@app.command("restore")
def restore_database(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Restore a backup into an empty database and an empty film folder: all of it, or nothing."""
    settings, url = get_settings(), database_url or get_settings().database_url
    stated = settings.film_key.get_secret_value()
    target = RestoreTarget(url, FilmObjects(settings.films), _key_path(url), stated)
    with show_errors(), progress_bar("Checking, then restoring, percent") as progress:
        restored = restore_backup(file, target, progress)
    manifest = restored.manifest
    print_text(
        f"The backup of {manifest.made_at} is restored, with {manifest.films} films. "
        f"{report_text(restored.report)}"
    )
    if manifest.needs_key and not stated:
        print_text(
            f"The master key of the films was not in it: put it back as {target.key_path}, or set "
            "FIRSTREAD_FILM_KEY. Until then no kept film opens."
        )
    raise typer.Exit(0 if restored.report.intact else 1)


def _key_path(database_url: str) -> Path:
    return key_file(database_url, PROJECT_ROOT / "var")


def _opened(database_url: str | None) -> Database:
    return Database.open(database_url or get_settings().database_url)


def _described(status: MigrationStatus) -> str:
    if status.up_to_date:
        return f"{status.place} is up to date (revision {status.revision})."
    return (
        f"{status.place} is at revision {status.revision or 'none'}, this version needs "
        f"{status.newest}: run `python -m core db migrate`."
    )


records_app = typer.Typer(no_args_is_help=True)


@records_app.callback()
def records() -> None:
    """Verify the records."""


@records_app.command()
def verify(
    database_url: DatabaseUrl = None,
    head: Annotated[
        str, typer.Option(help="A hash kept elsewhere: check that it is still in the chain.")
    ] = "",
) -> None:
    """Recompute every hash of the audit log and name each changed row; exit code 1 then."""
    with show_errors(), closing(_opened(database_url)) as database:
        report = verify_records(database, head)
    print_text(report_text(report))
    raise typer.Exit(0 if report.intact else 1)
