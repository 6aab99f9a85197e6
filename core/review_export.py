"""Signed reads as files for other programs: JSON and Parquet, with the columns of the CSV."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from core.domain import Mark, ReviewRecord, Verdict
from core.review_table import INSIDE_DRAWN, describe_read

_NUMBERS = {
    "Confidence (1 to 5)": pa.int64(),
    "Probability": pa.float64(),
    "Operating point": pa.float64(),
    "Seconds": pa.float64(),
    INSIDE_DRAWN: pa.float64(),
}


def reads_as_json(
    records: Sequence[ReviewRecord],
    references: Mapping[str, Verdict],
    drawn: Mapping[str, tuple[Mark, ...]] | None = None,
) -> str:
    """Return reads as a JSON list of objects; times in ISO 8601."""
    rows = [describe_read(record, references, drawn) for record in records]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def reads_as_parquet(
    records: Sequence[ReviewRecord],
    references: Mapping[str, Verdict],
    drawn: Mapping[str, tuple[Mark, ...]] | None = None,
) -> bytes:
    """Return reads as a Parquet file; times in ISO 8601."""
    rows = [describe_read(record, references, drawn) for record in records]
    names = list(rows[0]) if rows else []
    schema = pa.schema({name: _NUMBERS.get(name, pa.string()) for name in names})
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer)
    return buffer.getvalue()
