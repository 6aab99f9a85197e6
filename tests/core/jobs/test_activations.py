"""Layers computed in a process of their own: kept, stopped, late, lost, and never in this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fixtures import stand_in_layers
from fixtures.stand_in_layers import ANSWERS, FAILS, SENTENCE, WAITS

from core.domain.model import RunRecord
from core.jobs import activations
from core.jobs.activations import (
    ENDED,
    ActivationQueue,
    LayersOrder,
    LayersTask,
    why_no_layers,
)
from core.jobs.explainer import RunFiles
from core.runs.store import WEIGHTS_FILE, export_identity, load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

MODELS = PROJECT_ROOT / "models"
RUN = load_run(MODELS / SERVED_RUN)
FILES = RunFiles(MODELS, SERVED_RUN, 1, export_identity(RUN))


@pytest.fixture
def made() -> Iterator[Callable[..., ActivationQueue]]:
    queues: list[ActivationQueue] = []

    def make(**settings) -> ActivationQueue:
        queues.append(ActivationQueue(**{"idle_s": 0.2} | settings))
        return queues[-1]

    yield make
    for queue in queues:
        wait_until(lambda queue=queue: queue.process_id is None)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let queues start a process that answers at once, without TensorFlow."""
    monkeypatch.setattr(activations, "start_process", stand_in_layers.start)


def order(does: float, side: int = 4) -> LayersOrder:
    return LayersOrder(FILES, np.full((side, side), does, np.float32))


def wait_until(true: Callable[[], object], patience_s: float = 60.0) -> None:
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def finished(task: LayersTask) -> bool:
    return task.finished


def under_way(queue: ActivationQueue, name: str = "film", reader: str = "reader") -> LayersTask:
    task = queue.request(name, order(WAITS), reader)
    wait_until(lambda: task.step.share == 0.5)
    return task


def test_a_film_is_computed_once_and_kept(stand_in: None, made: Callable) -> None:
    queue = made()
    task = queue.request("film", order(ANSWERS), "reader")
    wait_until(partial(finished, task))
    assert task.result is not None
    assert [view.layer.name for view in task.result] == ["fine", "coarse"]
    assert task.step.words == "Layer 1 of 2"
    assert queue.request("film", order(FAILS), "another") is task


def test_who_used_least_lately_goes_first_where_there_is_no_room(
    stand_in: None, made: Callable
) -> None:
    size = 5 * 4 * (8 * 8 + 4 * 4)  # of each layer five maps of floats
    queue = made(kept_bytes=2 * size)
    tasks = {}
    for name in ("first", "second", "first", "third"):
        tasks[name] = queue.request(name, order(ANSWERS, 8), "reader")
        wait_until(partial(finished, tasks[name]))
    assert queue.request("first", order(ANSWERS, 8), "reader") is tasks["first"]
    again = queue.request("second", order(ANSWERS, 8), "reader")
    assert again is not tasks["second"]
    wait_until(partial(finished, again))


def test_the_process_ends_when_nobody_asks_for_long(stand_in: None, made: Callable) -> None:
    queue = made()
    wait_until(partial(finished, queue.request("film", order(ANSWERS), "reader")))
    wait_until(lambda: queue.process_id is None)
    task = queue.request("another film", order(ANSWERS), "reader")
    wait_until(partial(finished, task))
    assert task.result is not None


def test_a_stopped_film_has_neither_answer_nor_sentence_and_the_next_one_is_read(
    stand_in: None, made: Callable
) -> None:
    queue = made()
    task = under_way(queue)
    process = queue.process_id
    task.leave("reader")
    assert (task.finished, task.result, task.sentence) == (True, None, "")
    after = queue.request("after", order(ANSWERS), "reader")
    wait_until(partial(finished, after))
    assert after.result is not None
    assert not Path(f"/proc/{process}").exists()


def test_a_film_that_another_reader_waits_for_is_not_stopped(
    stand_in: None, made: Callable
) -> None:
    queue = made()
    task = under_way(queue)
    assert queue.request("film", order(WAITS), "another") is task
    task.leave("reader")
    assert not task.finished
    task.leave("another")
    assert task.finished


def test_who_has_closed_the_page_waits_no_longer(stand_in: None, made: Callable) -> None:
    here = {"reader"}
    task = under_way(made(is_here=here.__contains__))
    here.clear()
    wait_until(partial(finished, task))
    assert task.result is None


def test_films_come_in_the_order_in_which_they_were_asked_for(
    stand_in: None, made: Callable
) -> None:
    queue = made()
    first = under_way(queue)
    second, third = (queue.request(name, order(ANSWERS), "reader") for name in ("b", "c"))
    assert [task.place for task in (first, second, third)] == [0, 1, 2]
    first.leave("reader")
    for task in (second, third):
        wait_until(partial(finished, task))


def test_what_takes_too_long_is_a_sentence(stand_in: None, made: Callable) -> None:
    task = made(time_limit_s=0.5).request("film", order(WAITS), "reader")
    wait_until(partial(finished, task))
    assert "took longer than 0 s" in task.sentence


def test_an_error_of_the_run_is_its_sentence_and_is_not_kept(
    stand_in: None, made: Callable
) -> None:
    queue = made()
    task = queue.request("film", order(FAILS), "reader")
    wait_until(partial(finished, task))
    assert task.sentence == SENTENCE
    again = queue.request("film", order(ANSWERS), "reader")
    wait_until(partial(finished, again))
    assert again.result is not None


def test_a_killed_process_is_a_sentence_and_the_next_film_finds_another(made: Callable) -> None:
    queue = made()
    for _ in range(2):
        task = queue.request("film", order(ANSWERS), "reader")
        wait_until(lambda task=task: task.step.words == "Loading TensorFlow")
        assert queue.process_id is not None
        os.kill(queue.process_id, signal.SIGKILL)
        wait_until(partial(finished, task))
        assert task.sentence == ENDED


SERVER = """
import sys, time
import numpy as np
from test_activations import FILES, RUN
from core.jobs.activations import ActivationQueue, LayersOrder
from core.training.activations import SHOWN_CHANNELS

film = np.full((RUN.input_px, RUN.input_px), 0.5, np.float32)
task = ActivationQueue().request("film", LayersOrder(FILES, film), "reader")
words = []
while not task.finished:
    if task.step.words not in words:
        words.append(task.step.words)
    time.sleep(0.002)
assert task.sentence == "", task.sentence
assert words[1:3] == ["Loading TensorFlow", "Building the network of run " + RUN.run_id], words
assert "Layer 1 of 4" in words, words
widths = [view.layer.width for view in task.result]
assert widths == sorted(widths, reverse=True), widths
assert {len(view.maps) for view in task.result} == {SHOWN_CHANNELS}
print({"tensorflow", "keras"} & set(sys.modules))
"""


def test_the_server_gets_the_layers_of_the_served_run_without_loading_tensorflow() -> None:
    paths = os.pathsep.join(map(str, (PROJECT_ROOT, PROJECT_ROOT / "tests", Path(__file__).parent)))
    run = subprocess.run(
        [sys.executable, "-c", SERVER],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (RUN, ""),
        (replace(RUN, foreign=True), "another model's predictions"),
        (replace(RUN, members=("f03", "f04")), "the mean of f03, f04"),
        (
            replace(RUN, files={name: "" for name in RUN.files if name != WEIGHTS_FILE}),
            "without its Keras weights",
        ),
    ],
)
def test_a_run_without_layers_says_why(run: RunRecord, words: str) -> None:
    assert words in why_no_layers(run)
    assert bool(words) == bool(why_no_layers(run))
