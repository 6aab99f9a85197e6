"""``python -m core import-run``: another model's predictions become a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import print_text, show_errors
from core.domain.reader import OPERATOR
from core.errors import ForeignRunRefused
from core.settings import get_settings

if TYPE_CHECKING:
    from core.imported_runs.importing import ImportedRun

MAX_READ = 64 * 1024 * 1024
"""More is never read, whatever the file; what may be imported is bounded by its reader."""


def import_run_file(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: film id and probability.")],
    name: Annotated[str, typer.Option(help="Name of the new run.")],
    split: Annotated[
        str, typer.Option(help="Take only the films of this part: validation, test or nih.")
    ] = "",
    threshold: Annotated[
        float | None,
        typer.Option(help="Operating point; without it, chosen on validation films, else 0.5."),
    ] = None,
    sensitivity: Annotated[
        float, typer.Option(help="Sensitivity that a threshold chosen on validation must reach.")
    ] = 0.97,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Accept a part of which films are missing.")
    ] = False,
    film_column: Annotated[str, typer.Option(help="Name of the column with the films.")] = "",
    probability_column: Annotated[
        str, typer.Option(help="Name of the column with the probabilities.")
    ] = "",
) -> None:
    """Make a run from another model's predictions, to be compared and browsed, never served.

    A file with bad rows is refused with a sentence for each.
    """
    # Deferred: pyarrow takes its time.
    from core.imported_runs.importing import ForeignRequest, import_run  # noqa: PLC0415

    settings = get_settings()
    with show_errors():
        request = ForeignRequest(
            name=name,
            file_name=file.name if settings.keep_file_names else "",
            split=split,
            threshold=threshold,
            sensitivity=sensitivity,
            incomplete=incomplete,
            film_column=film_column,
            probability_column=probability_column,
        )
        imported = import_run(
            _read(file), request, settings.models, settings.foreign_runs, OPERATOR
        )
    print_text(_import_text(imported))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as content:
            return content.read(MAX_READ)
    except OSError as exc:
        raise ForeignRunRefused(f"{file} cannot be read ({exc.strerror}).") from exc


def _import_text(imported: ImportedRun) -> str:
    name, point = imported.folder.name, imported.operating_point
    sentences = [
        f"Run {name} is in {imported.folder}: films {imported.films_text}.",
        f"Operating point {point.threshold:.3f} ({point.chosen_on}).",
        *imported.list_oddities(),
    ]
    return "\n".join([*sentences, f"`python -m core compare {name} RUN` compares it with a run."])
