"""Which runs are there, and which of them can be read?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.domain.model import RunRecord
from core.errors import FirstReadError
from core.runs.store import RECORD_FILE, load_run, read_record

USUAL_PARTS = ("validation", "test")


def list_runs(*folders: Path) -> list[RunRecord]:
    """Return every classifier run of some folders, each folder's by name.

    A name that an earlier folder has too is left out: every name stands for one run.

    Raises
    ------
    ModelIntegrity
        If a record is not readable or lacks a part.
    """
    found = find_runs(*folders)
    return [load_run(run) for run in found if "operating_point" in read_record(run)]


def find_runs(*folders: Path) -> list[Path]:
    """Return the folder of every run, one for each name, the earlier folder's where two have it."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob(f"*/{RECORD_FILE}")):
            if not path.parent.name.startswith("."):  # one in the making
                found.setdefault(path.parent.name, path.parent)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run with what its record says beyond what serving needs.

    Attributes
    ----------
    exhibit : str
        What it is kept to show; empty for a run that is meant to be good.
    parent : str
        The run that it goes on from; empty if none.
    """

    record: RunRecord
    exhibit: str
    parent: str


def list_readable_runs(*folders: Path) -> tuple[list[ListedRun], list[str]]:
    """Return every classifier run of some folders that can be read, and a sentence on each other.

    A name that an earlier folder has too is left out, as in `list_runs`.
    """
    listed, sentences = [], []
    for folder in find_runs(*folders):
        try:
            record = read_record(folder)
            if "operating_point" in record:
                exhibit, parent = (str(record.get(name) or "") for name in ("exhibit", "parent"))
                listed.append(ListedRun(load_run(folder), exhibit, parent))
        except FirstReadError as exc:
            sentences.append(str(exc))
    return listed, sentences
