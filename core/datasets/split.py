"""First Read's own split: validation patients drawn from train, the official test untouched."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.datasets.duplicates import DuplicateReport, join_groups
from core.datasets.index import DatasetIndex, Film, patient_of
from core.errors import DatasetError
from core.language.words import msg

_FORMAT: Final = 1
STRATA: Final = ("normal", "bacteria", "virus")


@dataclass(frozen=True, slots=True)
class Split:
    """Which film serves for what.

    Attributes
    ----------
    train, validation, test : tuple of film_id
        Sorted; ``test`` is the official one, and the 16 films of the official ``val`` belong to
        the pool that train and validation are drawn from.
    group : mapping of film_id to str
        Films of one patient, or of patients joined by a duplicate, share a group: its first
        patient key.
    excluded : mapping of film_id to str
        Films of the pool that serve for nothing, each with the reason.
    shared_patients : tuple of str
        Patient numbers that occur in the pool and in test. They stay in, because the two were
        numbered apart and the same number may be another child.
    seed, validation_fraction, index_sha256
        What the split was made from.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    group: Mapping[str, str]
    excluded: Mapping[str, str]
    shared_patients: tuple[str, ...]
    seed: int
    validation_fraction: float
    index_sha256: str


def split_dataset(
    index: DatasetIndex,
    duplicates: DuplicateReport,
    *,
    validation_fraction: float = 0.15,
    seed: int = 20,
) -> Split:
    """Draw validation groups from the train pool, stratified by normal, bacteria and virus.

    Groups are taken in an order that depends on the seed and their name only, and a group goes to
    validation when that brings the three counts closer to their targets.

    Parameters
    ----------
    validation_fraction : float
        Share of the pool's films, 0 < fraction < 1.

    Returns
    -------
    Split
        The same for equal films, duplicates, fraction and seed.

    Raises
    ------
    DatasetError
        If ``validation_fraction`` is not between 0 and 1, or leaves train or validation empty.
    """
    if not 0 < validation_fraction < 1:
        raise DatasetError(
            f"The validation fraction {validation_fraction} is not between 0 and 1; 0.15 is usual."
        )
    test = tuple(f.film_id for f in index.films if f.official_split == "test")
    excluded = _copies_of_test(duplicates, frozenset(test))
    pool = [f for f in index.films if f.official_split != "test" and f.film_id not in excluded]
    group = _groups(index.films, duplicates)
    chosen = _draw_validation(pool, group, validation_fraction, seed)
    validation = tuple(f.film_id for f in pool if group[f.film_id] in chosen)
    train = tuple(f.film_id for f in pool if group[f.film_id] not in chosen)
    if not train or not validation:
        raise DatasetError(
            f"A validation fraction of {validation_fraction} leaves {len(train)} films to train on "
            f"and {len(validation)} to validate on; both need at least one patient."
        )
    return Split(
        train=train,
        validation=validation,
        test=test,
        group=group,
        excluded=excluded,
        shared_patients=shared_patients(index),
        seed=seed,
        validation_fraction=validation_fraction,
        index_sha256=index.sha256,
    )


def shared_patients(index: DatasetIndex) -> tuple[str, ...]:
    """Return the patient keys that occur both in the official test and outside it, sorted."""
    in_test = {film.patient for film in index.films if film.official_split == "test"}
    outside = {film.patient for film in index.films if film.official_split != "test"}
    return tuple(sorted(in_test & outside))


def _copies_of_test(duplicates: DuplicateReport, test: frozenset[str]) -> dict[str, str]:
    excluded: dict[str, str] = {}
    for cluster in duplicates.clusters:
        in_test = [film_id for film_id in cluster if film_id in test]
        for film_id in cluster if in_test else ():
            if film_id not in test:
                excluded[film_id] = f"a copy of {in_test[0]}"
    return excluded


def _groups(films: Iterable[Film], duplicates: DuplicateReport) -> dict[str, str]:
    patients = {film.film_id: film.patient for film in films}
    joined = join_groups(tuple(patients[name] for name in c) for c in duplicates.clusters)
    named = {patient: component[0] for component in joined for patient in component}
    return {film_id: named.get(patient, patient) for film_id, patient in patients.items()}


def _draw_validation(
    pool: list[Film], group: Mapping[str, str], fraction: float, seed: int
) -> set[str]:
    held: dict[str, Counter[str]] = {}
    for film in pool:
        held.setdefault(group[film.film_id], Counter())[film.stratum] += 1
    need = {s: fraction * sum(1 for film in pool if film.stratum == s) for s in STRATA}
    chosen: set[str] = set()
    for name in sorted(held, key=lambda n: hashlib.sha256(f"{seed}:{n}".encode()).digest()):
        left = {s: need[s] - held[name][s] for s in STRATA}
        if sum(v * v for v in left.values()) < sum(v * v for v in need.values()):
            chosen.add(name)
            need = left
    return chosen


# --- written down ---------------------------------------------------------------------------------


def write_split(split: Split, path: Path) -> None:
    """Write a split as JSON, one line a key.

    Raises
    ------
    DatasetError
        If the file cannot be written.
    """
    ids = (*split.train, *split.validation, *split.test, *split.excluded)
    joined = {patient_of(i): split.group[i] for i in ids if split.group[i] != patient_of(i)}
    written = {
        "format": _FORMAT,
        "seed": split.seed,
        "validation_fraction": split.validation_fraction,
        "index_sha256": split.index_sha256,
        "counts": count_parts(split),
        "shared_patients": split.shared_patients,
        "joined_patients": joined,
        "excluded": dict(split.excluded),
        "train": split.train,
        "validation": split.validation,
        "test": split.test,
    }
    lines = (f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in written.items())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    except OSError as exc:
        raise DatasetError(f"The split cannot be written to {path}: {exc}.") from exc


def count_parts(split: Split) -> dict[str, dict[str, int]]:
    """Count each part's films by class folder and subtype, such as ``PNEUMONIA virus``."""
    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    return {
        part: dict(sorted(Counter(_stratum_of(film_id) for film_id in ids).items()))
        for part, ids in parts.items()
    }


def _stratum_of(film_id: str) -> str:
    return next((s for s in STRATA[1:] if f"_{s}_" in film_id), STRATA[0])


def read_split(path: Path, index: DatasetIndex | None = None) -> Split:
    """Read a written split and, given the films, check that it was made from them.

    Raises
    ------
    DatasetError
        If the file is missing or not a split, or ``index`` has other films or other bytes.
    """
    try:
        split = _from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as exc:
        raise DatasetError(
            msg(
                "There is no split at {path}. Make it with `python -m core data split --out "
                "{path}`.",
                path=path,
            )
        ) from exc
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise DatasetError(
            msg(
                "{path} is not a split of format {format} ({kind}: {why}). Make it again with "
                "`python -m core data split`.",
                path=path,
                format=_FORMAT,
                kind=type(exc).__name__,
                why=exc,
            )
        ) from exc
    if index is not None and index.sha256 != split.index_sha256:
        raise DatasetError(
            f"The split {path} was made from other films (index {split.index_sha256[:12]}) than "
            f"those in {index.root} (index {index.sha256[:12]}). Use that copy of the films, or "
            "make a new split with `python -m core data split`."
        )
    return split


def _from_json(written: dict[str, Any]) -> Split:
    if written["format"] != _FORMAT:
        raise ValueError(f"format {written['format']}")
    joined = written["joined_patients"]
    train, validation, test = (tuple(written[part]) for part in ("train", "validation", "test"))
    ids = (*train, *validation, *test, *written["excluded"])
    return Split(
        train=train,
        validation=validation,
        test=test,
        group={i: joined.get(patient_of(i), patient_of(i)) for i in ids},
        excluded=dict(written["excluded"]),
        shared_patients=tuple(written["shared_patients"]),
        seed=int(written["seed"]),
        validation_fraction=float(written["validation_fraction"]),
        index_sha256=str(written["index_sha256"]),
    )
