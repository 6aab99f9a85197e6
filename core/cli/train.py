"""``python -m core train``: train a run of the catalogue."""

from __future__ import annotations

import logging
from typing import Annotated

import typer
from rich.console import Console

from core.cli.console import show_errors
from core.settings import get_settings


def train(
    name: Annotated[
        str,
        typer.Argument(
            help="A run of the catalogue, a network of the gate (`lungs`, `view`), or `healthy`."
        ),
    ],
) -> None:
    """Train a run and write its folder into models/."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    # Deferred: TensorFlow takes seconds to load and no other command needs it.
    from core.training.catalogue.runs import find_run  # noqa: PLC0415
    from core.training.train_healthy import make_healthy  # noqa: PLC0415
    from core.training.train_lungs import make_lungs  # noqa: PLC0415
    from core.training.train_run import make_run  # noqa: PLC0415
    from core.training.train_view import make_view  # noqa: PLC0415

    settings, report = get_settings(), Console().print
    with show_errors():
        if name == "lungs":
            folder = make_lungs(settings.data, settings.models, report)
        elif name == "view":
            folder = make_view(settings.data, settings.cache, settings.models, report)
        elif name == "healthy":
            folder = make_healthy(settings.data, settings.models, report)
        else:
            folder = make_run(find_run(name), settings.data, settings.models, report)
    report(f"finished: {folder}")
