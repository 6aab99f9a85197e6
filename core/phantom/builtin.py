"""Where the built-in synthetic films lie, known without loading what draws them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from core.settings import PROJECT_ROOT

BUILT_IN_FILMS, BUILT_IN_SEED = 60, 11383
MANIFEST: Final = "films.json"

DRAWING_VERSION: Final = "184"
"""Ends the name of every film. Another number when a film of a seed comes out otherwise.

The golden films of the tests hold it: they fail when the drawing changes and this does not.
"""
SAME_CHILDREN: Final = ("183",)
"""Earlier drawings of the same children, by another resolution: their films stand for today's."""
READING_VERSION: Final = "2"
"""Another number when decoding, gate, preprocessing or inference read a film otherwise."""


_EARLIER = re.compile(rf"(IM-\d+-|person\d+_[a-z]+_)(?:{'|'.join(SAME_CHILDREN)})(\.png)$")
_TODAY = re.compile(rf"(IM-\d+-|person\d+_[a-z]+_){DRAWING_VERSION}(\.png)$")

BUILT_IN_FOLDER = PROJECT_ROOT / "synthetic"
"""Where the built-in set lies, with what runs and gate say of it (``readings``)."""


def built_in_files() -> list[Path]:
    """Return the films of the built-in set, in its order; none if any is missing."""
    try:
        manifest = json.loads((BUILT_IN_FOLDER / MANIFEST).read_text(encoding="utf-8"))
        files = [BUILT_IN_FOLDER / film["film_id"] for film in manifest["films"]]
    except (OSError, KeyError, TypeError, ValueError):  # the copy of the repository is not whole
        return []
    return files if all(path.is_file() for path in files) else []


def current_id(film_id: str) -> str:
    """Return the id that a synthetic film has today; another id stays as it is."""
    return _EARLIER.sub(rf"\g<1>{DRAWING_VERSION}\2", film_id)


def earlier_ids(film_id: str) -> tuple[str, ...]:
    """Return the ids that a synthetic film of today had in earlier drawings; none of another."""
    if not _TODAY.search(film_id):
        return ()
    return tuple(_TODAY.sub(rf"\g<1>{version}\2", film_id) for version in SAME_CHILDREN)
