"""``python -m core serve-check``, ``abstain``, ``ensemble``: what may serve, and how it decides."""

from typing import Annotated

import typer

from core.cli_data import spoken_errors
from core.run_store import load_run
from core.run_table import tabulate_sides
from core.settings import get_settings

app = typer.Typer()

RunName = Annotated[str, typer.Argument(help="A run's folder in models/.")]


@app.command("serve-check")
def serve_check(run: RunName) -> None:
    """Print what the serving rule demands and what a run has; exit code 1 if something lacks."""
    from core.training.serve_check import check_run  # noqa: PLC0415 (pyarrow takes its time)

    with spoken_errors():
        demands = check_run(get_settings().models / run)
    for one in demands:
        typer.echo(f"{'has  ' if one.met else 'LACKS'}  {one.name}: {one.found}")
        if not one.met:
            typer.echo(f"       {one.remedy}")
    servable = all(one.met for one in demands)
    typer.echo(f"Run {run} {'may' if servable else 'may not'} read films.")
    raise typer.Exit(0 if servable else 1)


@app.command()
def abstain(
    run: RunName,
    target: Annotated[
        float | None,
        typer.Option(min=0.001, max=0.5, help="Largest share of wrong films on a side."),
    ] = None,
    confidence: Annotated[
        float | None, typer.Option(min=0.5, max=0.999, help="That both sides keep it.")
    ] = None,
) -> None:
    """Choose the band in which a run says "unsure", on its validation films, and keep it."""
    from core.training.abstain import CONFIDENCE, TARGET_ERROR  # noqa: PLC0415
    from core.training.serve_check import add_abstention  # noqa: PLC0415

    folder = get_settings().models / run
    with spoken_errors():
        stated = add_abstention(folder, target or TARGET_ERROR, confidence or CONFIDENCE)
        amended = load_run(folder)
    typer.echo(f"called normal below {_said(stated['low'])}, ", nl=False)
    typer.echo(f"called pneumonia from {_said(stated['high'])}")
    typer.echo(tabulate_sides(amended))


@app.command()
def ensemble(
    name: Annotated[str, typer.Argument(help="Name of the new run.")],
    members: Annotated[list[str], typer.Argument(help="Two or more finished runs.")],
) -> None:
    """Make a run of several others from what they said of the films; nothing is trained."""
    from core.training.make_ensemble import make_ensemble  # noqa: PLC0415

    with spoken_errors():
        folder = make_ensemble(get_settings().models, name, members)
    typer.echo(f"finished: {folder}")


def _said(limit: float | None) -> str:
    return "no probability" if limit is None else f"{limit:.3f}"
