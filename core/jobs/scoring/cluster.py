"""Batches of films on workers, by dask.distributed; the only module that knows it.

A bounded number of batches is in hand, and each result is let go of as soon as it is taken: what
the scheduler and this process hold does not grow with the films.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

from core.errors import Cancelled, DatasetError, FirstReadError
from core.jobs.film_scores import BAD, FilmScore
from core.jobs.scoring.batch import Reading, score_batch
from core.language.words import msg
from core.sites.source import ListedFilm

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD = 2
"""Batches in hand for each worker: one that it reads, one that waits."""

LOST_WORKERS = 2
"""A batch that so many workers were lost with, and one more, is read film by film."""

BLAMED = 2
"""Times that a film alone lost its workers before it is listed as bad: at the first time another
film that stood beside it may have been the cause."""

TO_ANSWER_S = 30
_WAIT_S = 0.5
_CONFIG = {
    "distributed.scheduler.allowed-failures": LOST_WORKERS,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.work-stealing": False,
    "distributed.admin.low-level-log-length": 200,
    # What watches the scheduler and the workers many times a second would cost a tenth of a core.
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "1h",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.worker.profile.enabled": False,
    # Without Dask's MALLOC_TRIM_THRESHOLD_: it has each file's memory mapped again, page by page.
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1},
    "distributed.worker.memory.terminate": False,  # films are bounded, one is read at a time
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.comm.timeouts.connect": f"{TO_ANSWER_S}s",
}

Stopping = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Batch:
    """The films of one part, in the listing's order; ``first`` is the first one's number."""

    part: int
    first: int
    films: tuple[ListedFilm, ...]


Scored = tuple[Batch, list[FilmScore]]
Scorer = Callable[[Reading, Iterator[Batch], Stopping], Generator[Scored, None, None]]
"""Scores batches in any order; it is closed when no more are wanted."""


def dask_scorer(address: str, workers: int) -> Scorer:
    """Return what scores batches on workers of this machine, or on those of a scheduler.

    They are started, or asked, when the first batch is wanted; what was started ends again.

    Parameters
    ----------
    address : str
        Of a scheduler, such as ``tcp://host:8786``; empty for workers of this machine.
    workers : int
        Processes to start; each reads one film at a time.

    Raises
    ------
    DatasetError
        By what is returned: if the scheduler does not answer, has no worker, or is lost.
    Cancelled
        By what is returned: if it was stopped.
    """

    def score(
        reading: Reading, batches: Iterator[Batch], stopping: Stopping
    ) -> Generator[Scored, None, None]:
        with _open_client(address, workers) as client:
            yield from _Window(client, reading, batches, stopping).results()

    return score


@contextmanager
def _open_client(address: str, workers: int) -> Iterator[Client]:
    # Deferred: the app and the other commands do without it.
    import dask  # noqa: PLC0415
    from distributed import Client, LocalCluster  # noqa: PLC0415

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what is lost is told in the end
    with dask.config.set(_CONFIG):
        if address:
            client = _connect(Client, address)
            try:
                yield client
            finally:
                with suppress(Exception):  # it may be gone
                    client.close()
            return
        # Threads and processes that are started meanwhile never see Ctrl-C: this thread takes it.
        # The resource tracker first: at its start it would let the signal through again.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,
                dashboard_address=None,
                worker_dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        with cluster, Client(cluster, set_as_default=False) as client:
            yield client


def _connect(client: type[Client], address: str) -> Client:
    try:
        connected = client(address, set_as_default=False, timeout=TO_ANSWER_S)
    except Exception as exc:  # whatever the network or the address raises
        raise DatasetError(
            msg(
                "No scheduler answers at {address}. Start one with `dask scheduler`, or leave "
                "--scheduler out.",
                address=address,
            )
        ) from exc
    if not connected.nthreads():
        connected.close()
        raise DatasetError(
            msg(
                "The scheduler at {address} has no worker. Start one with `dask worker {address} "
                "--nthreads 1`.",
                address=address,
            )
        )
    return connected


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a worker was asked for: a batch, or one film of it that lost its workers so often."""

    batch: Batch
    film: int | None = None
    lost: int = 0

    @property
    def films(self) -> tuple[ListedFilm, ...]:
        """The films that it reads."""
        return self.batch.films if self.film is None else (self.batch.films[self.film],)


class _Window:
    """The batches in hand, and those that are read film by film."""

    def __init__(
        self, client: Client, reading: Reading, batches: Iterator[Batch], stopping: Stopping
    ) -> None:
        self._client, self._reading = client, reading
        self._batches, self._stopping = batches, stopping
        self._alone: deque[_Asked] = deque()
        self._scores: dict[int, dict[int, FilmScore]] = {}
        self._known: dict[Future[list[FilmScore]], _Asked] = {}
        self._some_done = threading.Event()

    def results(self) -> Iterator[Scored]:
        """Yield each batch with its scores as soon as it is done."""
        try:
            self._fill()
            while self._known:
                for future in self._ready():
                    scored = self._take(future)
                    if scored is not None:
                        yield scored
                self._fill()
        finally:
            if self._client.status == "running":
                self._client.cancel(list(self._known), force=True)

    def _ready(self) -> list[Future[list[FilmScore]]]:
        """Wait until something is done; asked every half second whether to stop."""
        while True:
            if self._stopping():
                raise Cancelled(msg("Scoring was stopped."))
            self._some_done.clear()
            ready = [future for future in self._known if future.done()]
            if ready:
                return ready
            self._some_done.wait(_WAIT_S)

    def _fill(self) -> None:
        most = AHEAD * max(1, self._threads())
        while len(self._known) < most:
            asked = self._alone.popleft() if self._alone else self._next()
            if asked is None:
                return
            future = self._client.submit(score_batch, self._reading, asked.films, pure=False)
            self._known[future] = asked
            future.add_done_callback(lambda _future: self._some_done.set())

    def _next(self) -> _Asked | None:
        batch = next(self._batches, None)
        return None if batch is None else _Asked(batch)

    def _threads(self) -> int:
        return sum(self._client.nthreads().values())

    def _take(self, future: Future[list[FilmScore]]) -> Scored | None:
        """Return a batch if it is done with this; let go of what the scheduler holds of it."""
        from distributed import KilledWorker  # noqa: PLC0415

        asked = self._known.pop(future)
        if future.cancelled():
            raise DatasetError(msg("The scheduler is gone. Run the command again: it goes on."))
        fault: BaseException | None = future.exception()
        scores: list[FilmScore] = [] if fault is not None else future.result()
        future.release()
        if fault is None:
            if asked.film is None:
                return asked.batch, scores
            return self._one(asked.batch, asked.film, scores[0])
        if not isinstance(fault, KilledWorker):
            raise fault if isinstance(fault, FirstReadError) else _failed(fault)
        return self._lost(asked)

    def _lost(self, asked: _Asked) -> Scored | None:
        """Read a batch that lost its workers film by film; blame a film that loses them again."""
        batch, film = asked.batch, asked.film
        if film is None:
            self._scores[batch.part] = {}
            self._alone.extend(_Asked(batch, place) for place in range(len(batch.films)))
            return None
        if asked.lost + 1 < BLAMED:
            self._alone.append(_Asked(batch, film, asked.lost + 1))
            return None
        why = msg("Every worker that read this film was lost. Look at the file by itself.")
        return self._one(batch, film, FilmScore(BAD, str(why)))

    def _one(self, batch: Batch, film: int, score: FilmScore) -> Scored | None:
        known = self._scores[batch.part]
        known[film] = score
        if len(known) < len(batch.films):
            return None
        del self._scores[batch.part]
        return batch, [known[place] for place in range(len(batch.films))]


def _failed(fault: BaseException) -> DatasetError:
    return DatasetError(
        msg(
            "A worker could not read films ({why}). It needs the same version of First Read and "
            "the same models as this machine.",
            why=f"{type(fault).__name__}: {fault}"[:300],
        )
    )


@contextmanager
def stop_by_interrupt() -> Iterator[Stopping]:
    """Take Ctrl-C as the wish to stop: what is yielded says whether it was pressed."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)
