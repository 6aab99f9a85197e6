"""What a run's facts are written in: one content for the page, Markdown and PDF."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.rate import Rate, axis_start


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain words."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """Plain words, a line each."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells in rows; ``widths`` are the columns' shares of the line."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """One rate on one part of the data; ``out_of_population`` where nothing is promised."""

    measure: str
    part: str
    rate: Rate
    out_of_population: bool = False


@dataclass(frozen=True, slots=True)
class Intervals:
    """Rates that are looked at side by side, each with its interval; a part's rates together."""

    rows: tuple[MeasuredRow, ...]

    @property
    def start(self) -> float:
        """Where the axis begins that ends at 1."""
        return axis_start(row.rate for row in self.rows)

    @property
    def measures(self) -> tuple[str, ...]:
        """What is measured, in the order in which each part has it."""
        return tuple(dict.fromkeys(row.measure for row in self.rows))

    def by_part(self) -> dict[str, list[MeasuredRow]]:
        """Return the rows of each part of the data."""
        parts: dict[str, list[MeasuredRow]] = {}
        for row in self.rows:
            parts.setdefault(row.part, []).append(row)
        return parts


Block = Paragraph | Bullets | Table | Intervals


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under one heading; ``key`` names it for whoever places it."""

    key: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A title, what must be known first, and sections in reading order."""

    title: str
    summary: str
    notices: tuple[str, ...]
    sections: tuple[Section, ...]

    def section(self, key: str) -> Section:
        """Return the section of a key; KeyError if there is none."""
        return {section.key: section for section in self.sections}[key]

    def with_sections(self, sections: tuple[Section, ...]) -> Document:
        """Return the document with sections added at its end."""
        return Document(self.title, self.summary, self.notices, (*self.sections, *sections))
