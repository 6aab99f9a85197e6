"""The scores of some films as a Parquet file that says by itself whether it is whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from core.domain.findings import THIRDS
from core.errors import DatasetError
from core.explain.zones import LEFT, MIDLINE, OUTSIDE, RIGHT
from core.files import replace_file
from core.jobs.film_scores import FilmScore
from core.language.words import msg
from core.sites.source import ListedFilm
from core.tables import parquet_bytes

FOLDER = "films"
ZONES = (*(f"{side}{third}" for side in (RIGHT, LEFT) for third in THIRDS), *THIRDS)
ZONES = (*ZONES, MIDLINE, OUTSIDE)
EXPLAINED = (
    "regions for",
    "regions against",
    "outside the lungs",
    "lungs that look healthy",
    "mirrored film",
    "every film",
)
"""What the log odds are the sum of, see `core.explain.cam`."""

_ABOUT = b"first-read"
_SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        ("film", pa.string()),
        ("state", pa.string()),
        ("reason", pa.string()),
        ("code", pa.string()),
        ("findings", pa.list_(pa.string())),
        ("film_sha256", pa.string()),
        ("height_px", pa.int32()),
        ("width_px", pa.int32()),
        ("source_format", pa.string()),
        ("logit", pa.float64()),
        ("probability", pa.float64()),
        ("side", pa.string()),
    ]
)


class PartKey(NamedTuple):
    """What a part has to be to count as finished: of this job, this number, so many films."""

    job: str
    number: int
    films: int


def column_name(kind: str, name: str) -> str:
    """Return the column of a zone or of a part of the log odds: ``zone_right_upper``."""
    return f"{kind}_{name.replace(' ', '_')}"


def schema_of(*, explained: bool) -> pa.Schema:
    """Return the columns of a part."""
    schema = _SCHEMA
    if explained:
        for kind, names in (("zone", ZONES), ("part", EXPLAINED)):
            for name in names:
                schema = schema.append(pa.field(column_name(kind, name), pa.float64()))
    return schema


def part_path(folder: Path, number: int) -> Path:
    """Return where a part lies."""
    return folder / FOLDER / f"part-{number:06}.parquet"


def write_part(
    folder: Path,
    key: PartKey,
    first: int,
    films: Sequence[ListedFilm],
    scores: Sequence[FilmScore],
    *,
    explained: bool,
) -> None:
    """Write a part whole or not at all, and wait until it is on the disk.

    Parameters
    ----------
    first : int
        Number of its first film in the listing.

    Raises
    ------
    DatasetError
        If it cannot be written.
    """
    rows = [
        _row(first + place, film, score)
        for place, (film, score) in enumerate(zip(films, scores, strict=True))
    ]
    table = pa.Table.from_pylist(rows, schema=schema_of(explained=explained))
    about = {_ABOUT: json.dumps(key._asdict()).encode()}
    content = parquet_bytes(
        table.replace_schema_metadata(about), compression="zstd", write_page_checksum=True
    )
    path = part_path(folder, key.number)
    try:
        replace_file(path, content)
        sync(path)
        sync(path.parent)
    except OSError as exc:
        raise DatasetError(
            msg(
                "{path} cannot be written ({why}). Make room, and run the command again: it "
                "goes on where it stopped.",
                path=str(path),
                why=str(exc.strerror),
            )
        ) from exc


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _row(number: int, film: ListedFilm, score: FilmScore) -> dict[str, Any]:
    row = asdict(score)
    zones, parts = row.pop("zones"), row.pop("parts")
    if zones or parts:
        row |= {column_name("zone", name): zones.get(name, 0.0) for name in ZONES}
        row |= {column_name("part", name): parts.get(name, 0.0) for name in EXPLAINED}
    return row | {"number": number, "film": film.name, "findings": list(score.findings)}


def is_whole(folder: Path, key: PartKey) -> bool:
    """Return whether a part is there, of this job, and not torn: every page has its checksum."""
    path = part_path(folder, key.number)
    if not path.is_file():
        return False
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            schema = file.schema_arrow
            about = json.loads((schema.metadata or {}).get(_ABOUT, b"{}"))
            named = any(schema_of(explained=each).names == schema.names for each in (True, False))
            return bool(named and about == key._asdict() and file.read().num_rows == key.films)
    except (OSError, pa.ArrowException, ValueError):
        return False


def read_parts(folder: Path, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield some columns of the parts that are there, part by part, in the listing's order.

    Raises
    ------
    DatasetError
        If a part is torn.
    """
    for path in sorted((folder / FOLDER).glob("part-*.parquet")):
        try:
            yield pq.read_table(
                path, columns=list(columns), page_checksum_verification=True, memory_map=False
            )
        except (OSError, pa.ArrowException, ValueError) as exc:
            raise DatasetError(
                msg(
                    "{path} is damaged. Run the command that scored the films again: it makes "
                    "only this file again.",
                    path=str(path),
                )
            ) from exc
