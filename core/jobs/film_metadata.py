"""What is known of every public film beside its label, collected for ``film_facts.parquet``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from core.datasets.duplicates import find_duplicates
from core.datasets.fetch import find_public_set, how_to_get_films
from core.datasets.film_metadata import age_band_of
from core.datasets.index import Progress, index_dataset, patient_of
from core.datasets.nih_rsna import EXTERNAL_PREFIX, read_manifest
from core.datasets.split import Split
from core.errors import DatasetError
from core.imaging.decoding import decode_radiograph
from core.imaging.fingerprint import fingerprint_of
from core.inference.gate_files import Gate
from core.pipeline import assess_film

Row = dict[str, str]
"""Some columns of `core.datasets.film_metadata.FilmFacts`, for one film."""


def list_films(split: Split, data: Path) -> list[Row]:
    """Return a row for every film of the split and every external film.

    Raises
    ------
    DatasetError
        If the external films' manifest cannot be read.
    """
    children = [
        {"film_id": film_id, "patient": patient_of(film_id)}
        for film_id in (*split.train, *split.validation, *split.test)
    ]
    adults = [
        {
            "film_id": EXTERNAL_PREFIX + row["file"],
            "patient": f"nih{row['patient_id']}",
            "age_band": age_band_of(float(row["age"])),
            "radiologists": row["rsna_class"],
            "text_mined": row["folder_label"],
        }
        for row in read_manifest(data)
    ]
    return children + adults


def add_findings(
    rows: list[Row], read_bytes: Callable[[str], bytes], gate: Gate, progress: Progress
) -> None:
    """Add the codes of what the quality gate finds in each film.

    Raises
    ------
    DatasetError, RadiographError
        If a film is gone or cannot be read.
    """
    for done, row in enumerate(rows, start=1):
        quality = assess_film(decode_radiograph(read_bytes(row["film_id"])), gate, gate.input_px)
        row["findings"] = " ".join(sorted(one.code for one in quality.findings))
        progress(done, len(rows))


def read_fingerprints(
    film_ids: Sequence[str], read_bytes: Callable[[str], bytes], progress: Progress
) -> list[bytes]:
    """Return the fingerprint of each film.

    Raises
    ------
    DatasetError, RadiographError
        If a film is gone or cannot be read.
    """
    found = []
    for done, film_id in enumerate(film_ids, start=1):
        found.append(fingerprint_of(decode_radiograph(read_bytes(film_id)).pixels))
        progress(done, len(film_ids))
    return found


def add_duplicates(rows: list[Row], data: Path, progress: Progress) -> None:
    """Add which films are copies; a copy that has no row, left out of the split, gets one.

    Raises
    ------
    DatasetError
        If the public set is not in the folder.
    """
    root = find_public_set(data)
    if root is None:
        raise DatasetError(how_to_get_films(data))
    report = find_duplicates(index_dataset(root), progress=progress)
    by_id = {row["film_id"]: row for row in rows}
    near = {film_id for group in report.near for film_id in group}
    for group in report.clusters:
        for film_id in group:
            if film_id not in by_id:
                rows.append({"film_id": film_id, "patient": patient_of(film_id)})
                by_id[film_id] = rows[-1]
            kind = "near" if film_id in near else "exact"
            by_id[film_id].update(copy_group=group[0], copy_kind=kind)
