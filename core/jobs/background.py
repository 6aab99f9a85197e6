"""Work in the background: progress, cancel, result, fault."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from typing import Generic, Self, TypeVar

from core.errors import FirstReadError
from core.jobs.memory import give_memory_back
from core.language.words import msg

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


class BackgroundTask(ABC, Generic[Result]):
    """Work that `_work` does in a thread; `start` again after a stop or a failure.

    Parameters
    ----------
    name : str
        Of the thread, and in the log.

    Attributes
    ----------
    progress : float
        From 0 to 1.
    result : Result or None
        None until the work is done.
    sentence : str
        Why there will be no result; empty while there may.
    """

    fault = msg("There is a fault in First Read. Report it with the log.")
    progress: float = 0.0
    sentence: str = ""

    def __init__(self, name: str) -> None:
        self.name = name
        self.result: Result | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    def start(self) -> Self:
        """Begin, unless the work is under way or done; returns the task itself."""
        with self._lock:
            if self.finished and self.result is None:
                if self.sentence:
                    self.progress, self.sentence = 0.0, ""
                    self._stop.clear()
                self._idle.clear()
                threading.Thread(target=self._run, name=self.name, daemon=True).start()
        return self

    def cancel(self) -> None:
        """Ask the work to end."""
        self._stop.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; True if it has come."""
        return self._idle.wait(timeout_s)

    @property
    def running(self) -> bool:
        """True from the start until the end."""
        return not self._idle.is_set()

    @property
    def finished(self) -> bool:
        """True once the work has ended, or while it was never begun."""
        return self._idle.is_set()

    @property
    def cancelled(self) -> bool:
        """True once the work was asked to end."""
        return self._stop.is_set()

    def report(self, share: float) -> None:
        """Note how far the work is, from 0 to 1."""
        self.progress = share

    @abstractmethod
    def _work(self) -> Result:
        """Do the work and return what came of it; `cancelled` says when to end early."""

    def _run(self) -> None:
        try:
            self.result = self._work()
        except FirstReadError as exc:
            self.sentence = exc.sentence
        except Exception:  # noqa: BLE001 - nobody may wait for work that has died
            _log.exception("work in the background came to a fault")
            self.sentence = self.fault
        finally:
            self._idle.set()
            give_memory_back()
