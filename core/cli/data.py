"""``python -m core data``: check, fetch and split the public film set."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.cli.console import print_text, progress_bar, show_errors
from core.datasets import index as dataset_index
from core.datasets.check import HASH_LIST, CheckReport, check_dataset
from core.datasets.duplicates import find_duplicates
from core.datasets.fetch import FOLDER, download_from_kaggle, fetch_dataset, find_public_set
from core.datasets.split import count_parts, split_dataset, write_split
from core.domain.film import printable
from core.settings import get_settings

app = typer.Typer(
    name="data", help="The public film set: fetch, check and split it.", no_args_is_help=True
)

Source = Annotated[
    Path | None,
    typer.Option(help="Folder or zip with the films; FIRSTREAD_DATA if not given."),
]


@app.command()
def check(source: Source = None) -> None:
    """Report counts, duplicates, and patients in more than one split.

    A damaged film ends the command with a sentence.
    """
    with show_errors(), progress_bar("Decoding films") as progress:
        report = check_dataset(source or _usual_source(), progress=progress)
    _print_report(report)


@app.command()
def fetch(
    out: Annotated[
        Path | None, typer.Option(help="Folder to fill; chest_xray in FIRSTREAD_DATA if not given.")
    ] = None,
) -> None:
    """Download the public set from Kaggle and check counts and hashes.

    A download that was cut off is continued.
    """
    target = out or get_settings().data / FOLDER
    with show_errors(), progress_bar("Copying films") as progress:
        fetched = fetch_dataset(target, download=download_from_kaggle, progress=progress)
    films = len(fetched.index.films)
    if fetched.download is None:
        print_text(f"The set in {target} is complete already: {films} films, all hashes as listed.")
        return
    print_text(
        f"The set in {target} is complete: {films} films, {fetched.copied} of them new. The counts "
        f"match the published set. So does the sha256 of the {fetched.held_to_hashes} films whose "
        f"hash is published; all other hashes are now listed in {HASH_LIST}. "
        f"The download in {fetched.download} is no longer needed. The app reads these films; to "
        "train on them, split them with `python -m core data split`."
    )


@app.command()
def split(
    out: Annotated[Path, typer.Option(help="JSON file to write.")] = Path("models/split.json"),
    source: Source = None,
    validation_fraction: Annotated[float, typer.Option(help="Share of the training pool.")] = 0.15,
    seed: Annotated[int, typer.Option(help="Another seed draws other patients.")] = 20,
) -> None:
    """Draw validation patients from the training films and write the split."""
    with show_errors():
        with progress_bar("Decoding films") as progress:
            index = dataset_index.index_dataset(source or _usual_source())
            duplicates = find_duplicates(index, progress=progress)
        drawn = split_dataset(index, duplicates, validation_fraction=validation_fraction, seed=seed)
        write_split(drawn, out)
    for part, counts in count_parts(drawn).items():
        strata = ", ".join(f"{count} {stratum}" for stratum, count in counts.items())
        print_text(f"{part}: {sum(counts.values())} films ({strata})")
    print_text(
        f"{len(drawn.excluded)} films were left out as copies of a test film. Written to {out}."
    )


def _usual_source() -> Path:
    """Return the public set of FIRSTREAD_DATA, or that folder, whose lack is then said."""
    data = get_settings().data
    return find_public_set(data) or data


def _print_report(report: CheckReport) -> None:
    table = Table(
        "split", "class", "films", "patients", title=escape(printable(str(report.index.root)))
    )
    for row in report.rows:
        table.add_row(row.split, row.stratum, str(row.films), str(row.patients))
    Console().print(table)
    exact, near = report.duplicates.exact, report.duplicates.near
    print_text(f"Exact duplicates: {len(exact)} groups, {sum(map(len, exact))} films.")
    print_text(f"Near duplicates: {len(near)} groups, {sum(map(len, near))} films.")
    print_text(f"Duplicate groups across splits: {len(report.across_splits)}.")
    print_text(f"Duplicate groups with both classes: {len(report.across_labels)}.")
    print_text(f"Patient numbers that occur in test and outside it: {len(report.shared_patients)}.")
    for warning in report.warnings:
        print_text(f"Warning: {warning}")
    listed = "all as in SHA256SUMS.json" if report.hash_list else "no SHA256SUMS.json to compare"
    verdict = "differs from the published set" if report.warnings else "is complete"
    print_text(f"The copy {verdict}: {len(report.index.films)} films, every one decodes; {listed}.")
