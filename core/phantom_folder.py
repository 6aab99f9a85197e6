"""Where the built-in synthetic films lie, known without loading what draws them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from core.errors import DatasetError

BUILT_IN_FILMS, BUILT_IN_SEED = 60, 11383
MANIFEST: Final = "films.json"

DRAWING_VERSION: Final = "183"
"""Ends the name of every film. Another number when a film of a seed comes out otherwise.

The golden films of the tests hold it: they fail when the drawing changes and this does not.
"""
READING_VERSION: Final = "1"
"""Another number when decoding, gate, preprocessing or inference read a film otherwise."""


def built_in_folder(cache_folder: Path) -> Path:
    """Return where the built-in set of this drawing version lies."""
    return cache_folder / "phantoms" / f"{DRAWING_VERSION}-{BUILT_IN_FILMS}-{BUILT_IN_SEED}"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads it meanwhile finds all of it or none.

    Raises
    ------
    DatasetError
        If it cannot be written; nothing half-written stays.
    """
    partial = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as exc:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise DatasetError(
            f"{path.name} cannot be written to {path.parent} ({exc.strerror}): make room, or name "
            "a folder that can be written (FIRSTREAD_CACHE for the built-in films)."
        ) from exc
