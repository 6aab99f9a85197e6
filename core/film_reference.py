"""What films show by a reference standard, where one exists; found by their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from core.domain import MAX_FILE_BYTES, Verdict

_CLASSES = {"NORMAL": Verdict.NORMAL, "PNEUMONIA": Verdict.PNEUMONIA}
_OFFICIAL_TEST = "test"


def reference_of_drawn(files: Iterable[Path]) -> dict[str, Verdict]:
    """Return what drawn films show, by their sha256; their folder is named after it."""
    return {_sha256(path): _CLASSES[path.parent.name] for path in files}


def reference_of_public(films: Mapping[str, str], root: Path | None) -> dict[str, Verdict]:
    """Return what films of the official test split show, by their sha256.

    The other films of the public set are left out: the model was fitted or tuned on them, so that
    it may not be held to a reader there.

    Parameters
    ----------
    films : mapping of str to str
        File name by sha256, as they were read.
    root : Path or None
        Folder that holds ``test``; None where the set is not at hand.
    """
    found: dict[str, Verdict] = {}
    if root is None:
        return found
    for sha256, name in films.items():
        for folder, shows in _CLASSES.items():
            path = root / _OFFICIAL_TEST / folder / (Path(name).name or "-")
            if path.is_file() and path.stat().st_size <= MAX_FILE_BYTES and _sha256(path) == sha256:
                found[sha256] = shows
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
