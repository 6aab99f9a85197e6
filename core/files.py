"""Files: written whole or not at all, and known by their hash."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from core.errors import DatasetError


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


def sha256_of(path: Path) -> str:
    """Return a file's sha256 as 64 hexadecimal digits."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def replace_file(path: Path, content: bytes) -> None:
    """Write beside the file and rename, so that no half-written file is ever in its place."""
    beside = path.with_name(f".{path.name}.partial")
    beside.write_bytes(content)
    beside.replace(path)
