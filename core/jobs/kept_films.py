"""Films on their way into the store and out of it again, as pages and batches take them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from core.domain.film import Turn
from core.domain.reader import Reader
from core.domain.worklist import Arrival, ArrivingFilm, MachineReading, WorklistFilm
from core.errors import Cancelled, FilmGone, RadiographError
from core.imaging.dicom.reader import looks_like_dicom
from core.jobs.batch import WAITING, FilmOutcome, FilmState, UploadedFilm
from core.jobs.film_pool import FilmPool
from core.jobs.film_worker import EngineFiles, FilmWork
from core.language.words import msg
from core.observability.metrics import note_film_taken
from core.pipeline import FilmReading
from core.store.films.worklist import SqlFilms

ASKED_AGAIN_S = 0.2


def keep_film(
    film: UploadedFilm,
    films: SqlFilms,
    pool: FilmPool,
    files: EngineFiles,
    by: Reader,
    *,
    arrival: Arrival = Arrival.UPLOAD,
    name: str | None = None,
    keep_origin: bool = False,
) -> UploadedFilm:
    """Keep a film, a DICOM file without what names its patient; return it as it is kept.

    Parameters
    ----------
    name : str, optional
        What it is called in the worklist, if not by its file.
    keep_origin : bool
        Whether a DICOM file's patient and study are kept, encrypted, for reports that go back.

    Raises
    ------
    RadiographError
        If a DICOM file holds no film; that it came is kept, with the sentence.
    FilmStoreError, ReviewStoreError
        If it cannot be kept.
    """
    content, shown = film.content, film.name if name is None else name
    arriving = ArrivingFilm(film.key, shown, content)
    if looks_like_dicom(content):
        work = FilmWork(content, files, film.name, secret=films.keyring.secret, key=film.key)
        try:
            stripped = pool.do(work).stripped
        except RadiographError as exc:
            said = MachineReading(files.identity, sentence=exc.sentence)
            films.keep_refusal(arriving, by, said, arrival)
            raise
        assert stripped is not None
        arriving = ArrivingFilm(
            film.key,
            shown,
            stripped.content,
            stripped.patient,
            stripped.taken_at,
            stripped.burned_in,
            stripped.origin if keep_origin else None,
        )
    if films.keep(arriving, by, arrival):
        note_film_taken(arrival, film.key)
    kept = films.find(film.key)
    return film if kept is None else as_uploaded(kept, films)


def as_uploaded(kept: WorklistFilm, films: SqlFilms) -> UploadedFilm:
    """Return a kept film as pages take it; its file is fetched when it is asked for."""
    fetch = partial(films.content, kept.film_sha256)
    turn = Turn.of(kept.quarter_turns)
    return UploadedFilm(kept.film_sha256, kept.name, fetch, kept.inverted, turn)


def outcome_of(kept: WorklistFilm, identity: str) -> FilmOutcome:
    """Return what became of a kept film; it waits where another run or gate read it."""
    said = kept.reading
    if said is not None and not kept.has_file:
        return FilmOutcome(FilmState.FAILED, sentence=said.sentence)
    if said is None or said.identity != identity:
        return WAITING
    if said.quality is None:
        return FilmOutcome(FilmState.FAILED, sentence=said.sentence)
    reading = FilmReading(
        film_sha256=kept.film_sha256,
        thumbnail=said.thumbnail,
        height_px=said.height_px,
        width_px=said.width_px,
        source_format=said.source_format,
        quality=said.quality,
        prediction=said.prediction,
        model_input=None,
    )
    return FilmOutcome(FilmState.READ, reading)


def take_in_hand(
    film: UploadedFilm, films: SqlFilms, identity: str, stopped: Callable[[], bool]
) -> FilmReading | None:
    """Take a kept film to read it; None, or what was found by whoever has it in hand already.

    Raises
    ------
    Cancelled
        If the film was erased, or ``stopped`` returned True while another had it in hand.
    """
    while True:
        known = films.find(film.key)
        said = WAITING if known is None else outcome_of(known, identity)
        if said.reading is not None:
            return said.reading
        if films.begin_reading(film.key):
            return None
        if known is None or stopped():
            raise Cancelled(msg("{name} is being read, or was erased.", name=film.name))
        time.sleep(ASKED_AGAIN_S)


def note_outcome(
    film: UploadedFilm,
    films: SqlFilms,
    identity: str,
    reading: FilmReading | RadiographError | FilmGone,
) -> None:
    """Keep what the machine said of a film, or why the film cannot be read."""
    read_as = film.inverted, film.turn.quarters % 4
    if isinstance(reading, RadiographError | FilmGone):
        films.note_reading(film.key, MachineReading(identity, sentence=reading.sentence), read_as)
    else:
        said = MachineReading(
            identity,
            reading.thumbnail,
            reading.height_px,
            reading.width_px,
            reading.source_format,
            reading.quality,
            reading.prediction,
        )
        films.note_reading(film.key, said, read_as)
