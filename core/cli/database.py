"""``python -m core db``: look after the review store's database."""

from contextlib import closing
from typing import Annotated

import typer

from core.cli.console import print_text, show_errors
from core.settings import get_settings
from core.store.audit_log import report_text, verify_records
from core.store.engine import Database, migration_status
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
