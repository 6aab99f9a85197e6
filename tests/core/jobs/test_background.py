"""Work in the background: its result and its faults."""

from __future__ import annotations

import threading

import pytest

from core.errors import Cancelled, DatasetError
from core.jobs.background import BackgroundTask

WAIT_S = 30.0


class Counting(BackgroundTask[int]):
    """Counts to two and asks between whether to go on."""

    def __init__(self, *gates: threading.Event, fault: Exception | None = None) -> None:
        super().__init__("counting")
        self._gates, self._fault, self.times = gates, fault, 0

    def _work(self) -> int:
        self.times += 1
        self.report(0.5)
        for gate in self._gates:
            gate.wait(WAIT_S)
        if self.cancelled:
            raise Cancelled("Stopped after 1 of 2.")
        if self._fault is not None:
            raise self._fault
        self.report(1.0)
        return 2


def test_work_that_is_done_is_not_begun_again() -> None:
    task = Counting()
    assert (task.finished, task.running, task.result) == (True, False, None)
    assert task.start().wait(WAIT_S)
    assert (task.result, task.progress, task.sentence) == (2, 1.0, "")
    assert task.start().wait(WAIT_S)
    assert task.times == 1


def test_work_is_under_way_until_it_ends_and_is_not_begun_twice() -> None:
    gate = threading.Event()
    task = Counting(gate).start().start()
    assert (task.running, task.finished, task.wait(0.01)) == (True, False, False)
    gate.set()
    assert task.wait(WAIT_S)
    assert (task.times, task.running) == (1, False)


def test_work_that_was_cancelled_says_so_and_may_begin_again() -> None:
    task = Counting()
    task.cancel()
    assert task.start().wait(WAIT_S)
    assert (task.result, task.sentence, task.cancelled) == (None, "Stopped after 1 of 2.", True)
    assert task.start().wait(WAIT_S)
    assert (task.result, task.sentence, task.cancelled) == (2, "", False)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [(DatasetError("The film is gone."), "The film is gone."), (KeyError("x"), Counting.fault)],
)
def test_a_fault_becomes_a_sentence(fault: Exception, sentence: str, caplog) -> None:
    task = Counting(fault=fault)
    assert task.start().wait(WAIT_S)
    assert (task.result, task.sentence) == (None, sentence)
    assert len(caplog.records) == isinstance(fault, KeyError)
