"""``python -m core study``: reader studies, from a file of ratings to the answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import show_errors
from core.errors import TeachingError
from core.language.words import msg

if TYPE_CHECKING:
    from core.reader_studies.imrmc import RatedStudy
    from core.stats.mrmc import Estimate

app = typer.Typer(help="Analyse reader studies (several readers, the same cases).")

File = Annotated[Path, typer.Argument(help="Ratings in iMRMC's format.", dir_okay=False)]


@app.command()
def analyse(file: File) -> None:
    """Compare the arms of a study: Obuchowski and Rockette's analysis with Hillis' freedom."""
    # Deferred: scipy takes its time, and no other command needs it.
    from core.stats.mrmc import analyse_readers  # noqa: PLC0415

    with show_errors():
        study = _read(file)
        found = analyse_readers(study.ratings, study.labels)
    ill = int(study.labels.sum())
    typer.echo(
        f"{len(study.arms)} arms, {len(study.readers)} readers, {len(study.cases)} cases: {ill} "
        f"with pneumonia, {len(study.cases) - ill} without. Readers and cases are samples."
    )
    for arm, estimate in zip(study.arms, found.arms, strict=True):
        typer.echo(f"ROC AUC, {arm}: {_interval(estimate)}")
    for (first, second), estimate in found.differences.items():
        typer.echo(
            f"{study.arms[first]} less {study.arms[second]}: {_interval(estimate)}, "
            f"p = {estimate.p_value:.4f}"
        )
    typer.echo(
        f"All arms alike: F({len(study.arms) - 1}, {found.freedom:.2f}) = {found.f_value:.2f}, "
        f"p = {found.p_value:.4f}"
    )


@app.command()
def size(
    file: File,
    difference: Annotated[float, typer.Option(help="Difference of ROC areas to be found.")] = 0.05,
    readers: Annotated[int, typer.Option(help="Readers of the study to come.", min=2)] = 6,
    power: Annotated[float, typer.Option(help="Chance to find it.", min=0.05, max=0.99)] = 0.8,
) -> None:
    """Plan a study from the ratings of a pilot: how many cases find a difference."""
    from core.stats.mrmc import analyse_readers, cases_for_power  # noqa: PLC0415

    with show_errors():
        study = _read(file)
        pilot = analyse_readers(study.ratings, study.labels)
        n = cases_for_power(difference, readers, pilot, len(study.cases), power)
    share = study.labels.mean()
    typer.echo(
        f"{n} cases, {share:.0%} of them with pneumonia as in the pilot: {readers} readers find a "
        f"difference of {difference:g} with a power of {power:g}, at a significance of 0.05."
    )


def _read(file: Path) -> RatedStudy:
    from core.reader_studies.imrmc import read_imrmc  # noqa: PLC0415

    try:
        return read_imrmc(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as exc:
        raise TeachingError(
            msg("{file} cannot be read as text. Name a file in iMRMC's format.", file=str(file))
        ) from exc


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.4f} ({estimate.low:.4f} to {estimate.high:.4f})"
