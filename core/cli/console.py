"""What every command does in the terminal: errors as sentences, progress as a bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.datasets import index as dataset_index
from core.domain.film import printable
from core.errors import FirstReadError


@contextmanager
def show_errors() -> Iterator[None]:
    """Say an error of First Read as its sentence, and end the command with code 1."""
    try:
        yield
    except FirstReadError as exc:
        print_text(str(exc), err=True)
        raise typer.Exit(1) from exc


def print_text(words: str, *, err: bool = False) -> None:
    """Print words as they are: a file's name in them is no markup, and steers no terminal."""
    shown = "\n".join(map(printable, words.split("\n")))
    Console(stderr=err, soft_wrap=True).print(shown, markup=False, highlight=False, emoji=False)


@contextmanager
def progress_bar(what: str) -> Iterator[dataset_index.Progress]:
    """Draw a bar on the error stream; what is yielded is called with (done, of)."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(what, total=None)

    def advance(done: int, total: int) -> None:
        bar.start()  # not before: kagglehub draws its own bar while it downloads
        bar.update(task, completed=done, total=total)

    try:
        yield advance
    finally:
        bar.stop()
