"""``python -m core audit``: which features besides the lungs a run relies on."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.cli.console import progress_bar, show_errors
from core.domain.rate import interval_text
from core.runs.store import redrawn_with
from core.settings import get_settings
from core.shortcuts.record import PartAudit
from core.training.shortcut_audit import load_audit_films, make_audits, open_run

TABLE_WIDTH = 190
"""Characters of a line, so that a row stays on it; a narrower terminal wraps by itself."""


def audit(
    names: Annotated[
        list[str], typer.Argument(help="Runs; several at once use the same changed films.")
    ],
) -> None:
    """Measure shortcut features: change films on purpose and compare the scores.

    The numbers (audit.json) and a chart (audit.svg) go into each run's folder.
    """
    settings = get_settings()
    threads = settings.inference_threads
    with show_errors():
        by_split: dict[int | None, list[str]] = {}
        for name in names:
            open_run(settings.models, name, threads)  # a wrong name is told before the films load
            by_split.setdefault(redrawn_with(settings.models / name), []).append(name)
        for seed, alike in by_split.items():
            with progress_bar("Decoding films") as progress:
                parts = load_audit_films(
                    settings.data, settings.models / "split.json", progress, redrawn_with=seed
                )
            with progress_bar("Reading changed films") as progress:
                audits = make_audits(alike, parts, settings.models, threads, progress)
            for made in audits.values():
                console = Console(width=max(TABLE_WIDTH, Console().width), soft_wrap=True)
                for part in made.parts.values():
                    console.print(_table(made.run_id, part))
                    _print_cues(console, part)


def _table(run_id: str, part: PartAudit) -> Table:
    title = f"{run_id}, {part.split}: {part.n} films, {part.n_positive} with pneumonia"
    table = Table(title=title)
    table.add_column("Change", no_wrap=True)
    numbers = (
        "n, altered, ROC AUC, difference, sensitivity, specificity, |dp| median, |dp| 95th pct"
    )
    for head in f"{numbers}, decisions changed".split(", "):
        table.add_column(head, justify="right", no_wrap=True)
    for row in part.changes:
        table.add_row(
            row.words,
            str(row.n),
            str(row.films_changed),
            interval_text(row.roc_auc),
            f"{row.auc_difference.value:+.3f}",
            interval_text(row.sensitivity),
            interval_text(row.specificity),
            f"{row.shift_median:.3f}",
            f"{row.shift_95th_percentile:.3f}",
            str(row.decisions_changed),
        )
    return table


def _print_cues(console: Console, part: PartAudit) -> None:
    for cue in part.size_cues:
        console.print(
            f"{cue.measure.capitalize()}: alone ROC AUC {interval_text(cue.roc_auc)}; rank "
            f"correlation with the score {interval_text(cue.within_normal)} within normals, "
            f"{interval_text(cue.within_pneumonia)} within pneumonias.",
            highlight=False,
        )
    if part.without_lung_mask:
        console.print(
            f"{part.without_lung_mask} films have no reliable lung mask. They are left out where a "
            "change needs one.",
            highlight=False,
        )
