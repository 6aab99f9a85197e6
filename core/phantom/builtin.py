"""Where the built-in synthetic films lie, known without loading what draws them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

BUILT_IN_FILMS, BUILT_IN_SEED = 60, 11383
MANIFEST: Final = "films.json"

DRAWING_VERSION: Final = "183"
"""Ends the name of every film. Another number when a film of a seed comes out otherwise.

The golden films of the tests hold it: they fail when the drawing changes and this does not.
"""
READING_VERSION: Final = "2"
"""Another number when decoding, gate, preprocessing or inference read a film otherwise."""


def built_in_folder(cache_folder: Path) -> Path:
    """Return where the built-in set of this drawing version lies."""
    return cache_folder / "phantoms" / f"{DRAWING_VERSION}-{BUILT_IN_FILMS}-{BUILT_IN_SEED}"
