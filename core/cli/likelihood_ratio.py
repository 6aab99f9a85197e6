"""``python -m core likelihood-ratio``: the interval of the likelihood ratio of a run's scores."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.console import show_errors
from core.runs.store import add_files, find_run_folder, load_run
from core.settings import get_settings


def likelihood_ratio(
    names: Annotated[list[str], typer.Argument(help="Runs in models/.")],
) -> None:
    """Measure the interval of the likelihood ratio of a run's scores, on its validation patients.

    It goes into likelihood_ratio.json in the run's folder. The table holds the ratios beside those
    that counting films gives.
    """
    # Deferred: scipy and pyarrow take a second to load.
    from core.evaluation.film_number import tabulate_ratios  # noqa: PLC0415
    from core.evaluation.likelihood_ratio import RATIOS_FILE, measure_ratios  # noqa: PLC0415
    from core.runs.predictions import read_predictions  # noqa: PLC0415

    for name in names:
        with show_errors():
            folder = find_run_folder(name, get_settings().run_folders)
            run = load_run(folder)
            measured = measure_ratios(run, read_predictions(run))
            add_files(folder, {RATIOS_FILE: measured.to_json()})
        typer.echo(
            f"Run {name}: {measured.films}, {measured.n} films ({measured.n_positive} with "
            f"pneumonia) of {measured.n_patients} patients, {measured.draws} draws.\n"
            f"{tabulate_ratios(measured)}"
        )
