"""Say what a copy of the set holds, and what in it could make a measurement look too good."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.dataset_duplicates import DuplicateReport, find_duplicates
from core.dataset_index import DatasetIndex, Film, Progress, index_dataset
from core.dataset_manifest import (
    HASH_LIST,
    Manifest,
    changed_since_listed,
    count_differences,
    published_manifest,
)
from core.dataset_source import SPLITS
from core.dataset_split import STRATA, shared_patients
from core.errors import DatasetError


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
        As for :func:`core.dataset_index.index_dataset`.
    manifest : Manifest, optional
        What is expected; the published set if not given.
    progress : callable, optional
        Called with (films decoded, films in all).

    Returns
    -------
    CheckReport

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
