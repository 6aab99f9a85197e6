"""``python -m core score``: an archive of films, scored into Parquet files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from core.cli.console import print_text, show_errors
from core.domain.reader import OPERATOR
from core.errors import Cancelled, DatasetError
from core.language.words import msg, tr
from core.settings import get_settings

if TYPE_CHECKING:
    from core.jobs.scoring.archive import Steps
    from core.jobs.scoring.cluster import Scorer

LINE_EVERY_S = 30.0
"""Where no bar can be drawn, a line is written so often."""

STOPPED = 130
"""Exit code of a program that Ctrl-C ended."""


def score(
    source: Annotated[
        str, typer.Argument(help="A folder, a zip file, or an address such as s3://bucket/films.")
    ] = "",
    out: Annotated[
        Path, typer.Option(help="Folder of the scores; a job that stopped there goes on.")
    ] = Path("scores"),
    labels: Annotated[
        Path | None,
        typer.Option(help="CSV: film, patient, label. Makes a run of the scores.", dir_okay=False),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of that run; made of run and folder.")] = "",
    run: Annotated[str, typer.Option(help="A run in models/; that of the settings if empty.")] = "",
    explain: Annotated[
        bool, typer.Option("--explain", help="Add where each score comes from, by lung zone.")
    ] = False,
    scheduler: Annotated[
        str, typer.Option(help="Address of a Dask scheduler; workers of this machine if empty.")
    ] = "",
    workers: Annotated[
        int, typer.Option(help="Workers to start; one a processor if 0.", min=0, max=256)
    ] = 0,
    films_a_part: Annotated[
        int, typer.Option(help="Films of one file; chosen by their number if 0.", min=0)
    ] = 0,
) -> None:
    """Take every film of an archive through the gate and a run, and keep the scores.

    Without SOURCE it prints what stands in the folder. Ctrl-C stops it, and the same command goes
    on. A film that cannot be read is listed with its reason, and the others are read.
    """
    # Deferred: the films' decoders and Dask take a second to load.
    from core.jobs.processes import count_processors  # noqa: PLC0415
    from core.jobs.scoring.cluster import dask_scorer  # noqa: PLC0415

    with show_errors():
        if source:
            scorer = dask_scorer(scheduler, workers or count_processors())
            _score(source, out, run, scorer, films_a_part, explain=explain)
        _show(out)
        if labels is not None:
            _make_run(out, labels, name)
        elif source:
            print_text(
                tr(
                    "With labels the scores open as a run: `python -m core score --out {out} "
                    "--labels CSV`.",
                    out=str(out),
                )
            )


def _score(
    source: str, out: Path, run: str, scorer: Scorer, films_a_part: int, *, explain: bool
) -> None:
    # Deferred: LiteRT and the films' decoders take a second to load.
    from core.jobs.scoring.archive import score_archive  # noqa: PLC0415
    from core.jobs.scoring.cluster import stop_by_interrupt  # noqa: PLC0415

    settings = get_settings()
    with stop_by_interrupt() as stopping, _progress() as steps:
        try:
            score_archive(
                source,
                out,
                settings.models,
                run or settings.served_run,
                scorer,
                explained=explain,
                films_a_part=films_a_part,
                steps=steps,
                stopping=stopping,
            )
        except Cancelled as exc:
            said = tr("Stopped. What is finished is kept; the same command goes on.")
            print_text(said, err=True)
            raise typer.Exit(STOPPED) from exc


@contextmanager
def _progress() -> Iterator[Steps]:
    """Draw a bar with films a second and the time left, or write lines where no bar can be."""
    from core.jobs.scoring.archive import Steps  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(
        *columns, TextColumn("{task.fields[pace]}"), console=console, transient=True,
    )  # fmt: skip
    task = bar.add_task(tr("Listing films"), total=None, pace="")
    began = written = time.monotonic()

    def listed(number: int) -> None:
        bar.update(task, completed=number)

    def done(finished: int, films: int, own: int) -> None:
        nonlocal began, written
        now = time.monotonic()
        if not own:
            began = now
        pace = pace_text(own, films - finished, now - began)
        description = tr("Scoring films")
        bar.update(task, description=description, total=films, completed=finished, pace=pace)
        if not console.is_terminal and (now - written >= LINE_EVERY_S or finished == films):
            written = now
            print_text(f"{description}: {finished} / {films}. {pace}", err=True)

    with bar:
        yield Steps(listed, done)


def pace_text(own: int, left: int, seconds: float) -> str:
    """Return films a second and the time left, once some are scored.

    Parameters
    ----------
    own : int
        Films that were scored in that time.
    left : int
        Films that are still to come.
    """
    if not own or seconds <= 0:
        return ""
    rate = own / seconds
    minutes, of_minute = divmod(round(left / rate), 60)
    hours, minutes = divmod(minutes, 60)
    return tr(
        "{rate:.1f} films a second, {hours}:{minutes:02}:{seconds:02} left",
        rate=rate,
        hours=hours,
        minutes=minutes,
        seconds=of_minute,
    )


def _show(out: Path) -> None:
    from core.jobs.scoring.summary import summarise, summary_lines  # noqa: PLC0415

    print_text("\n".join(summary_lines(summarise(out))))


def _make_run(out: Path, labels: Path, name: str) -> None:
    from core.jobs.scoring.labelled import make_run  # noqa: PLC0415

    settings = get_settings()
    made = make_run(out, _content(labels), name, settings.models, settings.foreign_runs, OPERATOR)
    print_text("\n".join(made.lines()))


def _content(labels: Path) -> bytes:
    try:
        return labels.read_bytes()
    except OSError as exc:
        raise DatasetError(
            msg("{file} cannot be read. Name the CSV file of labels.", file=str(labels))
        ) from exc
