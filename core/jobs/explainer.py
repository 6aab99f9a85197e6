"""The process that explains films, as the queue of explanations sees it."""

from __future__ import annotations

import itertools
import subprocess
import threading
import weakref
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path

from core.domain.model import ModelInput
from core.domain.regions import Explanation, ExplanationSettings
from core.errors import ExplanationError
from core.jobs.processes import end_process, start_process
from core.language.words import msg

ENDED = msg(
    "The process that finds the regions has ended, as it does when the machine has too little "
    "memory. Ask for them again in a minute."
)


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Where a run lies, with how many threads it reads, and which one it is.

    ``identity`` is `export_identity` of the run.
    """

    models: Path
    run_id: str
    threads: int
    identity: str


@dataclass(frozen=True, slots=True, eq=False)
class Beginning:
    """A film to explain, the run whose score it is about, and how."""

    film: ModelInput
    run: RunFiles
    settings: ExplanationSettings


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """One step of one explanation.

    Attributes
    ----------
    number : int
        Of the explanation.
    begin : Beginning or None
        With it the explanation begins.
    explain : bool
        Whether the explanation so far is wanted; else the next batch of samples is scored.
    forgotten : tuple of int
        Explanations that nobody will ask for again.
    """

    number: int
    begin: Beginning | None = None
    explain: bool = False
    forgotten: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Advanced:
    """How far an explanation is."""

    samples: int
    share: float
    finished: bool


class Explainer:
    """Begins explanations in a process of its own, which is started when it is needed.

    One that has ended is replaced; what it had under way fails with a sentence.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._numbers = itertools.count()
        self._forgotten: deque[int] = deque()
        self._prepared: RunFiles | None = None

    def prepare(self, run: RunFiles) -> None:
        """Start the process, and let it load the run whose scores it will explain."""
        with self._lock, suppress(OSError):  # it has ended, and is replaced when a film comes
            self._prepared = run
            if not self._lives():
                self._start()
            elif self._connection is not None:
                self._connection.send(run)

    def begin(self, film: ModelInput, run: RunFiles, settings: ExplanationSettings) -> RemoteSteps:
        """Begin to explain a film.

        Raises
        ------
        ExplanationError
            If the film has no regions to tell apart, or the process ends.
        ModelError
            If the run cannot be opened.
        """
        number = next(self._numbers)
        beginning = Beginning(film, run, settings)
        begun = self.carry_out(Order(number, beginning, forgotten=self.take_forgotten()))
        assert isinstance(begun, Advanced)
        return RemoteSteps(self, number, begun)

    def carry_out(self, order: Order) -> Advanced | Explanation:
        """Have one step done.

        Raises
        ------
        ExplanationError
            If the step fails, or the process ends.
        """
        with self._lock:
            try:
                if not self._lives():
                    self._start()
                assert self._connection is not None
                self._connection.send(order)
                answer = self._connection.recv()
            except (EOFError, OSError) as exc:
                self._end()
                raise ExplanationError(ENDED) from exc
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Advanced | Explanation)
        return answer

    def forget(self, number: int) -> None:
        """Let an explanation go with the next order; called by any thread, at any moment."""
        self._forgotten.append(number)

    def take_forgotten(self) -> tuple[int, ...]:
        """Return what was let go since the last time."""
        taken = []
        while self._forgotten:
            taken.append(self._forgotten.popleft())
        return tuple(taken)

    @property
    def process_id(self) -> int | None:
        """Of the process; None while there is none."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _lives(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        return self._process is not None

    def _start(self) -> None:
        # A thread more of the surrogate's algebra is a thread less of the model.
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process, self._connection = start_process("core.jobs.explanation_worker", one_thread)
        if self._prepared is not None:
            self._connection.send(self._prepared)

    def _end(self) -> None:
        if self._process is None or self._connection is None:
            return
        end_process(self._process, self._connection)
        self._process = self._connection = None


class RemoteSteps:
    """The steps of one explanation, done by the process; it forgets them when nobody holds this."""

    def __init__(self, explainer: Explainer, number: int, begun: Advanced) -> None:
        self._explainer, self._number, self._state = explainer, number, begun
        weakref.finalize(self, explainer.forget, number)

    @property
    def samples(self) -> int:
        """Scored so far."""
        return self._state.samples

    @property
    def share(self) -> float:
        """Part of the samples that are scored, from 0 to 1."""
        return self._state.share

    @property
    def finished(self) -> bool:
        """Whether every sample is scored."""
        return self._state.finished

    def advance(self) -> None:
        """Score the next batch."""
        state = self._explainer.carry_out(self._order())
        assert isinstance(state, Advanced)
        self._state = state

    def explain(self) -> Explanation:
        """Return the explanation by the samples so far."""
        found = self._explainer.carry_out(self._order(explain=True))
        assert isinstance(found, Explanation)
        return found

    def _order(self, *, explain: bool = False) -> Order:
        forgotten = self._explainer.take_forgotten()
        return Order(self._number, explain=explain, forgotten=forgotten)


@lru_cache(maxsize=1)
def get_explainer() -> Explainer:
    """Return the explainer of this process."""
    return Explainer()
