"""Where the built-in synthetic films lie, known without loading what draws them."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final
from uuid import uuid4

from core.errors import DatasetError

BUILT_IN_FILMS, BUILT_IN_SEED = 60, 11383
MANIFEST: Final = "films.json"

DRAWS_FILMS: Final = ("phantom/*.py", "phantom_plan.py", "phantom_set.py", "rendering.py")
READS_FILMS: Final = ("decoding.py", "preprocessing.py", "lungs.py", "inference.py", "quality.py")
READS_FILMS_TOO: Final = ("pipeline.py", "phantom_scores.py", "ensemble.py")
"""Code whose change may change a drawn film, or what a run says of it."""


@cache
def drawing_sha256() -> str:
    """Return the hash of the code that draws and writes the films."""
    return _hash_of(DRAWS_FILMS)


def drawing_version() -> str:
    """Return the three digits at the end of every film's name, others for another drawing."""
    return f"{int(drawing_sha256()[:8], 16) % 1000:03}"


@cache
def reading_sha256() -> str:
    """Return the hash of the code that reads films."""
    return _hash_of((*READS_FILMS, *READS_FILMS_TOO))


def built_in_folder(cache_folder: Path) -> Path:
    """Return where the built-in set of this version of the drawing code lies."""
    stated = f"{drawing_sha256()}|{BUILT_IN_FILMS}|{BUILT_IN_SEED}"
    return cache_folder / "phantoms" / hashlib.sha256(stated.encode()).hexdigest()[:16]


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


def _hash_of(patterns: tuple[str, ...]) -> str:
    folder = Path(__file__).parent
    files = (path for pattern in patterns for path in sorted(folder.glob(pattern)))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
