"""The queue of explanations: who waits, whose turn it is, and what is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from core.domain.arrays import read_only
from core.domain.model import Geometry
from core.domain.regions import Explanation, LimeSettings
from core.errors import ExplanationError
from core.jobs import explanations
from core.jobs.explanations import FAULT, SHORT_QUEUE, ExplanationQueue, ExplanationTask

WAIT_S = 30.0
BATCHES = 4
"""Of an explanation here; a preliminary answer is possible after the second."""


def explained(samples: int) -> Explanation:
    return Explanation(
        segments=read_only(np.zeros((10, 10), np.int32)),
        weights=read_only(np.zeros(1)),
        geometry=Geometry(10, 10, 10),
        settings=replace(LimeSettings(), samples=samples),
        score=0.0,
    )


class Clinic:
    """Slow work, of which every step waits until the test lets it go; and who is here."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.begun: list[str] = []
        self.steps: list[str] = []
        self.allowed = threading.Semaphore(0)
        self.at_gate = threading.Semaphore(0)
        self.open = False
        self.queue = ExplanationQueue(lambda waiter: waiter not in self.gone)

    def ask(self, film: str, waiter: str, *, asked: bool = True) -> ExplanationTask:
        task = self.queue.request(film, lambda: Work(self, film), waiter, asked=asked)
        assert task is not None
        return task

    def pass_gate(self, name: str) -> None:
        self.steps.append(name)
        if not self.open:
            self.at_gate.release()
            assert self.allowed.acquire(timeout=WAIT_S)

    def until_at_gate(self) -> str:
        """Return which film's step is being done."""
        assert self.at_gate.acquire(timeout=WAIT_S)
        return self.steps[-1]

    def next_step(self) -> str:
        """Let the step be done, and return which film's step comes then."""
        self.allowed.release()
        return self.until_at_gate()

    def let_all_go(self) -> None:
        self.open = True
        self.allowed.release(1000)


class Work:
    """Stands for the steps of one explanation."""

    def __init__(self, clinic: Clinic, film: str) -> None:
        clinic.begun.append(film)
        self._clinic, self._film, self._done = clinic, film, 0
        if film == "blank":
            raise ExplanationError("The film has no regions to tell apart.")
        if film == "broken":
            raise KeyError(film)

    @property
    def samples(self) -> int:
        return self._done * explanations.ENOUGH_SAMPLES // 2

    @property
    def share(self) -> float:
        return self._done / BATCHES

    @property
    def finished(self) -> bool:
        return self._done == BATCHES

    def advance(self) -> None:
        self._clinic.pass_gate(self._film)
        self._done += 1

    def explain(self) -> Explanation:
        return explained(self.samples)


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    made = Clinic()
    yield made
    made.let_all_go()


def wait_until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not there():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_forty_sessions_are_all_answered_and_two_on_the_same_film_wait_for_one_task() -> None:
    clinic = Clinic()
    clinic.queue = ExplanationQueue(kept_bytes=0)  # what is kept never costs what is under way
    films = [f"film {max(1, number)}" for number in range(40)]
    tasks = [clinic.ask(film, f"session {number}") for number, film in enumerate(films)]
    assert tasks[0] is tasks[1]
    assert len(set(map(id, tasks))) == 39
    clinic.let_all_go()
    wait_until(lambda: all(task.finished for task in tasks))
    whole = BATCHES * explanations.ENOUGH_SAMPLES // 2
    assert [task.result.settings.samples for task in tasks] == [whole] * 40
    assert [task.progress for task in tasks] == [1.0] * 40
    assert clinic.begun == films[1:]


def test_a_precomputation_gives_way_to_who_asks_and_loses_nothing(clinic: Clinic) -> None:
    early = clinic.ask("precomputed", "ann", asked=False)
    assert clinic.until_at_gate() == "precomputed"
    clinic.ask("asked for", "bob")
    assert (early.place, clinic.next_step()) == (1, "asked for")
    clinic.let_all_go()
    wait_until(lambda: early.finished)
    assert clinic.steps.count("precomputed") == BATCHES
    assert clinic.begun == ["precomputed", "asked for"]


def test_a_precomputation_that_is_asked_for_takes_its_place_in_the_queue(clinic: Clinic) -> None:
    first, last = clinic.ask("first", "ann"), clinic.ask("last", "bob", asked=False)
    clinic.until_at_gate()
    middle = clinic.ask("middle", "eve")
    assert [first.place, middle.place, last.place] == [0, 1, 2]
    assert clinic.ask("last", "bob") is last
    late = clinic.ask("late", "dan")
    assert [task.place for task in (first, middle, last, late)] == [0, 1, 2, 3]
    clinic.ask("last", "bob", asked=False)  # a page that asks less takes nothing back
    assert (last.place, late.place) == (2, 3)


def test_a_preliminary_answer_comes_while_others_wait_for_their_first(clinic: Clinic) -> None:
    first = clinic.ask("first", "ann")
    clinic.until_at_gate()
    second = clinic.ask("second", "bob")
    assert (clinic.next_step(), first.result) == ("first", None)
    assert clinic.next_step() == "second"
    assert first.result is not None
    assert first.result.settings.samples == explanations.ENOUGH_SAMPLES
    assert (first.finished, first.place, second.place) == (False, 1, 0)
    clinic.let_all_go()
    wait_until(lambda: first.finished and second.finished)
    assert first.result.settings.samples == 2 * explanations.ENOUGH_SAMPLES


def test_a_preliminary_answer_that_nobody_waits_for_any_more_does_not_stay(clinic: Clinic) -> None:
    first = clinic.ask("first", "ann")
    clinic.until_at_gate()
    clinic.ask("second", "bob")
    clinic.next_step()
    assert clinic.next_step() == "second"
    assert first.result is not None
    first.leave("ann")
    assert first.finished
    again = clinic.ask("first", "eve")
    assert again is not first
    clinic.let_all_go()
    wait_until(lambda: again.finished)
    assert again.result is not None
    assert again.result.settings.samples == 2 * explanations.ENOUGH_SAMPLES


def test_who_waits_alone_gets_the_whole_explanation_at_once(clinic: Clinic) -> None:
    task = clinic.ask("only", "ann")
    clinic.ask("precomputed", "bob", asked=False)
    clinic.until_at_gate()
    for _ in range(BATCHES - 1):
        assert (clinic.next_step(), task.result) == ("only", None)
    assert clinic.next_step() == "precomputed"
    assert task.finished


def test_work_stops_only_when_the_last_one_who_waits_has_left(clinic: Clinic) -> None:
    shared = clinic.ask("shared", "ann")
    clinic.ask("shared", "bob")
    waiting = clinic.ask("waiting", "bob")
    clinic.until_at_gate()
    shared.leave("ann")
    assert not shared.finished
    shared.leave("bob")
    assert (shared.finished, shared.result, shared.sentence) == (True, None, "")
    assert clinic.next_step() == "waiting"
    again = clinic.ask("shared", "ann")
    assert again is not shared
    waiting.leave("bob")
    clinic.let_all_go()
    wait_until(lambda: again.finished)
    assert again.result is not None
    assert "waiting" not in clinic.steps[2:]


def test_who_is_not_here_any_more_does_not_wait(clinic: Clinic) -> None:
    first, closed = clinic.ask("first", "ann"), clinic.ask("closed", "bob")
    clinic.until_at_gate()
    clinic.gone.add("bob")
    clinic.let_all_go()
    wait_until(lambda: first.finished and closed.finished)
    assert (first.result is None, closed.result) == (False, None)
    assert clinic.begun == ["first"]


def test_nothing_is_precomputed_while_the_queue_is_long(clinic: Clinic) -> None:
    for number in range(SHORT_QUEUE):
        clinic.ask(f"film {number}", f"session {number}", asked=False)
    assert clinic.queue.request("more", lambda: Work(clinic, "more"), "eve", asked=False) is None
    assert clinic.ask("more", "eve").place == 0


def test_finished_explanations_are_kept_by_their_bytes_those_used_last(clinic: Clinic) -> None:
    clinic.let_all_go()
    size = explained(1).segments.nbytes + explained(1).weights.nbytes + explanations.ENTRY_BYTES
    clinic.queue = ExplanationQueue(kept_bytes=2 * size)

    def explain(film: str) -> ExplanationTask:
        task = clinic.ask(film, "ann")
        wait_until(lambda: task.finished)
        return task

    first, second = explain("first"), explain("second")
    assert explain("first") is first
    explain("third")
    assert explain("first") is first
    assert explain("second") is not second


@pytest.mark.parametrize(
    ("film", "sentence"),
    [("blank", "The film has no regions to tell apart."), ("broken", FAULT)],
)
def test_a_fault_becomes_a_sentence_and_is_tried_again_after_a_minute(
    clinic: Clinic,
    film: str,
    sentence: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task, next_one = clinic.ask(film, "ann"), clinic.ask("next", "bob")
    clinic.let_all_go()
    wait_until(lambda: task.finished and next_one.finished)
    assert (task.result, task.sentence) == (None, sentence)
    assert next_one.result is not None
    assert clinic.ask(film, "ann") is task
    assert len(caplog.records) == (film == "broken")
    monkeypatch.setattr(explanations, "KEPT_FAULT_S", -1.0)
    assert clinic.ask(film, "ann") is not task


def test_a_fault_of_the_queue_itself_stops_no_later_explanation(clinic: Clinic) -> None:
    faults = [KeyError("the runtime is going")]

    def is_here(_waiter: str) -> bool:
        if faults:
            raise faults.pop()
        return True

    clinic.open = True
    clinic.queue = ExplanationQueue(is_here)
    clinic.ask("chest", "ann")
    wait_until(lambda: not faults and not clinic.queue.works)
    task = clinic.ask("chest", "ann")
    wait_until(lambda: task.finished)
    assert task.result is not None


def test_a_page_waits_a_moment_for_an_answer_that_is_due(clinic: Clinic) -> None:
    task = clinic.ask("chest", "reader")
    clinic.until_at_gate()
    threading.Timer(0.05, clinic.let_all_go).start()
    task.wait(WAIT_S)
    assert task.result is not None


def test_a_page_waits_for_nothing_while_others_come_first(clinic: Clinic) -> None:
    clinic.ask("first", "another reader")
    clinic.until_at_gate()
    began = time.monotonic()
    clinic.ask("chest", "reader").wait(WAIT_S)
    assert time.monotonic() - began < WAIT_S / 2
