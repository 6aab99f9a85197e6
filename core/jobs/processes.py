"""Starting the processes that work for the app, each at the other end of a socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection

from core.settings import PROJECT_ROOT, get_settings

PREFIX = "FIRSTREAD_"
NOT_PASSED_ON = frozenset({"MALLOC_TRIM_THRESHOLD_"})
"""Dask sets it for its workers. The C library then maps each film's arrays again: half of a film's
processor time goes into page faults."""
TO_END_S = 5.0
"""A process that has not ended by itself is killed."""


def start_process(
    module: str, environment: Mapping[str, str], *descriptors: int
) -> tuple[subprocess.Popen[bytes], Connection]:
    """Run ``main`` of a module in a process of its own, and return it with the connection to it.

    Of the app's settings it gets those of the log; some others are secrets. What it needs is sent.
    It sees the end of the connection when this process ends, however that comes about.

    Parameters
    ----------
    environment : mapping of str to str
        What it gets beside the environment of this process.
    descriptors : int
        Open files that it shares. Their numbers follow that of its socket on its command line.
    """
    others = {
        name: os.environ[name]
        for name in os.environ
        if not name.startswith(PREFIX) and name not in NOT_PASSED_ON
    }
    others |= {
        f"{PREFIX}LOG_FORMAT": get_settings().log_format,
        f"{PREFIX}LOG_LEVEL": get_settings().log_level,
    }
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            numbers = [theirs.fileno(), *descriptors]
            process = subprocess.Popen(
                [
                    *(sys.executable, "-c", f"from {module} import main; main()"),
                    *map(str, numbers),
                ],
                cwd=PROJECT_ROOT,
                env=others | dict(environment),
                pass_fds=numbers,
                stdin=subprocess.DEVNULL,
            )
    except BaseException:
        ours.close()
        raise
    return process, Connection(ours.detach())


def end_process(process: subprocess.Popen[bytes], connection: Connection) -> None:
    """Close the connection to a process and wait for its end; one that does not end is killed."""
    connection.close()
    try:
        process.wait(TO_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def count_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
