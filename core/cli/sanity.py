"""``python -m core sanity``: whether a run's maps depend on what it has learned."""

from __future__ import annotations

import logging
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.cli.console import print_text, progress_bar, show_errors
from core.domain.rate import interval_text
from core.errors import ModelMissing
from core.explain.weight_randomisation import sanity_text
from core.jobs.activations import why_no_layers
from core.runs.store import find_run_folder, load_run
from core.settings import get_settings


def sanity(
    name: Annotated[str, typer.Argument(help="A run in models/ with Keras weights.")],
) -> None:
    """Give the network random weights, from the logit down, and compare its maps.

    The numbers (sanity.json) go into the run's folder. Each map is compared with the trained run's
    by rank correlation.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    # Deferred: TensorFlow takes seconds to load and few commands need it.
    from core.training.weight_randomisation import make_check  # noqa: PLC0415

    settings = get_settings()
    with show_errors():
        run = load_run(find_run_folder(name, settings.run_folders))
        lacking = why_no_layers(run)
        if lacking:
            raise ModelMissing(lacking)
        with progress_bar("Randomising weights") as progress:
            check = make_check(run, settings.data, settings.models, progress)
    table = Table(title=f"{name}: {check.films}; {check.draws} draws of random weights")
    table.add_column("Random weights", no_wrap=True)
    for head in ("rank correlation", "of absolute values"):
        table.add_column(head, justify="right", no_wrap=True)
    for stage in check.stages:
        numbers = (interval_text(rate, 2) for rate in (stage.signed, stage.absolute))
        table.add_row(stage.layers, *numbers)
    Console().print(table)
    print_text(sanity_text(check))
