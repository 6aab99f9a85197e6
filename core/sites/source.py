"""Where a site's films lie: a folder, a zip file, or an address that fsspec knows (a bucket)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import fsspec

from core.errors import DatasetError
from core.language.words import msg

ENDINGS = (".dcm", ".dicom", ".ima", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", "")
"""Of files that may be films; DICOM files often have none."""


@dataclass(frozen=True, slots=True)
class FilmSource:
    """Films at one place.

    Attributes
    ----------
    names : tuple of str
        Paths under the place, with ``/``, in order; hidden files are left out.
    """

    names: tuple[str, ...]
    _system: Any
    _root: str

    def read(self, name: str) -> bytes:
        """Return one file.

        Raises
        ------
        DatasetError
            If it cannot be read any more.
        """
        try:
            return bytes(self._system.cat_file(f"{self._root}{name}"))
        except Exception as exc:  # every kind of place has errors of its own
            raise DatasetError(msg("{name} cannot be read any more.", name=name)) from exc


@contextmanager
def open_uploaded(content: bytes, most_bytes: int) -> Iterator[FilmSource]:
    """Open a zip file that was uploaded; nothing of it is written down.

    Parameters
    ----------
    most_bytes : int
        Of one film, unpacked.

    Raises
    ------
    DatasetError
        If it is no zip file, holds no film, or a film is too large.
    """
    try:
        system: Any = fsspec.filesystem("zip", fo=io.BytesIO(content))
        found = system.find("/", detail=True)
    except Exception as exc:  # of a damaged zip file
        raise DatasetError(msg("The uploaded file is no zip file that can be read.")) from exc
    films = tuple(sorted(name.lstrip("/") for name in found if _may_be_film(name.lstrip("/"))))
    if not films:
        raise DatasetError(msg("The uploaded zip file holds no file that may be a film."))
    for name, facts in found.items():
        if facts["size"] > most_bytes:
            raise DatasetError(
                msg(
                    "{name} has more than {n} MB unpacked. Leave it out.",
                    name=name.lstrip("/"),
                    n=most_bytes // 10**6,
                )
            )
    try:
        yield FilmSource(films, system, "")
    finally:
        system.close()


@contextmanager
def open_films(place: str) -> Iterator[FilmSource]:
    """Open a place; it is closed at the end.

    Raises
    ------
    DatasetError
        If there is no such place, or no film in it.
    """
    is_zip = place.lower().endswith(".zip")
    try:
        if is_zip:
            system: Any = fsspec.filesystem("zip", fo=place)
            root = ""
        else:
            system, path = fsspec.core.url_to_fs(place)
            root = f"{path.rstrip('/')}/"
        found = system.find(root or "/")
    except Exception as exc:  # every kind of place has errors of its own
        raise DatasetError(
            msg("{place} cannot be opened as a folder, a zip file or an address.", place=place)
        ) from exc
    names = sorted(name.removeprefix(root).lstrip("/") for name in found)
    films = tuple(name for name in names if _may_be_film(name))
    if not films:
        raise DatasetError(msg("{place} holds no file that may be a film.", place=place))
    try:
        yield FilmSource(films, system, root)
    finally:
        if is_zip:
            system.close()


def _may_be_film(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    ending = f".{last.rsplit('.', 1)[-1].lower()}" if "." in last else ""
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
    return not hidden and ending in ENDINGS and last.upper() != "DICOMDIR"
