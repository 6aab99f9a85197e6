"""From a site's films and labels to a set that stays: de-identified, checked, each film once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from core.datasets.training_fingerprints import TrainingFingerprints
from core.domain.film import printable
from core.domain.origin import FilmOrigin
from core.domain.quality import Severity
from core.domain.reader import Reader
from core.domain.site_set import REASONS, LeftOut, SiteFilm, SiteKind, SiteSet, WhyLeftOut
from core.errors import Cancelled, DatasetError, RadiographError
from core.gate.quality import measure_sharpness, measure_tone
from core.imaging.dicom.deidentify import keyed_patient
from core.imaging.dicom.origin import read_origin
from core.imaging.dicom.reader import looks_like_dicom
from core.imaging.fingerprint import (
    WORDS,
    Fingerprints,
    find_copy,
    fingerprint_of,
    stack_fingerprints,
)
from core.imaging.png import levels_png
from core.imaging.preprocessing import standardise_film
from core.jobs.background import BackgroundTask
from core.jobs.film_pool import FilmPool
from core.jobs.film_worker import EngineFiles, FilmAnswer, FilmWork
from core.jobs.site_films import Cancelling, Progress, keys_of
from core.language.lists import joined
from core.language.words import msg
from core.pipeline import FilmReading
from core.reads.signing import utc_now
from core.sites.labels import FilmLabel
from core.sites.source import Films
from core.store.films.site_films import SqlSiteSets

AHEAD = 2
"""Films that are read at a time."""
TRIES = 3
_STOPPED = msg("Adding the films was stopped: nothing of them is kept.")


@dataclass(frozen=True, slots=True)
class Adding:
    """What a set is made with.

    Attributes
    ----------
    files : EngineFiles
        The run and the gate that check the films.
    learned : TrainingFingerprints or None
        None: overlap with the training films is not looked for.
    """

    store: SqlSiteSets
    pool: FilmPool
    files: EngineFiles
    learned: TrainingFingerprints | None
    by: Reader


@dataclass(frozen=True, slots=True)
class AddedSet:
    """A set as it was added, with the names that are not kept.

    Attributes
    ----------
    names : mapping of int to str
        By place, what a film that was left out is called.
    missing : tuple of str
        Films that the labels name and the place does not hold.
    """

    site_set: SiteSet
    names: Mapping[int, str]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """One film after the gate, with the copy that may be kept."""

    sha256: str
    reading: FilmReading
    copy: bytes = b""
    fingerprint: bytes = b""
    contrast: float = 0.0
    median_grey: float = 0.0
    sharpness: float = 0.0
    patient_key: str = ""


@dataclass(slots=True)
class _Taken:
    """What was taken so far."""

    set_id: str
    fingerprints: Fingerprints
    """With room for all films; the first ``films`` rows are filled."""

    films: int = 0
    numbers: dict[str, int] = field(default_factory=dict)
    """By the hash of a file, of the film that it became."""

    patients: dict[str, int] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    patients_stated: bool = True


def add_site_set(
    source: Films,
    labels: Mapping[str, FilmLabel],
    name: str,
    kind: SiteKind,
    adding: Adding,
    *,
    progress: Progress = lambda _done, _all: None,
    cancelled: Cancelling = lambda: False,
) -> AddedSet:
    """Keep a site's labelled films as a set, or nothing of them.

    A film that the quality check refuses, that stands twice, or that runs have learned from is
    left out, with its reason. What is kept are pixels, written again.

    Raises
    ------
    NotAllowed
        If the acting reader has no role that adds sets.
    DatasetError
        If the name is taken, the labels name no film of the place, or no film can be taken.
    Cancelled
        If ``cancelled`` returned True.
    FilmStoreError, ReviewStoreError
        If a film cannot be kept.
    """
    set_id = adding.store.begin(name, adding.by)
    keys = keys_of(source, labels)
    taken = _Taken(set_id, np.zeros((len(keys), WORDS), np.uint64))
    wanted = []
    for place, film in enumerate(source.names, 1):
        if film in keys:
            label = labels[keys[film]]
            if label.ill is None:
                several = len(label.readers) > 1
                why = WhyLeftOut.NOT_SETTLED if several else WhyLeftOut.NOT_LABELLED
                taken.left_out.append(LeftOut(place, why))
            else:
                wanted.append((place, film, label))
    try:
        looks = _look_at_all(source, [film for _, film, _ in wanted], adding, progress, cancelled)
        for (place, _, label), looked in zip(wanted, looks, strict=True):
            _take(looked, place, label, taken, adding)
        _require_films(taken)
        missing = tuple(sorted(set(labels) - set(keys.values())))
        found = SiteSet(
            set_id=taken.set_id,
            name=name,
            kind=kind,
            added_by=adding.by.name,
            added_at=utc_now(),
            patients_stated=taken.patients_stated,
            unlabelled=len(source.names) - len(keys),
            missing=len(missing),
            left_out=tuple(sorted(taken.left_out, key=lambda one: one.place)),
            overlap_checked=adding.learned is not None,
        )
        added = adding.store.finish(found, adding.by)
    except BaseException as exc:
        adding.store.abandon(taken.set_id)
        if isinstance(exc, Cancelled) and cancelled():
            raise Cancelled(_STOPPED) from exc
        raise
    names = {one.place: printable(source.names[one.place - 1]) for one in added.left_out}
    return AddedSet(added, names, missing)


def _require_films(taken: _Taken) -> None:
    if not taken.films:
        counted = Counter(one.why for one in taken.left_out)
        why = joined(
            msg("{reason}: {n}", reason=REASONS[one], n=n) for one, n in counted.most_common()
        )
        raise DatasetError(msg("No labelled film can be taken ({why}).", why=why))


def _look_at_all(
    source: Films,
    wanted: Sequence[str],
    adding: Adding,
    progress: Progress,
    cancelled: Cancelling,
) -> Iterator[_Looked | None]:
    """Yield films in order, None for one that is none; no more than a few lie in memory."""
    begun: list[Future[_Looked | None]] = []
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="site-set") as threads:
        for done, name in enumerate(wanted):
            if cancelled():
                raise Cancelled(_STOPPED)
            begun.append(threads.submit(_look_at, source, name, adding, cancelled))
            if len(begun) > AHEAD:
                yield begun.pop(0).result()
            progress(done, len(wanted))
        for future in begun:
            yield future.result()
        progress(len(wanted), len(wanted))


def _look_at(source: Films, name: str, adding: Adding, cancelled: Cancelling) -> _Looked | None:
    try:
        content, (key, patient) = source.read(name), source.known_as(name)
        sha256 = key or hashlib.sha256(content).hexdigest()
        called = name.rsplit("/", 1)[-1]
        work = FilmWork(content, adding.files, called, read=True, display=True, key=sha256)
        answer = _read_patiently(work, adding.pool, cancelled)
    except RadiographError:
        return None
    assert answer.reading is not None
    assert answer.shown is not None
    if answer.reading.quality.refused:
        return _Looked(sha256, answer.reading)
    levels = answer.shown.levels
    pixels = levels.astype(np.float32) / np.float32(np.iinfo(levels.dtype).max)
    tone = measure_tone(pixels)
    return _Looked(
        sha256,
        answer.reading,
        copy=levels_png(levels, synthetic=answer.shown.synthetic),
        fingerprint=fingerprint_of(levels),
        contrast=tone.contrast,
        median_grey=tone.median,
        sharpness=measure_sharpness(standardise_film(pixels)),
        patient_key=patient or _patient_key(content, adding.store.keyring.secret),
    )


def _read_patiently(work: FilmWork, pool: FilmPool, cancelled: Cancelling) -> FilmAnswer:
    """Read a film, and again if a busy machine ended its worker: then the film is not at fault."""
    for _ in range(TRIES - 1):
        try:
            return pool.do(work, cancelled=cancelled)
        except Cancelled:
            if cancelled():
                raise
    return pool.do(work, cancelled=cancelled)


def _patient_key(content: bytes, secret: bytes) -> str:
    """Return the keyed hash of the patient whom a DICOM file names; empty where it names none."""
    if not looks_like_dicom(content):
        return ""
    try:
        origin: FilmOrigin = read_origin(content)
    except RadiographError:
        return ""
    return keyed_patient(origin.patient_id, origin.issuer_of_patient_id, secret)


def _take(
    looked: _Looked | None, place: int, label: FilmLabel, taken: _Taken, adding: Adding
) -> None:
    """Keep a film, or note why not."""
    if looked is None:
        taken.left_out.append(LeftOut(place, WhyLeftOut.UNREADABLE))
        return
    left_out = _why_left_out(looked, place, taken, adding.learned)
    if left_out is not None:
        taken.left_out.append(left_out)
        return
    number = taken.films + 1
    stated = label.patient or looked.patient_key
    taken.patients_stated = taken.patients_stated and bool(stated)
    patient = taken.patients.setdefault(stated or f"\0{place}", len(taken.patients) + 1)
    film = SiteFilm(
        film_id=f"{taken.set_id}/{number:05d}",
        number=number,
        film_sha256=looked.sha256,
        ill=bool(label.ill),
        patient=patient,
        height_px=looked.reading.height_px,
        width_px=looked.reading.width_px,
        contrast=looked.contrast,
        median_grey=looked.median_grey,
        sharpness=looked.sharpness,
        findings=" ".join(sorted(one.code for one in looked.reading.quality.findings)),
        readers=dict(label.readers),
        groups=dict(label.groups),
        patient_key=looked.patient_key,
    )
    adding.store.keep_film(taken.set_id, film, looked.copy, adding.by)
    taken.numbers[looked.sha256] = number
    taken.fingerprints[taken.films] = stack_fingerprints([looked.fingerprint])[0]
    taken.films = number


def _why_left_out(
    looked: _Looked, place: int, taken: _Taken, learned: TrainingFingerprints | None
) -> LeftOut | None:
    if looked.sha256 in taken.numbers:
        return LeftOut(place, WhyLeftOut.SAME_FILE, str(taken.numbers[looked.sha256]))
    refusals = (one for one in looked.reading.quality.findings if one.severity is Severity.REFUSE)
    refusal = next(refusals, None)
    if refusal is not None:
        return LeftOut(place, WhyLeftOut.REFUSED, refusal.code)
    if learned is not None:
        row = find_copy(looked.fingerprint, learned.fingerprints)
        if row is not None:
            return LeftOut(place, WhyLeftOut.LEARNED, learned.film_ids[row])
    row = find_copy(looked.fingerprint, taken.fingerprints[: taken.films])
    return None if row is None else LeftOut(place, WhyLeftOut.COPY, str(row + 1))


def refused_of(site_set: SiteSet) -> Counter[str]:
    """Return how many films of a set the quality check refused, by the code of the finding."""
    return Counter(one.detail for one in site_set.left_out if one.why is WhyLeftOut.REFUSED)


class AddTask(BackgroundTask[AddedSet]):
    """Adds a set in a thread; ``cancel`` leaves nothing of it.

    Parameters
    ----------
    add : callable
        As `add_site_set` with all but its two hooks.
    """

    def __init__(self, add: Callable[[Progress, Cancelling], AddedSet]) -> None:
        super().__init__("first-read-site-set")
        self._add = add
        self.done = self.total = 0

    def _work(self) -> AddedSet:
        return self._add(self._note, lambda: self.cancelled)

    def _note(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        self.report(done / max(1, total))
