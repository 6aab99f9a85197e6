"""Explanations for many readers: who waits for one, whose turn it is, and what is kept.

One thread works in steps of one batch of samples and chooses before each step whose turn it is:

1. what somebody asked for and that has no answer yet, first come first served;
2. what somebody asked for and that has a preliminary answer;
3. what nobody asked for yet, and is only begun while the queue is short.

So a precomputation gives way at once and loses nothing. While others wait for their first answer, a
reader gets a preliminary one as soon as its samples are enough; the rest of them follows.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from core.domain.regions import Explanation
from core.errors import FirstReadError
from core.jobs.memory import give_memory_back
from core.language.words import msg
from core.observability.metrics import note_explanation

_log = logging.getLogger(__name__)

FAULT = msg("there is a fault in First Read. Report it with the log.")
ENOUGH_SAMPLES = 200
"""For a preliminary answer. On 12 films (8 real, 4 synthetic; f08) its weights correlate with those
of 4,000 other samples by 0.93, those of 1,000 samples by 0.98; 80 % and 88 % of the five largest
regions are the same, and 97 % and 100 % of the signs of weights from 0.1."""

SHORT_QUEUE = 4
"""A precomputation is begun only while fewer explanations than these are under way."""

KEPT_BYTES = 32_000_000
ENTRY_BYTES = 2_000
"""About what a kept explanation takes beside its arrays."""

KEPT_FAULT_S = 60.0
"""A fault is not tried again for so long: what was lacking may be there then."""


class Steps(Protocol):
    """The work on one explanation, as `core.jobs.explainer.RemoteSteps` has it done."""

    @property
    def samples(self) -> int:
        """Perturbed films so far."""

    @property
    def share(self) -> float:
        """Part of the work that is done, from 0 to 1."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""

    def advance(self) -> None:
        """Do the next part."""

    def explain(self) -> Explanation:
        """Return the explanation by what is done so far."""


class ExplanationTask:
    """One explanation, for all who wait for it; made by `ExplanationQueue.request`.

    Attributes
    ----------
    waiters : dict of str to bool
        Who waits, and whether they asked; a task that was only precomputed has nobody who did.
    order : int
        Rises with the time of the first request, and of the first one that asked.
    progress : float
        From 0 to 1.
    result : Explanation or None
        None until there is an answer, which is preliminary until the task is finished.
    sentence : str
        Why there will be no result; empty while there may.
    finished : bool
        Whether nothing will change any more. A task is dropped, at whatever it has come to, when
        nobody waits; who wants it requests it again.
    """

    def __init__(
        self, queue: ExplanationQueue, key: str, begin: Callable[[], Steps], order: int
    ) -> None:
        self.key = key
        self.progress = 0.0
        self.result: Explanation | None = None
        self.sentence = ""
        self.finished = False
        self.began_at = self.ended_at = 0.0
        self._queue = queue
        self.begin: Callable[[], Steps] | None = begin
        self.steps: Steps | None = None
        self.waiters: dict[str, bool] = {}
        self.order = order

    @property
    def asked(self) -> bool:
        """Whether one of those who wait has asked for it."""
        return any(self.waiters.values())

    @property
    def place(self) -> int:
        """How many explanations come before this one; 0 while it is worked on."""
        return self._queue.place_of(self)

    def wait(self, patience_s: float) -> None:
        """Wait for an answer, while no other explanation comes before this one."""
        self._queue.wait_for(self, patience_s)

    def leave(self, waiter: str) -> None:
        """Let a waiter go; a task that nobody waits for is dropped."""
        self._queue.leave(self, waiter)


class ExplanationQueue:
    """All explanations of a process, under way and kept.

    Parameters
    ----------
    is_here : callable
        Asked now and then for each waiter; who is not here does not wait any more.
    kept_bytes : int
        Finished explanations are kept up to this size, those used last.
    """

    def __init__(
        self, is_here: Callable[[str], bool] = lambda _: True, kept_bytes: int = KEPT_BYTES
    ) -> None:
        self._is_here, self._kept_bytes = is_here, kept_bytes
        self._under_way: dict[str, ExplanationTask] = {}
        self._kept: OrderedDict[str, ExplanationTask] = OrderedDict()
        self._lock = threading.RLock()
        self._answered = threading.Condition(self._lock)
        self._orders = itertools.count()
        self._works = False

    def request(
        self, key: str, begin: Callable[[], Steps], waiter: str, *, asked: bool = True
    ) -> ExplanationTask | None:
        """Return the task of a key, and wait for it unless it is finished.

        Parameters
        ----------
        key : str
            Equal keys are one explanation.
        begin : callable
            Called once, when it is this task's turn.
        waiter : str
            Who waits, until `ExplanationTask.leave`.
        asked : bool
            False for a precomputation.

        Returns
        -------
        ExplanationTask or None
            None if it would be a new precomputation and the queue is not short.
        """
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                if not kept.sentence or time.monotonic() < kept.ended_at + KEPT_FAULT_S:
                    self._kept.move_to_end(key)
                    return kept
                del self._kept[key]
            task = self._under_way.get(key)
            if task is None:
                if not asked and len(self._under_way) >= SHORT_QUEUE:
                    return None
                task = ExplanationTask(self, key, begin, next(self._orders))
                self._under_way[key] = task
            if asked and not task.asked:
                task.order = next(self._orders)
            task.waiters[waiter] = asked or task.waiters.get(waiter, False)
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name="first-read-explain", daemon=True).start()
            return task

    def wait_for(self, task: ExplanationTask, patience_s: float) -> None:
        """Wait until a task has an answer or will have none, if it is worked on; not for long."""
        with self._answered:
            if task.place == 0:
                there = lambda: task.finished or task.result is not None  # noqa: E731
                self._answered.wait_for(there, patience_s)

    @property
    def works(self) -> bool:
        """Whether the thread is at work."""
        with self._lock:
            return self._works

    def place_of(self, task: ExplanationTask) -> int:
        """Return how many tasks come before this one."""
        with self._lock:
            return sum(_rank(other) < _rank(task) for other in self._under_way.values())

    def leave(self, task: ExplanationTask, waiter: str) -> None:
        """Let a waiter of a task go."""
        with self._lock:
            task.waiters.pop(waiter, None)
            self._drop_unwanted()

    def _drop_unwanted(self) -> None:
        for task in list(self._under_way.values()):
            for waiter in [one for one in task.waiters if not self._is_here(one)]:
                del task.waiters[waiter]
            if not task.waiters:
                self._end(task, keep=False)

    def _end(self, task: ExplanationTask, *, keep: bool = True) -> None:
        del self._under_way[task.key]
        task.begin = task.steps = None  # which hold the film
        task.finished, task.ended_at = True, time.monotonic()
        if not keep:
            return
        self._kept[task.key] = task
        while len(self._kept) > 1 and sum(map(_bytes_of, self._kept.values())) > self._kept_bytes:
            self._kept.popitem(last=False)

    def _work(self) -> None:
        try:
            while (task := self._next()) is not None:
                self._advance(task)
        except Exception:  # noqa: BLE001 - the next request starts another thread
            _log.exception("the queue of explanations came to a fault")
            with self._lock:
                self._works = False
        give_memory_back()

    def _next(self) -> ExplanationTask | None:
        """Return whose turn it is; None if nothing is to be done, and the thread ends."""
        with self._lock:
            self._drop_unwanted()
            self._works = bool(self._under_way)
            return min(self._under_way.values(), key=_rank, default=None)

    def _advance(self, task: ExplanationTask) -> None:
        begin, steps = task.begin, task.steps
        if begin is None:  # dropped a moment ago
            return
        try:
            if steps is None:
                task.began_at = time.monotonic()
                steps = begin()
            else:
                steps.advance()
            answer = steps.explain() if steps.finished or self._hurries(task, steps) else None
            sentence = ""
        except FirstReadError as exc:
            answer, sentence = None, exc.sentence
        except Exception:  # noqa: BLE001 - nobody may wait for work that has died
            _log.exception("an explanation came to a fault")
            answer, sentence = None, FAULT
        with self._lock:
            if task.finished:  # dropped meanwhile
                return
            task.steps, task.sentence, task.result = steps, sentence, answer or task.result
            task.progress = 0.0 if steps is None else steps.share
            self._answered.notify_all()
            finished = not sentence and steps is not None and steps.finished
            if sentence or finished:
                self._end(task)
        if finished:
            note_explanation(time.monotonic() - task.began_at)

    def _hurries(self, task: ExplanationTask, steps: Steps) -> bool:
        """Whether a preliminary answer is due: others wait for their first."""
        if task.result is not None or steps.samples < ENOUGH_SAMPLES:
            return False
        with self._lock:
            others = (other for other in self._under_way.values() if other is not task)
            return task.asked and any(other.asked and other.result is None for other in others)


def _rank(task: ExplanationTask) -> tuple[int, int]:
    turn = 2 if not task.asked else 0 if task.result is None else 1
    return turn, task.order


def _bytes_of(task: ExplanationTask) -> int:
    result = task.result
    return ENTRY_BYTES + (0 if result is None else result.segments.nbytes + result.weights.nbytes)
