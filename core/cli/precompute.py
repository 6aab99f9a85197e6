"""``python -m core features``, ``film-facts`` and ``label-issues``: tables that the app shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core.cli.console import progress_bar, spoken_errors
from core.datasets.index import Progress
from core.datasets.nih_rsna import EXTERNAL_PREFIX, _external_rows
from core.domain.rate import say_interval
from core.errors import DatasetError
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
    from core.jobs.embeddings import read_film_features  # noqa: PLC0415
    from core.pipeline import Engine, open_classifier, open_gate  # noqa: PLC0415
    from core.runs.embeddings import FEATURES_FILE, features_as_parquet  # noqa: PLC0415

    settings = get_settings()
    with spoken_errors():
        folder = find_run_folder(name, settings.run_folders)
        threads = settings.inference_threads
        engine = Engine(
            open_classifier(load_run(folder), threads), open_gate(settings.models, threads)
        )
        split = read_split(settings.models / "split.json")
        external = [EXTERNAL_PREFIX + row["file"] for row in _external_rows(settings.data)]
        film_ids = [*split.train, *split.validation, *split.test, *external]
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
    from core.datasets.film_metadata import (  # noqa: PLC0415
        FACTS_FILE,
        age_band_of,
        facts_of,
        write_facts,
    )
    from core.datasets.index import patient_of  # noqa: PLC0415
    from core.datasets.split import read_split  # noqa: PLC0415
    from core.imaging.decoding import decode_radiograph  # noqa: PLC0415
    from core.pipeline import assess_film, open_gate  # noqa: PLC0415

    settings = get_settings()
    with spoken_errors():
        split = read_split(settings.models / "split.json")
        films = PublicLibrary(settings.data)
        rows = [
            {"film_id": film_id, "patient": patient_of(film_id)}
            for film_id in (*split.train, *split.validation, *split.test)
        ]
        rows += [
            {
                "film_id": EXTERNAL_PREFIX + row["file"],
                "patient": f"nih{row['patient_id']}",
                "age_band": age_band_of(float(row["age"])),
                "radiologists": row["rsna_class"],
                "text_mined": row["folder_label"],
            }
            for row in _external_rows(settings.data)
        ]
        gate = open_gate(settings.models, settings.inference_threads)
        with progress_bar("Quality gate") as progress:
            for done, row in enumerate(rows, start=1):
                film = decode_radiograph(films.read_bytes(row["film_id"]))
                quality = assess_film(film, gate, gate.input_px)
                row["findings"] = " ".join(sorted(one.code for one in quality.findings))
                progress(done, len(rows))
        with progress_bar("Copies") as progress:
            _add_copies(rows, settings.data, progress)
        write_facts(facts_of(rows), settings.models / FACTS_FILE)
    typer.echo(f"Facts on {len(rows)} films are in {settings.models / FACTS_FILE}.")


def _add_copies(rows: list[dict[str, str]], data: Path, progress: Progress) -> None:
    """Note which films of the public set are copies; those of training get a row of their own."""
    from core.datasets.duplicates import find_duplicates  # noqa: PLC0415
    from core.datasets.fetch import find_public_set, how_to_get_films  # noqa: PLC0415
    from core.datasets.index import index_dataset, patient_of  # noqa: PLC0415

    root = find_public_set(data)
    if root is None:
        raise DatasetError(how_to_get_films(data))
    report = find_duplicates(index_dataset(root), progress=progress)
    by_id, near = {row["film_id"]: row for row in rows}, {one for g in report.near for one in g}
    for group in report.clusters:
        for film_id in group:
            if film_id not in by_id:
                rows.append({"film_id": film_id, "patient": patient_of(film_id)})
                by_id[film_id] = rows[-1]
            kind = "near" if film_id in near else "exact"
            by_id[film_id].update(copy_group=group[0], copy_kind=kind)


def label_issues(name: Name) -> None:
    """Rank the labels of training and validation films that other patients' films contradict.

    The command also exchanges labels on purpose and states how many of them it finds.
    """
    from core.datasets.split import read_split  # noqa: PLC0415
    from core.error_analysis.label_issues import (  # noqa: PLC0415
        ISSUES_FILE,
        LabelIssues,
        issues_as_parquet,
        plant_errors,
        predict_out_of_fold,
        rank_issues,
    )
    from core.runs.embeddings import read_features  # noqa: PLC0415

    settings = get_settings()
    with spoken_errors():
        folder = find_run_folder(name, settings.run_folders)
        kept = read_features(load_run(folder))
        if kept is None:
            raise DatasetError(
                f"Run {name} has no features yet: make them with `python -m core features {name}`."
            )
        split = read_split(settings.models / "split.json")
        film_id = np.array([*split.train, *split.validation])
        space = kept.places_of(film_id)
        if space is None:
            raise DatasetError(
                f"The features of run {name} are of other films than the split: make them again "
                f"with `python -m core features {name}`."
            )
        part = np.repeat(["train", "validation"], [len(split.train), len(split.validation)])
        label = np.array([int("/PNEUMONIA/" in one) for one in film_id.tolist()])
        group = np.array([split.group[one] for one in film_id.tolist()])
        probability, fold = predict_out_of_fold(space, label, group)
        issues = LabelIssues(
            film_id=film_id,
            split=part,
            label=label,
            fold=fold,
            probability=probability,
            rank=rank_issues(probability, label),
            planted=plant_errors(space, label, group, part == "validation"),
            export_sha256=kept.export_sha256,
        )
        add_files(folder, {ISSUES_FILE: issues_as_parquet(issues)})
    found, right = issues.planted.found, issues.planted.right
    typer.echo(
        f"{len(issues.flagged)} of {len(issues)} labels are flagged, "
        f"{int((part[issues.flagged] == 'validation').sum())} of them of validation films. Of "
        f"{found.n} labels of validation films exchanged on purpose {say_interval(found, 2)} "
        f"are flagged, and {say_interval(right, 2)} of the {right.n} flagged then are exchanged "
        "ones."
    )
