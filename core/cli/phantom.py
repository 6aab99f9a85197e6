"""``python -m core phantom`` and ``phantom-scores``: generate synthetic films and read them."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import print_text, progress_bar, show_errors
from core.errors import DatasetError, FirstReadError
from core.files import write_whole
from core.phantom.builtin import BUILT_IN_FILMS, BUILT_IN_SEED
from core.settings import get_settings

PART = "synthetic films"
BEHIND_OTHER_WORK = 10


def phantom(
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to fill; if not given, the built-in set of 60 films is made."),
    ] = None,
    n: Annotated[int, typer.Option(help="Number of films, with --out.")] = BUILT_IN_FILMS,
    seed: Annotated[
        int, typer.Option(help="Another seed gives other films, with --out.")
    ] = BUILT_IN_SEED,
) -> None:
    """Make a set of synthetic films, with masks of lesions and lungs."""
    # Deferred, as below: what draws and reads takes a second to load.
    from core.phantom.dataset import open_built_in_set, write_set  # noqa: PLC0415

    with show_errors(), progress_bar("Generating films") as progress:
        if out is None and (n, seed) != (BUILT_IN_FILMS, BUILT_IN_SEED):
            raise DatasetError("Name a folder with --out: the built-in set is always the same.")
        if out is None:
            drawn = open_built_in_set(get_settings().cache, progress=progress)
        else:
            drawn = write_set(out, n, seed, progress=progress)
    print_text(f"{len(drawn.films)} synthetic films are in {drawn.folder}.")


def phantom_scores() -> None:
    """Read the built-in synthetic films with every run and print its metrics."""
    from core.evaluation.metrics import evaluate_predictions  # noqa: PLC0415
    from core.evaluation.tables import tabulate_parts  # noqa: PLC0415
    from core.jobs.synthetic_scores import PhantomScores  # noqa: PLC0415
    from core.phantom.dataset import open_built_in_set  # noqa: PLC0415
    from core.pipeline import open_gate  # noqa: PLC0415
    from core.runs.listing import list_runs  # noqa: PLC0415

    settings, measured = get_settings(), []
    with show_errors():
        with progress_bar("Generating films") as progress:
            drawn = open_built_in_set(settings.cache, progress=progress)
        gate = open_gate(settings.models, settings.inference_threads)
        scores = PhantomScores(drawn, gate, settings.cache, settings.inference_threads)
        runs = list_runs(settings.models)
        if not runs:
            raise DatasetError(f"There is no run in {settings.models}.")
        with progress_bar("Quality gate") as progress:
            answers = scores.of_gate(runs[0].input_px, progress=progress)
        for run in runs:
            with progress_bar(f"Reading with {run.run_id}") as progress:
                predictions = scores.of(run, progress=progress)
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


def prepare_examples() -> None:
    """Draw the built-in synthetic films and read them, first with the served run."""
    from core.evaluation.metrics import confusion_at  # noqa: PLC0415
    from core.jobs.examples import (  # noqa: PLC0415
        ExamplesSummary,
        done_path,
        keep_summary,
        summary_path,
    )
    from core.jobs.synthetic_scores import PhantomScores  # noqa: PLC0415
    from core.phantom.dataset import open_built_in_set  # noqa: PLC0415
    from core.pipeline import open_engine  # noqa: PLC0415
    from core.runs.listing import list_runs  # noqa: PLC0415

    if hasattr(os, "nice"):
        os.nice(BEHIND_OTHER_WORK)
    settings, parent = get_settings(), os.getppid()

    def left_alone() -> bool:  # by the app, which has ended
        return os.getppid() != parent

    with show_errors():
        phantoms = open_built_in_set(settings.cache, cancelled=left_alone)
        engine = open_engine(settings.models, settings.served_run, settings.inference_threads)
        run = engine.classifier.run_record
        scores = PhantomScores(phantoms, engine.gate, settings.cache, settings.inference_threads)
        predictions, answers = scores.of(run), scores.of_gate(run.input_px)
        matrix = confusion_at(
            predictions.probability, predictions.films.label, run.operating_point.threshold
        )
        summary = ExamplesSummary(
            let_through=sum(not answer.refused for answer in answers),
            n=matrix.n,
            ill=matrix.true_positive + matrix.false_negative,
            found=matrix.true_positive,
            cleared=matrix.true_negative,
        )
        kept = summary_path(settings.cache, run, engine.gate.sha256)
        keep_summary(kept, summary)
        for other in list_runs(settings.models):
            if left_alone():
                return
            with suppress(FirstReadError):  # a damaged run says so where it is chosen
                scores.of(other)
        write_whole(done_path(kept), b"")
