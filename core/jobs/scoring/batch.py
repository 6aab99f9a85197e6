"""What a worker does: it reads some films of the archive and scores each in a process of its own.

A file that ends that process, or takes too long, costs the process and not the worker. Files are
fetched while another is scored, so that a slow bucket keeps no processor waiting.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache

from core.errors import Cancelled, DatasetError, RadiographError
from core.imaging.decoding import check_file_size
from core.jobs.film_pool import FilmPool
from core.jobs.film_scores import BAD, FilmScore
from core.jobs.film_worker import EngineFiles, FilmWork
from core.language.words import msg
from core.settings import get_settings
from core.sites.source import FilmSource, ListedFilm, open_place

AHEAD_FILMS, AHEAD_BYTES = 8, 64_000_000
"""Fetched before their turn, at most; one film always is."""

TRIES = 3
"""Of a film whose process the system ended, and of a file that cannot be fetched."""

PAUSES_S = (0.5, 2.0)
LEAST_FAILING = 8
"""A batch of so many films, none of which can be fetched: then the place is gone, not the films."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the films lie, and what reads them; the worker has its own folder of models."""

    place: str
    run_id: str
    identity: str
    explained: bool


@lru_cache(maxsize=2)
def _pool(run_id: str, identity: str) -> tuple[FilmPool, EngineFiles]:
    """Return this worker's reader: one process that loads the run once."""
    files = EngineFiles(get_settings().models.absolute(), run_id, 1, identity)
    pool = FilmPool(1)
    pool.prepare(files)
    return pool, files


_opened = ExitStack()


@lru_cache(maxsize=4)
def _source(place: str) -> FilmSource:
    return _opened.enter_context(open_place(place))


def score_batch(reading: Reading, films: tuple[ListedFilm, ...]) -> list[FilmScore]:
    """Score films, each to its row; a film that cannot be read has its sentence.

    Raises
    ------
    DatasetError
        If the place cannot be opened, or none of many films can be fetched.
    ModelError
        If the run cannot be opened, or is another than the one that the job began with.
    ExplanationError
        If the run's log odds cannot be split by place.
    """
    source = _source(reading.place)
    scores, gone = [], 0
    for film, content in _fetched(source, films):
        if isinstance(content, str):
            gone += 1
            scores.append(FilmScore(BAD, content))
        else:
            scores.append(_score(reading, film, content))
    if gone == len(films) >= LEAST_FAILING:
        raise DatasetError(
            msg(
                "{place} cannot be read any more: none of {n} films. Run the command again when "
                "it can: it goes on where it stopped.",
                place=reading.place,
                n=gone,
            )
        )
    return scores


def _fetched(
    source: FilmSource, films: tuple[ListedFilm, ...]
) -> Iterator[tuple[ListedFilm, bytes | str]]:
    """Yield films with their content, or why there is none, in order."""
    waiting: deque[tuple[ListedFilm, Future[bytes | str]]] = deque()
    left, ahead = deque(films), 0
    with ThreadPoolExecutor(AHEAD_FILMS, thread_name_prefix="fetch") as threads:
        while left or waiting:
            while left and (
                not waiting or (len(waiting) < AHEAD_FILMS and ahead + left[0].size <= AHEAD_BYTES)
            ):
                film = left.popleft()
                ahead += film.size
                waiting.append((film, threads.submit(_fetch, source, film)))
            film, future = waiting.popleft()
            content = future.result()
            ahead -= film.size
            yield film, content


def _fetch(source: FilmSource, film: ListedFilm) -> bytes | str:
    most = get_settings().max_film_mb
    if film.size > most * 1_000_000:  # it is not even fetched
        return str(
            msg(
                "{name} has {size_mb:.1f} MB; the limit is {limit_mb} MB. Export the film at a "
                "lower resolution.",
                name=_last(film),
                size_mb=film.size / 1e6,
                limit_mb=most,
            )
        )
    for pause_s in (*PAUSES_S, None):
        try:
            return source.read(film.name)
        except DatasetError as exc:
            if pause_s is None:
                return str(exc)
            time.sleep(pause_s)
    raise AssertionError


def _score(reading: Reading, film: ListedFilm, content: bytes) -> FilmScore:
    pool, files = _pool(reading.run_id, reading.identity)
    work = FilmWork(content, files, _last(film), scored=True, explained=reading.explained)
    why = ""
    for _ in range(TRIES):
        try:
            check_file_size(content, _last(film))
            score = pool.do(work).row
        except RadiographError as exc:
            return FilmScore(BAD, str(exc))
        except Cancelled as exc:  # the system ended the process, or the machine is too busy
            why = str(exc)
        except RuntimeError as exc:  # a fault of the reader at this film; the others are read
            return FilmScore(BAD, str(exc))
        else:
            assert score is not None
            return score
    return FilmScore(BAD, why)


def _last(film: ListedFilm) -> str:
    return film.name.rsplit("/", 1)[-1]
