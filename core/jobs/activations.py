"""What the layers of a run make of a film, as pages ask for it: one process, one film at a time.

The process is the only one that loads TensorFlow. It is started when somebody asks and ended when
nobody has asked for a while: it takes hundreds of megabytes. One that is lost, stopped or late
becomes a sentence, and the next request starts another.
"""

from __future__ import annotations

import itertools
import logging
import subprocess
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from core.domain.arrays import FloatImage
from core.domain.layers import LayerView
from core.domain.model import RunRecord
from core.errors import ExplanationError, FirstReadError
from core.jobs.explainer import RunFiles
from core.jobs.processes import end_process, start_process
from core.language.words import msg
from core.runs.store import WEIGHTS_FILE

_log = logging.getLogger(__name__)

ENDED = msg(
    "The process that computes the layers has ended, as it does when the machine has too "
    "little memory. Ask again in a minute."
)
FAULT = msg("There is a fault in First Read. Report it with the log.")

TIME_LIMIT_S = 90.0
"""For one film, with loading TensorFlow: ten times what it takes on two cores."""

IDLE_S = 300.0
"""The process ends when nobody has asked for so long."""

KEPT_BYTES = 64_000_000
"""Of finished views. A film takes 0.7 MB at 144 px, 7 MB at 224 px."""

_LOOK_S = 0.2
_TENSORFLOW = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
"""Without a graphics card: one film does not pay for what loading its libraries takes."""


@dataclass(frozen=True, slots=True, eq=False)
class LayersOrder:
    """A film as the run takes it, (px, px) float32 in [0, 1], and the run."""

    run: RunFiles
    film: FloatImage


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work is, from 0 to 1, and what is being done."""

    share: float
    words: str


def why_no_layers(run: RunRecord) -> str:
    """Return in a sentence why a run's layers cannot be looked at; empty if they can."""
    if run.foreign:
        return msg(
            "Run {run_id} is another model's predictions: there is no network to look into.",
            run_id=run.run_id,
        )
    if run.members:
        return msg(
            "Run {run_id} is the mean of {members}: it has no layers of its own. Choose one of "
            "them.",
            run_id=run.run_id,
            members=", ".join(run.members),
        )
    if WEIGHTS_FILE not in run.files:
        return msg(
            "Run {run_id} is kept without its Keras weights, which are over 10 MiB. Only its "
            "export is here, and layers cannot be computed from that.",
            run_id=run.run_id,
        )
    return ""


class LayersTask:
    """The layers of one film, for all who wait for them; made by `ActivationQueue.request`.

    Attributes
    ----------
    step : Step
        How far the work is.
    result : tuple of LayerView or None
        From the finest layer to the last one.
    sentence : str
        Why there will be no result; empty while there may.
    finished : bool
        Whether nothing will change any more.
    """

    def __init__(self, queue: ActivationQueue, key: str, order: LayersOrder) -> None:
        self.key = key
        self.order: LayersOrder | None = order
        self.step = Step(0.0, msg("Waiting"))
        self.result: tuple[LayerView, ...] | None = None
        self.sentence = ""
        self.finished = False
        self.waiters: set[str] = set()
        self._queue = queue

    @property
    def place(self) -> int:
        """How many films come before this one; 0 while it is worked on."""
        return self._queue.place_of(self)

    def leave(self, waiter: str) -> None:
        """Let a waiter go; work that nobody waits for is stopped."""
        self._queue.leave(self, waiter)


class ActivationQueue:
    """All layers of films, under way and kept.

    Parameters
    ----------
    is_here : callable
        Asked now and then for each waiter; who is not here does not wait any more.
    kept_bytes : int
        Finished views are kept up to this size, those used last.
    """

    def __init__(
        self,
        is_here: Callable[[str], bool] = lambda _: True,
        *,
        kept_bytes: int = KEPT_BYTES,
        time_limit_s: float = TIME_LIMIT_S,
        idle_s: float = IDLE_S,
    ) -> None:
        self._is_here, self._kept_bytes = is_here, kept_bytes
        self._time_limit_s, self._idle_s = time_limit_s, idle_s
        self._under_way: OrderedDict[str, LayersTask] = OrderedDict()
        self._kept: OrderedDict[str, LayersTask] = OrderedDict()
        self._changed = threading.Condition(threading.RLock())
        self._works = False
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def request(self, key: str, order: LayersOrder, waiter: str) -> LayersTask:
        """Return the task of a key, and wait for it unless it is finished.

        Parameters
        ----------
        key : str
            Equal keys are the same film and run.
        waiter : str
            Who waits, until `LayersTask.leave`.
        """
        with self._changed:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
            task = self._under_way.setdefault(key, LayersTask(self, key, order))
            task.waiters.add(waiter)
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name="first-read-layers", daemon=True).start()
            self._changed.notify_all()
            return task

    def place_of(self, task: LayersTask) -> int:
        """Return how many tasks come before this one."""
        with self._changed:
            before = itertools.takewhile(lambda one: one is not task, self._under_way.values())
            return sum(1 for _ in before)

    def leave(self, task: LayersTask, waiter: str) -> None:
        """Let a waiter of a task go."""
        with self._changed:
            task.waiters.discard(waiter)
            self._drop_unwanted()

    @property
    def process_id(self) -> int | None:
        """Of the process; None while there is none."""
        return None if self._process is None else self._process.pid

    def _drop_unwanted(self) -> None:
        for task in list(self._under_way.values()):
            task.waiters = {one for one in task.waiters if self._is_here(one)}
            if not task.waiters:
                self._end(task)

    def _end(self, task: LayersTask) -> None:
        self._under_way.pop(task.key, None)
        task.order = None  # which holds the film
        task.finished = True
        if task.result is None:
            return
        self._kept[task.key] = task
        while len(self._kept) > 1 and sum(map(_bytes_of, self._kept.values())) > self._kept_bytes:
            self._kept.popitem(last=False)

    def _work(self) -> None:
        try:
            while (task := self._next()) is not None:
                self._attempt(task)
        except Exception:  # noqa: BLE001 - the next request starts another thread
            _log.exception("the queue of layers came to a fault")
            with self._changed:
                self._works = False
                self._end_process()

    def _next(self) -> LayersTask | None:
        """Return the oldest task; None, and the thread ends, if none comes for long."""
        with self._changed:
            self._drop_unwanted()
            self._changed.wait_for(lambda: self._under_way, self._idle_s)
            self._works = bool(self._under_way)
            if not self._works:
                self._end_process()
            return next(iter(self._under_way.values()), None)

    def _attempt(self, task: LayersTask) -> None:
        sentence, result = "", None
        try:
            result = self._carry_out(task)
        except FirstReadError as exc:
            sentence = exc.sentence
        except (EOFError, OSError):
            self._end_process()
            sentence = ENDED
        except Exception:  # noqa: BLE001 - nobody may wait for work that has died
            _log.exception("the layers of a film came to a fault")
            self._end_process()
            sentence = FAULT
        with self._changed:
            if not task.finished:
                task.result, task.sentence = result, sentence
                self._end(task)

    def _carry_out(self, task: LayersTask) -> tuple[LayerView, ...] | None:
        """Return the views; None if nobody waits any more, and the process is ended."""
        order, late_at = task.order, time.monotonic() + self._time_limit_s
        if order is None:  # dropped a moment ago
            return None
        if self._process is None or self._process.poll() is not None:
            self._end_process()
            self._process, self._connection = start_process(
                "core.jobs.activations_worker",
                _TENSORFLOW | {"TF_NUM_INTRAOP_THREADS": str(order.run.threads)},
            )
        assert self._connection is not None
        self._connection.send(order)
        while True:
            if self._connection.poll(_LOOK_S):
                told = self._connection.recv()
                if isinstance(told, Exception):
                    raise told
                if not isinstance(told, Step):
                    views: tuple[LayerView, ...] = told
                    return views
                task.step = told
            with self._changed:
                self._drop_unwanted()
            if task.finished:
                self._end_process()
                return None
            if time.monotonic() > late_at:
                self._end_process()
                raise ExplanationError(
                    msg(
                        "The layers took longer than {seconds:.0f} s and were stopped. "
                        "Ask again when the machine is less busy.",
                        seconds=self._time_limit_s,
                    )
                )

    def _end_process(self) -> None:
        if self._process is None or self._connection is None:
            return
        self._process.terminate()
        end_process(self._process, self._connection)
        self._process = self._connection = None


def _bytes_of(task: LayersTask) -> int:
    return sum(view.size_bytes for view in task.result or ())
