"""Where the films lie: a folder, or a zip that is read in place and never extracted."""

import os
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from core.errors import DatasetError

SPLITS: Final = ("train", "val", "test")
CLASSES: Final = ("NORMAL", "PNEUMONIA")
LAYOUT: Final = "{train,val,test}/{NORMAL,PNEUMONIA}/*.jpeg"
MAX_FILM_BYTES: Final = 30 * 1024 * 1024  # the largest published film is under 3 MB
_MAX_FOLDERS_ABOVE: Final = 3  # how far below the folder named the layout may begin
_CLUTTER: Final = frozenset({"thumbs.db", "desktop.ini"})


def open_source(source: Path) -> tuple[zipfile.ZipFile | None, list[str]]:
    """Open a zip, or nothing for a folder, and list the files in it as relative POSIX paths.

    Raises
    ------
    DatasetError
        If there is nothing at ``source``, the folder is empty, or the file is no whole zip.
    """
    if source.is_dir():
        listing = list(_list_folder(source))
        if not listing:
            raise DatasetError(f"The folder {source} is empty: {LAYOUT} was expected in it.")
        return None, listing
    if not source.exists():
        raise DatasetError(
            f"There is no data folder at {source}. Run `python -m core data fetch`, or set "
            f"FIRSTREAD_DATA to the folder that holds {LAYOUT}."
        )
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError) as exc:
        raise DatasetError(
            f"{source} is neither a folder nor a whole zip file ({exc}). Download it again."
        ) from exc
    names = dict.fromkeys(archive.namelist())  # a name that stands there twice is one file
    return archive, [n for n in names if not n.endswith("/") and _is_plain(n)]


def _list_folder(source: Path) -> Iterable[str]:
    deepest = _MAX_FOLDERS_ABOVE + 2
    for folder, subfolders, names in os.walk(source, followlinks=True):
        inside = Path(folder).relative_to(source)
        if len(inside.parts) >= deepest:
            subfolders.clear()
        subfolders.sort()
        for name in names:
            path = (inside / name).as_posix()
            if _is_plain(path):
                yield path


def _is_plain(name: str) -> bool:
    """Tell files of the set from what macOS and Windows leave beside them, and from ``..``."""
    parts = PurePosixPath(name).parts
    if not parts:  # a member called "." or nothing at all
        return False
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not (hidden or name.startswith("/") or parts[-1].lower() in _CLUTTER)


def find_prefix(source: Path, listing: list[str]) -> str:
    """Return the shallowest folder that holds train and test, as ``""`` or ``"a/b/"``.

    The Kaggle zip holds the set twice, as chest_xray/ and again as chest_xray/chest_xray/.

    Raises
    ------
    DatasetError
        If no folder holds train and test, or several at the same depth do.
    """
    held: dict[str, set[str]] = {}
    for name in listing:
        parts = PurePosixPath(name).parts
        if len(parts) >= 3 and parts[-3] in SPLITS and parts[-2] in CLASSES:
            prefix = "".join(f"{part}/" for part in parts[:-3])
            held.setdefault(prefix, set()).add(parts[-3])
    found = [prefix for prefix, splits in held.items() if {"train", "test"} <= splits]
    shallowest = min((prefix.count("/") for prefix in found), default=0)
    found = sorted(prefix for prefix in found if prefix.count("/") == shallowest)
    if len(found) == 1:
        return found[0]
    if found:
        raise DatasetError(
            f"{source} holds several data sets: {', '.join(found)}. Name one with --source."
        )
    seen = sorted({PurePosixPath(name).parts[0] for name in listing})
    shown = ", ".join(seen[:6]) + (" ..." if len(seen) > 6 else "") or "nothing"
    raise DatasetError(
        f"{source} holds no train and test folders with films: {LAYOUT} was expected, "
        f"{shown} was found. Name the folder that holds train and test."
    )


def is_film_place(name: str, prefix: str) -> bool:
    """Tell whether a file lies in one of the class folders below ``prefix``."""
    parts = name.removeprefix(prefix).split("/") if name.startswith(prefix) else []
    return len(parts) == 3 and parts[0] in SPLITS and parts[1] in CLASSES


def require_classes(source: Path, prefix: str, names: list[str]) -> None:
    """Refuse a copy in which a class folder of train or test holds nothing.

    Raises
    ------
    DatasetError
        If one of the four class folders is missing or empty.
    """
    found = {tuple(name.removeprefix(prefix).split("/")[:2]) for name in names}
    missing = [f"{s}/{c}" for s in ("train", "test") for c in CLASSES if (s, c) not in found]
    if missing:
        raise DatasetError(
            f"{source} has no films in {', '.join(missing)}: NORMAL and PNEUMONIA were expected in "
            f"both train and test. {len(names)} films were found elsewhere; the copy is incomplete."
        )


def read_member(root: Path, archive: zipfile.ZipFile | None, name: str) -> bytes:
    """Return one file's bytes, from the folder ``root`` or from the zip.

    Raises
    ------
    DatasetError
        If the file is gone, unreadable or over 30 MB.
    """
    where = root / name if archive is None else Path(f"{root}:{name}")
    try:
        size = (root / name).stat().st_size if archive is None else archive.getinfo(name).file_size
        if size > MAX_FILM_BYTES:
            raise DatasetError(
                f"{where} is {size / 2**20:.0f} MB; a film may be {MAX_FILM_BYTES // 2**20} MB at "
                "most. This is not a film of the set: remove it."
            )
        return (root / name).read_bytes() if archive is None else archive.read(name)
    # RuntimeError: an encrypted member; NotImplementedError: an unknown compression.
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as exc:
        raise DatasetError(f"{where} cannot be read ({exc}). Restore it or fetch again.") from exc
