"""The command line: ``python -m core ...``."""

from __future__ import annotations

import logging
from typing import Annotated

import typer
from rich.console import Console

from core.cli_compare import compare
from core.cli_data import app as data_app
from core.cli_db import app as db_app
from core.cli_facts import facts
from core.cli_features import features, film_facts, label_issues
from core.cli_foreign import import_run_file
from core.cli_phantom import phantom, phantom_scores, prepare_examples
from core.cli_records import app as records_app
from core.cli_runs import evaluate, runs, score_training, set_run_aside
from core.cli_serving import app as serving_app
from core.errors import FirstReadError
from core.settings import get_settings

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(data_app, name="data")
app.add_typer(db_app, name="db")
app.add_typer(records_app, name="records")
app.add_typer(serving_app)
app.command()(runs)
app.command()(evaluate)
app.command()(score_training)
app.command("set-aside")(set_run_aside)
app.command()(compare)
app.command()(facts)
app.command("import-run")(import_run_file)
app.command()(features)
app.command()(film_facts)
app.command()(label_issues)
app.command()(phantom)
app.command()(phantom_scores)
app.command(hidden=True)(prepare_examples)
console = Console()


@app.command()
def train(
    name: Annotated[str, typer.Argument(help="A run of the catalogue, or `lungs`.")],
) -> None:
    """Train a run and write its folder into models/."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    # Deferred: TensorFlow takes seconds to load and no other command needs it.
    from core.training.catalogue import find_run  # noqa: PLC0415
    from core.training.make_lungs import make_lungs  # noqa: PLC0415
    from core.training.make_run import make_run  # noqa: PLC0415

    settings = get_settings()
    try:
        if name == "lungs":
            folder = make_lungs(settings.data, settings.models, console.print)
        else:
            folder = make_run(find_run(name), settings.data, settings.models, console.print)
    except FirstReadError as exc:
        console.print(f"[bold]{exc}[/bold]")
        raise typer.Exit(1) from exc
    console.print(f"finished: {folder}")


@app.command()
def audit(
    names: Annotated[
        list[str], typer.Argument(help="Runs; several at once share the changed films.")
    ],
) -> None:
    """Change films and watch the score: into each run's folder go the audit and its picture."""
    # Deferred: it brings LiteRT and the films' decoders.
    from core.cli_audit import audit_named_runs  # noqa: PLC0415

    audit_named_runs(names)


if __name__ == "__main__":
    app()
