"""What a benchmark found, kept in ``RESULTS.md`` one section a benchmark.

Every benchmark is a module with ``measure(report) -> Section``; ``report`` is called with each line
as soon as it is known.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

RESULTS_FILE = Path(__file__).parent / "RESULTS.md"
LIBRARIES = (
    "ai-edge-litert",
    "keras",
    "lime",
    "numpy",
    "pillow",
    "pydicom",
    "scikit-image",
    "streamlit",
    "tensorflow",
)

_PREAMBLE = """# Measured results

Each section was written by the command that stands in it; running the command again replaces that
section and no other.
"""
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark's findings.

    Attributes
    ----------
    title : str
        One line; a later section of the same title replaces this one.
    command : str
        What a person types to make it again.
    lines : sequence of str
        Markdown, written as it is; no line begins with ``## ``.
    """

    title: str
    command: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Target:
    """A limit that a value is held to: at most, or at least where ``at_least``."""

    limit: float
    unit: str
    at_least: bool = False

    def met_by(self, value: float) -> bool:
        """Say whether a value keeps the limit."""
        return value >= self.limit if self.at_least else value <= self.limit


def judge(what: str, value: float, target: Target, note: str = "") -> str:
    """Say in one line what was measured, what was wanted, and how they compare.

    Parameters
    ----------
    what : str
        What the value is of.
    value : float
        In the target's unit.
    note : str
        Said at the end, such as the single measurements.

    Returns
    -------
    str
        A Markdown list item.
    """
    bound = "at least" if target.at_least else "at most"
    verdict = "met" if target.met_by(value) else "NOT MET"
    compared = [f"{value / target.limit:.2f} of the target"] if target.limit else []
    tail = "; ".join([*compared, *([note] if note else [])])
    unit = f" {target.unit}" if target.unit else ""
    return (
        f"- {what}: **{value:.4g}{unit}**, target {bound} {target.limit:g}{unit}: **{verdict}**"
        + (f" ({tail})" if tail else "")
    )


def write_section(section: Section, path: Path = RESULTS_FILE) -> None:
    """Put a section into the file, in the place of an earlier one of the same title.

    Raises
    ------
    ValueError
        If the title is empty or more than one line, or a line would begin another section.
    """
    sections = read_sections(path)
    sections[_checked(section).title] = _body(section)
    parts = [_PREAMBLE, *(f"## {title}\n\n{body}\n" for title, body in sections.items())]
    # Written beside and moved: a stopped run must not cost the other sections.
    beside = path.with_suffix(".part")
    beside.write_text("\n".join(parts), encoding="utf-8")
    beside.replace(path)


def read_sections(path: Path = RESULTS_FILE) -> dict[str, str]:
    """Return what stands under each title, in order; nothing if there is no file yet."""
    if not path.exists():
        return {}
    _, *parts = _HEADING.split(path.read_text(encoding="utf-8"))
    return {title: body.strip() for title, body in zip(parts[::2], parts[1::2], strict=True)}


def machine_line() -> str:
    """Name the processor, its cores and the versions of what was measured."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    return f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}; {versions}"


def _checked(section: Section) -> Section:
    if not section.title or section.title.splitlines() != [section.title]:
        raise ValueError(f"a section's title is one line, and this is {section.title!r}.")
    if any(_HEADING.search(line) for line in section.lines):
        raise ValueError(f"a line of {section.title!r} begins with '## ', which begins a section.")
    return section


def _body(section: Section) -> str:
    made = (
        f"Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `{section.command}` on {machine_line()}."
    )
    return "\n".join([made, "", *section.lines])


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1] if named else platform.processor() or platform.machine()
