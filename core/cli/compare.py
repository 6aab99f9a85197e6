"""``python -m core compare``: runs against each other, in tables and in words."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.console import show_errors
from core.domain.model import RunRecord
from core.runs.store import find_run_folder, load_run, name_run, read_record
from core.settings import get_settings


def compare(
    names: Annotated[list[str], typer.Argument(help="Two or more runs, trained or imported.")],
    part: Annotated[
        str, typer.Option(help="Part of the data; test is the official test split.")
    ] = "test",
    at_sensitivity: Annotated[
        float | None,
        typer.Option(
            help="Choose each threshold on validation for this sensitivity, such as 0.97."
        ),
    ] = None,
    every_metric: Annotated[
        bool, typer.Option("--all", help="Add the difference of every metric.")
    ] = False,
    prevalence: Annotated[
        float | None,
        typer.Option(help="Share of children with pneumonia in your ward, such as 0.1."),
    ] = None,
    children: Annotated[
        int, typer.Option(help="Number of children that the prevalence is applied to.")
    ] = 1000,
) -> None:
    """Test runs against each other on the films that all of them scored.

    Missed films and false alarms are compared by McNemar's test, ROC areas by DeLong's. p values
    are Holm-corrected over all pairs.
    """
    # Deferred: pyarrow and scipy take their time, and no other command needs them.
    from core.comparison.case_matrix import find_steps  # noqa: PLC0415
    from core.comparison.paired_tests import compare_pairs  # noqa: PLC0415
    from core.comparison.scored_films import (  # noqa: PLC0415
        OWN_THRESHOLDS,
        align_runs,
        thresholds_at_sensitivity,
    )
    from core.comparison.tables import (  # noqa: PLC0415
        tabulate_differences,
        tabulate_pairs,
        tabulate_scored,
    )
    from core.comparison.text import (  # noqa: PLC0415
        NOTE,
        films_text,
        pair_texts,
        step_text,
        thresholds_text,
        ward_texts,
    )
    from core.runs.predictions import read_predictions  # noqa: PLC0415

    with show_errors():
        folders = get_settings().run_folders
        runs = [load_run(find_run_folder(name, folders)) for name in dict.fromkeys(names)]
        predictions = {run.run_id: read_predictions(run) for run in runs}
        thresholds = {run.run_id: run.operating_point.threshold for run in runs}
        chosen_at = OWN_THRESHOLDS
        if at_sensitivity is not None:
            thresholds = thresholds_at_sensitivity(predictions, at_sensitivity)
            chosen_at = thresholds_text(at_sensitivity)
        scored = align_runs(predictions, thresholds, part, chosen_at)
        pairs = compare_pairs(scored)
        blocks = [tabulate_scored(scored), tabulate_pairs(pairs)]
        if every_metric:
            blocks.append(tabulate_differences(pairs))
        blocks += ["\n".join(pair_texts(pair)) for pair in pairs]
        parents = {run.run_id: str(read_record(run.folder).get("parent", "")) for run in runs}
        blocks.append("\n".join(map(step_text, find_steps(scored, parents))))
        if prevalence is not None:
            blocks.append("\n".join(ward_texts(scored, children, prevalence)))
        blocks.append(NOTE)
        blocks = [films_text(scored), _exhibits_text(runs), _foreign_text(runs), *blocks]
        text = "\n\n".join(filter(None, blocks))
    typer.echo(text)


def _exhibits_text(runs: list[RunRecord]) -> str:
    exhibits = [name for run in runs if (name := name_run(run)) != run.run_id]
    return f"Wrong on purpose, never served: {', '.join(exhibits)}." if exhibits else ""


def _foreign_text(runs: list[RunRecord]) -> str:
    foreign = [run.run_id for run in runs if run.foreign]
    if not foreign:
        return ""
    return (
        f"Imported: {', '.join(foreign)}. The training data of such a model are not known here: "
        "it may have seen some of these films."
    )
