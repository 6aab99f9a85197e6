"""The typefaces of a PDF: DejaVu Sans, and one of the machine's for what that lacks."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError

from core.errors import ModelError
from core.language.words import msg

STYLES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf"}
FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
    Path("/System/Library/Fonts"),
    Path("/Library/Fonts"),
    Path("C:/Windows/Fonts"),
)
"""Where systems keep typefaces."""

_FILES = (".ttf", ".otf", ".ttc")


def find_typefaces() -> dict[str, Path]:
    """Return DejaVu Sans, which comes with matplotlib; that is looked up, not loaded.

    Raises
    ------
    ModelError
        If it is not there.
    """
    found = importlib.util.find_spec("matplotlib")
    places = [] if found is None else list(found.submodule_search_locations or ())
    for place in places:
        folder = Path(place) / "mpl-data" / "fonts" / "ttf"
        files = {style: folder / name for style, name in STYLES.items()}
        if all(path.is_file() for path in files.values()):
            return files
    raise ModelError(
        msg(
            "the typeface DejaVu Sans, which comes with matplotlib, is not installed: install "
            "matplotlib again, or take the Markdown file."
        )
    )


def characters_of(path: Path) -> frozenset[str]:
    """Return what a typeface can draw; of a collection, its first one."""
    with path.open("rb") as file, TTFont(file, fontNumber=0, lazy=True) as typeface:
        has_outlines = "glyf" in typeface or "CFF " in typeface  # and not pictures alone
        return frozenset(map(chr, typeface.getBestCmap() or ())) if has_outlines else frozenset()


@lru_cache(maxsize=1)
def own_characters() -> frozenset[str]:
    """Return what DejaVu Sans can draw in every style.

    Raises
    ------
    ModelError
        If it is not there.
    """
    return frozenset.intersection(*map(characters_of, find_typefaces().values()))


@lru_cache(maxsize=64)
def find_for(missing: frozenset[str]) -> tuple[tuple[Path, ...], frozenset[str]]:
    """Return typefaces of this machine for some characters, and which of them these draw."""
    chosen: list[Path] = []
    left = missing
    for path in _files() if missing else ():
        try:
            drawn = left & characters_of(path)
        except (TTLibError, OSError, KeyError, ValueError, AssertionError):
            continue  # damaged, or of a kind that is not read here
        if drawn:
            chosen.append(path)
            left -= drawn
        if not left:
            break
    return tuple(chosen), missing - left


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        if folder.is_dir():
            yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in _FILES)
