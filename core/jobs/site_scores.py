"""What runs say of the films of a site's sets, by run export; kept until a set is removed."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from core.domain.model import RunRecord
from core.domain.site_set import SiteFilm
from core.errors import Cancelled, FirstReadError, ModelIntegrity
from core.files import read_checked, write_checked
from core.jobs.background import BackgroundTask
from core.jobs.film_pool import FilmPool
from core.jobs.film_worker import EngineFiles, FilmWork
from core.jobs.site_films import Cancelling, Progress
from core.language.words import msg
from core.library.site_library import table_of
from core.runs.predictions import Predictions, parse_predictions, predictions_as_parquet
from core.runs.store import reading_identity
from core.settings import Settings
from core.store.engine import address_of
from core.store.films.site_films import SqlSiteSets

SITE_SCORES = "site_scores"
AHEAD = 2


def open_site_scores(settings: Settings, gate_sha256: str) -> SiteScores:
    """Return what runs said of the sets in the database that the settings name.

    Each database has a folder of its own in the cache: what is kept of sets that are not there
    any more is taken away, and another database's sets are not there.
    """
    folder = hashlib.sha256(address_of(settings.database_url).encode()).hexdigest()[:16]
    return SiteScores(settings.cache / SITE_SCORES / folder, gate_sha256)


class SiteScores:
    """The kept predictions of a site's sets.

    Parameters
    ----------
    folder : Path
        A folder a set lies in it, with a Parquet file a run export.
    """

    def __init__(self, folder: Path, gate_sha256: str) -> None:
        self._folder, self._gate = folder, gate_sha256

    def of(self, set_id: str, run: RunRecord) -> Predictions | None:
        """Return what a run said of a set's films; None if that is not kept, or is damaged."""
        content = read_checked(self._path(set_id, run))
        try:
            return None if content is None else parse_predictions(content, run.run_id)
        except ModelIntegrity:
            return None

    def has(self, set_id: str, run: RunRecord) -> bool:
        """Return whether what a run said of a set's films is kept."""
        return self._path(set_id, run).is_file()

    def keep(self, set_id: str, run: RunRecord, predictions: Predictions) -> None:
        """Keep what a run says; raises DatasetError if it cannot be written."""
        write_checked(self._path(set_id, run), predictions_as_parquet(predictions))

    def forget_others(self, set_ids: Collection[str]) -> None:
        """Take away what is kept of sets that are not there any more."""
        if self._folder.is_dir():
            for one in self._folder.iterdir():
                if one.name not in set_ids:
                    shutil.rmtree(one, ignore_errors=True)

    def files_of(self, run: RunRecord, models: Path, threads: int) -> EngineFiles:
        """Return which run and gate a worker opens to score films."""
        identity = reading_identity(run, self._gate)
        return EngineFiles(models.absolute(), run.run_id, threads, identity)

    def _path(self, set_id: str, run: RunRecord) -> Path:
        identity = reading_identity(run, self._gate)[:16]
        return self._folder / set_id / f"{run.run_id}-{identity}.checked"


def score_films(
    set_id: str,
    films: Sequence[SiteFilm],
    fetch: Callable[[str], bytes],
    files: EngineFiles,
    pool: FilmPool,
    *,
    progress: Progress = lambda _done, _all: None,
    cancelled: Cancelling = lambda: False,
) -> Predictions:
    """Return what a run says of the films of a set, past the gate.

    Raises
    ------
    Cancelled
        If ``cancelled`` returned True.
    FilmStoreError
        If a film is gone.
    ModelError
        If the run cannot be opened.
    """
    scores: list[tuple[float, float]] = []
    progress(0, len(films))
    for score in _each(films, fetch, files, pool, cancelled):
        scores.append(score)
        progress(len(scores), len(films))
    logits, probabilities = np.array(scores, np.float64).reshape(-1, 2).T
    return Predictions(table_of(set_id, films), logits, probabilities)


def _each(
    films: Sequence[SiteFilm],
    fetch: Callable[[str], bytes],
    files: EngineFiles,
    pool: FilmPool,
    cancelled: Cancelling,
) -> Iterator[tuple[float, float]]:
    def score(film: SiteFilm) -> tuple[float, float]:
        work = FilmWork(fetch(film.film_id), files, f"film {film.number}", score=True)
        found = pool.do(work, cancelled=cancelled).score
        assert found is not None
        return found

    begun: list[Future[tuple[float, float]]] = []
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="site-scores") as threads:
        for film in films:
            if cancelled():
                raise Cancelled(msg("Reading the site's films was stopped."))
            begun.append(threads.submit(score, film))
            if len(begun) > AHEAD:
                yield begun.pop(0).result()
        for future in begun:
            yield future.result()


def read_set(
    store: SqlSiteSets,
    scores: SiteScores,
    set_id: str,
    run: RunRecord,
    files: EngineFiles,
    pool: FilmPool,
    progress: Progress = lambda _done, _all: None,
    cancelled: Cancelling = lambda: False,
) -> None:
    """Let a run read a set, and keep what it says; raises as `score_films`."""
    films = store.films(set_id)
    said = score_films(
        set_id, films, store.content, files, pool, progress=progress, cancelled=cancelled
    )
    scores.keep(set_id, run, said)


Pair = tuple[str, str]
"""A set's id and a run's."""


class ScoreTask(BackgroundTask[int]):
    """Lets runs read sets in a thread, one run after the other; the first are wanted first.

    Parameters
    ----------
    wanted : sequence of (str, RunRecord)
        Sets by id, each with a run that has not read it.
    score : callable
        Reads one set with one run, and keeps what it says.

    Attributes
    ----------
    now : (str, str) or None
        Which set is being read by which run.
    failed : mapping of (str, str) to str
        Why a run could not read a set.
    """

    def __init__(
        self,
        wanted: Sequence[tuple[str, RunRecord]],
        score: Callable[[str, RunRecord, Progress, Cancelling], None],
    ) -> None:
        super().__init__("first-read-site-scores")
        self._wanted, self._score = wanted, score
        self.now: Pair | None = None
        self.done = self.total = self._at = 0
        self.failed: dict[Pair, str] = {}

    @property
    def waiting(self) -> frozenset[Pair]:
        """Which sets are yet to be read by which runs, or are being read."""
        return frozenset((set_id, run.run_id) for set_id, run in self._wanted[self._at :])

    def _work(self) -> int:
        for at, (set_id, run) in enumerate(self._wanted):
            self._at = at
            if self.cancelled:
                break
            self.now, self.done, self.total = (set_id, run.run_id), 0, 0
            try:
                self._score(set_id, run, self._note, lambda: self.cancelled)
            except FirstReadError as exc:
                if self.cancelled:
                    break
                self.failed[self.now] = exc.sentence
            self.report((at + 1) / len(self._wanted))
        else:
            self._at = len(self._wanted)
        self.now = None
        return len(self._wanted) - len(self.failed)

    def _note(self, done: int, total: int) -> None:
        self.done, self.total = done, total


def missing_scores(
    scores: SiteScores,
    set_ids: Sequence[str],
    runs: Mapping[str, RunRecord],
    failed: Collection[Pair] = (),
) -> list[tuple[str, RunRecord]]:
    """Return which sets no score is kept of, with the run; the first run reads all sets first.

    Parameters
    ----------
    runs : mapping of str to RunRecord
        In the order in which they are wanted.
    failed : collection of (str, str)
        Which are not tried again.
    """
    return [
        (set_id, run)
        for run in runs.values()
        for set_id in set_ids
        if (set_id, run.run_id) not in failed and not scores.has(set_id, run)
    ]
