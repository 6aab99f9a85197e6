"""Commands on finished runs: list, evaluate, score, archive, combine, and check for serving."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import print_text, show_errors
from core.domain.model import RunRecord
from core.error_analysis.generalisation_gap import causes_of, tabulate_causes
from core.errors import ModelMissing
from core.evaluation.evaluate import measure_run
from core.evaluation.reproduction import compare_run, replace_predictions
from core.evaluation.tables import (
    tabulate_archive,
    tabulate_metrics,
    tabulate_runs,
    tabulate_sides,
    tabulate_slices,
    tabulate_tried,
)
from core.runs.archive import ARCHIVE_FILE, archive_run, read_archive
from core.runs.listing import list_readable_runs, list_runs
from core.runs.predictions import (
    LEARNED_FILE,
    Predictions,
    join_predictions,
    learned_as_parquet,
    read_predictions,
)
from core.runs.store import (
    EXPORT_FILE,
    add_files,
    find_run_folder,
    load_run,
    read_verified,
    redrawn_with,
)
from core.settings import get_settings

if TYPE_CHECKING:
    from core.training.scoring import FilmsToScore

Name = Annotated[str, typer.Argument(help="A run in models/.")]
RunName = Annotated[str, typer.Argument(help="A run's folder in models/.")]


def runs(
    every_part: Annotated[
        bool, typer.Option("--all", help="Add the other parts of the data to validation and test.")
    ] = False,
    causes: Annotated[
        str, typer.Option("--causes", help="A run; print the causes of its loss on the test.")
    ] = "",
    tried: Annotated[
        bool,
        typer.Option("--tried", help="Print what each run changes and its metrics on the test."),
    ] = False,
) -> None:
    """Print every run's metrics, with 95 % intervals, as a Markdown table."""
    with show_errors():
        if causes:
            typer.echo(tabulate_causes(causes_of(_find_run(causes))))
            return
        if tried:
            trained, sentences = list_readable_runs(get_settings().models)
            typer.echo(tabulate_tried(trained))
            typer.echo(f"\n{tabulate_archive(read_archive(get_settings().models))}")
            for sentence in sentences:
                _report(sentence)
            return
        typer.echo(tabulate_runs(list_runs(*get_settings().run_folders), every_part=every_part))


def evaluate(
    name: Name,
    write: Annotated[
        bool, typer.Option("--write", help="Store the metrics instead of comparing them.")
    ] = False,
) -> None:
    """Recompute a run's metrics from its weights and the films.

    Metrics that differ from the stored ones end the command with exit code 1.
    """
    # Deferred, as below: scoring shares its code with training, which the table of runs does not
    # need.
    from core.training.scoring import open_films_to_score  # noqa: PLC0415

    with show_errors():
        run = _load_own_network(name)
        stored = None if write else read_predictions(run)
        predictions, films = _score(run, open_films_to_score)
        point = run.operating_point
        measured = measure_run(predictions, point.threshold, films.cut_points, point.chosen_on)
        typer.echo(f"{tabulate_metrics(measured['metrics'])}\n")
        typer.echo(f"{tabulate_slices(measured['slices'])}\n")
        if stored is None:
            replace_predictions(run.folder, predictions, measured)
            typer.echo(f"Predictions and metrics are stored in {run.folder}.")
            return
        agreement = compare_run(run, stored, predictions, measured)
    print_text(agreement.sentence)
    if not agreement.holds:
        raise typer.Exit(1)


def archive_run_folder(name: Name) -> None:
    """Archive a run: remove its folder and keep its metrics in models/archived.json.

    The run that serves is refused.
    """
    settings = get_settings()
    with show_errors():
        if name == settings.served_run:
            raise ModelMissing(f"run {name} is the served run: serve another run first.")
        archive_run(settings.models, name)
    typer.echo(f"Run {name} is archived in {settings.models / ARCHIVE_FILE}.")


def score_training(name: Name) -> None:
    """Score a run's training films, for the page Errors only.

    They go into predictions_training.parquet in the run's folder. No metric uses them: a run has
    seen these films and their labels.
    """
    from core.training.scoring import open_learned_films  # noqa: PLC0415

    with show_errors():
        run = _load_own_network(name)
        measured = read_predictions(run)
        learned, _ = _score(run, open_learned_films)
        join_predictions(measured, learned)  # refuses films that the run is measured on
        table = learned_as_parquet(learned, run)
        add_files(run.folder, {LEARNED_FILE: table})
    typer.echo(
        f"{len(learned)} training films of run {name} are scored: {len(table):,} bytes in "
        f"{run.folder / LEARNED_FILE}. Its metrics are unchanged."
    )


def serve_check(run: RunName) -> None:
    """Print what the serving rule demands of a run and what it has; exit code 1 if it fails."""
    from core.serving.verification import check_run  # noqa: PLC0415 (pyarrow takes its time)

    with show_errors():
        demands = check_run(get_settings().models / run)
    for one in demands:
        typer.echo(f"{'has  ' if one.met else 'LACKS'}  {one.name}: {one.found}")
        if not one.met:
            typer.echo(f"       {one.remedy}")
    servable = all(one.met for one in demands)
    typer.echo(f"Run {run} {'may' if servable else 'may not'} read films.")
    raise typer.Exit(0 if servable else 1)


def abstain(
    run: RunName,
    target: Annotated[
        float | None,
        typer.Option(
            min=0.001, max=0.5, help="Largest share of wrong films among those called one way."
        ),
    ] = None,
    confidence: Annotated[
        float | None, typer.Option(min=0.5, max=0.999, help="Confidence that both sides keep it.")
    ] = None,
) -> None:
    """Choose the probabilities that a run calls unsure, on its validation films, and store them."""
    from core.evaluation.abstention import CONFIDENCE, TARGET_ERROR  # noqa: PLC0415
    from core.serving.verification import add_abstention  # noqa: PLC0415

    folder = get_settings().models / run
    with show_errors():
        stated = add_abstention(folder, target or TARGET_ERROR, confidence or CONFIDENCE)
        amended = load_run(folder)
    typer.echo(f"called normal below {_text(stated['low'])}, ", nl=False)
    typer.echo(f"called pneumonia from {_text(stated['high'])}")
    typer.echo(tabulate_sides(amended))


def ensemble(
    name: Annotated[str, typer.Argument(help="Name of the new run.")],
    members: Annotated[list[str], typer.Argument(help="Two or more finished runs.")],
) -> None:
    """Combine several runs into one from their stored predictions; nothing is trained."""
    from core.training.ensemble import make_ensemble  # noqa: PLC0415

    with show_errors():
        folder = make_ensemble(get_settings().models, name, members)
    typer.echo(f"finished: {folder}")


def _find_run(name: str) -> RunRecord:
    return load_run(find_run_folder(name, get_settings().run_folders))


def _load_own_network(name: str) -> RunRecord:
    """Return a run whose network films can be scored with."""
    run = _find_run(name)
    if run.foreign:
        raise ModelMissing(
            f"run {name} is another model's predictions: there is no network to score films "
            f"with. `python -m core runs` prints what its file measures."
        )
    if run.members:
        raise ModelMissing(
            f"run {name} has no weights of its own: evaluate its members, "
            f"{', '.join(run.members)}, then build it again with `python -m core ensemble`."
        )
    return run


def _score(
    run: RunRecord, open_films: Callable[..., FilmsToScore]
) -> tuple[Predictions, FilmsToScore]:
    """Return what a run's export says of films, and these as the run sees them."""
    from core.training.scoring import films_as_seen, score_run  # noqa: PLC0415

    content, settings = read_verified(run.folder, EXPORT_FILE, run.files), get_settings()
    seed = redrawn_with(run.folder)
    films = open_films(settings.data, settings.models, _report, redrawn_with=seed)
    films = films_as_seen(films, run.cropped_to_lungs, settings.models)
    _report(f"scoring {len(films.table)} films")
    return score_run(content, run.input_px, run.calibration, films), films


def _report(line: str) -> None:
    print_text(line, err=True)


def _text(limit: float | None) -> str:
    return "no probability" if limit is None else f"{limit:.3f}"
