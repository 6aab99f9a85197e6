"""``python -m core model-card``: a run's model card, with both checklists."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import show_errors
from core.errors import ModelError
from core.runs.store import find_run_folder
from core.settings import get_settings


def facts(
    name: Annotated[str, typer.Argument(help="A run, trained here or imported.")],
    out: Annotated[
        Path | None,
        typer.Option(help="File to write, .md or .pdf; without it, Markdown is printed."),
    ] = None,
    prevalence: Annotated[
        int, typer.Option(min=0, max=100, help="Children with pneumonia among 100 of your ward.")
    ] = 10,
) -> None:
    """Write a run's model card: intended use, operating point, failures, population, checklists."""
    # Deferred: pyarrow and scipy take their time, and no other command needs them.
    from core.model_card.export import export_for, export_markdown  # noqa: PLC0415
    from core.model_card.facts import SPLIT_FILE, gather_facts  # noqa: PLC0415

    settings = get_settings()
    with show_errors():
        write = export_markdown if out is None else export_for(out)
        folder = find_run_folder(name, settings.run_folders)
        content = write(gather_facts(folder, settings.models / SPLIT_FILE), prevalence)
        if out is None:
            typer.echo(content.decode())
            return
        try:
            out.write_bytes(content)
        except OSError as exc:
            raise ModelError(
                f"{out} cannot be written ({exc.strerror}). Name a file in a folder that is there."
            ) from exc
    typer.echo(f"written: {out}")
