"""Find the public set, or obtain it from Kaggle: download, copy, check, remember every hash.

kagglehub keeps a partial archive in its cache and goes on from there; the copy out of the cache is
made film by film under a temporary name. So a fetch may be cut off anywhere and run again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.datasets.check import (
    Manifest,
    changed_since_listed,
    count_differences,
    is_other_edition,
    published_manifest,
    spot_differences,
    write_hash_list,
)
from core.datasets.index import (
    DatasetIndex,
    Film,
    Progress,
    find_prefix,
    index_dataset,
    open_source,
)
from core.errors import DatasetError
from core.language.words import Message, msg

Downloader = Callable[[str], Path]
"""Take a data set's handle; return the folder or zip in which it now lies."""

FOLDER: Final = "chest_xray"
COPIES_FOLDER = "kermany224"
"""The films at 224 px, which the kept runs were made from."""

PUBLIC_FOLDERS = (FOLDER, COPIES_FOLDER)


@dataclass(frozen=True, slots=True)
class Fetched:
    """The finished copy: ``copied`` films were written by this call, the others were there.

    ``held_to_hashes`` of its films have the published sha256, of which that is known.
    ``download`` is where the downloader keeps its own copy, None if it was not asked.
    """

    index: DatasetIndex
    copied: int
    download: Path | None
    held_to_hashes: int = 0


def download_from_kaggle(handle: str) -> Path:
    """Download a data set into kagglehub's cache, going on from what is there.

    Raises
    ------
    DatasetError
        If the download stops for any reason.
    """
    import kagglehub  # noqa: PLC0415  half a second that no other command has to spend

    try:
        return Path(kagglehub.dataset_download(handle))
    # kagglehub lets through whatever requests, zipfile, the disk and its own checks raise.
    except Exception as exc:
        raise DatasetError(
            f"The download of {handle} stopped ({type(exc).__name__}: {exc}). Check the connection "
            "and the free disk space (6 GB) and run the same command again: it resumes where "
            "it stopped."
        ) from exc


def fetch_dataset(
    target: Path,
    *,
    download: Downloader = download_from_kaggle,
    manifest: Manifest | None = None,
    progress: Progress | None = None,
) -> Fetched:
    """Make ``target`` a complete, checked copy of the set; do nothing if it is one.

    Parameters
    ----------
    target : Path
        Folder that shall hold train, val and test; made if it is missing.
    download : callable
        Where the films come from.
    manifest : Manifest, optional
        What is expected; the published set if not given.

    Raises
    ------
    DatasetError
        If the download stops, or it or the copy has other counts or hashes than published.
    """
    expected = manifest or published_manifest()
    finished = _finished_copy(target, expected)
    if finished is not None:
        return Fetched(finished, copied=0, download=None)
    where = download(expected.handle)
    origin = index_dataset(where)
    _require_published(origin, expected)
    copied = _copy_missing(origin, target, progress)
    index = index_dataset(target)
    if index.sha256 != origin.sha256:
        raise DatasetError(
            f"{target} holds {len(index.films)} films that are not those of the download "
            f"({len(origin.films)} films). Move other files out of it and run fetch again."
        )
    write_hash_list(index)
    held = sum(film.film_id in expected.spot_sha256 for film in index.films)
    return Fetched(index, copied, where, held)


def _finished_copy(target: Path, expected: Manifest) -> DatasetIndex | None:
    """Return the index of a copy that is complete and as listed, else None."""
    if not target.is_dir():
        return None
    try:
        index = index_dataset(target)
        whole = changed_since_listed(index) == ()
    except DatasetError:
        return None  # a copy that was cut off; fetching it again is the remedy
    return index if whole and not count_differences(index, expected) else None


def _require_published(origin: DatasetIndex, expected: Manifest) -> None:
    differences = count_differences(origin, expected)
    if differences:
        raise DatasetError(
            f"The download in {origin.root} is not the published set of {expected.films} films: "
            f"{' '.join(differences)} Delete it and fetch again."
        )
    damaged = spot_differences(origin, expected)
    if is_other_edition(origin, expected):
        raise DatasetError(
            f"The download in {origin.root} has the films' names and not one of the "
            f"{len(damaged)} published hashes that are known here: it is another edition of the "
            "set, resized or re-encoded. Keep it if that is what you want and set FIRSTREAD_DATA "
            "to its folder; fetch makes copies of the published films only."
        )
    if damaged:
        raise DatasetError(
            f"{len(damaged)} of {len(expected.spot_sha256)} spot-checked films in {origin.root} do "
            f"not have the published sha256, first {damaged[0]}. Delete the download and fetch "
            "again."
        )


def _copy_missing(origin: DatasetIndex, target: Path, progress: Progress | None) -> int:
    copied = 0
    for done, film in enumerate(origin.films, start=1):
        copied += _copy_film(origin, film, target / film.film_id)
        if progress is not None:
            progress(done, len(origin.films))
    return copied


def _copy_film(origin: DatasetIndex, film: Film, place: Path) -> bool:
    """Copy one film unless its bytes are there; True if it was written."""
    try:
        if place.is_file() and hashlib.sha256(place.read_bytes()).hexdigest() == film.sha256:
            return False
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part")
        part.write_bytes(origin.read_bytes(film))
        part.replace(place)
    except OSError as exc:
        raise DatasetError(
            f"The film {place} cannot be written ({exc}). Free some disk space, about 1.2 GB in "
            "all, and run the same command again: it resumes here."
        ) from exc
    return True


def find_public_set(data: Path) -> Path | None:
    """Return the folder that holds ``train`` and ``test``; None if there is no such set."""
    for name in PUBLIC_FOLDERS:
        folder = data / name
        if folder.is_dir():
            try:
                _, listing = open_source(folder)
                return folder / find_prefix(folder, listing)
            except DatasetError:  # an empty or half-fetched folder
                continue
    return None


def how_to_get_films(data: Path) -> Message:
    """Return the one line that says how to get the public films."""
    return msg(
        "No public films in {data}: run `python -m core data fetch`, or set FIRSTREAD_DATA to "
        "their folder.",
        data=data,
    )
