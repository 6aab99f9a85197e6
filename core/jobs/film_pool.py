"""Worker processes that read films: a few slots, a queue, and an end to whatever takes too long."""

from __future__ import annotations

import logging
import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache

from core.domain.arrays import read_only
from core.errors import Cancelled, CorruptFile, FirstReadError, RadiographError
from core.imaging.decoding import check_file_size
from core.jobs.film_worker import DECODING_S, EngineFiles, FilmAnswer, FilmWork
from core.jobs.passing import open_memory_file, put, take
from core.jobs.processes import start_process
from core.language.words import msg
from core.observability.metrics import note_film_unreadable, note_reading

SLOTS = 2
DEADLINE_S = 60.0
"""By the clock, for one film with everything that is wanted of it, on a machine that is busy."""

_ASKED_AGAIN_S = 0.05
_TO_END_S = 5.0
"""A process that has closed its socket takes this long to end at most."""

_log = logging.getLogger(__name__)


class _Worker:
    """One process with the socket to it."""

    def __init__(self) -> None:
        self.memory = open_memory_file()
        environment = {
            "FIRSTREAD_MAX_FILM_MB": "512",  # the setting is held to before a file is sent
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",  # each thread would set aside address space
        }
        try:
            self.process, self.connection = start_process(
                "core.jobs.film_worker", environment, self.memory
            )
        except BaseException:
            os.close(self.memory)
            raise

    def send(self, work: FilmWork) -> None:
        """Send a file with what is wanted of it."""
        put(self.memory, work.content)
        self.connection.send(replace(work, content=b"", size=len(work.content)))

    def receive(self) -> FilmAnswer | Exception:
        """Return what came of the work that was sent, once it is there."""
        answer = self.connection.recv()
        if isinstance(answer, FilmAnswer) and answer.stripped is not None:
            content = take(self.memory, answer.size).tobytes()
            answer = replace(answer, stripped=replace(answer.stripped, content=content))
        if isinstance(answer, FilmAnswer) and answer.shown is not None:
            levels = answer.shown.levels
            size = levels.itemsize * math.prod(levels.shape[1:])
            filled = take(self.memory, size).view(levels.dtype).reshape(levels.shape[1:])
            answer = replace(answer, shown=replace(answer.shown, levels=read_only(filled)))
        assert isinstance(answer, FilmAnswer | Exception)
        return answer

    def end(self, patience_s: float = 0.0) -> int:
        """End the process, if it does not end by itself; return how it ended."""
        if not self.connection.closed:
            self.connection.close()
            os.close(self.memory)
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class _Ticket:
    """A place in the queue."""


class FilmPool:
    """Hands files to worker processes, first come first served; safe to share between threads.

    Parameters
    ----------
    slots : int
        Films in hand at a time.
    """

    def __init__(self, slots: int = SLOTS) -> None:
        self._slots = slots
        self._turn = threading.Condition()
        self._waiting: list[_Ticket] = []
        self._urgent: list[_Ticket] = []
        self._idle: list[_Worker] = []
        self._busy = 0
        self._files: EngineFiles | None = None
        self._closed = False

    def prepare(self, files: EngineFiles) -> None:
        """Start the workers, and let them load the run that will read films."""
        with self._turn:
            self._files = files
            for worker in self._idle:
                with suppress(OSError):  # it has ended, and is replaced when a film comes
                    worker.connection.send(files)
            while len(self._idle) + self._busy < self._slots:
                self._idle.append(self._started())

    def _started(self) -> _Worker:
        worker = _Worker()
        if self._files is not None:
            with suppress(OSError):  # it has ended already, which the next film finds
                worker.connection.send(self._files)
        return worker

    def do(
        self,
        work: FilmWork,
        *,
        cancelled: Callable[[], bool] = lambda: False,
        on_place: Callable[[int], None] = lambda _ahead: None,
        urgent: bool = False,
    ) -> FilmAnswer:
        """Wait for a slot and return what a worker makes of a file.

        Parameters
        ----------
        cancelled : callable
            Asked all the time; where it returns True, the film loses its place, or its worker.
        on_place : callable
            Gets the number of films before this one whenever it is asked for.
        urgent : bool
            True for a film that a reader is waiting to see: it goes before those of batches.

        Raises
        ------
        RadiographError
            If the bytes cannot become a radiograph, or take more time or memory than a film does.
        ModelError
            If the run cannot be opened.
        Cancelled
            If ``cancelled`` returned True, the deadline has passed, or the system ended the worker.
        """
        name = work.file_name or msg("The file")
        check_file_size(work.content, name)
        with self._slot(cancelled, on_place, urgent=urgent) as worker:
            begun = time.monotonic()
            deadline = begun + DEADLINE_S
            try:
                worker.send(work)
                while not worker.connection.poll(_ASKED_AGAIN_S):
                    if cancelled():
                        raise Cancelled(msg("{name} was not read: reading was stopped.", name=name))
                    if time.monotonic() > deadline:
                        raise Cancelled(
                            msg(
                                "{name} was not read within {seconds:.0f} s: the machine is "
                                "busy, or the file is damaged. Read it again.",
                                name=name,
                                seconds=DEADLINE_S,
                            )
                        )
                answer = worker.receive()
            except (EOFError, OSError) as exc:
                raise _ended(name, worker.end(_TO_END_S)) from exc
        if isinstance(answer, Exception):
            counts = (work.read or work.secret) and not work.unseen
            if counts and isinstance(answer, RadiographError):
                note_film_unreadable(work.key)
            raise answer
        if answer.reading is not None and not work.unseen:
            seconds = time.monotonic() - begun
            note_reading(work.key, seconds, answer.reading.quality)
        return answer

    def close(self) -> None:
        """End the workers."""
        with self._turn:
            self._closed = True
            for worker in self._idle:
                worker.end()
            self._idle.clear()

    @property
    def processes(self) -> list[int]:
        """Process ids of the workers that wait for work."""
        with self._turn:
            return [worker.process.pid for worker in self._idle]

    @contextmanager
    def _slot(
        self, cancelled: Callable[[], bool], on_place: Callable[[int], None], *, urgent: bool
    ) -> Iterator[_Worker]:
        worker = self._take(cancelled, on_place, urgent=urgent)
        try:
            yield worker
        except BaseException:
            worker.end()  # whatever it is doing, nobody waits for it
            self._give_back(None)
            raise
        self._give_back(worker)

    def _take(
        self, cancelled: Callable[[], bool], on_place: Callable[[int], None], *, urgent: bool
    ) -> _Worker:
        ticket, queue = _Ticket(), self._urgent if urgent else self._waiting
        with self._turn:
            queue.append(ticket)
            try:
                while True:
                    if cancelled():  # even where a slot is free: ending a worker costs a second
                        raise Cancelled(msg("The film was not read: reading was stopped."))
                    ahead = self._ahead(ticket)
                    if not ahead and self._busy < self._slots:
                        break
                    on_place(ahead)
                    self._turn.wait(_ASKED_AGAIN_S)
                on_place(0)
                worker = self._living() or self._started()
                self._busy += 1
                return worker
            finally:
                queue.remove(ticket)
                self._turn.notify_all()

    def _living(self) -> _Worker | None:
        while self._idle:
            worker = self._idle.pop()
            if worker.process.poll() is None:
                return worker
            worker.end()
        return None

    def _ahead(self, ticket: _Ticket) -> int:
        return [*self._urgent, *self._waiting].index(ticket)

    def _give_back(self, worker: _Worker | None) -> None:
        """Free a slot; a worker that was lost is replaced at once, so that nobody waits for it."""
        with self._turn:
            self._busy -= 1
            if self._closed and worker is not None:
                worker.end()
            elif not self._closed:
                with suppress(OSError):  # no process can be started now; the next film tries again
                    self._idle.append(worker or self._started())
            self._turn.notify_all()


def _ended(name: str, code: int) -> FirstReadError | RuntimeError:
    """Return what to say of a file at which a worker ended."""
    if code == -signal.SIGPROF:
        return CorruptFile(
            msg(
                "{name} takes more than {seconds:.0f} s of processor time to decode, which "
                "no film of its size does. Export the film again, as DICOM, PNG or JPEG.",
                name=name,
                seconds=DECODING_S,
            )
        )
    if code == -signal.SIGKILL:  # decoding is kept to its memory by errors, never by this
        return Cancelled(
            msg(
                "{name} was not read: the system ended the process that read it, as it does "
                "when the machine has too little memory. Read it again.",
                name=name,
            )
        )
    if code < 0:
        _log.error("a decoder failed at a file", extra={"signal": signal.Signals(-code).name})
        return CorruptFile(
            msg(
                "{name} is damaged: its decoder failed. Export the film again, as DICOM, PNG "
                "or JPEG.",
                name=name,
            )
        )
    return RuntimeError(f"the process that reads films ended with {code}")


@lru_cache(maxsize=1)
def get_film_pool() -> FilmPool:
    """Return the pool of this process."""
    return FilmPool()
