"""``python -m core features``, ``film-facts`` and their like: tables that the app shows."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.console import progress_bar, show_errors
from core.domain.rate import interval_text
from core.errors import DatasetError
from core.files import replace_file
from core.library.films import PublicLibrary
from core.runs.store import add_files, find_run_folder, load_run
from core.settings import get_settings

MOST_BYTES = 1_000_000
"""A table that is kept with a run is small enough for the repository."""

Name = Annotated[str, typer.Argument(help="A run in models/.")]


def features(name: Name) -> None:
    """Compute the embedding of every public film: features.parquet in the run's folder."""
    # Deferred, as below: LiteRT and the films' decoders take a second to load.
    from core.datasets.split import read_split  # noqa: PLC0415
    from core.inference.gate_files import open_gate  # noqa: PLC0415
    from core.jobs.embeddings import read_film_features  # noqa: PLC0415
    from core.jobs.film_metadata import list_films  # noqa: PLC0415
    from core.pipeline import Engine, open_classifier  # noqa: PLC0415
    from core.runs.embeddings import FEATURES_FILE, features_as_parquet  # noqa: PLC0415

    settings = get_settings()
    with show_errors():
        folder = find_run_folder(name, settings.run_folders)
        threads = settings.inference_threads
        engine = Engine(
            open_classifier(load_run(folder), threads), open_gate(settings.models, threads)
        )
        split = read_split(settings.models / "split.json")
        film_ids = [row["film_id"] for row in list_films(split, settings.data)]
        films = PublicLibrary(settings.data)
        with progress_bar("Reading films") as progress:
            found = read_film_features(film_ids, films.read_bytes, engine, progress=progress)
        content = features_as_parquet(found)
        if len(content) > MOST_BYTES:
            raise DatasetError(f"The table takes {len(content):,} bytes; at most {MOST_BYTES:,}.")
        add_files(folder, {FEATURES_FILE: content})
    typer.echo(
        f"{len(found)} films on {found.space.shape[1]} axes, which hold {found.kept_share:.3f} of "
        f"the variance: {len(content):,} bytes in {folder / FEATURES_FILE}."
    )


def film_facts() -> None:
    """Record the gate's findings, adults' ages, reference labels and copies of the public films.

    They go into models/film_facts.parquet.
    """
    from core.datasets.film_metadata import FACTS_FILE, facts_of, write_facts  # noqa: PLC0415
    from core.datasets.split import read_split  # noqa: PLC0415
    from core.inference.gate_files import open_gate  # noqa: PLC0415
    from core.jobs.film_metadata import add_duplicates, add_findings, list_films  # noqa: PLC0415

    settings = get_settings()
    with show_errors():
        rows = list_films(read_split(settings.models / "split.json"), settings.data)
        gate = open_gate(settings.models, settings.inference_threads)
        with progress_bar("Quality gate") as progress:
            add_findings(rows, PublicLibrary(settings.data).read_bytes, gate, progress)
        with progress_bar("Copies") as progress:
            add_duplicates(rows, settings.data, progress)
        write_facts(facts_of(rows), settings.models / FACTS_FILE)
    typer.echo(f"Metadata of {len(rows)} films is in {settings.models / FACTS_FILE}.")


def training_fingerprints() -> None:
    """Record the fingerprints of the films that runs have learned from or were tuned on.

    They go into models/training_fingerprints.parquet; by them a site's set leaves such films out.
    """
    from core.datasets.split import read_split  # noqa: PLC0415
    from core.datasets.training_fingerprints import (  # noqa: PLC0415
        FINGERPRINTS_FILE,
        fingerprints_as_parquet,
    )
    from core.jobs.film_metadata import read_fingerprints  # noqa: PLC0415

    settings = get_settings()
    with show_errors():
        split = read_split(settings.models / "split.json")
        film_ids = sorted((*split.train, *split.validation, *split.excluded))
        films = PublicLibrary(settings.data)
        with progress_bar("Fingerprints") as progress:
            found = read_fingerprints(film_ids, films.read_bytes, progress)
        content = fingerprints_as_parquet(film_ids, found)
        if len(content) > MOST_BYTES:
            raise DatasetError(f"The table takes {len(content):,} bytes; at most {MOST_BYTES:,}.")
        replace_file(settings.models / FINGERPRINTS_FILE, content)
    typer.echo(
        f"Fingerprints of {len(film_ids)} films: {len(content):,} bytes in "
        f"{settings.models / FINGERPRINTS_FILE}."
    )


def label_issues(name: Name) -> None:
    """Rank the labels of training and validation films that other patients' films contradict.

    The command also exchanges labels on purpose and states how many of them it finds.
    """
    from core.datasets.split import read_split  # noqa: PLC0415
    from core.error_analysis.label_issues import (  # noqa: PLC0415
        ISSUES_FILE,
        find_issues,
        issues_as_parquet,
    )

    settings = get_settings()
    with show_errors():
        folder = find_run_folder(name, settings.run_folders)
        issues = find_issues(load_run(folder), read_split(settings.models / "split.json"))
        add_files(folder, {ISSUES_FILE: issues_as_parquet(issues)})
    found, right = issues.planted.found, issues.planted.right
    typer.echo(
        f"{len(issues.flagged)} of {len(issues)} labels are flagged, "
        f"{int((issues.split[issues.flagged] == 'validation').sum())} of them of validation films. "
        f"Of {found.n} labels of validation films exchanged on purpose {interval_text(found, 2)} "
        f"are flagged, and {interval_text(right, 2)} of the {right.n} flagged then are exchanged "
        "ones."
    )
