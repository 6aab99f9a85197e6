"""The files of the official test beside the public set: larger copies, and published originals.

Runs are trained and measured on copies of 224 px, which were brought to a square.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from core.datasets.check import published_manifest
from core.datasets.fetch import find_public_set
from core.datasets.index import OFFICIAL_TEST, class_named, list_public
from core.domain.review import Verdict
from core.language.words import msg

ORIGINAL, LARGE_COPY, SQUARE_COPY = msg("original file"), msg("1024 px copy"), msg("224 px copy")
LARGER: Final = {"kermany_fullres": ORIGINAL, "kermany_test_1024": LARGE_COPY}
"""Folders of a data folder and what they hold, the largest files first."""


def list_larger(data: Path) -> Mapping[str, tuple[Path, str]]:
    """Return the largest file of each film of the test that has a larger one, and its kind.

    Returns
    -------
    mapping
        From the film's name without folder and ending.
    """
    found: dict[str, tuple[Path, str]] = {}
    for folder, kind in LARGER.items():
        for path in _files_in(data / folder):
            found.setdefault(path.stem, (path, kind))
    return found


def is_of_test(film_id: str) -> bool:
    """Return whether a film is of the official test, of which alone there are larger files."""
    return PurePosixPath(film_id).parts[:1] == (OFFICIAL_TEST,)


def list_test_files(data: Path) -> tuple[Path, ...]:
    """Return every file of the official test that a data folder holds, larger ones included.

    The films of the other parts are left out: runs were fitted or tuned on them.
    """
    larger = (path for folder in LARGER for path in _files_in(data / folder))
    return (*list_public(find_public_set(data)), *larger)


def published_references() -> dict[str, Verdict]:
    """Return what original films of the official test show, by the sha256 that is known of them.

    It needs no data folder.
    """
    return {
        sha256: verdict
        for film, sha256 in published_manifest().spot_sha256.items()
        for verdict in [class_named(Path(film))]
        if verdict is not None and is_of_test(film)
    }


def _files_in(folder: Path) -> Iterator[Path]:
    return (path for path in sorted((folder / "images").glob("*.jp*g")) if path.is_file())
