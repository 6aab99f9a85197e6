"""``python -m core records``: hold what is stored to the chain over all records."""

from typing import Annotated

import typer

from core.cli_data import spoken_errors
from core.cli_db import DatabaseUrl
from core.review_ledger import say_report, verify_records
from core.settings import get_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def records() -> None:
    """Look after the records."""


@app.command()
def verify(
    database_url: DatabaseUrl = None,
    head: Annotated[
        str, typer.Option(help="A newest hash that was kept elsewhere: is it still in the chain?")
    ] = "",
) -> None:
    """Compute every hash anew and name each row that is not as it was written; exit code 1 then."""
    with spoken_errors():
        report = verify_records(database_url or get_settings().database_url, head)
    typer.echo(say_report(report))
    raise typer.Exit(0 if report.intact else 1)
