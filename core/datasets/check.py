"""Say what a copy of the set holds, if it is the published one, and what could flatter a run."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from core.datasets.duplicates import DuplicateReport, find_duplicates
from core.datasets.index import SPLITS, DatasetIndex, Film, Progress, index_dataset
from core.datasets.split import STRATA, shared_patients
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


@dataclass(frozen=True, slots=True)
class CountRow:
    """Films and patients of one split and class; ``stratum`` is normal, bacteria or virus."""

    split: str
    stratum: str
    films: int
    patients: int


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What :func:`check_dataset` found.

    Attributes
    ----------
    rows : tuple of CountRow
        One for each split and stratum that holds films.
    warnings : tuple of str
        Sentences on counts that differ from the published ones.
    shared_patients : tuple of str
        Patient numbers that occur both in test and in train or val.
    across_splits, across_labels : tuple of groups
        Duplicate clusters with films in several splits, or of both classes.
    hash_list : bool
        True if a list of hashes lay beside the films, and all of them agreed.
    """

    index: DatasetIndex
    duplicates: DuplicateReport
    rows: tuple[CountRow, ...]
    warnings: tuple[str, ...]
    shared_patients: tuple[str, ...]
    across_splits: tuple[tuple[str, ...], ...]
    across_labels: tuple[tuple[str, ...], ...]
    hash_list: bool


def check_dataset(
    source: Path,
    *,
    manifest: Manifest | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Index a copy of the set, decode every film and report.

    Parameters
    ----------
    source : Path
        As for :func:`core.datasets.index.index_dataset`.
    manifest : Manifest, optional
        What is expected; the published set if not given.

    Raises
    ------
    DatasetError
        If the copy is damaged or of another layout, or a film changed since the list of hashes was
        written.
    """
    index = index_dataset(source)
    changed = changed_since_listed(index)
    if changed:
        raise DatasetError(
            f"{len(changed)} films in {index.root} are not as {HASH_LIST} lists them, first "
            f"{changed[0]}. Run `python -m core data fetch` to restore them."
        )
    duplicates = find_duplicates(index, progress=progress)
    films = {film.film_id: film for film in index.films}
    clusters = [tuple(films[name] for name in cluster) for cluster in duplicates.clusters]
    return CheckReport(
        index=index,
        duplicates=duplicates,
        rows=_count_rows(index),
        warnings=count_differences(index, manifest or published_manifest()),
        shared_patients=shared_patients(index),
        across_splits=_names(c for c in clusters if len({f.official_split for f in c}) > 1),
        across_labels=_names(c for c in clusters if len({f.label for f in c}) > 1),
        hash_list=changed is not None,
    )


def _names(clusters: Iterable[tuple[Film, ...]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(film.film_id for film in cluster) for cluster in clusters)


def _count_rows(index: DatasetIndex) -> tuple[CountRow, ...]:
    films = Counter((f.official_split, f.stratum) for f in index.films)
    owners = {(f.official_split, f.stratum, f.patient) for f in index.films}
    patients = Counter((split, stratum) for split, stratum, _ in owners)
    places = [(split, stratum) for split in SPLITS for stratum in STRATA]
    return tuple(CountRow(*p, films[p], patients[p]) for p in places if films[p])
