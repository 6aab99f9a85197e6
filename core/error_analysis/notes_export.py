"""Readers' notes as files for other programs: CSV, Parquet and JSON, all with the same columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pyarrow as pa

from core.error_analysis.notes import CaseNote, ProposedLabel, notes_by_film, weigh_proposals
from core.tables import csv_table, parquet_table

TAG_SEPARATOR = "; "
_SCHEMA = pa.schema(
    {
        "library": pa.string(),
        "film_id": pa.string(),
        "reader": pa.string(),
        "written_at": pa.timestamp("us", tz="UTC"),
        "run_id": pa.string(),
        "cause": pa.string(),
        "tags": pa.list_(pa.string()),
        "comment": pa.string(),
        "proposed_label": pa.string(),
        "standing": pa.bool_(),
        "note_id": pa.string(),
        "supersedes": pa.string(),
        "app_version": pa.string(),
        "reference_label": pa.string(),
        "proposal_state": pa.string(),
    }
)


References = Mapping[str, ProposedLabel]


def describe_notes(
    notes: Sequence[CaseNote], references: References | None = None
) -> list[dict[str, object]]:
    """Return notes as rows; ``standing`` is False for one that a later one takes the place of.

    Parameters
    ----------
    notes : sequence of CaseNote
        All of one library, so that ``proposal_state`` weighs every reader's.
    references : mapping of str to ProposedLabel, optional
        Label by film.
    """
    known = references or {}
    replaced = {note.supersedes for note in notes}
    standing = [note for note in notes if note.note_id not in replaced]
    weighed = {
        film_id: weigh_proposals(of_film, known.get(film_id))
        for film_id, of_film in notes_by_film(standing).items()
    }
    rows = []
    for note in notes:
        proposal = weighed.get(note.film_id)
        row: dict[str, object] = asdict(note) | {
            "cause": note.cause or None,
            "tags": list(note.tags),
            "proposed_label": None if note.proposed_label is None else note.proposed_label.value,
            "standing": note.note_id not in replaced,
            "reference_label": known[note.film_id].value if note.film_id in known else None,
            "proposal_state": None if proposal is None else proposal.state.value,
        }
        rows.append({name: row[name] for name in _SCHEMA.names})
    return rows


def notes_as_csv(notes: Sequence[CaseNote], references: References | None = None) -> str:
    """Return notes as CSV, tags in one cell, apart by semicolons; see `csv_table`."""
    rows = describe_notes(notes, references)
    return csv_table(_SCHEMA.names, (map(_as_text, row.values()) for row in rows))


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return TAG_SEPARATOR.join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return "" if value is None else str(value)


def notes_as_json(notes: Sequence[CaseNote], references: References | None = None) -> str:
    """Return notes as a JSON list of objects; times in ISO 8601."""
    rows = [
        row | {"written_at": _as_text(row["written_at"])}
        for row in describe_notes(notes, references)
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def notes_as_parquet(notes: Sequence[CaseNote], references: References | None = None) -> bytes:
    """Return notes as a Parquet file; tags are a list of strings."""
    return parquet_table(describe_notes(notes, references), _SCHEMA)
