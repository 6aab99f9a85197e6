"""``python -m core phantom`` and ``phantom-scores``: generate synthetic films and read them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from typing import Annotated

import typer

from core.cli.console import print_text, progress_bar, show_errors
from core.errors import DatasetError, ModelError
from core.phantom.builtin import BUILT_IN_FILMS, BUILT_IN_SEED
from core.settings import get_settings

PART = "synthetic films"


def phantom(
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder to fill; if not given, what is missing or damaged of the built-in set."
        ),
    ] = None,
    n: Annotated[int, typer.Option(help="Number of films, with --out.")] = BUILT_IN_FILMS,
    seed: Annotated[
        int, typer.Option(help="Another seed gives other films, with --out.")
    ] = BUILT_IN_SEED,
) -> None:
    """Make a set of synthetic films, with masks of lesions and lungs."""
    # Deferred, as below: what draws and reads takes a second to load.
    from core.phantom.dataset import write_built_in_set, write_set  # noqa: PLC0415

    with show_errors(), progress_bar("Generating films") as progress:
        if out is None and (n, seed) != (BUILT_IN_FILMS, BUILT_IN_SEED):
            raise DatasetError("Name a folder with --out: the built-in set is always the same.")
        if out is None:
            drawn = write_built_in_set(progress=progress)
        else:
            drawn = write_set(out, n, seed, progress=progress)
    print_text(f"{len(drawn.films)} synthetic films are in {drawn.folder}.")


def phantom_scores(
    ship: Annotated[
        bool, typer.Option(help="Write the readings beside the films, where they ship.")
    ] = False,
) -> None:
    """Read the built-in synthetic films with every run and print its metrics.

    A run that cannot read them is named with the reason, and the others go on.
    """
    from core.evaluation.metrics import evaluate_predictions  # noqa: PLC0415
    from core.evaluation.tables import tabulate_parts  # noqa: PLC0415
    from core.inference.gate_files import open_gate  # noqa: PLC0415
    from core.jobs.examples import reading_folders  # noqa: PLC0415
    from core.jobs.synthetic_scores import PhantomScores  # noqa: PLC0415
    from core.phantom.dataset import open_built_in_set  # noqa: PLC0415
    from core.runs.listing import list_runs  # noqa: PLC0415

    settings, measured, failed = get_settings(), [], False
    with show_errors():
        drawn = open_built_in_set()
        gate = open_gate(settings.models, settings.inference_threads)
        shipped, cached = reading_folders(settings.cache)
        if ship:
            rmtree(shipped, ignore_errors=True)
        folders = (shipped,) if ship else (shipped, cached)
        scores = PhantomScores(drawn, gate, folders, settings.inference_threads)
        runs = list_runs(settings.models)
        if not runs:
            raise DatasetError(f"There is no run in {settings.models}.")
        served = next((run for run in runs if run.run_id == settings.served_run), runs[0])
        with progress_bar("Quality gate") as progress:
            answers = scores.of_gate(served.input_px, progress=progress)
        for run in runs:
            try:
                with progress_bar(f"Reading with {run.run_id}") as progress:
                    predictions = scores.of(run, progress=progress)
            except ModelError as exc:
                failed = True
                print_text(f"Run {run.run_id} cannot read the synthetic films. {exc}", err=True)
                continue
            evaluation = evaluate_predictions(
                predictions.probability,
                predictions.films.label,
                run.operating_point.threshold,
                PART,
            )
            measured.append((run.run_id, asdict(evaluation)))
    passed = sum(not answer.refused for answer in answers)
    typer.echo(f"The quality gate accepts {passed} of {len(answers)} films.\n")
    typer.echo(tabulate_parts(measured))
    if failed:
        raise typer.Exit(1)
