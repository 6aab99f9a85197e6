"""Explains films in a process of its own: the pages' threads never wait for its interpreter.

`core.jobs.explainer.Explainer` starts it with the number of an open socket. It answers each
`Order` with an `Advanced`, an explanation or an error.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path

from core.domain.model import RunClassifier
from core.domain.regions import Explanation
from core.errors import ExplanationError, FirstReadError, ModelIntegrity
from core.inference.litert import LiteRTNetwork
from core.jobs.explainer import ENDED, Advanced, Order, RunFiles
from core.jobs.explanations import Steps
from core.jobs.memory import give_memory_back
from core.language.words import msg
from core.observability.logs import configure_logs
from core.pipeline import (
    Explainable,
    begin_explanation,
    load_explainer,
    open_classifier,
    open_healthy,
)
from core.runs.store import export_identity, load_run

_log = logging.getLogger(__name__)

NICENESS = 10
"""The pages come first: they are short, and every reader waits for them."""

OPEN_RUNS = 4
"""Classifiers that stay open, those used last."""


@lru_cache(maxsize=OPEN_RUNS)
def _run(files: RunFiles) -> RunClassifier:
    run = load_run(files.models / files.run_id)
    if export_identity(run) != files.identity:
        raise ModelIntegrity(
            msg(
                "the files of run {run_id} have changed since First Read was started. Start it "
                "again.",
                run_id=files.run_id,
            )
        )
    return open_classifier(run, files.threads)


@lru_cache(maxsize=1)
def _healthy(models: Path) -> LiteRTNetwork | None:
    return open_healthy(models)


def carry_out(order: Order, under_way: dict[int, Steps]) -> Advanced | Explanation:
    """Do one step of an explanation.

    Parameters
    ----------
    under_way : dict of int to Steps
        All that are begun and not forgotten, by number; changed.

    Raises
    ------
    ExplanationError
        If the film has no regions to tell apart, or the model gives no score.
    ModelError
        If the run cannot be opened.
    """
    for number in order.forgotten:
        under_way.pop(number, None)
    begin = order.begin
    if begin is not None:
        settings, files = begin.settings, begin.run
        healthy = _healthy(files.models) if settings.draws_healthy else None
        steps: Steps = begin_explanation(begin.film, Explainable(_run(files), healthy), settings)
        under_way[order.number] = steps
    else:
        if order.number not in under_way:  # it was begun by a process that has ended
            raise ExplanationError(ENDED)
        steps = under_way[order.number]
        if order.explain:
            return steps.explain()
        steps.advance()
    return Advanced(steps.samples, steps.share, steps.finished)


def serve(connection: Connection) -> None:
    """Carry out one order after another until the other side is gone."""
    under_way: dict[int, Steps] = {}
    while True:
        try:
            order = connection.recv()
        except EOFError:
            return
        if isinstance(order, RunFiles):  # whose films will be explained: loaded before they come
            load_explainer()
            with suppress(FirstReadError):
                _run(order)
                _healthy(order.models)
            continue
        connection.send(_attempt(order, under_way))
        if order.forgotten:
            give_memory_back()


def _attempt(order: Order, under_way: dict[int, Steps]) -> Advanced | Explanation | Exception:
    try:
        return carry_out(order, under_way)
    except FirstReadError as exc:
        return exc
    except Exception:  # noqa: BLE001 - the answer says that there was one
        _log.exception("an explanation came to a fault")
        return ExplanationError(msg("there is a fault in First Read. Report it with the log."))


def main() -> None:
    """Serve the socket whose number the command line names."""
    if sys.platform.startswith("linux"):
        os.nice(NICENESS)
    configure_logs("explanation worker")
    with suppress(BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        serve(Connection(int(sys.argv[1])))
