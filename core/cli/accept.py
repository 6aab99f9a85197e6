"""``python -m core accept``: does a run read well enough on a site's own films?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import print_text, progress_bar, show_errors
from core.errors import DatasetError
from core.files import replace_file
from core.language.words import msg
from core.settings import get_settings


def accept(
    films: Annotated[
        str, typer.Argument(help="A folder, a zip file, or an address such as s3://bucket/films.")
    ],
    labels: Annotated[
        Path, typer.Argument(help="CSV: film, patient, reader_1, reader_2, label.", dir_okay=False)
    ],
    by: Annotated[str, typer.Option(help="Who declares the criteria.", prompt="Your name")],
    site: Annotated[str, typer.Option(help="What the site is called.")] = "this site",
    run: Annotated[str, typer.Option(help="A run in models/; that of the settings if empty.")] = "",
    tuning: Annotated[int, typer.Option(help="Films for tuning, at least.", min=0)] = 200,
    sensitivity: Annotated[
        float, typer.Option(help="That the threshold is chosen for.", min=0.5, max=0.999)
    ] = 0.97,
    least_sensitivity: Annotated[
        float, typer.Option(help="Demanded of the interval's lower end.")
    ] = 0.90,
    least_specificity: Annotated[
        float, typer.Option(help="Demanded of the interval's lower end.")
    ] = 0.80,
    seed: Annotated[int, typer.Option(help="Draws the tuning patients.")] = 0,
    out: Annotated[Path, typer.Option(help="Report to write (PDF).")] = Path("acceptance.pdf"),
) -> None:
    """Tune a run on some of a site's patients and measure it on the others.

    The criteria are declared before a film is read: sensitivity and specificity as stated, and
    ROC AUC, calibration error and refused films as usual. Ends with code 2 on a no go.
    """
    # Deferred: LiteRT, scipy and the films' decoders take a second to load.
    from core.acceptance.criteria import (  # noqa: PLC0415
        USUAL_CRITERIA,
        Criterion,
        Declaration,
        Measure,
    )
    from core.acceptance.measured import accept as measure  # noqa: PLC0415
    from core.acceptance.report import describe_acceptance, export_acceptance  # noqa: PLC0415
    from core.jobs.film_worker import EngineFiles  # noqa: PLC0415
    from core.jobs.site_films import read_site  # noqa: PLC0415
    from core.pipeline import open_engine  # noqa: PLC0415
    from core.reports.markdown import write_markdown  # noqa: PLC0415
    from core.runs.store import reading_identity  # noqa: PLC0415
    from core.sites.labels import read_labels  # noqa: PLC0415
    from core.sites.source import open_films  # noqa: PLC0415

    settings = get_settings()
    with show_errors():
        stated = {
            Measure.SENSITIVITY: Criterion(Measure.SENSITIVITY, least_sensitivity, True),
            Measure.SPECIFICITY: Criterion(Measure.SPECIFICITY, least_specificity, True),
        }
        criteria = tuple(stated.get(one.measure, one) for one in USUAL_CRITERIA)
        declared = Declaration(criteria, sensitivity, tuning, seed, by, datetime.now(UTC))
        engine = open_engine(settings.models, run or settings.served_run)
        record = engine.classifier.run_record
        identity = reading_identity(record, engine.gate.sha256)
        files = EngineFiles(settings.models.absolute(), record.run_id, 1, identity)
        known = read_labels(read_file(labels))
        with open_films(films) as source, progress_bar("Reading films") as progress:
            read = read_site(source, known, files, progress=progress)
        found = measure(read.films, record, declared)
        made_at = datetime.now(UTC)
        replace_file(out, export_acceptance(found, site, made_at))
    print_text(write_markdown(describe_acceptance(found, site, made_at)))
    for name, why in {**read.unreadable, **read.left_out}.items():
        print_text(f"{name}: {why}", err=True)
    if read.missing:
        print_text(f"{len(read.missing)} labelled films are not there.", err=True)
    print_text(f"written: {out}")
    if not found.go:
        raise typer.Exit(2)


def read_file(labels: Path) -> bytes:
    """Return a file of labels; raises DatasetError if it cannot be read."""
    try:
        return labels.read_bytes()
    except OSError as exc:
        raise DatasetError(
            msg("{file} cannot be read. Name the CSV file of labels.", file=str(labels))
        ) from exc
