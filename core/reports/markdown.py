"""A document as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.domain.rate import interval_text
from core.language.words import msg, tr
from core.reports.document import Block, Bullets, Document, Intervals, Paragraph, Table
from core.tables import markdown_table

_SIGNS = re.compile(r"[\\`*\[\]<|&$~]|^[>#+=-]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])")
INTERVAL_HEAD = (msg("Measure"), msg("Part"), msg("Value (95 %)"), "n")


def write_markdown(document: Document) -> str:
    """Return a document as Markdown: every block ends with an empty line."""
    lines = [f"# {tr(document.title)}", "", escape_markdown(document.summary), ""]
    for notice in document.notices:
        lines += [f"> {escape_markdown(notice)}", ""]
    for section in document.sections:
        lines += [f"## {tr(section.heading)}", ""]
        for block in section.blocks:
            lines += [*_lines(block), ""]
    return "\n".join(lines)


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield escape_markdown(block.text)
    elif isinstance(block, Bullets):
        yield from (f"- {escape_markdown(item)}" for item in block.items)
    else:
        head, rows = (block.head, block.rows) if isinstance(block, Table) else interval_rows(block)
        yield markdown_table(_escape(head), map(_escape, rows))


def interval_rows(block: Intervals) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return rates as a table's head and rows."""
    rows = [(row.measure, row.part, interval_text(row.rate), str(row.rate.n)) for row in block.rows]
    return INTERVAL_HEAD, rows


def _escape(cells: Sequence[str]) -> list[str]:
    return [escape_markdown(cell) for cell in cells]


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is, on one line, in the current language."""
    escaped = _SIGNS.sub(r"\\\g<0>", " ".join(tr(text).split()))
    return _NUMBERED.sub(r"\1\\\2", escaped)
