"""From a site's folder and its labels to scored films, refused or not, each file in a worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.acceptance.measured import SiteFilms
from core.domain.quality import Severity
from core.errors import Cancelled, DatasetError, RadiographError
from core.evaluation.metrics import logits_of
from core.jobs.film_pool import FilmPool
from core.jobs.film_worker import EngineFiles, FilmWork
from core.language.words import Message, msg
from core.pipeline import FilmReading
from core.runs.predictions import FilmTable, Predictions
from core.sites.labels import READERS, FilmLabel
from core.sites.source import Films

AHEAD = 2
"""Films that are read at a time."""
TWICE = msg("the same file as another film")
SITE_SPLIT = "site"

Progress = Callable[[int, int], None]
Cancelling = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class SiteReading:
    """What became of a site's films.

    Attributes
    ----------
    unreadable : mapping of str to str
        By film, the sentence of a file that cannot become a film.
    left_out : mapping of str to Message
        By film, why a labelled film is not measured.
    unlabelled : int
        Files that the labels do not name.
    missing : tuple of str
        Films that the labels name and the place does not hold.
    """

    films: SiteFilms
    unreadable: Mapping[str, str]
    left_out: Mapping[str, Message]
    unlabelled: int
    missing: tuple[str, ...]


def read_site(
    source: Films,
    labels: Mapping[str, FilmLabel],
    files: EngineFiles,
    *,
    progress: Progress = lambda _done, _all: None,
    cancelled: Cancelling = lambda: False,
) -> SiteReading:
    """Take every labelled film through the quality check and the run.

    Parameters
    ----------
    files : EngineFiles
        The run and the gate that read.

    Raises
    ------
    DatasetError
        If no labelled film can be measured.
    Cancelled
        If ``cancelled`` returned True.
    ModelError
        If the run cannot be opened.
    """
    keys = keys_of(source, labels)
    named = {name: labels[key] for name, key in keys.items()}
    left_out: dict[str, Message] = {}
    wanted = []
    for name, label in named.items():
        why = label.why_left_out
        if why is None:
            wanted.append(name)
        else:
            left_out[name] = why
    readings, unreadable, refused = {}, {}, Counter[str]()
    seen: set[str] = set()
    for name, reading in _read_all(source, wanted, files, progress, cancelled):
        if isinstance(reading, str):
            unreadable[name] = reading
        elif reading.film_sha256 in seen:
            left_out[name] = TWICE
        else:
            seen.add(reading.film_sha256)
            if reading.prediction is None:
                refused[_worst(reading)] += 1
            else:
                readings[name] = reading
    if not readings:
        raise DatasetError(msg("No labelled film passed the quality check: nothing is measured."))
    return SiteReading(
        _as_films({name: (readings[name], named[name]) for name in readings}, refused),
        unreadable,
        left_out,
        unlabelled=len(source.names) - len(named),
        missing=tuple(sorted(set(labels) - set(keys.values()))),
    )


@dataclass(frozen=True, slots=True, eq=False)
class UnlabelledReading:
    """What a run says of films that nobody labelled.

    Attributes
    ----------
    probabilities : (N,) float64 ndarray
        The run's own, of films that passed the quality check, each file once.
    refused : mapping of str to int
        By the code of the worst finding.
    unreadable : mapping of str to str
        By film, the sentence of a file that cannot become a film.
    twice : int
        Files that are the same as another one.
    """

    probabilities: npt.NDArray[np.float64]
    refused: Mapping[str, int]
    unreadable: Mapping[str, str]
    twice: int = 0


def read_unlabelled(
    source: Films,
    files: EngineFiles,
    *,
    progress: Progress = lambda _done, _all: None,
    cancelled: Cancelling = lambda: False,
) -> UnlabelledReading:
    """Take every film through the quality check and the run.

    Raises
    ------
    DatasetError
        If no film can be read.
    Cancelled
        If ``cancelled`` returned True.
    ModelError
        If the run cannot be opened.
    """
    probabilities: list[float] = []
    refused, unreadable, seen, twice = Counter[str](), {}, set[str](), 0
    for name, reading in _read_all(source, list(source.names), files, progress, cancelled):
        if isinstance(reading, str):
            unreadable[name] = reading
            continue
        if reading.film_sha256 in seen:
            twice += 1
            continue
        seen.add(reading.film_sha256)
        if reading.prediction is None:
            refused[_worst(reading)] += 1
        else:
            probabilities.append(reading.prediction.probability)
    if not probabilities:
        raise DatasetError(msg("No film passed the quality check: nothing is measured."))
    return UnlabelledReading(np.array(probabilities), dict(refused), unreadable, twice)


def keys_of(source: Films, labels: Mapping[str, FilmLabel]) -> dict[str, str]:
    """Return by file what the labels call it: its path, its name alone, or another name of it.

    A name alone counts where no other file has it. Another name is asked for only where the labels
    name a film that no path and no name is.

    Raises
    ------
    DatasetError
        If the labels name no film of the place.
    """
    last = Counter(name.rsplit("/", 1)[-1] for name in source.names)
    found = {}
    for name in source.names:
        alone = name.rsplit("/", 1)[-1]
        called = (name, *([alone] if last[alone] == 1 else []))
        key = next((one for one in called if one in labels), None)
        if key is not None:
            found[name] = key
    if set(found.values()) != set(labels):  # to ask for another name may mean to read the file
        for name in source.names:
            key = (
                None
                if name in found
                else next(filter(labels.__contains__, source.also(name)), None)
            )
            if key is not None:
                found[name] = key
    if not found:
        raise DatasetError(
            msg(
                "The labels name no film of this place. Compare their column “film” with the files."
            )
        )
    return {name: found[name] for name in source.names if name in found}


def _read_all(
    source: Films,
    wanted: list[str],
    files: EngineFiles,
    progress: Progress,
    cancelled: Cancelling,
) -> Iterator[tuple[str, FilmReading | str]]:
    """Yield films in order; two are in hand at a time, and no more lie in memory."""
    pool = FilmPool(AHEAD)
    pool.prepare(files)

    def read(name: str) -> FilmReading | str:
        try:
            work = FilmWork(source.read(name), files, name.rsplit("/", 1)[-1], read=True)
            reading = pool.do(work, cancelled=cancelled).reading
        except RadiographError as exc:
            return str(exc)
        assert reading is not None
        return reading

    begun: list[tuple[str, Future[FilmReading | str]]] = []
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="site") as threads:
        try:
            for done, name in enumerate(wanted):
                begun.append((name, threads.submit(read, name)))
                if len(begun) > AHEAD:
                    first, future = begun.pop(0)
                    yield first, future.result()
                if cancelled():
                    raise Cancelled(msg("Reading the site's films was stopped."))
                progress(done, len(wanted))
            for name, future in begun:
                yield name, future.result()
            progress(len(wanted), len(wanted))
        finally:
            pool.close()


def _worst(reading: FilmReading) -> str:
    return next(one.code for one in reading.quality.findings if one.severity is Severity.REFUSE)


def _as_films(
    read: Mapping[str, tuple[FilmReading, FilmLabel]], refused: Mapping[str, int]
) -> SiteFilms:
    """Return the films without their names: a number each, and a number a patient."""
    labels = [label for _, label in read.values()]
    number_of = {name: f"{place:04d}" for place, name in enumerate(_patients(labels))}
    patients = [number_of[one] for one in _patients_of(labels)]
    probability = np.array(
        [reading.prediction.probability for reading, _ in read.values() if reading.prediction]
    )
    n = len(labels)
    unknown, no = np.full(n, np.nan), np.zeros(n, bool)
    table = FilmTable(
        film_id=np.array([f"film-{place:06d}" for place in range(n)]),
        split=np.full(n, SITE_SPLIT),
        label=np.array([int(bool(label.ill)) for label in labels], np.int64),
        subtype=np.full(n, ""),
        patient=np.array(patients),
        patient_in_train=no,
        original_height_px=np.array([float(reading.height_px) for reading, _ in read.values()]),
        original_width_px=np.array([float(reading.width_px) for reading, _ in read.values()]),
        contrast=unknown,
        median_grey=unknown,
        sharpness=unknown,
    )
    groups = dict.fromkeys(name for label in labels for name in label.groups)
    return SiteFilms(
        Predictions(table, logits_of(probability), probability),
        readers={
            reader: np.array([int(label.readers.get(reader, -1)) for label in labels], np.int64)
            for reader in READERS
            if any(reader in label.readers for label in labels)
        },
        groups={
            name: np.array([label.groups.get(name, "") for label in labels]) for name in groups
        },
        refused=dict(refused),
        patients_stated=all(label.patient for label in labels),
    )


def _patients_of(labels: list[FilmLabel]) -> list[str]:
    """Return whose film each is; one without a patient is of a patient of its own."""
    return [label.patient or f"\0{place}" for place, label in enumerate(labels)]


def _patients(labels: list[FilmLabel]) -> list[str]:
    return sorted(set(_patients_of(labels)))
