"""Computes what layers make of a film, in a process of its own: the only one with TensorFlow.

`core.jobs.activations.ActivationQueue` starts it with the number of an open socket. It answers each
`LayersOrder` with one `Step` after another, then with the views of the layers or an error.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from multiprocessing.connection import Connection
from typing import Any

from core.domain.layers import LayerView
from core.domain.model import RunRecord
from core.errors import ExplanationError, FirstReadError, ModelIntegrity
from core.jobs.activations import FAULT, LayersOrder, Step
from core.jobs.explainer import RunFiles
from core.language.words import msg
from core.observability.logs import configure_logs
from core.runs.store import export_identity, load_run
from core.training.activations import find_stages, load_tensorflow, open_network, view_layers

_log = logging.getLogger(__name__)

NICENESS = 10
"""The pages come first: they are short, and every reader waits for them."""

LOADED, BUILT = 0.6, 0.75
"""How far the work is once TensorFlow is loaded and once the network is built: it takes 6 s, and
1 s, of about 8 s."""


@lru_cache(maxsize=1)
def _network(files: RunFiles) -> tuple[RunRecord, Any]:
    run = load_run(files.models / files.run_id)
    if export_identity(run) != files.identity:
        raise ModelIntegrity(
            msg(
                "the files of run {run_id} have changed since First Read was started. Start it "
                "again.",
                run_id=files.run_id,
            )
        )
    return run, open_network(run)


def carry_out(order: LayersOrder) -> Iterator[Step | LayerView]:
    """Yield how far the work is, and each layer's view, the last layer first.

    Raises
    ------
    ModelError
        If the run's network cannot be built.
    """
    if "tensorflow" not in sys.modules:
        yield Step(0.0, msg("Loading TensorFlow"))
        load_tensorflow()
    yield Step(LOADED, msg("Building the network of run {run_id}", run_id=order.run.run_id))
    run, model = _network(order.run)
    count = len(find_stages(model))
    yield _layer_step(0, count)
    views = view_layers(model, order.film, run.calibration.temperature)
    for done, view in enumerate(views, start=1):
        yield view
        if done < count:
            yield _layer_step(done, count)


def _layer_step(done: int, count: int) -> Step:
    return Step(
        BUILT + (1.0 - BUILT) * done / count,
        msg("Layer {n} of {count}", n=done + 1, count=count),
    )


def serve(connection: Connection) -> None:
    """Carry out one order after another until the other side is gone."""
    while True:
        try:
            order = connection.recv()
        except EOFError:
            return
        views: list[LayerView] = []
        answer: tuple[LayerView, ...] | FirstReadError
        try:
            for told in carry_out(order):
                if isinstance(told, Step):
                    connection.send(told)
                else:
                    views.append(told)
            answer = tuple(reversed(views))
        except FirstReadError as exc:
            answer = exc
        except OSError:  # the other side is gone
            return
        except Exception:  # noqa: BLE001 - the answer says that there was one
            _log.exception("the layers of a film came to a fault")
            answer = ExplanationError(FAULT)
        connection.send(answer)


def main() -> None:
    """Serve the socket whose number the command line names."""
    if sys.platform.startswith("linux"):
        os.nice(NICENESS)
    configure_logs("activations worker")
    with suppress(BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        serve(Connection(int(sys.argv[1])))
