"""Where the public films lie on this machine, and what is said where they do not."""

from __future__ import annotations

from pathlib import Path

from core.dataset_fetch import FOLDER
from core.dataset_source import find_prefix, open_source
from core.errors import DatasetError

COPIES_FOLDER = "kermany224"
"""The films at 224 px, which the kept runs were made from."""

PUBLIC_FOLDERS = (FOLDER, COPIES_FOLDER)


def find_public_set(data: Path) -> Path | None:
    """Return the folder that holds ``train`` and ``test``; None if there is no such set."""
    for name in PUBLIC_FOLDERS:
        folder = data / name
        if folder.is_dir():
            try:
                _, listing = open_source(folder)
                return folder / find_prefix(folder, listing)
            except DatasetError:  # an empty or half-fetched folder
                continue
    return None


def how_to_get_films(data: Path) -> str:
    """Return the one line that says how to get the public films."""
    return (
        f"No public films in {data}: run `python -m core data fetch`, or set FIRSTREAD_DATA to "
        "their folder."
    )
