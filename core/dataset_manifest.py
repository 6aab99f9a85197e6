"""What a good copy of the set holds: counts, spot-checked hashes, and a list of its own hashes."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from core.dataset_index import DatasetIndex
from core.errors import DatasetError

HASH_LIST: Final = "SHA256SUMS.json"
_PUBLISHED: Final = Path(__file__).with_name("kermany_manifest.json")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A published set.

    Attributes
    ----------
    handle : str
        Its name at Kaggle.
    counts : mapping of ``split/class`` to int
        Films of each class folder.
    spot_sha256 : mapping of film_id to str
        Known hashes of a few original files; a resized copy has none of them.
    """

    handle: str
    counts: Mapping[str, int]
    spot_sha256: Mapping[str, str]

    @property
    def films(self) -> int:
        """Films of the whole set."""
        return sum(self.counts.values())


@lru_cache(maxsize=1)
def published_manifest() -> Manifest:
    """Return what is known of the Kaggle edition of the set, 5,856 films."""
    written = json.loads(_PUBLISHED.read_text(encoding="utf-8"))
    return Manifest(written["handle"], written["counts"], written["spot_sha256"])


def count_differences(index: DatasetIndex, manifest: Manifest) -> tuple[str, ...]:
    """Return one sentence for each class folder with another number of films than published."""
    found = Counter(film.film_id.rpartition("/")[0] for film in index.films)
    return tuple(
        f"{folder} holds {found[folder]} films; {expected} were published."
        for folder, expected in manifest.counts.items()
        if found[folder] != expected
    )


def spot_differences(index: DatasetIndex, manifest: Manifest) -> tuple[str, ...]:
    """Return the spot-checked films whose bytes are not the published ones."""
    held = {film.film_id: film.sha256 for film in index.films}
    known = manifest.spot_sha256.items()
    return tuple(name for name, sha in known if name in held and held[name] != sha)


def is_other_edition(index: DatasetIndex, manifest: Manifest) -> bool:
    """Return whether not one spot-checked film has the published bytes, as in a resized copy.

    That says nothing of damage.
    """
    held = {film.film_id for film in index.films}
    known = held & manifest.spot_sha256.keys()
    return bool(known) and len(spot_differences(index, manifest)) == len(known)


def write_hash_list(index: DatasetIndex) -> Path:
    """Write every film's sha256 beside the films, for :func:`changed_since_listed`.

    Raises
    ------
    DatasetError
        If the list cannot be written.
    """
    target = index.root / HASH_LIST
    part = target.with_name(f"{HASH_LIST}.part")
    listed = {film.film_id: film.sha256 for film in index.films}
    try:
        part.write_text(json.dumps(listed, indent=0) + "\n", encoding="utf-8")
        part.replace(target)
    except OSError as exc:
        raise DatasetError(f"The list of hashes {target} cannot be written: {exc}.") from exc
    return target


def changed_since_listed(index: DatasetIndex) -> tuple[str, ...] | None:
    """Return the films that were changed, lost or added since the list was written.

    Returns
    -------
    tuple of film_id, or None if no list lies beside the films.

    Raises
    ------
    DatasetError
        If the list is there and is not a list of hashes.
    """
    path = index.root / HASH_LIST
    if not path.is_file():
        return None
    try:
        listed = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as exc:
        raise DatasetError(
            f"The list of hashes {path} cannot be read ({exc}). Delete it and run "
            "`python -m core data fetch` to make it again."
        ) from exc
    held = {film.film_id: film.sha256 for film in index.films}
    names = sorted(listed.keys() | held.keys())
    return tuple(name for name in names if listed.get(name) != held.get(name))
