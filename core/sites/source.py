"""Where a site's films lie: a folder, a zip file, or an address that fsspec knows (a bucket)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Protocol

import fsspec

from core.domain.site_set import SiteKind
from core.errors import DatasetError, TooLarge
from core.language.words import Message, msg

ENDINGS = (".dcm", ".dicom", ".ima", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", "")
"""Of files that may be films; DICOM files often have none."""
NO_ZIP = msg("The uploaded file is no zip file that can be read.")


class Films(Protocol):
    """Films by name, wherever they are."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of all files that may be films, in order."""
        ...

    def also(self, name: str) -> tuple[str, ...]:
        """Return other names of a film by which labels may know it, the surest first."""
        ...

    def known_as(self, name: str) -> tuple[str, str]:
        """Return a worklist film's hash and keyed patient; empty where it is none."""
        ...

    def read(self, name: str) -> bytes:
        """Return one file; raises FirstReadError if it cannot be read any more."""
        ...


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
    _most_bytes: int = 0

    def also(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: a file has its name alone."""
        return ()

    def known_as(self, name: str) -> tuple[str, str]:  # noqa: ARG002
        """Return nothing: a file is no film of the worklist."""
        return "", ""

    def read(self, name: str) -> bytes:
        """Return one file.

        Raises
        ------
        DatasetError
            If it cannot be read any more.
        TooLarge
            If it is packed, and larger than a film may be.
        """
        try:
            size = self._system.size(f"{self._root}{name}") if self._most_bytes else 0
            content = b"" if size > self._most_bytes else self._cat(name)
        except Exception as exc:  # every kind of place has errors of its own
            raise DatasetError(msg("{name} cannot be read any more.", name=name)) from exc
        if size > self._most_bytes:
            raise TooLarge(
                msg("{name} has more than {n:.0f} MB.", name=name, n=self._most_bytes / 1e6)
            )
        return content

    def _cat(self, name: str) -> bytes:
        return bytes(self._system.cat_file(f"{self._root}{name}"))


@dataclass(frozen=True, slots=True)
class ListedFilm:
    """A file that may be a film: its path under the place, and its bytes; 0 where not stated."""

    name: str
    size: int


@contextmanager
def open_place(place: str) -> Iterator[FilmSource]:
    """Open a place without listing it: its films are read by names that are known already.

    Raises
    ------
    DatasetError
        If there is no such place.
    """
    system, root = _open(place)
    try:
        yield FilmSource((), system, root)
    finally:
        _close(system, place)


def walk_films(place: str) -> Iterator[ListedFilm]:
    """Yield the files that may be films, one folder in memory at a time, in the same order always.

    Links to folders are not followed: they may lead in a circle.

    Raises
    ------
    DatasetError
        If there is no such place, or a folder of it cannot be listed.
    """
    system, root = _open(place)
    try:
        yield from _walk(system, root.rstrip("/") or root, root)
    except (DatasetError, GeneratorExit):
        raise
    except Exception as exc:  # every kind of place has errors of its own
        raise DatasetError(
            msg("{place} cannot be listed to its end. Try again.", place=place)
        ) from exc
    finally:
        _close(system, place)


def _walk(system: Any, folder: str, root: str) -> Iterator[ListedFilm]:
    found = sorted(system.ls(folder, detail=True), key=lambda one: str(one["name"]))
    folders = []
    for one in found:
        name = str(one["name"])
        if one["type"] == "directory":
            if name.strip("/") != folder.strip("/") and not one.get("islink"):
                folders.append(name)
            continue
        if one.get("islink") and system.isdir(name):
            continue
        short = name.removeprefix(root).lstrip("/")
        if _may_be_film(short):
            yield ListedFilm(short, int(one.get("size") or 0))
    del found
    for name in folders:
        yield from _walk(system, name, root)


def _open(place: str) -> tuple[Any, str]:
    try:
        if _is_zip(place):
            closable = fsspec.filesystem("zip", fo=place, skip_instance_cache=True)
            return closable, ""
        system, path = fsspec.core.url_to_fs(place, use_listings_cache=False)
        there = bool(system.isdir(path))
    except Exception as exc:  # every kind of place has errors of its own
        raise DatasetError(_not_opened(place)) from exc
    if not there:
        raise DatasetError(_not_opened(place))
    return system, f"{path.rstrip('/')}/"


def _not_opened(place: str) -> Message:
    return msg("{place} cannot be opened as a folder, a zip file or an address.", place=place)


def _is_zip(place: str) -> bool:
    return place.lower().endswith(".zip")


def _close(system: Any, place: str) -> None:
    if _is_zip(place):
        system.close()


@contextmanager
def open_films(place: str | IO[bytes], most_bytes: int = 0) -> Iterator[FilmSource]:
    """Open a place; it is closed at the end.

    Parameters
    ----------
    place : str or binary file
        A folder, a zip file or an address; an open file is a zip file that was uploaded, and
        nothing of it is written down.
    most_bytes : int
        Larger files of a zip file are not unpacked; 0 for no limit.

    Raises
    ------
    DatasetError
        If there is no such place, or no film in it.
    """
    named = place if isinstance(place, str) else msg("The uploaded zip file")
    is_zip = not isinstance(place, str) or _is_zip(place)
    try:
        if is_zip:
            system: Any = fsspec.filesystem("zip", fo=place)
            root = ""
        else:
            system, path = fsspec.core.url_to_fs(place)
            root = f"{path.rstrip('/')}/"
        found = system.find(root or "/")
    except Exception as exc:  # every kind of place has errors of its own
        why = _not_opened(place) if isinstance(place, str) else NO_ZIP
        raise DatasetError(why) from exc
    names = sorted(name.removeprefix(root).lstrip("/") for name in found)
    films = tuple(name for name in names if _may_be_film(name))
    if not films:
        raise DatasetError(msg("{place} holds no file that may be a film.", place=named))
    try:
        yield FilmSource(films, system, root, most_bytes if is_zip else 0)
    finally:
        if is_zip:
            system.close()


def kind_of_place(place: str) -> SiteKind:
    """Return what a place is: a zip file, an address, or a folder."""
    if _is_zip(place):
        return SiteKind.ZIP
    return SiteKind.ADDRESS if "://" in place else SiteKind.FOLDER


def _may_be_film(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    ending = f".{last.rsplit('.', 1)[-1].lower()}" if "." in last else ""
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
    return not hidden and ending in ENDINGS and last.upper() != "DICOMDIR"
