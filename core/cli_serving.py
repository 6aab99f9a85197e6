"""``python -m core serve-check``, ``abstain``, ``ensemble``: what may serve, and how it decides."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from core.errors import FirstReadError
from core.settings import get_settings

app = typer.Typer()

RunName = Annotated[str, typer.Argument(help="A run's folder in models/.")]


@contextmanager
def _sentence_and_exit_code() -> Iterator[None]:
    try:
        yield
    except FirstReadError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc


@app.command("serve-check")
def serve_check(run: RunName) -> None:
    """Print what the serving rule demands and what a run has; exit code 1 if something lacks."""
    from core.training.serve_check import check_run  # noqa: PLC0415 (pyarrow takes its time)

    with _sentence_and_exit_code():
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

    with _sentence_and_exit_code():
        abstention = add_abstention(
            get_settings().models / run, target or TARGET_ERROR, confidence or CONFIDENCE
        )
    _print_abstention(abstention)


@app.command()
def ensemble(
    name: Annotated[str, typer.Argument(help="Name of the new run.")],
    members: Annotated[list[str], typer.Argument(help="Two or more finished runs.")],
) -> None:
    """Make a run of several others from what they said of the films; nothing is trained."""
    from core.training.make_ensemble import make_ensemble  # noqa: PLC0415

    with _sentence_and_exit_code():
        folder = make_ensemble(get_settings().models, name, members)
    typer.echo(f"finished: {folder}")


def _print_abstention(abstention: Mapping[str, Any]) -> None:
    low, high = (abstention[side] for side in ("low", "high"))
    typer.echo(f"called normal below {low if low is None else f'{low:.3f}'}, ", nl=False)
    typer.echo(f"called pneumonia from {high if high is None else f'{high:.3f}'}")
    for part, measured in abstention["measured"].items():
        for name, rate in measured.items():
            if name != "n":
                typer.echo(f"{part}, {name.replace('_', ' ')}: {_said(rate)}")


def _said(rate: Mapping[str, float] | None) -> str:
    if rate is None:
        return "no film"
    value, low, high = (rate[key] for key in ("value", "low", "high"))
    return f"{value:.3f} ({low:.3f} to {high:.3f}, n = {rate['n']})"
