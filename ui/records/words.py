"""What the list of reads calls its columns and what stands in them; exports keep the English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.language.words import Message, msg, tr
from core.reads.export import FILM_TYPE, FINDINGS, ORDER, Row
from core.reads.reader_performance import EVERYBODY

HEADS: Mapping[str, Message] = {
    "Read at (UTC)": msg("Read at (UTC)"),
    "Film": msg("Film"),
    "Reader": msg("Reader"),
    "Verdict": msg("Verdict"),
    "Confidence (1 to 5)": msg("Confidence"),
    "Reader and model": msg("Reader and model"),
    "Probability": msg("Score"),
    "Kind": msg("Kind"),
    "Reference": msg("Reference"),
    "Comment": msg("Comment"),
    FINDINGS: msg("Findings"),
    FILM_TYPE: msg("Film type"),
    ORDER: msg("Worklist"),
    "Seconds": msg("Seconds"),
    "Shown number": msg("Shown number"),
    "Quality": msg("Quality"),
}
"""By the column of the exports, in the order of the list."""
_CELLS: Mapping[str, tuple[Message, ...]] = {
    "Verdict": (msg("pneumonia"), msg("normal"), msg("unsure")),
    "Reader and model": (msg("agree"), msg("disagree"), msg("not compared")),
    "Kind": (msg("first"), msg("read"), msg("arbitration")),
    "Reference": (msg("pneumonia"), msg("normal"), msg("unsure")),
    FILM_TYPE: (msg("patient"), msg("synthetic")),
    ORDER: (msg("order of arrival"), msg("order of suspicion"), msg("not kept")),
}
"""What stands in a column of few words."""
BETWEEN = (msg("two readers"), msg("reader and model"), msg("two readers, reader and model"))
"""Between whom a dispute is."""


_QUALITY = (
    *(msg("note"), msg("flag"), msg("refuse")),
    *(msg("adult"), msg("aspect_ratio"), msg("blank"), msg("body_part"), msg("clipping")),
    *(msg("colour"), msg("contrast"), msg("covered"), msg("display"), msg("exposure")),
    *(msg("incomplete"), msg("inverted"), msg("lung_area"), msg("not_chest")),
    *(msg("orientation"), msg("polarity"), msg("population"), msg("projection")),
    *(msg("resolution"), msg("synthetic"), msg("turned"), msg("unlike"), msg("view")),
)
"""What the quality check calls a finding, and how grave it is."""


def row_text(row: Row) -> Row:
    """Return a row of the exports as the list shows it, in the reader's language."""
    return {name: _say_cell(name, cell) for name, cell in row.items()}


def _say_cell(name: str, cell: Any) -> Any:
    if name == "Quality" and cell:
        found = (one.partition(": ") for one in str(cell).split("; "))
        return "; ".join(f"{tr(severity)}: {tr(code)}" for severity, _, code in found)
    said_here = name in _CELLS or isinstance(cell, Message)
    return tr(cell) if cell and said_here else cell


def reader_text(name: str) -> str:
    """Return how a reader's column is headed; names stay as they are."""
    return tr("all readers") if name == EVERYBODY else name
